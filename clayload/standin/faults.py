"""Which injected fault strikes this submission?

In:    the faults in force, and for each submission its source, workspace and time.
Out:   the fault that fires, or the seconds to wait.
Never: the striking itself; the judge and the HTTP layer do that.
"""

from enum import Enum, auto
from random import Random
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt, model_validator

from clayload.standin.answers import TOO_MANY_REQUESTS
from clayload.standin.spec import Spec


class Phase(Enum):
    """The moments of a submission at which a fault can strike, in order."""

    WAIT_BEFORE = auto()
    INSTEAD = auto()
    STORE = auto()
    AFTER_STORE = auto()
    WAIT_AFTER = auto()
    BODY = auto()


class _Fault(Spec):
    """Where a fault applies (everywhere, one workspace, one source) and how often.

    It fires at most `count` times, only within `for_s` seconds of being set, each time with
    `probability` drawn from a generator seeded with `seed`.
    """

    workspace: str | None = None
    source: str | None = None
    count: PositiveInt | None = None
    for_s: PositiveFloat | None = None
    probability: Annotated[float, Field(gt=0, le=1)] = 1.0
    seed: int = 0


class Latency(_Fault):
    """Waits `latency_s` plus up to `jitter_s`, before the submission is judged or after."""

    kind: Literal["latency"]
    latency_s: NonNegativeFloat = 0.0
    jitter_s: NonNegativeFloat = 0.0
    when: Literal["before", "after"] = "after"

    @property
    def phase(self) -> Phase:
        """When it strikes."""
        return Phase.WAIT_BEFORE if self.when == "before" else Phase.WAIT_AFTER


class SlowBody(_Fault):
    """Sends the head of the answer at once and its body over `duration_s`."""

    kind: Literal["slow_body"]
    duration_s: PositiveFloat
    phase: ClassVar[Phase] = Phase.BODY


class ForcedAnswer(_Fault):
    """Answers 429 or 5xx; a 5xx may come after the row was `stored`."""

    kind: Literal["answer"]
    code: int
    stored: bool = False
    retry_after_s: PositiveInt = 1

    @property
    def phase(self) -> Phase:
        """When it strikes."""
        return Phase.AFTER_STORE if self.stored else Phase.INSTEAD

    @model_validator(mode="after")
    def _code_makes_sense(self) -> Self:
        is_server_error = self.code // 100 == 5  # noqa: PLR2004 - HTTP's own figure
        if self.code != TOO_MANY_REQUESTS.status and not is_server_error:
            raise ValueError(f"code {self.code} is neither 429 nor 5xx")
        if self.stored and not is_server_error:
            raise ValueError("a 429 never stores the row (clay-facts.md §8, behaviour 8)")
        return self


class Reset(_Fault):
    """Resets the TCP connection instead of answering; after the store it is a lost answer."""

    kind: Literal["reset_before_store", "reset_after_store"]

    @property
    def phase(self) -> Phase:
        """When it strikes."""
        return Phase.INSTEAD if self.kind == "reset_before_store" else Phase.AFTER_STORE


class Drop(_Fault):
    """Answers success and counts the submission, but makes no row."""

    kind: Literal["drop"]
    phase: ClassVar[Phase] = Phase.STORE


FaultSpec = Annotated[Latency | SlowBody | ForcedAnswer | Reset | Drop, Field(discriminator="kind")]


class FaultsSpec(Spec):
    """All faults in force; a new list replaces the old one."""

    faults: tuple[FaultSpec, ...]


class ArmedFault:
    """One fault in force: how often it may still fire, until when, and its own dice."""

    def __init__(self, spec: FaultSpec, now: float) -> None:
        self.spec = spec
        self.n_left = spec.count
        self._until = None if spec.for_s is None else now + spec.for_s
        self._random = Random(spec.seed)  # noqa: S311 - repeatable faults, not secrets

    def fires(self, workspace: str, source: str, now: float) -> bool:
        """Decide whether it strikes; a strike uses up one of its count."""
        spec = self.spec
        if self.n_left == 0 or (self._until is not None and now >= self._until):
            return False
        if spec.workspace not in (None, workspace) or spec.source not in (None, source):
            return False
        if spec.probability < 1 and self._random.random() >= spec.probability:
            return False
        if self.n_left is not None:
            self.n_left -= 1
        return True

    def wait_s(self) -> float:
        """Draw the seconds this fault adds; 0 for faults that are not a wait."""
        if not isinstance(self.spec, Latency):
            return 0.0
        return self.spec.latency_s + self._random.uniform(0, self.spec.jitter_s)


class Faults:
    """All faults in force, asked in the order they were given."""

    def __init__(self) -> None:
        self.armed: list[ArmedFault] = []

    def arm(self, specs: tuple[FaultSpec, ...], now: float) -> None:
        """Replace every fault in force."""
        self.armed = [ArmedFault(spec, now) for spec in specs]

    def strike(self, phase: Phase, workspace: str, source: str, now: float) -> FaultSpec | None:
        """Return the first fault of this phase that fires, if any."""
        for fault in self.armed:
            if fault.spec.phase is phase and fault.fires(workspace, source, now):
                return fault.spec
        return None

    def wait_s(self, phase: Phase, workspace: str, source: str, now: float) -> float:
        """Return the seconds that all latency faults of this phase add."""
        return sum(
            fault.wait_s()
            for fault in self.armed
            if fault.spec.phase is phase and fault.fires(workspace, source, now)
        )
