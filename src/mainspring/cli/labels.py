"""`mainspring labels`: what turned out, for predictions that a service has logged."""

import time
from pathlib import Path
from typing import Annotated, Final

import typer

from mainspring import clock
from mainspring.charts.numbers import count, moment
from mainspring.cli.options import AsJson, HomePath
from mainspring.cli.printing import put, put_json, put_pairs, put_table, stamp
from mainspring.workspace.label_files import read_labels
from mainspring.workspace.labelled import add_labels, label_days

__all__ = ["COMMANDS"]

_END: Final = 253_402_214_400  # 9999-12-31: labels that are kept may say any time


def add(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The labels: Parquet, CSV or JSON lines.")],
    *,
    home: HomePath = None,
    as_json: AsJson = False,
) -> None:
    """Add labels: `id` and `value`, and where they are known `row` and `arrived`.

    `id` is that of the answer, `row` the row of an answer of several, `arrived` when it was known. In whatever order
    they come, the figures are the same in the end; the same file twice is one; of two labels of a row the one that
    arrived later holds. What does not say when it was known is known now, where its value is new.
    """
    now = clock.now()
    added = add_labels(read_labels(file, now), home, now=now)
    if as_json:
        put_json(
            {
                "labels": added.labels,
                "again": added.again,
                "replaced": added.replaced,
                "joined": added.joined,
                "unknown": list(added.unknown),
                "days": [stamp(day) for day in added.days],
            }
        )
        return
    lost = added.labels - added.joined
    pairs = [("added", count(added.labels, "label")), ("joined", f"{added.joined:,} to predictions of the log")]
    if added.again:
        pairs.insert(1, ("again", f"{added.again:,} whose value holds already: left out"))
    if added.days:
        pairs.append(("predicted", f"{_day(added.days[0])} to {_day(added.days[-1])}"))
    if added.replaced:
        why = "have another value than holds of their row: that known later, of one time the larger"
        pairs.append(("replaced", f"{added.replaced:,} {why}"))
    if lost:
        pairs.append(("unknown", f"{lost:,}, such as {added.unknown[0]}: kept, in case the log is still to come"))
    put_pairs(pairs)
    put()
    put("How good the predictions were: mainspring monitor quality")


def list_days(*, home: HomePath = None, as_json: AsJson = False) -> None:
    """List the days of predictions that have labels: how many, in how many deliveries, and when the last was known."""
    listed = label_days(home)
    if as_json:
        put_json(
            [
                {"day": stamp(one.day), "labels": one.labels, "deliveries": one.deliveries, "last": _stamp(one.last)}
                for one in listed
            ]
        )
        return
    if not listed:
        put("no labels; add some: mainspring labels add FILE")
        return
    rows = [(_day(one.day), f"{one.labels:,}", f"{one.deliveries:,}", _known(one.last)) for one in listed]
    put_table(("day", "labels", "deliveries", "last known"), rows, right=("labels", "deliveries"))


def _day(day: int) -> str:
    """A day of predictions, which is one of UTC."""
    return time.strftime("%Y-%m-%d", time.gmtime(day))


def _stamp(last: float) -> str | None:
    return stamp(last) if last < _END else None


def _known(last: float) -> str:
    return moment(last) if last < _END else f"at {last:.16g} s, which cannot be"


COMMANDS = {"add": add, "list": list_days}
