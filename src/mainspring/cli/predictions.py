"""`mainspring trace` and `mainspring predictions`: what was answered."""

import time
from typing import Annotated, Any

import typer
from msgspec.structs import asdict

from mainspring.charts.numbers import count, moment, short, size
from mainspring.cli.options import AsJson, HomePath
from mainspring.cli.printing import mark, numbers, put, put_json, put_pairs, put_table, stamp
from mainspring.serving.predlog import Answer, segments
from mainspring.workspace.answers import Traced, trace_answer
from mainspring.workspace.predictions import erase_key, log_of, prune_older
from mainspring.workspace.rolled import roll, tables

__all__ = ["COMMANDS", "trace"]

_DAY = 86400


def trace(
    identity: Annotated[str, typer.Argument(metavar="ID", help="The 'id' of an answer.")],
    *,
    home: HomePath = None,
    as_json: AsJson = False,
) -> None:
    """Show where an answer came from: what was asked, the package, its run, the code and the data."""
    found = trace_answer(identity, home)
    if as_json:
        put_json([_record(one) for one in found])
        return
    for place, one in enumerate(found):
        if place:
            put()
        _print(one)


def _print(traced: Traced) -> None:
    one, makers = traced.answer, traced.makers
    row, model = one.row, one.model
    put_pairs(
        [
            ("answer", f"{row.id}{', of the shadow: it was only logged' if row.shadow else ''}"),
            ("time", f"{moment(one.time)}, in {row.micros / 1000:.3f} ms, {count(row.rows, 'row')}"),
            *_remarks(one),
            ("package", model.package),
            ("served as", f"{model.name} {model.version}{f', followed as {model.alias}' if model.alias else ''}"),
            *_registered(traced),
            ("run", traced.run or "not known in this home"),
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


def _registered(traced: Traced) -> list[tuple[str, str]]:
    """What the registry says of the version, and of the move of the alias by which it was served."""
    found, version, move = [], traced.version, traced.move
    if version is not None:
        note = f": {version.note}" if version.note else ""
        found.append(("version", f"{version.name} version {version.number}, since {moment(version.created)}{note}"))
    if move is not None:
        found.append(("alias", f"{move.alias}, moved here {moment(move.moved)} by {move.who}: {move.why}"))
    return found


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


def _record(traced: Traced) -> dict[str, Any]:
    one, version, move = traced.answer, traced.version, traced.move
    row, model = one.row, one.model
    return {
        "id": row.id,
        "time": stamp(one.time),
        "shadow": row.shadow,
        "micros": row.micros,
        "package": model.package,
        "model": {"name": model.name, "version": model.version, "alias": model.alias},
        "version": None
        if version is None
        else {
            "name": version.name,
            "number": version.number,
            "created": stamp(version.created),
            "note": version.note,
        },
        "move": None if move is None else {**asdict(move), "moved": stamp(move.moved)},
        "run": traced.run,
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
            for maker in traced.makers
        ],
    }


def _listed(values: Any) -> list[Any]:
    kind = values.dtype.kind
    listed: list[Any] = values.tolist()
    if kind == "M":
        return [None if one is None else one.isoformat() for one in listed]
    return [numbers(one) for one in listed]


def list_files(*, home: HomePath = None, as_json: AsJson = False) -> None:
    """List the files of the prediction log.

    Those that services write, and the Parquet that was made of them.
    """
    folder = log_of(home)
    found = [(one.path, one.begun, "closed" if one.closed else "written to") for one in segments(folder)]
    found += [(one.path, one.begun, "rolled") for one in tables(folder)]
    if as_json:
        put_json(
            [
                {"file": path.name, "begun": stamp(begun), "state": state, "bytes": path.stat().st_size}
                for path, begun, state in found
            ]
        )
        return
    put_table(
        ("file", "begun", "state", "size"),
        [(path.name, moment(begun), state, size(path.stat().st_size)) for path, begun, state in found],
        right=("size",),
    )


def roll_files(*, home: HomePath = None, as_json: AsJson = False) -> None:
    """Make Parquet of the closed files of the log.

    A table has a row for each predicted row, and takes the place of its file. Services go on meanwhile; run it every
    hour or night. It needs mainspring[serve,data].
    """
    done = roll(log_of(home))
    if as_json:
        put_json({"files": done.files, "rows": done.rows, "damaged": [str(path) for path in done.damaged]})
    else:
        put(f"rolled {count(done.files, 'file')}, {count(done.rows, 'row')}")
        for path in done.damaged:
            put(f"{mark('warn')} left as it is, because bytes of it have changed: {path}")
    if done.damaged:
        raise typer.Exit(1)


def prune_files(
    *,
    days: Annotated[float, typer.Option("--older-than", metavar="DAYS", help="Age in days.")],
    home: HomePath = None,
) -> None:
    """Remove the files all of whose answers are older, rolled or not."""
    removed = prune_older(log_of(home), time.time() - days * _DAY)
    put(f"removed {count(len(removed), 'file')}")


def erase_rows(
    key: Annotated[str, typer.Argument(metavar="COLUMN=VALUE", help="Which rows.")], *, home: HomePath = None
) -> None:
    """Erase what was asked and answered for a key.

    Such as customer=123. That there was an answer stays on record, its values do not, in rolled files either. Services
    that run close the files that they write for it.
    """
    column, _, value = key.partition("=")
    done = erase_key(log_of(home), column, value)
    put(f"erased {count(done.rows, 'row')} in {count(done.files, 'file')}")
    if done.open:
        put(f"{mark('warn')} not closed by the service within seconds, and so not looked at; call again:")
        for path in done.open:
            put(f"  {path}")
        raise typer.Exit(1)


COMMANDS = {"list": list_files, "roll": roll_files, "prune": prune_files, "erase": erase_rows}
