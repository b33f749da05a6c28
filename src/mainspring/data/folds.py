"""Splits without time: by group, so that no group is on both sides, and by label, so that each side has its share."""

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from mainspring.data.frames import series_of
from mainspring.errors import DefinitionError, InputError

__all__ = ["Parts", "group_folds", "stratified_folds"]

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """One split.

    Attributes:
        number: From 1.
        train_rows: Positions of rows to learn from, ascending.
        test_rows: Positions of rows to score, ascending.
    """

    number: int
    train_rows: Rows
    test_rows: Rows


def group_folds(groups: object, folds: int, *, seed: int = 0) -> tuple[Parts, ...]:
    """Return splits in which each group is in the test of exactly one, whole.

    Large groups are dealt first, each to the fold with the fewest rows, so that folds are as even as groups allow.
    Groups of one size are dealt in an order drawn from the seed. The order of the rows does not count.

    Args:
        groups: What each row belongs to, such as a customer.
        folds: How many splits, from 2.
        seed: Draws the order of groups of one size.

    Raises:
        DefinitionError: Fewer than two folds.
        InputError: Fewer groups than folds, or a null.

    >>> [part.test_rows.tolist() for part in group_folds(["a", "b", "a", "c"], 2)]
    [[0, 2], [1, 3]]
    """
    column = _column(groups, "group", folds)
    counts = column.alias("key").value_counts(name="rows")
    if counts.height < folds:
        raise InputError(
            f"There are {counts.height} groups for {folds} folds", "group folds", "Lower folds, or give more groups."
        )
    ranked = sorted(counts.iter_rows(), key=lambda item: (-item[1], _drawn(item[0], seed)))
    sizes = [0] * folds
    fold_of: dict[Any, int] = {}
    for key, rows in ranked:
        smallest = sizes.index(min(sizes))
        fold_of[key] = smallest
        sizes[smallest] += rows
    keys = pl.Series(list(fold_of), dtype=column.dtype)
    chosen = column.replace_strict(keys, pl.Series(list(fold_of.values())), return_dtype=pl.Int64)
    return _parts(chosen.to_numpy(), folds)


def stratified_folds(labels: object, folds: int, *, seed: int = 0) -> tuple[Parts, ...]:
    """Return splits in whose tests each label has its share, to within one row; so has each test of all rows.

    Args:
        labels: The label of each row.
        folds: How many splits, from 2.
        seed: Draws which rows go where.

    Raises:
        DefinitionError: Fewer than two folds.
        InputError: A label has fewer rows than there are folds, or is null.
    """
    column = _column(labels, "label", folds)
    draw = np.random.default_rng(seed)
    drawn = pl.DataFrame({"label": column, "row": np.arange(len(column)), "draw": draw.permutation(len(column))})
    sizes = drawn.group_by("label").len().sort("label")
    for label, rows in sizes.iter_rows():
        if rows < folds:
            raise InputError(
                f"Label {label!r} has {rows} rows for {folds} folds",
                "stratified folds",
                "Lower folds, or join rare labels.",
            )
    # Dealt label after label without starting anew, so that the remainders do not all fall to the first folds.
    dealt = drawn.sort("label", "draw")["row"].to_numpy()
    chosen = np.empty(len(column), dtype=np.int64)
    chosen[dealt] = np.arange(len(column)) % folds
    return _parts(chosen, folds)


def _column(values: object, name: str, folds: int) -> pl.Series:
    if folds < 2:
        raise DefinitionError(f"'folds' is {folds!r}", f"{name} folds", "Give an integer from 2.")
    column = series_of(values, name)
    if column.null_count():
        raise InputError(
            f"{column.null_count():,} of {len(column):,} rows have no {name}", f"{name} folds", "Fill or remove them."
        )
    return column


def _parts(chosen: npt.NDArray[Any], folds: int) -> tuple[Parts, ...]:
    return tuple(
        Parts(number + 1, np.flatnonzero(chosen != number), np.flatnonzero(chosen == number)) for number in range(folds)
    )


def _drawn(key: object, seed: int) -> bytes:
    return hashlib.blake2b(f"{seed}\0{type(key).__name__}\0{key}".encode(), digest_size=8).digest()
