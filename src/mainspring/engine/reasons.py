"""Why a step is no hit: what changed since the last time it succeeded."""

from collections.abc import Callable
from typing import Any

from msgspec import Struct

from mainspring.digest.texts import from_json
from mainspring.engine.keys import Key
from mainspring.graph.code import Code, diff
from mainspring.tracking import StepRow

__all__ = ["Change", "changes", "sentence"]


class Change(Struct, frozen=True):
    """One difference between two step runs.

    Attributes:
        kind: `code`, `input`, `parameter`, `file`, `environment`, `python` or `seed`.
        what: What changed, in words, with the old and the new value where they are short.
        where: `file:first-last` of changed code, otherwise empty.
    """

    kind: str
    what: str
    where: str = ""


_KINDS = {"artifact": "input", "many": "input", "file": "file", "folder": "file", "value": "parameter"}


def changes(last: StepRow, key: Key, old_code: Callable[[], Code | None]) -> list[Change]:
    """Return what differs between the last successful run of a step and what it would be now."""
    before, now = from_json(last.inputs), from_json(key.inputs)
    found = [*_code_changes(last, key, old_code), *_part_changes(before["params"], now["params"])]
    found += _version_changes(before["versions"], now["versions"])
    if before["python"] != now["python"]:
        found.append(Change("python", f"Python {before['python']} → {now['python']}"))
    if before["seed"] != now["seed"]:
        found.append(Change("seed", f"run seed {before['seed']} → {now['seed']}"))
    return found


def sentence(found: list[Change]) -> str:
    """Return the changes in one line: the first two in full, the others counted."""
    if not found:
        return "its result is no longer stored"
    shown = "; ".join(f"{change.what}{f' ({change.where})' if change.where else ''}" for change in found[:2])
    return shown if len(found) <= 2 else f"{shown}; and {len(found) - 2} more"


def _code_changes(last: StepRow, key: Key, old_code: Callable[[], Code | None]) -> list[Change]:
    if last.code == key.code.digest:
        return []
    old = old_code()
    if old is None:
        return [Change("code", "code changed")]
    found = [
        Change("code", f"code of {_symbol(change.name)} {change.kind}", f"{change.path}:{change.first}-{change.last}")
        for change in diff(old, key.code)
    ]
    return found or [Change("code", "code changed")]


def _symbol(name: str) -> str:
    return name.rpartition("::")[2]


def _part_changes(before: dict[str, Any], now: dict[str, Any]) -> list[Change]:
    found = []
    for name in [*now, *(name for name in before if name not in now)]:
        old, new = before.get(name), now.get(name)
        if old is not None and new is not None and (old["kind"], old["digest"]) == (new["kind"], new["digest"]):
            continue
        if old is None or new is None:
            kind = _KINDS[(new or old or {})["kind"]]
            found.append(Change(kind, f"{kind} '{name}' is {'new' if old is None else 'gone'}"))
            continue
        kind = _KINDS[new["kind"]]
        if kind == "parameter" and old["show"] != new["show"]:
            found.append(Change(kind, f"{name}: {old['show']} → {new['show']}"))
        elif kind == "file":
            found.append(Change(kind, f"{new['kind']} {new['show']} changed"))
        else:
            found.append(Change(kind, f"{kind} '{name}' changed"))
    return found


def _version_changes(before: dict[str, str], now: dict[str, str]) -> list[Change]:
    names = sorted({*before, *now})
    return [
        Change("environment", f"{name} {before.get(name, 'not installed')} → {now.get(name, 'not installed')}")
        for name in names
        if before.get(name) != now.get(name)
    ]
