"""Send what earlier loads had to defer: what a schedule runs every night, and an approval at once.

In:    configuration and ledger.
Out:   for each run with deferred leads that nothing holds any more, a run of its own, as
       `load_leads`; a state with what came of them, or what the others wait for.
Never: a lead whose budget is used up, or whose sample nobody has approved.
"""

from collections.abc import Sequence

from prefect import flow
from prefect.client.schemas.objects import State, StateType
from prefect.states import Completed, Failed

from clayload.errors import StopRunError
from flows.sending import SENDING, compute_state, run_body_with_alerts, send
from tasks.load import list_deferrals, prepare_resume
from tasks.runners import check_runner
from tasks.states import StateName

_MILD = ("Completed", StateName.NEEDS_ATTENTION, StateName.LEADS_DEFERRED)


@flow(name="resume-deferred", flow_run_name="send what was deferred", **SENDING)
def resume_deferred() -> State[None]:
    """Send deferred leads that a budget has room for again, or whose sample is approved."""
    return run_body_with_alerts(_resume_all)


def _resume_all() -> State[None]:
    check_runner()
    deferrals = list_deferrals()
    waiting = [sentence for deferral in deferrals for sentence in deferral.describe()]
    print("\n".join(waiting) or "nothing is deferred")
    states = [_resume(one.run.run_id) for one in deferrals if one.n_going]
    ended = [state for state in states if state is not None]
    if ended:
        return merge_states(ended)
    if waiting:
        return State(
            type=StateType.COMPLETED, name=StateName.LEADS_DEFERRED, message="; ".join(waiting)
        )
    return Completed(message="nothing is deferred")


def _resume(run_id: str) -> State[None] | None:
    """Go on with a run; what keeps it from that keeps no other."""
    try:
        load = prepare_resume(run_id)
        return None if load is None else compute_state(send(load))
    except StopRunError as error:
        return Failed(message=str(error), data=error)


def merge_states(states: Sequence[State[None]]) -> State[None]:
    """Give the worst of several ends, with the messages of all."""
    worst = max(states, key=_rank)
    message = "; ".join(state.message or "" for state in states)
    return State(type=worst.type, name=worst.name, message=message, data=worst.data)


def _rank(state: State[None]) -> int:
    return _MILD.index(state.name) if state.name in _MILD else len(_MILD)
