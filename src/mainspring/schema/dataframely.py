"""Frames with a dataframely schema. Loaded when such an annotation is met."""

from typing import Any

import dataframely
import dataframely.exc
import polars

from mainspring.errors import SchemaError

__all__ = ["check"]

_SHOWN = 5


def check(frame: Any, schema: Any, where: str) -> Any:
    """Return the columns of the schema, of a frame all of whose rows satisfy it. A lazy frame is computed once.

    Raises:
        SchemaError: A column is missing or of another type, or rows break a rule.
    """
    lazy = isinstance(frame, polars.LazyFrame)
    table = frame.collect() if lazy else frame
    if not schema.is_valid(table):
        raise _failure(table, schema, where)
    checked = table.select(schema.column_names())
    return checked.lazy() if lazy else checked


def _failure(table: polars.DataFrame, schema: type[dataframely.Schema], where: str) -> SchemaError:
    name = schema.__name__
    try:
        failure = schema.filter(table).failure
    except dataframely.exc.SchemaError as error:
        said = str(error).partition("\n\nResolved plan")[0]
        return SchemaError(
            f"The columns do not satisfy schema '{name}': {said}", where, "Change the step that made it or the schema."
        )
    broken = ", ".join(f"'{rule}' ({count:,})" for rule, count in failure.counts().items())
    rows = "; ".join(str(row) for row in failure.invalid().head(_SHOWN).iter_rows(named=True))
    return SchemaError(
        f"{len(failure):,} of {table.height:,} rows break schema '{name}', rule {broken}, such as {rows}",
        where,
        "Change the step that made it or the schema.",
        failing=len(failure),
    )
