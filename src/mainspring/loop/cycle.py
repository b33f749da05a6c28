"""One round of the loop: from a decision that fired to a champion that is kept, refused or rolled back.

Each step writes down what it is about to do, does what may be done twice without harm, and then writes down what came
of it. Called again at any moment, in whatever process, it goes on from what is written.
"""

from collections.abc import Callable
from typing import Any, Final

from mainspring.config.triggers import Triggers
from mainspring.digest.texts import to_json
from mainspring.errors import NotFoundError, PackageError, RegistryError
from mainspring.loop.ports import Compared, Ports, RunState
from mainspring.loop.probation import due, judge_trial
from mainspring.tracking.loops import Action, Decided, Journal, LoopEvent, Loops, State

__all__ = ["UNFIT", "Cycle"]

UNFIT: Final = "unfit"  # the mark that says on which data validation has failed
STATE: Final = "state"  # the mark that says which data the last run saw
_DEATHS: Final = 3


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
        for step in (self._run, self._register, self._promote, self._probation):
            self._guard()
            action = step(decision, policy, now)
            if action is None or action.state == "begun":
                return
            if action.state != "done":
                break
        self._loops.close(decision.id, now)

    def supersede(self, decision: Decided, why: str, now: float) -> None:
        """End the probation of a champion, which is neither kept nor rolled back, and close its decision."""
        action = self._loops.actions(decision.id).get("probation")
        if action is not None:
            self._end(action, "failed", "probation", why, now)
        self._loops.close(decision.id, now)

    def _run(self, decision: Decided, policy: Triggers, now: float) -> Action | None:
        action = self._loops.begin(decision, "run", {"run": self._ports.runs.new()}, now)
        if action.state != "begun":
            return action
        run = str(action.about["run"])
        state = self._ports.runs.state(run, policy)
        if state.status == "unknown":
            self._ports.runs.start(run, policy)
        elif state.status == "lost":
            return self._again(action, state, policy, now)
        elif state.status == "failed":
            if state.invalid:
                self._loops.set_mark(decision.model, UNFIT, self._loops.mark(decision.model, STATE) or "")
            kind = "validation failed" if state.invalid else "run failed"
            about = {**action.about, "seconds": state.seconds}
            return self._end(action, "failed", kind, f"run {run}: {state.says}", now, about=about)
        elif state.status == "succeeded":
            about = {**action.about, "seconds": state.seconds}
            return self._end(action, "done", "run", f"run {run} succeeded", now, about=about)
        return None

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

    def _register(self, decision: Decided, policy: Triggers, now: float) -> Action:
        run = str(self._loops.actions(decision.id)["run"].about["run"])
        action = self._loops.begin(decision, "register", {"run": run}, now)
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

    def _promote(self, decision: Decided, _: Triggers, now: float) -> Action:
        number = _version(self._loops.actions(decision.id)["register"])
        action = self._loops.begin(decision, "promote", {"version": number}, now)
        if action.state != "begun":
            return action
        about: dict[str, Any] = dict(action.about)
        if "against" not in about:
            # Before it is promoted: afterwards the champion is the version itself.
            about["against"] = self._ports.models.champion(decision.model)
            self._loops.change(action, "its gates run", about)
        found = self._ports.models.promote(decision.model, number, f"{decision.kind}: {decision.says}")
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
        number, since, needed = about["version"], about["since"], due(policy, about["looks"])
        predictions, labelled = self._ports.trials.count(decision.model, number, since)
        if labelled < needed:
            self._wait(action, Compared(predictions, labelled), needed, now)
            return None
        found = self._ports.trials.compare(decision.model, (number, about["against"]), since, policy)
        verdict = judge_trial(found, policy, about["looks"])
        about["looks"] = verdict.looks
        said = f"version {number}: {verdict.says}"
        if verdict.answer == "kept":
            return self._end(action, "done", "kept", said, now, about=about)
        if action.says != said:
            self._loops.change(action, said, about)
        return self._roll_back(decision, action, said, now) if verdict.answer == "worse" else None

    def _wait(self, action: Action, found: Compared, needed: int, now: float) -> None:
        number, asked = action.about["version"], found.predictions
        said = f"version {number} has {found.labelled:,} labels of {asked:,} predictions; it takes {needed:,}"
        if not found.labelled:
            said = f"no labels have come for {asked:,} predictions of version {number}; it takes {needed:,}"
            event = LoopEvent(now, "probation", action.model, f"{said}: probation stays open", _links(action.about))
            if asked and self._journal.add(event, f"{action.decision}/unlabelled"):
                self._ports.sources.tell(event, f"{action.decision}/unlabelled")
        if action.says != said:
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
        if kind in ALERTED:
            self._ports.sources.tell(event, f"{action.decision}/{action.kind}")
        elif kind in SETTLED:
            self._ports.sources.settle(action.model, now)
        self._loops.end(action, state, event, record)
        return self._loops.actions(action.decision)[action.kind]


ALERTED: Final = ("run failed", "validation failed", "refused", "rolled back")
SETTLED: Final = ("unchanged", "promoted", "kept")


def _version(action: Action) -> int:
    return int(str(action.about["version"]))


def _pair(action: Action) -> dict[str, Any]:
    """The version on probation, and the champion before."""
    return {"version": action.about["version"], "against": action.about["against"]}


def _links(about: dict[str, Any]) -> str:
    return to_json({key: value for key, value in about.items() if key != "why"})
