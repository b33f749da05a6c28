"""Polars, which reads and writes tables for batches. It is imported here alone, when the first is read."""

from importlib import import_module
from typing import Any, Final, Protocol

from mainspring.errors import BatchError
from mainspring.package.frames import Array

__all__ = ["Column", "polars", "series_of"]

_KINDS: Final = {
    "bool": "Boolean",
    "int32": "Int32",
    "int64": "Int64",
    "float32": "Float32",
    "float64": "Float64",
    "string": "String",
    "date": "Date",
}


class Column(Protocol):
    """What a column of a table is to be: a field of a signature, or of a log."""

    @property
    def name(self) -> str:
        """Its name."""
        ...

    @property
    def type(self) -> str:
        """The type of its field."""
        ...

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one value."""
        ...


def polars() -> Any:
    """Return the module.

    Raises:
        BatchError: It is not installed.
    """
    try:
        return import_module("polars")
    except ModuleNotFoundError as error:
        raise BatchError(
            "Tables need the package 'polars', which is not installed", fix="Install mainspring[serve,data]."
        ) from error


def series_of(column: Column, values: Array) -> Any:
    """Return values as a series of Polars, with the type that the column declares."""
    pl = polars()
    kind = pl.Datetime("us") if column.type == "datetime" else getattr(pl, _KINDS[column.type])
    given = values if values.dtype.kind != "O" else values.tolist()
    return pl.Series(column.name, given, pl.Array(kind, column.shape) if column.shape else kind)
