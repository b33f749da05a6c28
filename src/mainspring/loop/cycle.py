"""One round of the loop: from a decision that fired to a champion that is kept, refused or rolled back.

Each step writes down what it is about to do, does what may be done twice without harm, and then writes down what came
of it. Called again at any moment, in whatever process, it goes on from what is written.
"""

from collections.abc import Callable
from typing import Any, Final

from mainspring.config.triggers import Triggers
from mainspring.digest.texts import to_json
from mainspring.errors import MonitoringError, NotFoundError, PackageError, RegistryError
from mainspring.loop.ports import Compared, Ports, Promoted, RunState
from mainspring.loop.probation import due, judge_trial
from mainspring.loop.tries import follow_up, later, pending, rests, started
from mainspring.tracking.loops import Action, Decided, Journal, LoopEvent, Loops, State
from mainspring.triggers import spent

__all__ = ["UNFIT", "Cycle"]

_Step = Callable[[Decided, Triggers, float], Action | None]

UNFIT: Final = "unfit"  # the mark that says on which data validation has failed
STATE: Final = "state"  # the mark that says which data the last run saw
_DEATHS: Final = 3
_BLIND: Final = 3  # so many looks that could compare nothing, a block of time apart, end a probation


class Cycle:
    """Carries out what a decision sets off.

    Args:
        loops: What is written down.
        journal: What is told.
        ports: What is done it with.
        guard: Raises when another process watches by now; asked before each act.
    """

    def __init__(self, loops: Loops, journal: Journal, ports: Ports, guard: Callable[[], None]) -> None:
        self._loops = loops
        self._journal = journal
        self._ports = ports
        self._guard = guard

    def advance(self, decision: Decided, policy: Triggers, now: float) -> None:
        """Go as far as one can now: until something is waited for, or the decision is closed."""
        for step in self._steps(decision, policy):
            self._guard()
            action = step(decision, policy, now)
            if action is None or action.state == "begun":
                return
            if action.state != "done":
                break
        self._loops.close(decision.id, now)

    def _steps(self, decision: Decided, policy: Triggers) -> tuple[_Step, ...]:
        """What is to be done, as it was begun: a policy that changes meanwhile holds for the next round."""
        actions = self._loops.actions(decision.id)
        refit = "gates" in actions or (policy.release == "refit" and "promote" not in actions)
        again = (self._judge, self._refit, self._register_refit) if refit else ()
        return (self._run, self._register, *again, self._promote, self._probation)

    def supersede(self, decision: Decided, why: str, now: float) -> None:
        """End what is waited for, a probation or another try, and close its decision."""
        for action in self._loops.actions(decision.id).values():
            if action.state == "begun":
                self._end(action, "failed", "probation" if action.kind == "probation" else "retry", why, now)
        self._loops.close(decision.id, now)

    def _run(self, decision: Decided, policy: Triggers, now: float, kind: str = "run") -> Action | None:
        action = self._loops.begin(decision, kind, {"run": self._ports.runs.new()}, now)
        if rests(action, now):
            return action
        if pending(action) is not None:
            about = {**follow_up(action, now), "run": self._ports.runs.new()}
            if self._loops.change(action, f"run {about['run']} tries again", about):
                self._ports.runs.start(str(about["run"]), policy)
            return None
        run = str(action.about["run"])
        state = self._ports.runs.state(run, policy)
        if state.status == "unknown":
            self._ports.runs.start(run, policy)
        elif state.status == "lost":
            return self._again(action, state, policy, now)
        elif state.status == "failed":
            return self._failed(decision, action, state, policy, now)
        elif state.status == "succeeded":
            return self._end(action, "done", kind, f"run {run} succeeded", now, about=_took(action, state))
        return None

    def _failed(
        self, decision: Decided, action: Action, state: RunState, policy: Triggers, now: float
    ) -> Action | None:
        """A run that has failed: tried again, unless it was the data, or it failed too often or cost too much."""
        about = _took(action, state)
        says = f"run {about['run']}: {state.says}"
        if state.invalid:
            self._loops.set_mark(decision.model, UNFIT, self._loops.mark(decision.model, STATE) or "")
            return self._end(action, "failed", "validation failed", says, now, about=about)
        over = "" if decision.kind == "asked" else spent(policy, started(self._loops, decision.model), now)
        if over:
            says = f"{says}; {over}"
        elif self._tries_again(action, policy, says, now, about | {"failed": [*about.get("failed", []), about["run"]]}):
            return None
        return self._end(action, "failed", "run failed", says, now, about=about)

    def _tries_again(self, action: Action, policy: Triggers, says: str, now: float, about: dict[str, Any]) -> bool:
        """Whether what has failed is tried again later; then that is written down, with its line in the journal."""
        again = later(about, policy, now)
        if again is None:
            return False
        said, about = f"{says}; {again.says}", {**about, "until": again.until}
        event = LoopEvent(now, "retry", action.model, said, _links({**about, "decision": action.decision}))
        self._loops.change(action, said, about, event, f"retry {again.number}")
        return True

    def _ask_gates(
        self, action: Action, about: dict[str, Any], policy: Triggers, now: float, ask: Callable[[], Promoted]
    ) -> Promoted | Action | None:
        """What gates say; or the act, ended since they could not run, or None while they are to be asked again."""
        if about != action.about:
            self._loops.change(action, "its gates run", about)
        try:
            return ask()
        except MonitoringError as error:
            says = " ".join(str(error).split())
            if self._tries_again(action, policy, says, now, about):
                return None
            return self._end(action, "failed", "gates failed", says, now, about=about)

    def _judge(self, decision: Decided, policy: Triggers, now: float) -> Action | None:
        """Ask the gates of the version that is evaluated, before it is trained anew on all there is."""
        number = _version(self._loops.actions(decision.id)["register"])
        action = self._loops.begin(decision, "gates", {"version": number}, now)
        if rests(action, now):
            return action
        about, judge = follow_up(action, now), self._ports.models.judge
        found = self._ask_gates(action, about, policy, now, lambda: judge(decision.model, number))
        if not isinstance(found, Promoted):
            return found
        says = f"version {number}: {found.says}"
        if not found.passed:
            return self._end(action, "refused", "refused", says, now, about=about)
        return self._end(action, "done", "gates", says, now, about=about)

    def _refit(self, decision: Decided, policy: Triggers, now: float) -> Action | None:
        return self._run(decision, policy.refitting(), now, "refit")

    def _register_refit(self, decision: Decided, policy: Triggers, now: float) -> Action:
        return self._register(decision, policy, now, ("refit", "register refit"))

    def _again(self, action: Action, state: RunState, policy: Triggers, now: float) -> Action | None:
        """A run whose process is gone goes on as another: what its steps had returned is not computed again."""
        about: dict[str, Any] = dict(action.about)
        deaths = int(about.get("deaths", 0)) + state.died
        if deaths >= _DEATHS:
            says = f"run {about['run']} died, the {deaths}rd time: {state.says}"
            return self._end(action, "failed", "run failed", says, now)
        lost = [*about.get("lost", []), about["run"]]
        about |= {"run": self._ports.runs.new(), "lost": lost, "deaths": deaths}
        if self._loops.change(action, f"run {lost[-1]} was lost; {about['run']} goes on", about):
            self._ports.runs.start(about["run"], policy)
        return None

    def _register(
        self, decision: Decided, policy: Triggers, now: float, kinds: tuple[str, str] = ("run", "register")
    ) -> Action:
        run = str(self._loops.actions(decision.id)[kinds[0]].about["run"])
        action = self._loops.begin(decision, kinds[1], {"run": run}, now)
        if action.state != "begun":
            return action
        models = self._ports.models
        try:
            made = models.register(decision.model, run, policy)
        except (NotFoundError, PackageError, RegistryError) as error:
            why = f"run {run} has no package to register: {' '.join(str(error).split())}"
            return self._end(action, "failed", "run failed", why, now)
        about: dict[str, Any] = {"run": run, "version": made.number, "package": made.package}
        said = f"version {made.number} of run {run}"
        if models.champion(decision.model) == made.number:
            return self._end(action, "refused", "unchanged", f"{said} is the champion already", now, about=about)
        taken = [one.about["version"] for one in self._loops.all_actions(decision.model, "rollback")]
        if made.number in taken:
            why = f"{said} is the one that was rolled back"
            return self._end(action, "refused", "refused", why, now, about=about)
        return self._end(action, "done", "registered", said, now, about=about)

    def _promote(self, decision: Decided, policy: Triggers, now: float) -> Action | None:
        actions = self._loops.actions(decision.id)
        evaluated = _version(actions["register"]) if "register refit" in actions else None
        number = _version(actions["register" if evaluated is None else "register refit"])
        action = self._loops.begin(decision, "promote", {"version": number}, now)
        if rests(action, now):
            return action
        about = follow_up(action, now)
        if "against" not in about:
            # Before it is promoted: afterwards the champion is the version itself.
            about["against"] = self._ports.models.champion(decision.model)
        why, promote = f"{decision.kind}: {decision.says}", self._ports.models.promote
        found = self._ask_gates(action, about, policy, now, lambda: promote(decision.model, number, why, evaluated))
        if not isinstance(found, Promoted):
            return found
        if not found.passed:
            return self._end(action, "refused", "refused", f"version {number}: {found.says}", now, about=about)
        return self._end(action, "done", "promoted", f"version {number} is champion: {found.says}", now, about=about)

    def _probation(self, decision: Decided, policy: Triggers, now: float) -> Action | None:
        actions = self._loops.actions(decision.id)
        promoted = actions["promote"]
        against = promoted.about["against"]
        if "probation" not in actions and (against is None or not policy.probation_labels):
            return promoted
        about = {**_pair(promoted), "since": promoted.ended, "looks": 0}
        action = self._loops.begin(decision, "probation", about, now)
        if action.state != "begun":
            return action
        if "rollback" in actions:
            return self._roll_back(decision, action, str(actions["rollback"].about["why"]), now)
        if self._ports.models.champion(decision.model) != _version(action):
            return self._end(action, "failed", "probation", "the champion was moved by hand; probation is over", now)
        return self._look(decision, action, policy, now)

    def _look(self, decision: Decided, action: Action, policy: Triggers, now: float) -> Action | None:
        about: dict[str, Any] = dict(action.about)
        if about.get("next", 0.0) > now:
            return None
        number, since, needed = about["version"], about["since"], due(policy, about["looks"])
        predictions, labelled = self._ports.trials.count(decision.model, number, since, now)
        if labelled < needed:
            self._wait(action, Compared(predictions, labelled), needed, now)
            return None
        found = self._ports.trials.compare(decision.model, (number, about["against"]), since, policy)
        verdict = judge_trial(found, policy, about["looks"])
        about["looks"] = verdict.looks
        said = f"version {number}: {verdict.says}"
        if found.change is None:
            return self._not_compared(action, said, policy, now, broken=found.broken)
        if about.pop("blind", 0):
            del about["next"]
            self._ports.sources.settle(action.model, now, _key(action))
        if verdict.answer == "kept":
            return self._end(action, "done", "kept", said, now, about=about)
        if verdict.answer == "worse":
            # The look is not counted first: whoever was ended in between would wait for twice as many labels.
            return self._roll_back(decision, action, said, now)
        if action.says != said:
            self._loops.change(action, said, about)
        return None

    def _not_compared(self, action: Action, says: str, policy: Triggers, now: float, *, broken: bool) -> Action | None:
        """A look that could compare nothing: people are told, it is tried again, and at last not any more.

        The champion then stays. What cannot predict any more cannot be gone back to either.
        """
        blind = int(str(action.about.get("blind", 0))) + 1
        about = {**action.about, "blind": blind, "next": now + policy.span("probation_block")}
        if blind == _BLIND:
            said = f"{says}; after {_BLIND} such looks probation is over, and it stays champion, not proven"
            return self._end(action, "failed", "not compared", said, now, about=about)
        told = broken or blind > 1  # a first one may have come before there was a second block of time
        event = LoopEvent(now, "not compared", action.model, says, _links({**about, "decision": action.decision}))
        if told:
            self._ports.sources.tell(event, _key(action))
        self._loops.change(action, says, about, event if told else None, f"look {blind}")
        return None

    def _wait(self, action: Action, found: Compared, needed: int, now: float) -> None:
        number, asked = action.about["version"], found.predictions
        said = f"version {number} has {found.labelled:,} labels of {asked:,} predictions; it takes {needed:,}"
        if not found.labelled:
            said = f"no labels have come for {asked:,} predictions of version {number}; it takes {needed:,}"
            event = LoopEvent(now, "probation", action.model, f"{said}: probation stays open", _links(action.about))
            if asked and self._journal.add(event, _unlabelled(action)):
                self._ports.sources.tell(event, _unlabelled(action))
        if action.says != said:
            if found.labelled:
                self._ports.sources.settle(action.model, now, _unlabelled(action))
            self._loops.change(action, said, dict(action.about))

    def _roll_back(self, decision: Decided, probation: Action, why: str, now: float) -> Action:
        about = {**_pair(probation), "why": why}
        action = self._loops.begin(decision, "rollback", about, now)
        if action.state == "begun":
            self._guard()
            back = self._ports.models.roll_back(decision.model, _version(probation), why)
            if back is None:
                self._end(action, "failed", "rollback", "the champion was moved by hand meanwhile", now)
            else:
                self._end(action, "done", "rolled back", f"version {back} is champion again; {why}", now)
        return self._end(probation, "refused", "probation", f"it was not passed by version {about['version']}", now)

    def _end(
        self,
        action: Action,
        state: State,
        kind: str,
        says: str,
        now: float,
        *,
        about: dict[str, Any] | None = None,
    ) -> Action:
        """Return the act as it ended; people are alerted of what went wrong."""
        record = dict(action.about) if about is None else about
        event = LoopEvent(now, kind, action.model, says, _links({**record, "decision": action.decision}))
        if kind in SETTLED:
            self._ports.sources.settle(action.model, now)
        elif action.kind == "probation":  # over, however it ended: whether there are labels does not matter any more
            self._ports.sources.settle(action.model, now, _unlabelled(action))
            if kind not in ALERTED:
                self._ports.sources.settle(action.model, now, _key(action))
        if kind in ALERTED:
            self._ports.sources.tell(event, _key(action))
        self._loops.end(action, state, event, record)
        return self._loops.actions(action.decision)[action.kind]


ALERTED: Final = ("run failed", "validation failed", "gates failed", "refused", "rolled back", "not compared")
SETTLED: Final = ("unchanged", "promoted", "kept")


def _version(action: Action) -> int:
    return int(str(action.about["version"]))


def _pair(action: Action) -> dict[str, Any]:
    """The version on probation, and the champion before."""
    return {"version": action.about["version"], "against": action.about["against"]}


def _took(action: Action, state: RunState) -> dict[str, Any]:
    """What a run is about, with how long it took, all tries together."""
    about: dict[str, Any] = dict(action.about)
    return {**about, "seconds": about.get("seconds", 0.0) + state.seconds}


def _key(action: Action) -> str:
    return f"{action.decision}/{action.kind}"


def _unlabelled(action: Action) -> str:
    return f"{action.decision}/unlabelled"


def _links(about: dict[str, Any]) -> str:
    return to_json({key: value for key, value in about.items() if key != "why"})
