"""Changes planted into real rows: what is changed, from which day on, and whether it is found there."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
from tables import Watched, joined

from mainspring.monitoring import Check, check_window

LOOK = 28  # days
MOMENTS = 12
Change = Callable[[pl.DataFrame, np.random.Generator, int], pl.DataFrame]


@dataclass(frozen=True)
class Fault:
    """What is planted: its kind and size, the column where it is to be found (empty: the window), and the change."""

    kind: str
    size: str
    column: str
    change: Change


def faults(number: str, category: str, flag: str, part: pl.Expr) -> list[Fault]:
    """The changes for a table with such columns, in all rows or in the part of them that an expression chooses."""
    grown = [_times(number, factor) for factor in (1.05, 1.1, 1.2, 1.4)]
    found = [Fault("jump", f"+{share} %", number, one) for share, one in zip((5, 10, 20, 40), grown, strict=True)]
    found += [
        Fault("gradual", "to +40 % in 28 days", number, lambda rows, _, day: _scaled(rows, number, 1 + 0.4 * day / 28)),
        Fault("weekends only", "+40 %", number, lambda rows, *_: _weekend(rows, number)),
        Fault("other unit", "÷ 100 in one state", number, lambda rows, *_: _unit(rows, number, part)),
    ]
    found += [Fault("more nulls", f"{points} points", number, _nulls(number, points / 100)) for points in (2, 5, 20)]
    found += [Fault("new category", f"{points} %", category, _new(category, points / 100)) for points in (2, 5)]
    found += [
        Fault("one category for others", f"{points} %", category, _one(category, points / 100)) for points in (10, 30)
    ]
    found += [
        Fault(
            "flag never set", "", flag, lambda rows, *_: rows.with_columns(pl.lit(0).cast(rows[flag].dtype).alias(flag))
        ),
        Fault("rows twice", "10 %", "", lambda rows, rng, _: pl.concat([rows, rows[_some(rows, rng, 0.1)]])),
        Fault("rows lost", "30 %", "", lambda rows, rng, _: rows[np.sort(_some(rows, rng, 0.7))]),
    ]
    return found


def _some(rows: pl.DataFrame, rng, share: float):
    """Places of a share of the rows, in expectation."""
    whole = rows.height * share
    size = int(whole) + int(rng.random() < whole - int(whole))
    return rng.permutation(rows.height)[:size]


def _hit(rows: pl.DataFrame, rng, share: float) -> pl.Series:
    mask = np.zeros(rows.height, bool)
    mask[_some(rows, rng, share)] = True
    return pl.Series(mask)


def _scaled(rows: pl.DataFrame, column: str, factor: float) -> pl.DataFrame:
    return rows.with_columns((pl.col(column) * factor).round().cast(rows[column].dtype))


def _times(column: str, factor: float) -> Change:
    return lambda rows, *_: _scaled(rows, column, factor)


def _weekend(rows: pl.DataFrame, column: str) -> pl.DataFrame:
    return _scaled(rows, column, 1.4) if rows["weekday"][0] >= 5 else rows


def _unit(rows: pl.DataFrame, column: str, part: pl.Expr) -> pl.DataFrame:
    kind = rows[column].dtype
    return rows.with_columns(
        pl.when(part).then((pl.col(column) / 100).cast(kind)).otherwise(pl.col(column)).alias(column)
    )


def _nulls(column: str, share: float) -> Change:
    return lambda rows, rng, _: rows.with_columns(
        pl.when(_hit(rows, rng, share)).then(None).otherwise(pl.col(column)).alias(column)
    )


def _new(column: str, share: float) -> Change:
    return lambda rows, rng, _: rows.with_columns(
        pl.when(_hit(rows, rng, share)).then(pl.lit("planted")).otherwise(pl.col(column)).alias(column)
    )


def _one(column: str, share: float) -> Change:
    return lambda rows, rng, _: rows.with_columns(
        pl.when(_hit(rows, rng, share)).then(pl.lit(rows[column].min())).otherwise(pl.col(column)).alias(column)
    )


def episodes(watched: Watched, clean: list[Check], wanted: list[Fault]) -> Iterator[dict]:
    """Each change at twelve moments: in which window it is found, and which other columns are named by then.

    What is found without the change as well does not count, neither as found nor as another column.
    """
    step, look = watched.case.step, max(LOOK, 6 * watched.case.step) // watched.case.step
    last = len(watched.live) - look
    moments = np.linspace(watched.fitted.rules.of, last, MOMENTS).astype(int).tolist()
    for number, fault in enumerate(wanted):
        found = [
            _episode(watched, clean, fault, (place, look), np.random.default_rng([number, place])) for place in moments
        ]
        delays = sorted(delay for delay, _ in found if delay)
        yield {
            "kind": fault.kind,
            "size": fault.size,
            "column": fault.column,
            "episodes": len(found),
            "found": len(delays),
            "days": [delay * step for delay in delays],
            "elsewhere": sum(bool(others) for _, others in found),
            "columns elsewhere": sorted({name for _, others in found for name in others}),
        }


def _episode(watched: Watched, clean: list[Check], fault: Fault, span: tuple[int, int], rng) -> tuple[int, set[str]]:
    """After how many windows the change is found, 0 for not at all; and other columns that were named by then."""
    place, look = span
    checks, others = list(clean[:place]), set()
    step = watched.case.step
    for ahead in range(look):
        day = watched.begun + (place + ahead) * step
        parts = [
            watched.count(one, fault.change(_dated(watched, one), rng, one - watched.begun - place * step + 1))
            for one in range(day, day + step)
        ]
        check = check_window(joined(parts, step)[0], watched.fitted, checks[-watched.fitted.rules.of :])
        checks.append(check)
        usual = {(one.check, one.column) for one in clean[place + ahead].findings}
        new = {one.column for one in check.findings if (one.check, one.column) not in usual}
        if fault.column in new:
            return ahead + 1, others | (new - {fault.column})
        others |= new
    return 0, others


def _dated(watched: Watched, day: int) -> pl.DataFrame:
    return watched.case.table.days[day].with_columns(weekday=pl.lit(watched.case.table.date(day).weekday()))
