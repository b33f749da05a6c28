"""The watch: looks at everything, decides, and carries on what was begun."""

import logging
from collections.abc import Callable, Sequence

from msgspec import Struct

from mainspring.config.triggers import Triggers
from mainspring.digest.texts import from_json, to_json
from mainspring.errors import LeaseLostError, MainspringError
from mainspring.loop.cycle import STATE, UNFIT, Cycle
from mainspring.loop.ports import Data, Looked, Ports
from mainspring.loop.tries import RUNS, pending, started
from mainspring.tracking.loops import Decided, Journal, LoopEvent, Loops
from mainspring.triggers import Asked, Decision, Facts, decide

__all__ = ["Ticked", "Watch"]

_logger = logging.getLogger(__name__)
_DATA = "data"
_SINCE = "since"
_DUE = "due"


class Ticked(Struct, frozen=True):
    """What came of a tick.

    Attributes:
        waiting: A run is going on; a later tick sees to what it makes. One that is to be tried again is not going on.
        problems: What could not be looked at or done, by model; the empty name is for all.
    """

    waiting: bool
    problems: dict[str, str] = {}


class Watch:
    """Watches models. All it knows is in the database: it may be ended at any moment, and another goes on.

    Args:
        loops: What was decided and done.
        journal: What is told.
        ports: The world.
        policy: Returns the `[triggers]` table of a model, as it is now.
        guard: Raises when another process watches by now.
    """

    def __init__(
        self,
        loops: Loops,
        journal: Journal,
        ports: Ports,
        policy: Callable[[str], Triggers],
        guard: Callable[[], None] = lambda: None,
    ) -> None:
        self._loops = loops
        self._journal = journal
        self._ports = ports
        self._policy = policy
        self._guard = guard
        self._cycle = Cycle(loops, journal, ports, guard)

    def tick(self, models: Sequence[str], now: float) -> Ticked:
        """Look at all models once, and do what is to be done.

        What is wrong with one model does not keep the others from being looked at.

        Raises:
            LeaseLostError: Another process watches by now.
        """
        problems: dict[str, str] = {}
        self._try(lambda: self._ports.sources.close(now), "", problems)
        for model in models:
            self._try(lambda model=model: self._model(model, now), model, problems)  # type: ignore[misc]
        self._try(lambda: self._ports.sources.deliver(now), "", problems)
        return Ticked(any(self._waits(model) for model in models), problems)

    def states(self, model: str, now: float) -> tuple[Decision, ...]:
        """Return what each trigger of a model says now; nothing is done or kept."""
        policy = self._policy(model)
        fired = self._loops.fired(model)
        seen = self._ports.sources.see(model, policy, fired[0].made if fired else 0.0, now)
        return decide(policy, self._facts(model, fired, seen, self._data(model, policy), now))

    def _try(self, act: Callable[[], None], name: str, problems: dict[str, str]) -> None:
        try:
            act()
        except LeaseLostError:
            raise
        except (MainspringError, OSError) as error:
            problems[name] = " ".join(str(error).split())
        except Exception as error:
            _logger.exception("The watch could not look at %s", name or "all models")
            problems[name] = f"{type(error).__name__}: {' '.join(str(error).split())}"

    def _waits(self, model: str) -> bool:
        decision = self._loops.open(model)
        if decision is None:
            return False
        actions = self._loops.actions(decision.id)
        runs = [actions[kind] for kind in RUNS if kind in actions]
        return not actions or any(one.state == "begun" and pending(one) is None for one in runs)

    def _model(self, model: str, now: float) -> None:
        self._guard()
        policy = self._policy(model)
        self._loops.mark(model, _SINCE, first=to_json(now))
        fired = self._loops.fired(model)  # before the data are looked at: whoever fires meanwhile has the same evidence
        looked = self._ports.sources.look(model, policy, fired[0].made if fired else 0.0, now)
        for key, event in looked.events.items():
            self._journal.add(event, key)
        self._go_on(model, policy, now)
        data = self._data(model, policy)
        if data is not None:
            self._loops.mark(model, _DATA, first=data.known)
        for one in decide(policy, self._facts(model, fired, looked, data, now)):
            if one.answer == "held":
                self._loops.hold(_decided(model, one, now))
            elif one.answer == "fires":
                self._fire(model, one, data, now)
        self._go_on(model, policy, now)

    def _go_on(self, model: str, policy: Triggers, now: float) -> None:
        decision = self._loops.open(model)
        if decision is not None:
            self._cycle.advance(decision, policy, now)

    def _fire(self, model: str, one: Decision, data: Data | None, now: float) -> None:
        self._guard()
        before = self._loops.open(model)
        if before is not None:  # a probation, or what is to be tried again, which only a person may cut short
            self._cycle.supersede(before, f"ended before it was over: {one.says}", now)
        seen = {} if data is None else {_DATA: data.known, STATE: data.new.state}
        if one.kind == "schedule":
            seen[_DUE] = to_json(one.links["due"])
        event = LoopEvent(now, "trigger", model, f"{one.kind}: {one.says}", to_json(one.links))
        self._loops.fire(_decided(model, one, now), event, seen)

    def _data(self, model: str, policy: Triggers) -> Data | None:
        if not policy.data:
            return None
        return self._ports.sources.data(policy, self._loops.mark(model, _DATA))

    def _facts(self, model: str, fired: list[Decided], looked: Looked, data: Data | None, now: float) -> Facts:
        busy, trial, again = self._going_on(model)
        since = max(float(from_json(self._loops.mark(model, name) or "0")) for name in (_SINCE, _DUE))
        stopped = looked.stopped
        unfit = self._loops.mark(model, UNFIT)
        if data is not None and unfit and data.new.state == unfit:
            stopped = (*stopped, "validation has failed on the data as they are")
        return Facts(
            model=model,
            now=now,
            since=since or now,
            asked=tuple(_asked(one) for one in self._loops.held(model) if one.kind == "asked"),
            new=None if data is None else data.new,
            losses=looked.losses,
            shown=looked.shown,
            stopped=stopped,
            labels=looked.labels,
            started=started(self._loops, model),
            busy=busy,
            trial=trial,
            again=again,
            acted=frozenset((one.kind, one.evidence) for one in fired),
        )

    def _going_on(self, model: str) -> tuple[str, str, str]:
        """What is going on, how the probation stands, and what is to be tried again."""
        decision = self._loops.open(model)
        if decision is None:
            return "", "", ""
        actions = self._loops.actions(decision.id)
        probation = actions.get("probation")
        if probation is not None and probation.state == "begun" and "rollback" not in actions:
            return "", probation.says or "it has just begun", ""
        last = next(reversed(actions.values()), None)
        if last is not None and pending(last) is not None:
            return "", "", f"{last.kind} of '{decision.kind}' has failed: {last.says}"
        return f"{last.kind if last else 'run'} of '{decision.kind}' is going on", "", ""


def _decided(model: str, one: Decision, now: float) -> Decided:
    says = f"{one.says} (held: {one.held})" if one.held else one.says
    return Decided(0, model, one.kind, one.evidence, one.answer, says, to_json(one.links), now)


def _asked(one: Decided) -> Asked:
    said = from_json(one.record)
    return Asked(one.evidence, said["who"], said["why"])
