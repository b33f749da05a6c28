"""`mainspring models`, `alias` and `packages register`: what the registry knows."""

import getpass
from pathlib import Path
from typing import Annotated, Any

import typer
from msgspec import Struct, to_builtins
from msgspec.structs import asdict

from mainspring.charts import Table
from mainspring.charts.numbers import count, moment, number, short, size
from mainspring.cli.completing import models, versions
from mainspring.cli.options import AsJson, HomePath, flat
from mainspring.cli.printing import ago, put, put_json, put_pairs, put_table, stamp
from mainspring.cli.trials import compare_outcomes
from mainspring.config.homes import home_and_settings
from mainspring.errors import MainspringError
from mainspring.package import Change, compare, read_content
from mainspring.quality import Disagreement, draw_disagreement
from mainspring.registry import GateReport, Move, Version, open_registry, resolve
from mainspring.workspace.confronting import confront
from mainspring.workspace.homes import open_home

__all__ = ["ALIASES", "COMMANDS", "Deciding", "ModelName", "register"]

_NOTE = 48
_SHOWN = 10
_NEWEST = "newest"
ModelName = Annotated[str, typer.Argument(metavar="NAME", help="A model.", autocompletion=models)]
Trust = Annotated[
    list[str] | None,
    typer.Option("--trust", metavar="DIGEST", help="A source stage, or package, that may run; may be repeated."),
]


def register(
    package: Annotated[str, typer.Argument(metavar="PACKAGE", help="A folder, a zip, or run:RUN[/STEP].")],
    name: Annotated[str, typer.Option("--as", metavar="NAME", help="The model that it is a version of.")],
    *,
    note: Annotated[str, typer.Option("--note", metavar="TEXT", help="What is to be said of this version.")] = "",
    trust: Trust = None,
    home: HomePath = None,
    as_json: AsJson = False,
) -> None:
    """Make a package the next version of a model, in the registry of the home. The same package is one version.

    Source in it must be approved with --trust; that of a run of this home is the project's own, and is.
    """
    target = resolve(package, home)
    with open_home(*home_and_settings(home)):
        pass  # it is made where there is none
    with open_registry(home) as registry:
        version = registry.register(target.path, name, run=target.run, note=note, trust=(*target.trust, *(trust or ())))
    if as_json:
        put_json(_version(version))
        return
    put(f"{version.name} version {version.number}, package {short(version.digest)}")


class Deciding(Struct, frozen=True):
    """Who decides, and why."""

    why: Annotated[str, typer.Option(metavar="TEXT", help="The reason; it stays on record.")]
    by: Annotated[str | None, typer.Option(metavar="WHO", help="Who decides; by default you.")] = None


@flat
def set_alias(
    name: ModelName,
    alias: Annotated[
        str, typer.Argument(metavar="ALIAS", help="The alias, such as challenger; champion moves by promote.")
    ],
    version: Annotated[
        str,
        typer.Argument(metavar="VERSION", help="A number, `newest`, or an alias.", autocompletion=versions),
    ],
    *,
    decision: Deciding,
    home: HomePath = None,
    as_json: AsJson = False,
) -> None:
    """Make an alias stand for a version. champion and previous move by promote and rollback alone."""
    with open_registry(home) as registry:
        number = registry.resolve(name if version == _NEWEST else f"{name}@{version}").number
        move = registry.set_alias(name, alias, number, who=decision.by or getpass.getuser(), why=decision.why)
    if as_json:
        put_json(_move(move))
        return
    before = "" if move.source is None else f", before version {move.source}"
    put(f"{name}@{alias} is version {move.target}{before}")


def history(name: ModelName, *, home: HomePath = None, as_json: AsJson = False) -> None:
    """Show how the aliases of a model moved, newest first: from what, to what, who, when and why."""
    with open_registry(home) as registry:
        registry.versions(name)  # says so when there is no such model
        moves = registry.history(name)
    if as_json:
        put_json([_move(move) for move in moves])
        return
    put_table(("alias", "from", "to", "who", "when", "why"), [_row(move) for move in moves], right=("from", "to"))


def list_models(*, home: HomePath = None, as_json: AsJson = False) -> None:
    """List the models of the registry."""
    with open_registry(home) as registry:
        listed = registry.models()
    if as_json:
        put_json([{**asdict(model), "created": stamp(model.created)} for model in listed])
        return
    if not listed:
        put("no models; register a package: mainspring packages register PACKAGE --as NAME")
        return
    rows = [(model.name, str(model.versions), _named(model.aliases), ago(model.created)) for model in listed]
    put_table(("model", "versions", "aliases", "since"), rows, right=("versions",))


def show_model(name: ModelName, *, home: HomePath = None, as_json: AsJson = False) -> None:
    """Show a model's versions with what gates said of them, its aliases, and how they moved: who, when and why."""
    with open_registry(home) as registry:
        versions, aliases, moves = registry.versions(name), registry.aliases(name), registry.history(name)
        reports, decisions = registry.gate_reports(name), registry.decisions(name)
    newest = {one.number: one for one in reversed(reports)}
    if as_json:
        said = {number: {"digest": one.digest, "passed": one.passed} for number, one in newest.items()}
        put_json(
            {
                "name": name,
                "aliases": aliases,
                "versions": [{**_version(version), "gates": said.get(version.number)} for version in versions],
                "moves": [_move(move) for move in moves],
                "decisions": [{**asdict(one), "made": stamp(one.made)} for one in decisions],
            }
        )
        return
    put_pairs([("model", name), ("versions", count(len(versions), "version")), ("aliases", _named(aliases) or "none")])
    put()
    held: dict[int, list[str]] = {}
    for alias, holds in aliases.items():
        held.setdefault(holds, []).append(alias)
    rows = [
        (str(one.number), ", ".join(held.get(one.number, [])), short(one.digest), one.run or "",
         "" if one.training is None else one.training.until, _passed(newest.get(one.number)), ago(one.created),
         one.note[:_NOTE])
        for one in versions
    ]  # fmt: skip
    heads = ("version", "aliases", "package", "run", "trained until", "gates", "registered", "note")
    put_table(heads, rows, right=("version",))
    if moves:
        put()
        put_table(("alias", "from", "to", "who", "when", "why"), [_row(move) for move in moves], right=("from", "to"))


Other = Annotated[
    str, typer.Argument(metavar="VERSION", help="A number, `newest`, or an alias.", autocompletion=versions)
]


def compare_versions(
    name: ModelName, before: Other, after: Other, *, home: HomePath = None, as_json: AsJson = False
) -> None:
    """Show two versions of a model side by side: training, gates, packages, and where they disagree most.

    They are asked the rows that gates score on.
    """
    with open_registry(home) as registry:
        pair = [registry.resolve(name if one == _NEWEST else f"{name}@{one}") for one in (before, after)]
        kept = [registry.gate_reports(name, one.number)[:1] for one in pair]
        aliases = registry.aliases(name)
    contents = [read_content(one.path, one.digest) for one in pair]
    changes = compare(*contents)
    sizes = [sum(len(data) for data in content.files.values()) for content in contents]
    facts = [_facts(one, said, aliases, held) for one, said, held in zip(pair, kept, sizes, strict=True)]
    apart, why = _apart(pair, home) if changes else (None, "")
    if as_json:
        both = [{**one, "number": version.number} for one, version in zip(facts, pair, strict=True)]
        told = None if apart is None else to_builtins(apart)
        listed = [_change(one) for one in changes]
        put_json({"name": name, "before": both[0], "after": both[1], "changes": listed, "disagreement": told})
        return
    heads = ("", *(f"version {one.number}" for one in pair))
    put_table(heads, [(key, *(str(one[key] or "") for one in facts)) for key in facts[0]])
    put()
    if not changes:
        put("the packages are the same")
        return
    rows = [(one.about, one.name, _cut(one.before), _cut(one.after)) for one in changes]
    put_table(("about", "what", *heads[1:]), rows)
    put()
    if apart is None:
        put(f"where they disagree is not shown: {why}")
        return
    for title, drawn in draw_disagreement(apart).items():
        if not isinstance(drawn, Table):
            continue
        put(title)
        shown = [tuple(_cell(cell) for cell in row) for row in drawn.rows[:_SHOWN]]
        put_table(tuple(column.name for column in drawn.columns), shown)
        put()


def _cell(cell: Any) -> str:
    return "" if cell is None else cell if isinstance(cell, str) else number(cell)


def _apart(pair: list[Version], home: Path | None) -> tuple[Disagreement | None, str]:
    """Where two versions disagree; None, and why, where that cannot be told."""
    try:
        found = confront(pair[0], pair[1], home)
    except MainspringError as error:
        return None, " ".join(str(error).split())
    return found, "" if found is not None else "[gates] names no holdout and no loss"


def _facts(version: Version, said: list[GateReport], aliases: dict[str, int], held: int) -> dict[str, str | None]:
    training = version.training
    kind = None if training is None else "a refit" if training.refit else "the evaluated model"
    return {
        "aliases": ", ".join(alias for alias, number in aliases.items() if number == version.number) or None,
        "package": short(version.digest),
        "run": version.run,
        "registered": stamp(version.created),
        "note": version.note or None,
        "trained until": None if training is None else training.until,
        "package is": kind,
        "size": size(held),
        "gates": _passed(said[0] if said else None) or None,
        "compared with": f"version {said[0].against}" if said and said[0].against is not None else None,
        "did not pass": ", ".join(one.gate for one in said[0].answers if one.answer != "pass") or None
        if said
        else None,
    }


def _passed(report: GateReport | None) -> str:
    return "" if report is None else "passed" if report.passed else "not passed"


def _change(change: Change) -> dict[str, Any]:
    return {"about": change.about, "name": change.name, "before": change.before, "after": change.after}


def _cut(text: str | None) -> str:
    return "" if text is None else text if len(text) <= _NOTE else f"{text[: _NOTE - 1]}…"


def _row(move: Move) -> tuple[str, ...]:
    source = "" if move.source is None else str(move.source)
    return (move.alias, source, str(move.target), move.who, moment(move.moved), move.why)


def _named(aliases: dict[str, int]) -> str:
    return ", ".join(f"{alias} = {number}" for alias, number in aliases.items())


def _version(version: Version) -> dict[str, Any]:
    training = None if version.training is None else asdict(version.training)
    return {**asdict(version), "path": str(version.path), "created": stamp(version.created), "training": training}


def _move(move: Move) -> dict[str, Any]:
    return {**asdict(move), "moved": stamp(move.moved)}


COMMANDS = {"list": list_models, "show": show_model, "compare": compare_versions, "ab": compare_outcomes}
ALIASES = {"set": set_alias, "history": history}
