"""Polars frames and series.

    column = tagged("polars-column/1", canonical(dtype), lanes of the values)
    frame  = tagged("polars-frame/1", canonical((rows, [(name, column), ...])))

The digest sees names, dtypes, the places of nulls, and the values: whatever the chunks, the offsets, the garbage under
nulls and the physical codes of a Categorical, which is hashed as text. The bytes are uncompressed Arrow IPC, written
and read by Polars, so that no pyarrow is needed. A LazyFrame is refused: it is a plan, to be run by the step.
"""

from importlib import import_module
from typing import Any, BinaryIO, Final

import numpy as np

from mainspring.digest import canonical, tagged
from mainspring.errors import UnstorableError
from mainspring.store.blobs import Writer
from mainspring.store.codec import Codec, Raw, Source
from mainspring.store.codecs.lanes import Lanes

__all__ = ["FRAME", "SERIES", "refuse_lazy"]

# As the other optional libraries: typed as what it is when it is there.
pl: Any = import_module("polars")

_SLICE: Final = 1 << 20
_COLUMN: Final = "values"


def refuse_lazy(frame: Any) -> Codec:
    """Refuse a LazyFrame.

    Raises:
        UnstorableError: Always.
    """
    raise UnstorableError(
        f"A {type(frame).__name__} is a plan, not data",
        "value",
        "Return frame.collect(), or sink it to a file: File(path).",
    )


def _dtype(dtype: Any) -> object:
    """What of a dtype counts, as a plain structure."""
    name = dtype.base_type().__name__
    if isinstance(dtype, pl.List):
        return (name, _dtype(dtype.inner))
    if isinstance(dtype, pl.Array):
        return (name, dtype.shape, _dtype(dtype.inner))
    if isinstance(dtype, pl.Struct):
        return (name, [(field.name, _dtype(field.dtype)) for field in dtype.fields])
    if isinstance(dtype, pl.Enum):
        return (name, dtype.categories.to_list())
    if isinstance(dtype, pl.Decimal):
        return (name, dtype.precision, dtype.scale)
    if isinstance(dtype, pl.Datetime | pl.Duration):
        return (name, dtype.time_unit, getattr(dtype, "time_zone", None))
    if isinstance(dtype, pl.Object) or not (dtype.is_numeric() or dtype.is_temporal() or dtype in _SIMPLE):
        raise UnstorableError(
            f"A Polars column of dtype {dtype} has no codec",
            "value",
            "Cast it to a dtype that Arrow has, or return a list.",
        )
    return name


_SIMPLE: Final = (pl.Boolean, pl.String, pl.Binary, pl.Null, pl.Categorical)


def _digest_column(column: Any) -> str:
    dtype = canonical(_dtype(column.dtype))
    lanes = Lanes()
    _visit(lanes, "", column)
    return tagged("polars-column/1", dtype, lanes.digest())


def _visit(lanes: Lanes, lane: str, column: Any) -> None:
    missing = column.is_null().to_numpy() if column.null_count() else None
    lanes.rows(lane, len(column), missing)
    dtype = column.dtype
    if isinstance(dtype, pl.Struct):
        for index, field in enumerate(dtype.fields):
            _visit(lanes, f"{lane}/{index}", column.struct.field(field.name))
    elif isinstance(dtype, pl.List):
        lengths = column.list.len().fill_null(0)
        lanes.add(f"{lane}/length", lengths.cast(pl.Int64).to_numpy())
        _visit(lanes, f"{lane}/item", column.filter(lengths > 0).explode())
    elif isinstance(dtype, pl.Array):
        _visit(lanes, f"{lane}/item", column.drop_nulls().reshape((-1,)) if dtype.size else column.head(0))
    elif not isinstance(dtype, pl.Null):
        _visit_values(lanes, lane, column)


def _visit_values(lanes: Lanes, lane: str, column: Any) -> None:
    dtype = column.dtype
    if isinstance(dtype, pl.Decimal | pl.Int128 | pl.UInt128 | pl.Categorical | pl.Enum):
        column = column.cast(pl.String)
    if isinstance(column.dtype, pl.String | pl.Binary):
        _visit_varied(lanes, lane, column)
    elif isinstance(dtype, pl.Boolean):
        lanes.add(lane, column.fill_null(False).to_numpy())
    else:
        physical = column.to_physical()
        for chunk in physical.get_chunks():
            lanes.add(lane, (chunk.fill_null(0) if chunk.null_count() else chunk).to_numpy())


def _visit_varied(lanes: Lanes, lane: str, column: Any) -> None:
    textual = isinstance(column.dtype, pl.String)
    column = column.fill_null("" if textual else b"")
    lengths = column.str.len_bytes() if textual else column.bin.size()
    lanes.add(f"{lane}/length", lengths.cast(pl.Int64).to_numpy())
    for start in range(0, len(column), _SLICE):
        part = column.slice(start, _SLICE)
        data = part.str.join("").item().encode() if textual else b"".join(part.to_list())
        lanes.add(lane, np.frombuffer(data, np.uint8))


def _encode(frame: Any) -> tuple[str, Writer]:
    columns = [(column.name, _digest_column(column)) for column in frame.get_columns()]
    digest = tagged("polars-frame/1", canonical((frame.height, columns)))
    return digest, lambda out: _write(frame, out)


def _write(frame: Any, out: BinaryIO) -> None:
    frame.write_ipc(out, compression="uncompressed")


def _decode(source: Source) -> Any:
    return pl.read_ipc(source.path if source.path is not None else bytes(source.view))


def _encode_series(series: Any) -> tuple[str, Writer]:
    frame = series.to_frame()
    digest = tagged("polars-series/1", canonical((series.name, len(series))), _digest_column(series))
    return digest, lambda out: _write(frame, out)


def _decode_series(source: Source) -> Any:
    return _decode(source).to_series()


def _summary(frame: Any) -> str:
    return f"{frame.height:,} rows x {frame.width:,} columns"


FRAME: Final = Raw("polars-frame/1", _encode, _decode, _summary)
SERIES: Final = Raw(
    "polars-series/1", _encode_series, _decode_series, lambda series: f"{len(series):,} x {series.dtype}"
)
