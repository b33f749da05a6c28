"""Features chosen by rule, and tested before and after a model was trained on them."""

import math
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from mainspring.data.contracts import Contract, examine
from mainspring.data.findings import Finding, Severity, checked_severity
from mainspring.data.frames import frame_of, no_column, quoted
from mainspring.data.rules import in_range
from mainspring.data.selection import Dropped, Selection
from mainspring.errors import DefinitionError, InputError
from mainspring.events import log
from mainspring.stats import Column, Correlation, columns_of, correlation

__all__ = ["Keep", "feature_tests", "importance_test", "logged_cost", "select_columns"]

Importance = Mapping[str, float]
_ROWS: Final = 100_000
_LISTED: Final = 5
_NUMBERS: Final = ("number", "date", "datetime", "duration")


@dataclass(frozen=True, slots=True)
class Keep:
    """Which columns stay. It can be a table of `config.toml`; None leaves a rule out.

    Attributes:
        missing: Columns stay that have no value (null, NaN or infinite) in at most this share of the rows.
        varying: Whether a column with one value alone goes.
        correlated: Of two columns whose ranks are correlated by at least this, up or down, the more important stays,
            else the first.
        importance: Columns stay that are more important than this, where importance is given.
        most: How many stay at most, the most important.

    Raises:
        DefinitionError: A number is out of range.
    """

    missing: float | None = 0.95
    varying: bool = True
    correlated: float | None = 0.99
    importance: float | None = 0.0
    most: int | None = None

    def __post_init__(self) -> None:
        for name in ("missing", "correlated"):
            value = getattr(self, name)
            if value is not None and not 0 <= value <= 1:
                raise DefinitionError(f"'{name}' is {value!r}", "selection of columns", "Give a number from 0 to 1.")
        if self.most is not None and self.most < 1:
            raise DefinitionError(f"'most' is {self.most!r}", "selection of columns", "Give an integer from 1.")


def select_columns(
    frame: object,
    keep: Keep | None = None,
    *,
    candidates: Sequence[str] | None = None,
    importance: Importance | None = None,
    always: Collection[str] = (),
    seed: int = 0,
) -> Selection:
    """Return the columns that stay by a rule, to be frozen into the inference pipeline.

    Rules are asked in the order of `Keep`'s attributes, each about what is left. Choose on training rows alone: what is
    chosen with the rows to be scored in sight knows about them.

    Args:
        frame: The training rows: a Polars or pandas frame, or a dict of arrays.
        keep: The rule.
        candidates: The columns to choose from; by default all.
        importance: How important a model found each candidate; more is better.
        always: Columns that stay whatever the rule says.
        seed: Draws the 100,000 rows on which correlation is computed when there are more.

    Raises:
        DefinitionError: The rule asks for importance, which is not given.
        InputError: There is no such column, a candidate has no importance, or none would stay.

    >>> days = list(range(100))
    >>> found = select_columns({"day": days, "hour": [24 * day for day in days], "year": [2024] * 100})
    >>> found.columns, [str(one) for one in found.dropped]
    (('day',), ["'hour' goes with 'day' (correlation of ranks 1.000)", "'year' has one value alone"])
    """
    columns = {column.name: column for column in columns_of(frame)}
    named = list(columns) if candidates is None else [*candidates, *always]
    _require(named, columns, "selection of columns")
    asked = {name: column for name, column in columns.items() if name in {*named, *always}}
    choice = _Choice(keep or Keep(), asked, importance, frozenset(always), seed)
    left, gone = list(asked), dict[str, Dropped]()
    for rule in (choice.missing, choice.constant, choice.correlated, choice.unimportant, choice.too_many):
        gone |= {one.column: one for one in rule(left)}
        left = [name for name in left if name not in gone]
    if not left:
        why = "; ".join(str(one) for one in list(gone.values())[:_LISTED])
        raise InputError(f"None of {len(asked)} columns stays: {why}", "selection of columns", "Change the rule.")
    return Selection(tuple(left), tuple(gone[name] for name in asked if name in gone))


@dataclass(frozen=True, slots=True)
class _Choice:
    """One method a rule: each gets the columns that are left, and returns those that go."""

    keep: Keep
    columns: Mapping[str, Column]
    importance: Importance | None
    always: frozenset[str]
    seed: int

    def __post_init__(self) -> None:
        if self.importance is None:
            if self.keep.most is not None:
                what = "'most' keeps the most important columns, and no importance is given"
                raise DefinitionError(what, "selection of columns", "Give importance={column: number}.")
            return
        for name in self.columns:
            if name not in self.always and math.isnan(self.importance.get(name, math.nan)):
                what, fix = f"Column '{name}' has no importance", "Give one for each candidate."
                raise InputError(what, "selection of columns", fix)

    def missing(self, left: Sequence[str]) -> list[Dropped]:
        limit = self.keep.missing
        if limit is None:
            return []
        shares = {name: float(_lacks(self.columns[name]).mean()) for name in self._free(left) if self._rows}
        return [Dropped(name, "missing", round(share, 6)) for name, share in shares.items() if share > limit]

    def constant(self, left: Sequence[str]) -> list[Dropped]:
        if not self.keep.varying:
            return []
        return [Dropped(name, "constant", 0.0) for name in self._free(left) if _is_constant(self.columns[name])]

    def correlated(self, left: Sequence[str]) -> list[Dropped]:
        """Greedy: a column goes when it is like one that is preferred and stays itself."""
        limit = self.keep.correlated
        if limit is None:
            return []
        found = _correlation([self.columns[name] for name in left], self.seed)
        order = sorted(found.names, key=lambda name: (name not in self.always, -self._weight(name)))
        stay: list[str] = []
        gone = []
        for name in order:
            twin = next((one for one in stay if abs(found.of(name, one)) >= limit), None)
            if twin is None or name in self.always:
                stay.append(name)
            else:
                gone.append(Dropped(name, "correlated", round(found.of(name, twin), 6), twin))
        return gone

    def unimportant(self, left: Sequence[str]) -> list[Dropped]:
        limit = self.keep.importance
        if limit is None or self.importance is None:
            return []
        weights = {name: self._weight(name) for name in self._free(left)}
        return [Dropped(name, "importance", weight) for name, weight in weights.items() if weight <= limit]

    def too_many(self, left: Sequence[str]) -> list[Dropped]:
        free = self._free(left)
        if self.keep.most is None:
            return []
        room = max(0, self.keep.most - (len(left) - len(free)))
        ranked = sorted(free, key=lambda name: -self._weight(name))
        return [Dropped(name, "most", self._weight(name)) for name in ranked[room:]]

    @property
    def _rows(self) -> int:
        return max((len(column.nulls) for column in self.columns.values()), default=0)

    def _free(self, left: Sequence[str]) -> list[str]:
        return [name for name in left if name not in self.always]

    def _weight(self, name: str) -> float:
        return float((self.importance or {}).get(name, 0.0))


def feature_tests(
    frame: object,
    columns: Sequence[str] | None = None,
    *,
    ranges: Mapping[str, tuple[Any, Any]] | None = None,
    correlated: float = 0.999,
    severity: Severity = "warn",
) -> tuple[Finding, ...]:
    """Return what tests of features say before a model is trained on them; `require` stops at those that `fail`.

    Each feature lies in its range, where one is given, and none is infinite; each varies; no two are the same but for
    their scale: the correlation of their ranks is below `correlated`.

    Args:
        frame: A Polars or pandas frame.
        columns: The features; by default all columns.
        ranges: The least and the largest value by feature, both allowed; None leaves a side open.
        correlated: From which correlation of ranks, up or down, two features are the same.
        severity: What happens when a test fails.

    Raises:
        InputError: There is no such column.

    >>> import polars as pl
    >>> for found in feature_tests(pl.DataFrame({"lag": [1, 2, 3], "copy": [2, 4, 6], "year": [1, 1, 1]})):
    ...     print(found.rule, "-", found.says)
    features are finite - All 3 features are finite
    features vary - 1 of 3 features has one value alone: 'year'
    features differ - 1 pair of 3 features is the same: 'lag' and 'copy' (1.000)
    """
    checked_severity(severity, "feature tests")
    table = frame_of(frame).lazy().collect()
    names = list(columns) if columns is not None else table.columns
    _require([*names, *(ranges or {})], table.columns, "feature tests")
    bounds = [in_range(name, low, high, severity=severity) for name, (low, high) in (ranges or {}).items()]
    found = {column.name: column for column in columns_of(table.select(names))}
    return (
        *examine(table, Contract(*bounds)).findings,
        _finite(found, severity),
        _vary(found, severity),
        _differ(found, correlated, severity),
    )


def importance_test(
    importance: Importance, columns: Sequence[str] | None = None, *, above: float = 0.0, severity: Severity = "warn"
) -> Finding:
    """Return whether a trained model uses each of its features: its importance is above zero.

    Args:
        importance: What the model says of each feature, such as its gain.
        columns: The features; by default those that have an importance. One without has none.
        above: What an importance has to be above.
        severity: What happens when it is not.

    >>> importance_test({"lag": 3.2, "noise": 0.0}).says
    "1 of 2 features has no importance above 0: 'noise'"
    """
    rule = f"importance is above {above:g}"
    checked_severity(severity, rule)
    names = list(importance) if columns is None else list(columns)
    idle = [name for name in names if not importance.get(name, math.nan) > above]
    says = _counted(idle, len(names), f"no importance above {above:g}", f"All {len(names)} features are used")
    return Finding(rule, severity, not idle, says, len(idle), len(names), fix="Leave them out: select_columns(…).")


@contextmanager
def logged_cost(name: str, *, at: int | None = None) -> Iterator[None]:
    """Log the CPU seconds that a block takes in this process, as the metric `cost of NAME`.

    A cost is never the same twice. It is logged and not returned, so that it cannot get into an artifact, whose change
    would run again all that depends on it.

    >>> with logged_cost("rolling means"):
    ...     features = [sum(range(day)) for day in range(90)]
    """
    begun = time.process_time()
    yield
    log(f"cost of {name}", time.process_time() - begun, at=at)


def _require(names: Sequence[str], present: Collection[str], where: str) -> None:
    for name in names:
        if name not in present:
            what, fix = no_column(name, tuple(present))
            raise InputError(what, where, fix)


def _lacks(column: Column) -> npt.NDArray[np.bool_]:
    if column.kind not in _NUMBERS:
        return column.nulls if column.kind != "empty" else np.ones(len(column.nulls), dtype=bool)
    lacks: npt.NDArray[np.bool_] = column.nulls | ~np.isfinite(column.values)
    return lacks


def _is_constant(column: Column) -> bool:
    if column.kind == "other":
        return False
    if not column.values.size:
        return True
    values = column.values[~_lacks(column)]
    return bool(values.size == 0 or np.all(values == values[0]))


def _correlation(columns: Sequence[Column], seed: int) -> Correlation:
    rows = len(columns[0].nulls) if columns else 0
    if rows > _ROWS:
        drawn = np.sort(np.random.default_rng(seed).choice(rows, _ROWS, replace=False))
        columns = [column.taken(drawn) for column in columns]
    return correlation(columns)


def _finite(columns: Mapping[str, Column], severity: Severity) -> Finding:
    measured = {name: column for name, column in columns.items() if column.kind in _NUMBERS}
    wrong = [name for name, column in measured.items() if np.isinf(column.values[~column.nulls]).any()]
    says = _counted(wrong, len(columns), "infinite values", f"All {len(columns)} features are finite")
    fix = "Look for a division by zero."
    return Finding("features are finite", severity, not wrong, says, len(wrong), len(columns), fix=fix)


def _vary(columns: Mapping[str, Column], severity: Severity) -> Finding:
    wrong = [name for name, column in columns.items() if _is_constant(column)]
    says = _counted(wrong, len(columns), "one value alone", f"All {len(columns)} features vary")
    fix = "Leave them out, or look why nothing is in them."
    return Finding("features vary", severity, not wrong, says, len(wrong), len(columns), fix=fix)


def _differ(columns: Mapping[str, Column], limit: float, severity: Severity) -> Finding:
    found = _correlation(list(columns.values()), 0)
    pairs = [
        (one, other, found.of(one, other))
        for place, other in enumerate(found.names)
        for one in found.names[:place]
        if abs(found.of(one, other)) >= limit
    ]
    says = f"No two of {len(columns)} features are the same"
    if pairs:
        told = ", ".join(f"'{one}' and '{other}' ({value:.3f})" for one, other, value in pairs[:_LISTED])
        more = " …" if len(pairs) > _LISTED else ""
        which = "1 pair" if len(pairs) == 1 else f"{len(pairs)} pairs"
        says = f"{which} of {len(columns)} features {'is' if len(pairs) == 1 else 'are'} the same: {told}{more}"
    fix = "Keep one of each pair: select_columns(…)."
    return Finding("features differ", severity, not pairs, says, len(pairs), len(columns), fix=fix)


def _counted(wrong: Sequence[str], size: int, have: str, else_says: str) -> str:
    if not wrong:
        return else_says
    return f"{len(wrong)} of {size} features {'has' if len(wrong) == 1 else 'have'} {have}: {quoted(wrong)}"
