"""Load the list of people who came to an event.

In:    the event's name, the list, and what the list lacks.
Out:   as `load_leads`; every lead goes to one table, behind those for whom somebody waits.
Never: a lead routed by the filters: a person has chosen its table.
"""

from prefect import flow
from prefect.client.schemas.objects import State

from flows.orders import EventBackfill
from flows.sending import SENDING, read_order, send_load
from tasks.load import prepare_load


def name_run() -> str:
    """Name a flow run by its event and list: `backfill saas-summit · attendees.csv`."""
    return read_order(EventBackfill).label


@flow(name="event-backfill", flow_run_name=name_run, **SENDING)
def event_backfill(backfill: EventBackfill) -> State[None]:
    """Load an event's list; the same list again sends only what is still owed.

    Args:
        backfill: The event, its list, and what the list lacks.
    """
    return send_load(lambda: prepare_load(backfill.request()))
