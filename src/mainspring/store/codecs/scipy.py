"""SciPy sparse matrices and arrays: their format and the arrays that they are made of."""

from importlib import import_module
from typing import Any, Final

import numpy as np

from mainspring.store.codec import Dump, Load, Structural

__all__ = ["SPARSE"]

# No stubs: SciPy is optional, and absent where mypy may run.
sparse: Any = import_module("scipy.sparse")

_PARTS: Final = {
    "bsr": ("data", "indices", "indptr"),
    "csc": ("data", "indices", "indptr"),
    "csr": ("data", "indices", "indptr"),
    "dia": ("data", "offsets"),
    "lil": ("data", "rows"),
}


def _reduce(value: Any, _: Dump) -> object:
    form = value.format
    if form == "dok":
        value = value.tocoo()
    parts = (value.data, *value.coords) if value.format == "coo" else [getattr(value, name) for name in _PARTS[form]]
    return (form, isinstance(value, sparse.spmatrix), value.shape, value.dtype, list(parts))


def _rebuild(structure: Any, _: Load) -> object:
    form, matrix, shape, dtype, parts = structure
    build = getattr(sparse, f"{'coo' if form == 'dok' else form}_{'matrix' if matrix else 'array'}")
    if form in ("coo", "dok"):
        made = build((parts[0], tuple(parts[1:])), shape=shape, dtype=dtype)
        return made.todok() if form == "dok" else made
    if form == "lil":
        made = build(shape, dtype=dtype)
        made.data, made.rows = parts
        return made
    return build(tuple(parts), shape=shape, dtype=dtype)


def _summary(value: Any) -> str:
    return (
        f"{value.dtype} sparse {value.format} ({', '.join(f'{size:,}' for size in np.shape(value))}), {value.nnz:,} set"
    )


SPARSE: Final = Structural("scipy-sparse/1", _reduce, _rebuild, _summary)
