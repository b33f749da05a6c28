"""The rows that gates score on, which no training has seen: what a step of a pipeline returns for them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from mainspring.errors import DefinitionError

__all__ = ["Array", "Holdout", "Named"]

Array = npt.NDArray[Any]
Named = Mapping[str, Array]


@dataclass(frozen=True, eq=False)
class Holdout:
    """Rows with what came of them, which gates score candidate, champion and baseline on.

    Only rows of which the outcome is known belong here. All arrays have one element a row, in the same order; those of
    `inputs` and `baseline` may have more dimensions.

    Attributes:
        inputs: Raw columns, as the inference pipelines take them.
        outcomes: What came, by name.
        series: What each row belongs to: rows of one series, such as a shop or a customer, are not independent.
        times: When each outcome happened, as datetime64, without a time zone.
        slices: Ways to divide the rows: by name, the part that each row is in.
        baseline: What a simple method says of each row, in the outputs of the model; None where there is none.

    Raises:
        DefinitionError: Something does not fit; the message tells all.

    >>> day = np.array(["2025-12-01", "2025-12-02"], "datetime64[D]")
    >>> rows = {"price": np.array([1.0, 2.0])}
    >>> Holdout(rows, {"units": np.array([3, 4])}, np.array(["a", "a"]), day).rows
    2
    """

    inputs: dict[str, Array]
    outcomes: dict[str, Array]
    series: Array
    times: Array
    slices: dict[str, Array] = field(default_factory=dict)
    baseline: dict[str, Array] | None = None

    def __post_init__(self) -> None:
        problems = []
        if not self.inputs or not self.outcomes:
            problems.append(f"it has no {'outcomes' if self.inputs else 'inputs'}")
        if self.times.dtype.kind != "M":
            problems.append(f"its times are {self.times.dtype}, not datetime64")
        elif np.isnat(self.times).any():
            problems.append(f"{int(np.isnat(self.times).sum()):,} of its times are missing")
        for name, values in self._columns():
            if len(values) != self.rows:
                problems.append(f"{name} has {len(values):,} rows where times has {self.rows:,}")
        for name, values in self.outcomes.items():
            if values.dtype.kind == "f" and not np.isfinite(values).all():
                problems.append(f"outcome '{name}' is not known in {int((~np.isfinite(values)).sum()):,} rows")
        if problems:
            raise DefinitionError(
                f"A holdout cannot be: {'; '.join(problems)}", fix="Leave rows without an outcome out, of all columns."
            )

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(self.times)

    def _columns(self) -> list[tuple[str, Array]]:
        groups = {"input": self.inputs, "outcome": self.outcomes, "slice": self.slices, "baseline": self.baseline or {}}
        named = [(f"{group} '{name}'", values) for group, found in groups.items() for name, values in found.items()]
        return [*named, ("series", self.series)]

    def only(self, keep: Array) -> "Holdout":
        """Return the rows that are kept."""

        def cut(columns: Mapping[str, Array]) -> dict[str, Array]:
            return {name: values[keep] for name, values in columns.items()}

        baseline = None if self.baseline is None else cut(self.baseline)
        times, series = self.times[keep], self.series[keep]
        return Holdout(cut(self.inputs), cut(self.outcomes), series, times, cut(self.slices), baseline)

    def newer_than(self, moments: list[str]) -> "Holdout":
        """Return the rows that are newer than all these moments (ISO 8601); a day counts to its end."""
        keep = np.ones(self.rows, bool)
        for moment in moments:
            day = len(moment) <= len("2025-12-01")
            times = self.times.astype("datetime64[D]") if day else self.times
            keep &= times > np.datetime64(moment)
        return self.only(keep)

    def apart(self) -> "Holdout":
        """Return one row of each series and week, drawn alike each time: others of them would say little more."""
        _, series = np.unique(self.series, return_inverse=True)
        week = (self.times.astype("datetime64[D]").astype(np.int64) + 3) // 7  # from Monday on
        order = np.random.default_rng(0).permutation(self.rows)
        pairs = np.stack([series[order], week[order]], axis=1)
        _, first = np.unique(pairs, axis=0, return_index=True)
        return self.only(np.sort(order[first]))
