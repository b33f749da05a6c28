"""`mainspring models`, `mainspring alias` and `mainspring packages register`: the registry."""

import getpass
from typing import Annotated, Any

import typer
from msgspec import Struct
from msgspec.structs import asdict

from mainspring.charts.numbers import count, moment, short
from mainspring.cli.options import AsJson, HomePath, flat
from mainspring.cli.printing import ago, put, put_json, put_pairs, put_table, stamp
from mainspring.config.homes import home_and_settings
from mainspring.registry import Move, Version, open_registry, resolve
from mainspring.workspace.homes import open_home

__all__ = ["ALIASES", "COMMANDS", "register"]

_NOTE = 48
_NEWEST = "newest"
ModelName = Annotated[str, typer.Argument(metavar="NAME", help="A model.")]
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


class Decision(Struct, frozen=True):
    """Who decides, and why."""

    why: Annotated[str, typer.Option(metavar="TEXT", help="The reason; it stays on record.")]
    by: Annotated[str | None, typer.Option(metavar="WHO", help="Who decides; by default you.")] = None


@flat
def set_alias(
    name: ModelName,
    alias: Annotated[str, typer.Argument(metavar="ALIAS", help="The alias, such as champion.")],
    version: Annotated[
        str, typer.Argument(metavar="VERSION", help="A number, `newest`, or an alias such as previous.")
    ],
    *,
    decision: Decision,
    home: HomePath = None,
    as_json: AsJson = False,
) -> None:
    """Make an alias stand for a version. When champion moves, previous is what it was."""
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
        models = registry.models()
    if as_json:
        put_json([{**asdict(model), "created": stamp(model.created)} for model in models])
        return
    if not models:
        put("no models; register a package: mainspring packages register PACKAGE --as NAME")
        return
    rows = [(model.name, str(model.versions), _named(model.aliases), ago(model.created)) for model in models]
    put_table(("model", "versions", "aliases", "since"), rows, right=("versions",))


def show_model(name: ModelName, *, home: HomePath = None, as_json: AsJson = False) -> None:
    """Show a model's versions and aliases, and how its aliases moved: who, when and why."""
    with open_registry(home) as registry:
        versions, aliases, moves = registry.versions(name), registry.aliases(name), registry.history(name)
    if as_json:
        put_json(
            {
                "name": name,
                "aliases": aliases,
                "versions": [_version(version) for version in versions],
                "moves": [_move(move) for move in moves],
            }
        )
        return
    put_pairs([("model", name), ("versions", count(len(versions), "version")), ("aliases", _named(aliases) or "none")])
    put()
    held: dict[int, list[str]] = {}
    for alias, number in aliases.items():
        held.setdefault(number, []).append(alias)
    rows = [
        (str(one.number), ", ".join(held.get(one.number, [])), short(one.digest), one.run or "", ago(one.created),
         one.note[:_NOTE])
        for one in versions
    ]  # fmt: skip
    put_table(("version", "aliases", "package", "run", "registered", "note"), rows, right=("version",))
    if moves:
        put()
        put_table(("alias", "from", "to", "who", "when", "why"), [_row(move) for move in moves], right=("from", "to"))


def _row(move: Move) -> tuple[str, ...]:
    source = "" if move.source is None else str(move.source)
    return (move.alias, source, str(move.target), move.who, moment(move.moved), move.why)


def _named(aliases: dict[str, int]) -> str:
    return ", ".join(f"{alias} = {number}" for alias, number in aliases.items())


def _version(version: Version) -> dict[str, Any]:
    return {**asdict(version), "path": str(version.path), "created": stamp(version.created)}


def _move(move: Move) -> dict[str, Any]:
    return {**asdict(move), "moved": stamp(move.moved)}


COMMANDS = {"list": list_models, "show": show_model}
ALIASES = {"set": set_alias, "history": history}
