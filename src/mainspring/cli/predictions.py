"""`mainspring trace` and `mainspring predictions`: what was answered."""

import time
from pathlib import Path
from typing import Annotated, Any

import typer

from mainspring.charts.numbers import count, moment, short, size
from mainspring.cli.options import AsJson, HomePath
from mainspring.cli.printing import numbers, put, put_json, put_pairs, put_table, stamp
from mainspring.errors import MainspringError
from mainspring.serving.building import PREDICTIONS
from mainspring.serving.predlog import Answer, erase, find, prune, segments
from mainspring.workspace.artifacts import find_artifact
from mainspring.workspace.homes import find_home
from mainspring.workspace.lineage import Maker, lineage
from mainspring.workspace.opening import open_existing

__all__ = ["COMMANDS", "trace"]

_DAY = 86400


def trace(
    identity: Annotated[str, typer.Argument(metavar="ID", help="The 'id' of an answer.")],
    *,
    home: HomePath = None,
    as_json: AsJson = False,
) -> None:
    """Show where an answer came from: what was asked, the package, its run, the code and the data."""
    folder = home or find_home()
    answers = find(folder / PREDICTIONS, identity)
    makers = {answer.model.package: _makers(folder, answer.model.package) for answer in answers}
    if as_json:
        put_json([_record(one, makers[one.model.package]) for one in answers])
        return
    for place, one in enumerate(answers):
        if place:
            put()
        _print(one, makers[one.model.package])


def _makers(folder: Path, package: str) -> tuple[Maker, ...]:
    """The step runs that made a package, nearest first; nothing when this home does not know it."""
    try:
        with open_existing(folder) as opened:
            return lineage(opened, find_artifact(opened, package)).above
    except MainspringError:
        return ()


def _print(one: Answer, makers: tuple[Maker, ...]) -> None:
    row, model = one.row, one.model
    put_pairs(
        [
            ("answer", f"{row.id}{', of the shadow: it was only logged' if row.shadow else ''}"),
            ("time", f"{moment(one.time)}, in {row.micros / 1000:.3f} ms, {count(row.rows, 'row')}"),
            *_remarks(one),
            ("package", model.package),
            ("served as", f"{model.name} {model.version}{f', followed as {model.alias}' if model.alias else ''}"),
            ("run", makers[0].run if makers else model.run or "not known in this home"),
        ]
    )
    put()
    put_table(("column", "kind", "values"), _values(one))
    for maker in makers:
        put()
        put(f"{'  ' * maker.level}{maker.step}, run {maker.run}, {moment(maker.created)}")
        for symbol in maker.code:
            put(f"{'  ' * maker.level}  code: {symbol.path}:{symbol.first}-{symbol.last} {symbol.name}")
        for path, digest in maker.files:
            put(f"{'  ' * maker.level}  data: {path} {short(digest)}")
        for parameter, shown in maker.parameters:
            put(f"{'  ' * maker.level}  {parameter} = {shown}")


def _remarks(one: Answer) -> list[tuple[str, str]]:
    row, found = one.row, []
    if row.level:
        found.append(("fallback", f"level {row.level}: {row.reason}"))
    found += [("mark", f"{path}: {rule}") for path, rule in row.marks]
    found += [("override", f"rows {told['rows']}: {told['why']} ({told['who']})") for told in row.overridden]
    if row.erased:
        found.append(("erased", f"rows {', '.join(map(str, row.erased))}"))
    return found


def _values(one: Answer) -> list[tuple[str, str, str]]:
    rows = [(name, "input", _short(values)) for name, values in one.inputs.items()]
    rows += [(name, "input", "withheld: it is sensitive") for name in one.model.withheld]
    return rows + [(name, "output", _short(values)) for name, values in one.outputs.items()]


def _short(values: Any) -> str:
    shown = ", ".join(str(value) for value in values[:3].tolist())
    return f"{shown}, … ({len(values):,})" if len(values) > 3 else shown


def _record(one: Answer, makers: tuple[Maker, ...]) -> dict[str, Any]:
    row, model = one.row, one.model
    return {
        "id": row.id,
        "time": stamp(one.time),
        "shadow": row.shadow,
        "micros": row.micros,
        "package": model.package,
        "model": {"name": model.name, "version": model.version, "alias": model.alias},
        "run": makers[0].run if makers else model.run,
        "level": row.level,
        "reason": row.reason,
        "marks": [{"path": path, "rule": rule} for path, rule in row.marks],
        "overridden": list(row.overridden),
        "inputs": {name: _listed(values) for name, values in one.inputs.items()},
        "outputs": {name: _listed(values) for name, values in one.outputs.items()},
        "withheld": list(model.withheld),
        "erased": list(row.erased),
        "made_by": [
            {
                "step": maker.step,
                "run": maker.run,
                "created": stamp(maker.created),
                "code": [
                    {"name": symbol.name, "path": symbol.path, "first": symbol.first, "last": symbol.last}
                    for symbol in maker.code
                ],
                "files": dict(maker.files),
                "parameters": dict(maker.parameters),
            }
            for maker in makers
        ],
    }


def _listed(values: Any) -> list[Any]:
    kind = values.dtype.kind
    listed: list[Any] = values.tolist()
    if kind == "M":
        return [None if one is None else one.isoformat() for one in listed]
    return [numbers(one) for one in listed]


def list_files(*, home: HomePath = None, as_json: AsJson = False) -> None:
    """List the files of the prediction log."""
    found = segments((home or find_home()) / PREDICTIONS)
    if as_json:
        put_json(
            [
                {
                    "file": one.path.name,
                    "begun": stamp(one.begun),
                    "closed": one.closed,
                    "bytes": one.path.stat().st_size,
                }
                for one in found
            ]
        )
        return
    put_table(
        ("file", "begun", "state", "size"),
        [
            (one.path.name, moment(one.begun), "closed" if one.closed else "written to", size(one.path.stat().st_size))
            for one in found
        ],
        right=("size",),
    )


def prune_files(
    *,
    days: Annotated[float, typer.Option("--older-than", metavar="DAYS", help="Age in days.")],
    home: HomePath = None,
) -> None:
    """Remove the files of the prediction log all of whose answers are older."""
    removed = prune((home or find_home()) / PREDICTIONS, time.time() - days * _DAY)
    put(f"removed {count(len(removed), 'file')}")


def erase_rows(
    key: Annotated[str, typer.Argument(metavar="COLUMN=VALUE", help="Which rows.")], *, home: HomePath = None
) -> None:
    """Erase what was asked and answered for a key, such as customer=123; that there was an answer stays on record."""
    column, _, value = key.partition("=")
    done = erase((home or find_home()) / PREDICTIONS, column, value)
    put(f"erased {count(done.rows, 'row')} in {count(done.files, 'file')}")
    if done.open:
        put(f"{count(len(done.open), 'file')} with such rows is still written to: call again once it is closed")
        raise typer.Exit(1)


COMMANDS = {"list": list_files, "prune": prune_files, "erase": erase_rows}
