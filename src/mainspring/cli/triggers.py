"""`mainspring triggers`: what each trigger says now, asking for a run, and why one was started."""

import getpass
import os
from typing import Annotated, Any

import typer

from mainspring import clock
from mainspring.charts.numbers import moment
from mainspring.cli.options import AsJson, HomePath
from mainspring.cli.printing import coloured, put, put_json, put_pairs, put_table, stamp
from mainspring.digest.texts import from_json, to_json
from mainspring.errors import NotFoundError
from mainspring.tracking.loops import Action, Decided
from mainspring.workspace.watching import Watcher, watched_models

__all__ = ["COMMANDS"]

_COLOURS = {"fires": "green", "held": "yellow", "quiet": None}
Models = Annotated[list[str] | None, typer.Argument(metavar="[MODEL]...", help="The models; by default all watched.")]


def list_triggers(models: Models = None, *, home: HomePath = None, as_json: AsJson = False) -> None:
    """Show what each trigger of [triggers] says now, and what holds it. Nothing is done."""
    now = clock.now()
    with Watcher(watched_models(models or (), home), home) as watcher:
        found = [(model, one) for model in watcher.models for one in watcher.states(model, now)]
    if as_json:
        keys = ("kind", "answer", "evidence", "says", "held", "links")
        put_json([{"model": model, **{key: getattr(one, key) for key in keys}} for model, one in found])
        return
    if not found:
        put("no triggers are set: see [triggers] in config.toml")
        return
    rows = [
        (
            model,
            one.kind,
            coloured(one.answer, _COLOURS[one.answer]),
            f"{one.says}; {one.held}" if one.held else one.says,
        )
        for model, one in found
    ]
    put_table(("model", "trigger", "answer", "why"), rows)


def fire(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="The model.")],
    *,
    why: Annotated[str, typer.Option("--why", metavar="TEXT", help="The reason; it stays on record.")],
    by: Annotated[str | None, typer.Option("--by", metavar="WHO", help="Who asks; by default you.")] = None,
    home: HomePath = None,
    as_json: AsJson = False,
) -> None:
    """Ask for a run: the watch starts it as soon as none is going on, whatever cools down, and ends a probation."""
    identity, who = os.urandom(8).hex(), by or getpass.getuser()
    with Watcher(watched_models((model,), home), home) as watcher:
        says = f"{who} asks for it: {why}"
        record = to_json({"who": who, "why": why})
        watcher.loops.ask(Decided(0, model, "asked", identity, "held", says, record, clock.now()))
    if as_json:
        put_json({"model": model, "evidence": identity, "who": who, "why": why})
        return
    put(f"{model}: a run is asked for; `mainspring watch` starts it")


def why(
    target: Annotated[str | None, typer.Argument(metavar="[RUN|MODEL]", help="A run of the watch, or a model.")] = None,
    *,
    home: HomePath = None,
    as_json: AsJson = False,
) -> None:
    """Show why a run was started and what came of it: by default the latest of each watched model."""
    with Watcher(watched_models((), home), home) as watcher:
        names = [target] if target in watcher.models else list(watcher.models)
        rounds = [(one, watcher.loops.actions(one.id)) for name in names for one in watcher.loops.fired(name)]
        held = [one for name in names for one in watcher.loops.held(name)]
    if target is None or target in {one.model for one, _ in rounds} | set(watcher.models):
        newest = {one.model: (one, actions) for one, actions in reversed(rounds)}
        rounds = list(newest.values())
    else:
        rounds = [(one, actions) for one, actions in rounds if _is_of(actions, target)]
        held = []
        if not rounds:
            raise NotFoundError(f"The watch has started no run '{target}'", None, "See: mainspring triggers why.")
    if as_json:
        put_json({"rounds": [_round(*one) for one in rounds], "held": [_decided(one) for one in held]})
        return
    for decision, actions in rounds:
        _put_round(decision, actions)
    for one in held:
        put(f"{one.model}: '{one.kind}' is held: {one.says}")
    if not rounds and not held:
        put("no trigger has fired")


def _is_of(actions: dict[str, Action], run: str) -> bool:
    said = actions["run"].about if "run" in actions else {}
    lost: Any = said.get("lost", [])
    failed: Any = said.get("failed", [])
    return run in (said.get("run"), *lost, *failed)


def _put_round(decision: Decided, actions: dict[str, Action]) -> None:
    put_pairs(
        [
            ("model", decision.model),
            ("trigger", f"{decision.kind}, {moment(decision.made)}"),
            ("because", decision.says),
            ("evidence", decision.evidence),
            *[(one.kind, f"{one.state}: {one.says}" if one.says else one.state) for one in actions.values()],
            ("closed", "not yet" if decision.closed is None else moment(decision.closed)),
        ]
    )
    put()


def _decided(one: Decided) -> dict[str, Any]:
    place = {"model": one.model, "kind": one.kind, "evidence": one.evidence, "says": one.says}
    return {**place, "links": from_json(one.record), "made": stamp(one.made), "closed": stamp(one.closed)}


def _round(one: Decided, actions: dict[str, Action]) -> dict[str, Any]:
    return {**_decided(one), "actions": [_action(action) for action in actions.values()]}


def _action(one: Action) -> dict[str, Any]:
    place = {"kind": one.kind, "state": one.state, "says": one.says, "about": one.about}
    return {**place, "began": stamp(one.began), "ended": stamp(one.ended)}


COMMANDS = {"list": list_triggers, "fire": fire, "why": why}
