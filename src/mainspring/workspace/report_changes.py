"""What changed since the last run: configuration, code, inputs, environment, steps and results."""

from collections.abc import Iterator
from difflib import unified_diff
from typing import Any, Final

from msgspec import Struct

from mainspring.charts import Html, Part, cut, el, join
from mainspring.charts.numbers import count, short
from mainspring.digest.texts import readable_json
from mainspring.graph.code import Code, diff, from_record
from mainspring.store import BlobStore
from mainspring.tracking import RunRow, StepRow
from mainspring.workspace.report_facts import Account, Past, document_of, files_of, node_of, params_of

__all__ = ["Change", "changes_of", "draw_changes"]

_MOST: Final = 20
_MOST_LINES: Final = 300
_SHOWN: Final = 120
_ABSENT: Final = "not set"


class Change(Struct, frozen=True):
    """One difference.

    Attributes:
        topic: `Configuration`, `Parameters`, `Code`, `Inputs`, `Environment`, `Git`, `Steps` or `Results`.
        what: What is different.
        old: What it was, if that can be said shortly.
        new: What it is.
        where: Where to look, such as `features.py:10-24`, or which steps it concerns.
    """

    topic: str
    what: str
    old: str = ""
    new: str = ""
    where: str = ""


def changes_of(account: Account, blobs: BlobStore) -> list[Change]:
    """Return what is different from the run that this one is compared with."""
    past = account.past
    if past is None:
        return []
    found = [*_configuration(account, past)]
    found += _parameters(account, past, found)
    found += _code(account, past, blobs)
    found += _inputs(account, past)
    found += _environment(account, past, blobs)
    found += _git(account, past)
    found += _steps(account, past)
    return [*found, *_results(account, past)]


def draw_changes(account: Account, blobs: BlobStore) -> Html:
    """Return the differences as a list by topic."""
    heading = el("h2", "What changed since the last run", id="changes")
    past = account.past
    if past is None:
        profile = account.record.get("profile")
        what = f"{account.run.pipeline}' with profile '{profile}" if profile else account.run.pipeline
        return join(
            heading, el("p", f"Nothing to compare with: this is the first run of '{what}' here.", class_="note")
        )
    compared = "Compared with run ", el("code", past.run.id), f", which {past.run.status}."
    topics: dict[str, list[Change]] = {}
    for change in changes_of(account, blobs):
        topics.setdefault(change.topic, []).append(change)
    if not topics:
        said = "Nothing: the same configuration, code, inputs and environment."
        return join(heading, el("p", said, " ", compared, class_="note"))
    parts: list[Part] = []
    for topic, members in topics.items():
        parts += [el("dt", topic), el("dd", _listed(members))]
    difference = _difference(account.run, past.run, blobs) if "Code" in topics else None
    return join(heading, el("p", compared, class_="note"), el("dl", parts, class_="box changes"), difference)


def _listed(members: list[Change]) -> Html:
    items = [el("li", _said(change)) for change in members[:_MOST]]
    if len(members) > _MOST:
        items.append(el("li", f"and {len(members) - _MOST:,} more", class_="soft"))
    return el("ul", items)


def _said(change: Change) -> Html:
    values = None
    if change.old or change.new:
        old = el("span", cut(change.old, _SHOWN), class_="old", title=change.old) if change.old else None
        new = el("span", cut(change.new, _SHOWN), class_="new", title=change.new) if change.new else None
        values = join(": ", old, " \N{RIGHTWARDS ARROW} " if change.old and change.new else None, new)
    where = el("span", f" {change.where}", class_="soft small") if change.where else None
    return join(change.what, values, where)


def _configuration(now: Account, past: Past) -> Iterator[Change]:
    config, before = now.record.get("config") or {}, past.record.get("config") or {}
    values, old = config.get("values") or {}, before.get("values") or {}
    for key in [*values, *(key for key in old if key not in values)]:
        if key not in values or key not in old or values[key] != old[key]:
            origin = (config.get("origins") or {}).get(key, "")
            yield Change("Configuration", key, _value(old, key), _value(values, key), origin)


def _value(values: dict[str, Any], key: str) -> str:
    return readable_json(values[key]) if key in values else _ABSENT


def _pairs(now: Account, past: Past) -> Iterator[tuple[StepRow, StepRow]]:
    """Yield step runs of both runs that go by the same name and have different inputs or code."""
    before = {step.name: step for step in past.steps}
    for step in now.steps:
        old = before.get(step.name)
        if old is not None and step.key != old.key and step.key and old.key:
            yield step, old


def _parameters(now: Account, past: Past, configuration: list[Change]) -> Iterator[Change]:
    """Yield changed literals; those that come from a changed configuration are told there."""
    known = {(change.old, change.new) for change in configuration}
    for step, old in _pairs(now, past):
        new_parts, old_parts = params_of(step), params_of(old)
        for name, part in new_parts.items():
            was = old_parts.get(name)
            if was is None or part.get("kind") != "value" or part.get("digest") == was.get("digest"):
                continue
            shown = (_as_json(was["show"]), _as_json(part["show"]))
            if shown not in known:
                yield Change("Parameters", f"{step.name}, {name}", was["show"], part["show"])


def _as_json(shown: str) -> str:
    """Return the `repr` of a plain value as JSON would write it, to compare it with the configuration's."""
    if shown in ("True", "False", "None"):
        return {"True": "true", "False": "false", "None": "null"}[shown]
    quoted = len(shown) > 1 and shown[0] == shown[-1] == "'"
    return readable_json(shown[1:-1]) if quoted else shown.replace("(", "[").replace(")", "]")


def _code(now: Account, past: Past, blobs: BlobStore) -> list[Change]:
    changed = {node_of(step.name) for step, old in _pairs(now, past) if step.code != old.code}
    if not changed:
        return []
    new, old = _codes(now.run, blobs), _codes(past.run, blobs)
    symbols: dict[tuple[str, str, str], set[str]] = {}
    for name in sorted(changed):
        step = name.partition("[")[0]
        if step in new and step in old:
            for one in diff(old[step], new[step]):
                place = f"{one.path}:{one.first}" + (f"-{one.last}" if one.last != one.first else "")
                symbols.setdefault((one.name.rpartition("::")[2], one.kind, place), set()).add(name)
    if not symbols:
        return [Change("Code", f"Code of {', '.join(sorted(changed))}")]
    return [
        Change("Code", f"{name} {kind}", where=f"{place}, in {_few(sorted(steps))}")
        for (name, kind, place), steps in symbols.items()
    ]


def _few(names: list[str], most: int = 6) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def _codes(run: RunRow, blobs: BlobStore) -> dict[str, Code]:
    codes = document_of(run, "sources", blobs).get("codes") or {}
    return {step: from_record(record) for step, record in codes.items()}


def _files(account: Account | Past) -> dict[str, str]:
    found: dict[str, str] = {}
    for step in account.steps:
        found |= files_of(step)
    return found


def _inputs(now: Account, past: Past) -> Iterator[Change]:
    new, old = _files(now), _files(past)
    for path in [*new, *(path for path in old if path not in new)]:
        if new.get(path) != old.get(path):
            what = "changed" if path in new and path in old else "is new" if path in new else "is no input any more"
            yield Change("Inputs", f"{path} {what}", short(old.get(path, "")), short(new.get(path, "")))


def _environment(now: Account, past: Past, blobs: BlobStore) -> Iterator[Change]:
    if now.record.get("environment") == past.record.get("environment"):
        return
    new, old = document_of(now.run, "environment", blobs), document_of(past.run, "environment", blobs)
    if not new or not old:
        return
    for key, name in (
        ("python", "Python"),
        ("platform", "Platform"),
        ("host", "Host"),
        ("cpus", "CPUs"),
        ("threads", "Threads"),
    ):
        if new.get(key) != old.get(key):
            yield Change("Environment", name, _text(old.get(key)), _text(new.get(key)))
    versions, before = _versions(new), _versions(old)
    for name in sorted({*versions, *before}):
        if versions.get(name) != before.get(name):
            yield Change("Environment", name, before.get(name, "not installed"), versions.get(name, "not installed"))


def _text(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key}={item}" for key, item in value.items()) or "not limited"
    return str(value).partition("\n")[0]


def _versions(environment: dict[str, Any]) -> dict[str, str]:
    return {name: str(one.get("version")) for name, one in (environment.get("distributions") or {}).items()}


def _git(now: Account, past: Past) -> Iterator[Change]:
    new, old = now.record.get("git") or {}, past.record.get("git") or {}
    if new.get("commit") != old.get("commit") and new.get("commit"):
        yield Change("Git", "commit", short(str(old.get("commit") or "none")), short(str(new["commit"])))
    if now.run.seed != past.run.seed:
        yield Change("Parameters", "run seed", str(past.run.seed), str(now.run.seed))


def _steps(now: Account, past: Past) -> Iterator[Change]:
    new, old = (dict.fromkeys(node_of(step.name) for step in account.steps) for account in (now, past))
    for name in new:
        if name not in old:
            yield Change("Steps", f"{name} is new")
    for name in old:
        if name not in new:
            yield Change("Steps", f"{name} is gone")


def _results(now: Account, past: Past) -> Iterator[Change]:
    different: list[str] = []
    same: list[str] = []
    for step, _ in _pairs(now, past):
        new, old = now.results.get(step.name), past.results.get(step.name)
        if new is not None and old is not None:
            equal = [one.digest for one in new.artifacts] == [one.digest for one in old.artifacts]
            (same if equal else different).append(node_of(step.name))
    if different:
        yield Change("Results", f"Different: {_few(list(dict.fromkeys(different)), 12)}")
    if same:
        names = list(dict.fromkeys(same))
        yield Change("Results", f"The same in spite of changes: {_few(names, 12)}")


def _difference(now: RunRow, past: RunRow, blobs: BlobStore) -> Html | None:
    """Return the changed lines of all files that the steps reach."""
    new = document_of(now, "sources", blobs).get("sources") or {}
    old = document_of(past, "sources", blobs).get("sources") or {}
    lines: list[str] = []
    for path in sorted({*new, *old}):
        if new.get(path) != old.get(path):
            before, after = (str(texts.get(path) or "").splitlines() for texts in (old, new))
            lines += unified_diff(before, after, f"{path} (last run)", f"{path} (this run)", lineterm="", n=2)
    if not lines:
        return None
    left = len(lines) - _MOST_LINES
    shown = "\n".join(lines[:_MOST_LINES]) + (
        f"\n\N{HORIZONTAL ELLIPSIS} {count(left, 'more line')}" if left > 0 else ""
    )
    return el("details", el("summary", "Lines of code that changed"), el("pre", shown, class_="log"))
