"""How columns go together: correlation, what a column tells about a target, and columns that tell too much."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from mainspring.errors import StatisticsError, nearest
from mainspring.stats.columns import MEASURED, Column
from mainspring.stats.inputs import Floats, Ints

__all__ = [
    "Correlation",
    "LeakageRule",
    "Relation",
    "Suspect",
    "correlation",
    "leakage_suspects",
    "predictive_power",
    "relations",
]

Method = Literal["pearson", "spearman"]
LeakageRule = Literal["copy", "linear copy", "power", "nulls", "later"]

_GROUPS: Final = 64
_CLASSES: Final = 50
_FOLDS: Final = 5
_FLAT: Final = 1e-12
_LINEAR: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Correlation:
    """Correlations between columns that are on an axis.

    Attributes:
        method: `pearson` or `spearman`.
        names: The columns.
        values: A row for each column; NaN where either of two is constant over the rows that have both.
        rows: How many rows have both.
    """

    method: Method
    names: tuple[str, ...]
    values: tuple[tuple[float, ...], ...]
    rows: tuple[tuple[int, ...], ...]

    def of(self, first: str, second: str) -> float:
        """Return the correlation of two columns."""
        return self.values[self.names.index(first)][self.names.index(second)]


def correlation(columns: Sequence[Column], *, method: Method = "spearman") -> Correlation:
    """Return the correlation of every pair of columns that are on an axis, over the rows that have both.

    `pearson` is the covariance over the product of standard deviations; `spearman` that of the ranks, of which ties
    have the average (Spearman, American Journal of Psychology 15, 1904). Null, NaN and infinite values are missing.
    Fewer than two rows, or a constant column, give NaN. Columns of other kinds are left out.
    """
    measured = [column for column in columns if column.kind in MEASURED]
    values = [_with_nan(column) for column in measured]
    present = [~np.isnan(one) for one in values]
    ranks = [_ranks(one) for one in values] if method == "spearman" else values
    size = len(measured)
    found, rows = np.full((size, size), np.nan), np.zeros((size, size), dtype=np.int64)
    for one in range(size):
        for other in range(one + 1):
            both = present[one] & present[other]
            rows[one, other] = rows[other, one] = int(both.sum())
            whole = method == "pearson" or (present[one].sum() == present[other].sum() == both.sum())
            first, second = (ranks[place][both] if whole else _ranks(values[place][both]) for place in (one, other))
            found[one, other] = found[other, one] = _pearson(first, second)
    names = tuple(column.name for column in measured)
    return Correlation(method, names, tuple(map(tuple, found.tolist())), tuple(map(tuple, rows.tolist())))


def _with_nan(column: Column) -> Floats:
    numbers = column.values.astype(np.float64, copy=True)
    numbers[column.nulls | ~np.isfinite(numbers)] = np.nan
    return numbers


def _ranks(values: Floats) -> Floats:
    """Return ranks from 1 on, ties with their average; NaN where there is no value."""
    ranks = np.full(values.size, np.nan)
    present = ~np.isnan(values)
    _, places, counts = np.unique(values[present], return_inverse=True, return_counts=True)
    ranks[present] = (np.cumsum(counts) - (counts - 1) / 2)[places]
    return ranks


def _pearson(first: Floats, second: Floats) -> float:
    if first.size < 2:
        return float("nan")
    sides = []
    for side in (first, second):
        most = np.abs(side).max()
        scaled = side / most if most else side
        centred = scaled - scaled.mean()
        length = np.linalg.norm(centred)
        if length <= _FLAT * np.sqrt(side.size):
            return float("nan")
        sides.append(centred / length)
    return float(np.clip(sides[0] @ sides[1], -1, 1))


@dataclass(frozen=True, slots=True)
class Relation:
    """What one column tells about the target.

    Attributes:
        column: The column.
        rows: How many rows have a target.
        power: Share of the target that groups of the column explain on rows they were not made of; see
            `predictive_power`.
        null_power: The same of whether the column has a value.
        pearson: Correlation with the target, None where either is not on an axis.
        spearman: Correlation of ranks, None where either is not on an axis.
    """

    column: str
    rows: int
    power: float
    null_power: float
    pearson: float | None
    spearman: float | None


def relations(columns: Sequence[Column], target: str, *, seed: int = 0) -> tuple[Relation, ...]:
    """Return for every other column what it tells about the target, the one that tells most first.

    Rows without a target are left out; where none is left, powers are 0 and correlations NaN.

    Raises:
        StatisticsError: There is no such column, or it is of a kind that cannot be a target.
    """
    aim = _named(columns, target)
    if aim.kind in ("empty", "other"):
        raise StatisticsError(
            f"Column {target!r} is of the kind '{aim.kind}' and cannot be a target",
            fix="Name a column of numbers, dates, texts or booleans.",
        )
    known = np.flatnonzero(~aim.nulls & ~np.isnan(_with_nan(aim)) if aim.kind in MEASURED else ~aim.nulls)
    aim = aim.taken(known)
    outcome = _outcome(aim)
    found = [_relation(one.taken(known), aim, outcome, seed) for one in columns if one.name != target]
    return tuple(sorted(found, key=lambda relation: (-relation.power, -relation.null_power, relation.column)))


def _relation(column: Column, aim: Column, outcome: Floats, seed: int) -> Relation:
    missing = column.nulls | np.isnan(_with_nan(column)) if column.kind in MEASURED else column.nulls
    pair = {}
    if column.kind in MEASURED and aim.kind in MEASURED:
        pair = {method: correlation([column, aim], method=method).values[0][1] for method in _METHODS}
    return Relation(
        column.name,
        len(aim.nulls),
        predictive_power(_groups(column, missing), outcome, seed=seed),
        predictive_power(missing.astype(np.int64), outcome, seed=seed),
        pair.get("pearson"),
        pair.get("spearman"),
    )


_METHODS: Final[tuple[Method, ...]] = ("pearson", "spearman")


def _named(columns: Sequence[Column], name: str) -> Column:
    found = next((column for column in columns if column.name == name), None)
    if found is None:
        near = nearest(name, [column.name for column in columns])
        raise StatisticsError(
            f"There is no column {name!r}", fix=f"Did you mean {near!r}?" if near else "Name a column of the frame."
        )
    return found


def _outcome(aim: Column) -> Floats:
    """Return what is to be told: ranks of a number, or one column of 0 and 1 for each class."""
    if aim.kind in MEASURED:
        return (_ranks(_with_nan(aim)) / max(1, len(aim.nulls)))[:, np.newaxis]
    counts = np.bincount(aim.values, minlength=len(aim.labels))
    common = np.sort(np.argsort(-counts, kind="stable")[:_CLASSES])
    classes = (aim.values[:, np.newaxis] == common).astype(np.float64)
    return classes if common.size == counts.size else np.column_stack([classes, 1 - classes.sum(axis=1)])


def _groups(column: Column, missing: npt.NDArray[np.bool_]) -> Ints:
    """Return a group for each row: its label, or one of up to 64 between quantiles; 0 where there is no value."""
    groups = np.zeros(len(column.nulls), dtype=np.int64)
    if not column.values.size:
        return groups
    present = column.values[~missing]
    if column.kind in MEASURED:
        found, places = np.unique(present, return_inverse=True)
        if found.size > _GROUPS:
            places = np.floor(_GROUPS * (_ranks(present) - 0.5) / present.size).astype(np.int64)
        groups[~missing] = 1 + places
    else:
        groups[~missing] = 1 + present
    return groups


def predictive_power(groups: Ints, outcome: Floats, *, seed: int = 0) -> float:
    """Return the share of the outcome that its means within groups explain, on rows that are not in the means.

    1 - Σ(y - m)² / Σ(y - m0)², at least 0, where m is the mean of the row's group and m0 that of all rows, both over
    the other four fifths of the rows, drawn at random; a group without others has m0. It is the correlation ratio
    (Pearson, Drapers' Company Research Memoirs 2, 1905) under cross-validation (Stone, Journal of the Royal Statistical
    Society B 36, 1974), so that a column of identifiers explains nothing. Of a target that is a number, the outcome is
    its ranks, so that any one-to-one relation has a power near 1; of classes, it is one column of 0 and 1 for each, and
    the power is the Brier skill score. A constant outcome, or fewer than ten rows, has power 0.

    Args:
        groups: The group of each row, from zero.
        outcome: One row for each row, one or more columns.
        seed: Seed of the fifths.
    """
    rows = len(groups)
    if rows < 2 * _FOLDS:
        return 0.0
    folds = np.random.default_rng(seed).permutation(rows) % _FOLDS
    size = int(groups.max()) + 1
    cell = groups * _FOLDS + folds
    counts = np.bincount(cell, minlength=size * _FOLDS).reshape(size, _FOLDS)
    others = counts.sum(axis=1, keepdims=True) - counts
    everyone = counts.sum() - counts.sum(axis=0)
    missed = total = 0.0
    for column in outcome.T:
        sums = np.bincount(cell, column, size * _FOLDS).reshape(size, _FOLDS)
        overall = (sums.sum() - sums.sum(axis=0)) / everyone
        means = np.where(others > 0, (sums.sum(axis=1, keepdims=True) - sums) / np.maximum(others, 1), overall)
        missed += float(np.sum((column - means[groups, folds]) ** 2))
        total += float(np.sum((column - overall[folds]) ** 2))
    return max(0.0, 1 - missed / total) if total > _FLAT * rows else 0.0


@dataclass(frozen=True, slots=True)
class Suspect:
    """A column that tells more about the target than it could know.

    Attributes:
        column: The column.
        rule: `copy`: equal to the target in every row that has both. `linear copy`: a straight line of it. `power`:
            its groups explain the target almost completely. `nulls`: whether it has a value does. `later`: its
            dates lie after the moment at which it would have to be known.
        value: The share or power that the rule looks at.
        rows: How many rows it was found on.
    """

    column: str
    rule: LeakageRule
    value: float
    rows: int

    def __str__(self) -> str:
        said = {
            "copy": "equals the target in every row",
            "linear copy": f"is a straight line of the target (correlation {self.value:.9f})",
            "power": f"explains {self.value:.1%} of the target alone",
            "nulls": f"explains {self.value:.1%} of the target by where it has no value",
            "later": f"is later than the row in {self.value:.1%} of the rows",
        }
        return f"{self.column!r} {said[self.rule]}"


def leakage_suspects(
    columns: Sequence[Column],
    target: str,
    *,
    known_at: str | None = None,
    power: float = 0.98,
    found: Sequence[Relation] | None = None,
) -> tuple[Suspect, ...]:
    """Return the columns that may have been made from the target, or after it; each by the first rule that it breaks.

    Args:
        columns: The columns of a frame.
        target: The column to be predicted.
        known_at: The column of dates at which a row has to be predicted; dates after it are suspect.
        power: From which predictive power on a column is suspect.
        found: What `relations` returned, if it was asked already.

    Raises:
        StatisticsError: There is no such column, or `known_at` holds no dates.
    """
    aim = _named(columns, target)
    told = {relation.column: relation for relation in (relations(columns, target) if found is None else found)}
    moment = None if known_at is None else _days(_named(columns, known_at))
    suspects = []
    for column in columns:
        if column.name in (target, known_at):
            continue
        suspect = _later(column, moment) or _copy(column, aim, told[column.name]) or _powerful(told[column.name], power)
        if suspect is not None:
            suspects.append(suspect)
    return tuple(suspects)


def _days(column: Column) -> Floats:
    """Return dates in days since 1970; NaN where there is none."""
    if column.kind not in ("date", "datetime"):
        raise StatisticsError(
            f"Column {column.name!r} is of the kind '{column.kind}', not of dates", fix="Name a column of dates."
        )
    return _with_nan(column) / (1 if column.kind == "date" else 86_400_000_000)


def _later(column: Column, moment: Floats | None) -> Suspect | None:
    if moment is None or column.kind not in ("date", "datetime"):
        return None
    own = _days(column)
    both = ~np.isnan(own) & ~np.isnan(moment)
    later = int(np.count_nonzero(own[both] > moment[both]))
    return Suspect(column.name, "later", later / int(both.sum()), int(both.sum())) if later else None


def _copy(column: Column, aim: Column, relation: Relation) -> Suspect | None:
    if relation.power <= 0 or (column.kind in MEASURED) != (aim.kind in MEASURED):
        return None
    both = ~column.nulls & ~aim.nulls
    rows = int(both.sum())
    if column.kind in MEASURED:
        equal = np.array_equal(column.values[both], aim.values[both], equal_nan=True)
    else:
        labels = np.array(column.labels)[column.values[both]], np.array(aim.labels)[aim.values[both]]
        equal = np.array_equal(*labels)
    if rows and equal:
        return Suspect(column.name, "copy", 1.0, rows)
    if relation.pearson is not None and abs(relation.pearson) >= 1 - _LINEAR and rows > 2:
        return Suspect(column.name, "linear copy", relation.pearson, rows)
    return None


def _powerful(relation: Relation, power: float) -> Suspect | None:
    if relation.null_power >= power:
        return Suspect(relation.column, "nulls", relation.null_power, relation.rows)
    if relation.power >= power:
        return Suspect(relation.column, "power", relation.power, relation.rows)
    return None
