"""Plants: changes that are put into recorded traffic, and marked, so that it is known what a monitor should find."""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt

from mainspring.errors import DefinitionError, MonitoringError, nearest
from mainspring.monitoring.traffic import Traffic

__all__ = ["PLANTS", "Plant", "Planted", "plant"]

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
_DAY: Final = 86_400.0
_COLUMNED: Final = ("drift", "scale", "nulls", "new_category", "correlation", "skew")
_SHARES: Final = (
    "nulls",
    "new_category",
    "correlation",
    "duplicates",
    "outage",
    "fallback",
    "contract",
    "skew",
    "missing_labels",
)

PLANTS: Final = {
    "drift": "drift",
    "scale": "drift",
    "nulls": "nulls",
    "new_category": "new_category",
    "correlation": "correlation",
    "duplicates": "duplicates",
    "volume": "volume",
    "outage": "volume",
    "latency": "latency",
    "fallback": "fallback",
    "contract": "contract",
    "concept": "errors",
    "skew": "skew",
    "late_labels": "coverage",
    "missing_labels": "coverage",
}
"""What can be planted, and the check that is meant to find it. `errors` are those of joined labels, `coverage` is the
share of predictions that have one, and `skew` compares features row by row."""


@dataclass(frozen=True)
class Plant:
    """A change to put into traffic.

    Attributes:
        kind: Which, of `PLANTS`. `drift`: numbers move, or rows take a value of a category. `scale`: numbers are
            multiplied, as by a wrong unit. `nulls`: values go missing. `new_category`: a value comes that was never
            there. `correlation`: rows take the value of another row. `duplicates`: rows repeat the one before them.
            `volume`: rows come so many times as often. `outage`: rows do not come. `latency`: answers take so many
            times as long. `fallback`, `contract`: answers are of a fallback, rows are marked. `concept`: other labels
            for the same inputs. `skew`: rows are served with another value than is computed later. `late_labels`,
            `missing_labels`: labels come later, or never.
        size: How large, when it is whole. Of `drift` in numbers and of `concept`: standard deviations (of labels that
            have two values: the share that is the other one). Of `scale`, `volume` and `latency`: a factor. Of
            `late_labels`: seconds. Of all others: a share of the rows.
        column: The column, where it is about one.
        since: When it begins, in seconds since 1970 UTC.
        until: When it has ended.
        course: How it comes: `sudden`, whole at once; `gradual`, evenly over `over` seconds; `seasonal`, up and down
            with each `period`; `recurring`, whole for the first `over` seconds of each `period`.
        over: Seconds, for `gradual` and `recurring`.
        period: Seconds, for `seasonal` and `recurring`.
        value: The value of a category that rows take: by default the most frequent one of `drift`, and of
            `new_category` one that names itself as planted.
        where: Only in rows that have these values, by column.

    Raises:
        DefinitionError: There is no such kind or course, or the numbers contradict each other.

    >>> Plant("drift", 0.5, "price", course="gradual", over=100).strength([0, 50, 200]).tolist()
    [0.0, 0.5, 1.0]
    """

    kind: str
    size: float = 1.0
    column: str = ""
    since: float = 0.0
    until: float = math.inf
    course: Literal["sudden", "gradual", "seasonal", "recurring"] = "sudden"
    over: float = 7 * _DAY
    period: float = 28 * _DAY
    value: Any = None
    where: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.kind not in PLANTS:
            near = nearest(self.kind, PLANTS)
            fix = f"Did you mean '{near}'?" if near else f"There are {', '.join(PLANTS)}."
            raise DefinitionError(f"A change '{self.kind}' cannot be planted", fix=fix)
        said = []
        if self.course not in _COURSES:
            said.append(f"there is no course '{self.course}' but {', '.join(_COURSES)}")
        if (self.kind in _COLUMNED) != bool(self.column):
            said.append("it needs a column" if self.kind in _COLUMNED else "it is about no column")
        if self.kind in _SHARES and not 0 < self.size <= 1:
            said.append(f"its size is a share above 0 and at most 1, not {self.size}")
        if not math.isfinite(self.size) or (self.size == 0 and self.kind != "volume"):
            said.append("its size is a number other than 0")
        if not self.since < self.until or self.over <= 0 or self.period <= 0:
            said.append("it has to end after it begins, 'over' and 'period' to be longer than nothing")
        if said:
            raise DefinitionError(f"The plant '{self.kind}' cannot be: {'; '.join(said)}", fix="See Plant.")

    @property
    def check(self) -> str:
        """The check that is meant to find it."""
        return PLANTS[self.kind]

    def strength(self, times: npt.ArrayLike) -> Floats:
        """Return how much of it there is at some moments, from 0 to 1."""
        moments = np.asarray(times, dtype=np.float64)
        age = moments - self.since
        on = (age >= 0) & (moments < self.until)
        # Where it has not begun nothing is counted: what is so long ago does not become large.
        return np.where(on, _COURSES[self.course](self, np.where(on, age, 0.0)), 0.0)


_COURSES: Final[dict[str, Callable[[Plant, Floats], Floats]]] = {
    "sudden": lambda _, age: np.ones_like(age),
    "gradual": lambda one, age: np.minimum(1.0, age / one.over),
    "seasonal": lambda one, age: (1 - np.cos(2 * np.pi * age / one.period)) / 2,
    "recurring": lambda one, age: (age % one.period < one.over).astype(np.float64),
}


@dataclass(frozen=True, slots=True)
class Planted:
    """What came of a plant.

    Attributes:
        plant: Which.
        rows: How many rows it has changed, added or taken away.
        first: When the first of them is asked for; None where there are none.
        last: When the last of them is.
    """

    plant: Plant
    rows: int
    first: float | None
    last: float | None

    @property
    def name(self) -> str:
        """The change as a few words, marked as planted."""
        one = self.plant
        of = f" of {one.column}" if one.column else ""
        where = "".join(f", where {name} is {value}" for name, value in one.where.items())
        return f"planted: {one.kind}{of} by {one.size:g}, {one.course}{where}"


@dataclass(slots=True)
class _Work:
    """Traffic while one change is put into it, and which rows that was."""

    traffic: Traffic
    plant: Plant
    strength: Floats
    drawn: Floats
    rng: np.random.Generator

    def chosen(self) -> Flags:
        """Rows drawn with the probability of the plant's size."""
        return self.drawn < self.strength * self.plant.size

    def column(self) -> npt.NDArray[Any]:
        values: npt.NDArray[Any] = self.traffic.columns[self.plant.column]
        return values

    def put(self, values: npt.NDArray[Any]) -> Traffic:
        return replace(self.traffic, columns={**self.traffic.columns, self.plant.column: values})


def plant(traffic: Traffic, plants: Sequence[Plant], *, seed: int = 0) -> Traffic:
    """Return traffic with changes in it, each of them marked in `planted` and, row by row, in `touched`.

    Changes are made in the order in which they are given; skew, then rows that come or do not, after all others.
    Which rows are drawn depends on the seed and on how many changes came before, not on how the traffic is replayed.

    Raises:
        MonitoringError: Traffic lacks a column, has no labels, or a column is of another kind than the change.
    """
    found = traffic
    order = sorted(plants, key=lambda one: (one.kind in _ROWS, one.kind == "skew"))
    for place, one in enumerate(order, len(traffic.planted)):
        _fits(found, one)
        rng = np.random.default_rng([seed, place])
        there = np.ones(len(found), bool)
        for name, value in one.where.items():
            there &= found.columns[name] == value
        work = _Work(found, one, one.strength(found.times) * there, rng.random(len(found)), rng)
        found = _marked(*(_ROWS[one.kind](work) if one.kind in _ROWS else _changed(work)), one)
    return found


def _changed(work: _Work) -> tuple[Traffic, Flags, Floats]:
    made, touched = _CHANGES[work.plant.kind](work)
    return made, touched, work.traffic.times[touched]


def _marked(made: Traffic, touched: Flags, times: Floats, one: Plant) -> Traffic:
    said = (
        Planted(one, times.size, float(times.min()), float(times.max())) if times.size else Planted(one, 0, None, None)
    )
    marks = np.concatenate([made.touched, touched[:, np.newaxis]], axis=1)
    return replace(made, touched=marks, planted=(*made.planted, said))


def _fits(traffic: Traffic, one: Plant) -> None:
    for name in (one.column, *one.where):
        if name and name not in traffic.columns:
            near = nearest(name, traffic.columns)
            fix = f"Did you mean '{near}'?" if near else f"There are {', '.join(traffic.columns)}."
            raise MonitoringError(f"Traffic has no column '{name}' to plant '{one.kind}' in", fix=fix)
    kind = traffic.columns[one.column].dtype.kind if one.column else "f"
    if one.kind in ("concept", "late_labels", "missing_labels") and not traffic.labelled:
        raise MonitoringError(f"Traffic has no labels to plant '{one.kind}' in", fix="Give 'labels' to Traffic.of.")
    wrong = kind not in "iuf" if one.kind == "scale" else kind != "O" if one.kind == "new_category" else kind in "mM"
    if wrong and one.kind not in ("nulls", "correlation"):
        raise MonitoringError(f"'{one.kind}' cannot be planted in '{one.column}'", fix="Name a column of another kind.")


def _spread(values: npt.NDArray[Any]) -> float:
    known = values[np.isfinite(values)]
    return float(known.std()) if known.size else 0.0


def _fitting(values: Floats, like: npt.NDArray[Any], drawn: Floats) -> npt.NDArray[Any]:
    """Numbers in the type of a column; whole ones are rounded at random, so that their mean is right."""
    if like.dtype.kind == "f":
        return values.astype(like.dtype)
    ends = np.iinfo(like.dtype)
    return np.clip(np.floor(values + drawn), ends.min, ends.max).astype(like.dtype)


def _drift(work: _Work) -> tuple[Traffic, Flags]:
    values = work.column()
    if values.dtype.kind not in "iuf":
        return _taken(work, work.chosen(), _usual(values) if work.plant.value is None else work.plant.value)
    moved = values + work.strength * work.plant.size * _spread(values)
    return _renewed(work, moved, work.strength > 0)


def _scaled(work: _Work) -> tuple[Traffic, Flags]:
    values = work.column()
    return _renewed(work, values * (1 + work.strength * (work.plant.size - 1)), work.strength > 0)


def _renewed(work: _Work, moved: Floats, touched: Flags) -> tuple[Traffic, Flags]:
    values = work.column()
    return work.put(np.where(touched, _fitting(moved, values, work.rng.random(moved.size)), values)), touched


def _usual(values: npt.NDArray[Any]) -> Any:
    counts = Counter(one for one in values.tolist() if one is not None)
    return counts.most_common(1)[0][0] if counts else None


def _taken(work: _Work, touched: Flags, value: Any) -> tuple[Traffic, Flags]:
    values = work.column().copy()
    values[touched] = value
    return work.put(values), touched


def _nulls(work: _Work) -> tuple[Traffic, Flags]:
    touched, values = work.chosen(), work.column()
    if values.dtype.kind in "fmM":
        return _taken(work, touched, np.nan if values.dtype.kind == "f" else np.array("NaT", values.dtype))
    made = values.astype(object)
    made[touched] = None
    return work.put(made), touched


def _new_category(work: _Work) -> tuple[Traffic, Flags]:
    return _taken(work, work.chosen(), "planted" if work.plant.value is None else work.plant.value)


def _correlation(work: _Work) -> tuple[Traffic, Flags]:
    """Rows take the value of the next chosen row: hours keep their distributions, pairs are lost."""
    touched, values = work.chosen(), work.column().copy()
    places = np.flatnonzero(touched)
    days = (work.traffic.times[places] // 3600).astype(np.int64)
    for hour in np.unique(days):
        mine = places[days == hour]
        values[mine] = values[work.rng.permutation(mine)]
    return work.put(values), touched


def _slow(work: _Work) -> tuple[Traffic, Flags]:
    factor = 1 + work.strength * (work.plant.size - 1)
    return replace(work.traffic, slow=work.traffic.slow * factor), work.strength > 0


def _fallback(work: _Work) -> tuple[Traffic, Flags]:
    touched = work.chosen()
    return replace(
        work.traffic, level=np.where(touched, np.maximum(work.traffic.level, 1), work.traffic.level)
    ), touched


def _contract(work: _Work) -> tuple[Traffic, Flags]:
    touched = work.chosen()
    return replace(work.traffic, marked=work.traffic.marked | touched), touched


def _concept(work: _Work) -> tuple[Traffic, Flags]:
    labels = work.traffic.labels
    kinds = np.unique(labels[np.isfinite(labels)])
    if kinds.size > 2:
        touched = (work.strength > 0) & np.isfinite(labels)
        made = labels + work.strength * work.plant.size * _spread(labels)
    else:
        touched = work.chosen() & np.isfinite(labels)
        made = np.where(touched, kinds.sum() - labels, labels)
    return replace(work.traffic, labels=made), touched


def _skew(work: _Work) -> tuple[Traffic, Flags]:
    values, touched = work.column(), work.chosen()
    expected = {**work.traffic.expected, work.plant.column: work.traffic.expected.get(work.plant.column, values)}
    if values.dtype.kind in "iuf":
        by = max(_spread(values), 1.0 if values.dtype.kind in "iu" else 1e-3)
        made = np.where(touched, _fitting(values + by, values, np.zeros(values.size)), values)
    else:
        kinds = sorted({one for one in values.tolist() if one is not None}, key=str)
        after = {one: kinds[(place + 1) % len(kinds)] for place, one in enumerate(kinds)}
        made = values.copy()
        made[touched] = [after.get(one) for one in values[touched].tolist()]
    return replace(work.put(made), expected=expected), touched


def _late(work: _Work) -> tuple[Traffic, Flags]:
    touched = (work.strength > 0) & np.isfinite(work.traffic.arrived)
    return replace(work.traffic, arrived=work.traffic.arrived + work.strength * work.plant.size), touched


def _missing(work: _Work) -> tuple[Traffic, Flags]:
    touched = work.chosen() & np.isfinite(work.traffic.arrived)
    return replace(work.traffic, arrived=np.where(touched, np.inf, work.traffic.arrived)), touched


def _outage(work: _Work) -> tuple[Traffic, Flags, Floats]:
    gone = work.chosen()
    left = work.traffic.take(np.flatnonzero(~gone))
    return left, np.zeros(len(left), bool), work.traffic.times[gone]


def _repeated(work: _Work) -> tuple[Traffic, Flags, Floats]:
    again = np.flatnonzero(work.chosen())
    return _inserted(work.traffic, again, again)


def _volume(work: _Work) -> tuple[Traffic, Flags, Floats]:
    """Fewer rows, or more: those are rows of other moments, so that they repeat none of their own window."""
    factor = 1 + work.strength * (work.plant.size - 1)
    if work.plant.size <= 1:
        gone = work.drawn >= factor
        left = work.traffic.take(np.flatnonzero(~gone))
        return left, np.zeros(len(left), bool), work.traffic.times[gone]
    extra = np.floor(factor - 1 + work.drawn).astype(np.int64)
    at = np.repeat(np.arange(len(work.traffic)), extra)
    return _inserted(work.traffic, at, work.rng.integers(0, len(work.traffic), at.size))


def _inserted(traffic: Traffic, at: npt.NDArray[Any], rows: npt.NDArray[Any]) -> tuple[Traffic, Flags, Floats]:
    """Other rows after those at some places, at their moments."""
    whole = traffic.take(np.concatenate([np.arange(len(traffic)), rows]))
    times = np.concatenate([traffic.times, traffic.times[at]])
    arrived = np.concatenate([traffic.arrived, traffic.times[at] + (traffic.arrived - traffic.times)[rows]])
    order = np.argsort(times, kind="stable")
    made = replace(whole, times=times, arrived=arrived).take(order)
    return made, order >= len(traffic), traffic.times[at]


_CHANGES: Final[dict[str, Callable[[_Work], tuple[Traffic, Flags]]]] = {
    "drift": _drift,
    "scale": _scaled,
    "nulls": _nulls,
    "new_category": _new_category,
    "correlation": _correlation,
    "latency": _slow,
    "fallback": _fallback,
    "contract": _contract,
    "concept": _concept,
    "skew": _skew,
    "late_labels": _late,
    "missing_labels": _missing,
}
_ROWS: Final[dict[str, Callable[[_Work], tuple[Traffic, Flags, Floats]]]] = {
    "duplicates": _repeated,
    "volume": _volume,
    "outage": _outage,
}
