"""`mainspring overrides`: what persons set in the place of predictions."""

import time
from typing import Annotated, Any, Final
from uuid import uuid4

import typer

from mainspring.charts.numbers import moment
from mainspring.cli.options import AsJson, HomePath
from mainspring.cli.printing import put, put_json, put_table, stamp
from mainspring.cli.serve import home_of_services
from mainspring.config.spans import SPANS, seconds_of
from mainspring.errors import DefinitionError, NotFoundError
from mainspring.serving.fitting import SERVED, known, refuse_unfit
from mainspring.serving.overrides import Override, read_overrides, write_overrides

__all__ = ["OVERRIDES"]

_OVERRIDES: Final = "serving/overrides.json"


def add(
    values: Annotated[list[str], typer.Argument(metavar="OUTPUT=VALUE...", help="What is answered.")],
    *,
    when: Annotated[
        list[str], typer.Option("--when", metavar="COLUMN=VALUE", help="Which rows; may be repeated: all must hold.")
    ],
    who: Annotated[str, typer.Option(help="Who decided it.")],
    why: Annotated[str, typer.Option(help="For what reason.")],
    until: Annotated[str, typer.Option(help="How long it holds: 90m, 12h or 7d from now.")],
    home: HomePath = None,
) -> None:
    """Answer given values in the place of predictions, for some rows and some time. The answer and the log say so.

    Names that no model has, which is served from this home, are refused.
    """
    path = home_of_services(home, make=True) / _OVERRIDES
    now = time.time()
    made = Override(uuid4().hex[:12], _pairs(when), _pairs(values), who, why, now, now + _seconds(until))
    models = known(path.parent.parent / SERVED)
    refuse_unfit(made, models)
    write_overrides(path, [*read_overrides(path), made])
    unchecked = "" if models else "; nothing was served from this home yet, so its names are not checked"
    put(f"{made.id} holds until {moment(made.until)}{unchecked}")


def list_all(*, home: HomePath = None, as_json: AsJson = False) -> None:
    """List overrides: for which rows, by whom, why, until when."""
    rows = read_overrides(home_of_services(home) / _OVERRIDES)
    if as_json:
        put_json([{**_plain(row), "created": stamp(row.created), "until": stamp(row.until)} for row in rows])
        return
    put_table(
        ("id", "when", "values", "who", "why", "until"),
        [(row.id, _shown(row.when), _shown(row.values), row.who, row.why, moment(row.until)) for row in rows],
    )


def remove(
    identity: Annotated[str, typer.Argument(metavar="ID", help="What 'overrides list' calls it.")],
    *,
    home: HomePath = None,
) -> None:
    """Remove an override; running services answer predictions again within seconds."""
    path = home_of_services(home) / _OVERRIDES
    rows = read_overrides(path)
    kept = [row for row in rows if row.id != identity]
    if len(kept) == len(rows):
        raise NotFoundError(f"There is no override '{identity}'", str(path), "List them with 'overrides list'.")
    write_overrides(path, kept)
    put(f"removed {identity}")


def _plain(row: Override) -> dict[str, Any]:
    return {"id": row.id, "when": row.when, "values": row.values, "who": row.who, "why": row.why}


def _shown(pairs: dict[str, Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in pairs.items())


def _pairs(given: list[str]) -> dict[str, bool | int | float | str]:
    made: dict[str, bool | int | float | str] = {}
    for one in given:
        name, equals, text = one.partition("=")
        if not name or not equals:
            raise DefinitionError(f"'{one}' has no name and value", fix="Write NAME=VALUE.")
        made[name] = _value(text)
    return made


def _value(text: str) -> bool | int | float | str:
    if text in ("true", "false"):
        return text == "true"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _seconds(text: str) -> float:
    try:
        return seconds_of(text)
    except ValueError:
        raise DefinitionError(f"'{text}' is no time", fix=f"Write {SPANS}.") from None


OVERRIDES = {"add": add, "list": list_all, "remove": remove}
