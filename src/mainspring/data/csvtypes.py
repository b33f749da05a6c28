"""Types of the columns of a CSV file, told by all of its rows.

Polars guesses from as many rows as it is told; with all of them it tries every type on every value, which takes some
forty times as long as reading. Here its guess from the first rows is kept when every later value could be read as
that, and only the columns for which this does not say enough are guessed from all rows: text of which the first rows
show nothing, and points in time, as which days can be read too. Two differences remain: among the first rows Polars
takes for text a number that is quoted with a blank before it, and a whole number beyond 64 bits together with
fractions; after them both are read as numbers.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

import polars as pl

__all__ = ["FIRST", "GUESS", "of_file", "of_rows"]

GUESS: Final = "infer_schema_length"
FIRST: Final = 1000
"""Rows that are tried with every type."""


def of_rows(read: Callable[..., pl.DataFrame], known: Mapping[str, Any]) -> pl.DataFrame:
    """Return the table that a reader gives, with the types that all rows tell.

    Args:
        read: Reads the file; it takes `infer_schema_length`, `columns` and `schema_overrides` as `polars.read_csv`.
        known: Types of columns that are not guessed.
    """
    try:
        found = read(infer_schema_length=FIRST, schema_overrides=known)
    except pl.exceptions.PolarsError:
        return read(infer_schema_length=None, schema_overrides=known)
    doubtful = _doubtful(found.schema, found.head(FIRST), known)
    if found.height <= FIRST or not doubtful:
        return found
    told = read(infer_schema_length=None, columns=doubtful, schema_overrides={}).schema
    if all(found.schema[name] == kind for name, kind in told.items()):
        return found
    return read(infer_schema_length=FIRST, schema_overrides={**known, **told})


def of_file(scan: Callable[..., pl.LazyFrame], known: Mapping[str, Any]) -> pl.LazyFrame:
    """Return the lazy table that a scanner gives, with the types that all rows tell; the file is read once for it.

    Args:
        scan: Scans the files; it takes `infer_schema_length` and `schema_overrides` as `polars.scan_csv`.
        known: Types of columns that are not guessed.
    """
    found = scan(infer_schema_length=FIRST, schema_overrides=known)
    try:
        first = found.head(FIRST + 1).collect()
        doubtful = _doubtful(first.schema, first.head(FIRST), known)
        if first.height <= FIRST:
            return found
        found.select(pl.all().null_count()).collect(engine="streaming")
    except pl.exceptions.PolarsError:
        return scan(infer_schema_length=None, schema_overrides=known)
    if not doubtful:
        return found
    every = scan(infer_schema_length=None, schema_overrides=known).collect_schema()
    return scan(infer_schema_length=FIRST, schema_overrides={**known, **{name: every[name] for name in doubtful}})


def _doubtful(schema: Mapping[str, Any], first: pl.DataFrame, known: Mapping[str, Any]) -> list[str]:
    """Return the columns whose type the first rows may have told wrongly though all rows could be read."""
    return [
        name
        for name, kind in schema.items()
        if name not in known
        and (isinstance(kind, pl.Datetime) or (kind == pl.String and first[name].null_count() == first.height))
    ]
