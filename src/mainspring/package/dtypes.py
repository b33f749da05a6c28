"""Fields as columns of NumPy."""

from typing import Any, Final, get_args

import numpy as np

from mainspring.package.fields import Field, FieldType

__all__ = ["DTYPES", "stand_in"]

DTYPES: Final[dict[str, np.dtype[Any]]] = {
    name: np.dtype({"string": "O", "date": "<M8[D]", "datetime": "<M8[us]"}.get(name, name))
    for name in get_args(FieldType)
}
"""The type of a column in NumPy, by the type of its field: text is Python's, dates are days, times microseconds."""


def stand_in(field: Field, rows: int) -> np.ndarray[Any, Any]:
    """Return a column that stands for a sensitive one in golden samples; it follows from the declaration alone."""
    value: Any = {"string": "", "date": 0, "datetime": 0, "bool": False}.get(field.type, 0)
    bounds = [bound for bound in (field.minimum, field.maximum) if bound is not None]
    if field.categories:
        value = field.categories[0]
    elif bounds:
        value = bounds[0]
    column = np.empty((rows, *field.shape), DTYPES[field.type])
    column[...] = value
    return column
