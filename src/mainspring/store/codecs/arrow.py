"""Arrow tables, record batches and arrays.

    column = tagged("arrow-column/1", canonical(type), lanes of the values)
    table  = tagged("arrow-table/1", canonical((rows, metadata, [(name, nullable, metadata, column), ...])))

The digest sees types, metadata, the places of nulls, and the values: whatever the chunks, the offsets, the garbage
under nulls and the order of dictionaries. The bytes are the Arrow IPC stream of the value as it is.
"""

from importlib import import_module
from typing import Any, BinaryIO, Final

import numpy as np

from mainspring.digest import canonical, tagged
from mainspring.errors import UnstorableError
from mainspring.store.blobs import Writer
from mainspring.store.codec import Raw, Source
from mainspring.store.codecs.lanes import Lanes

__all__ = ["ARRAY", "BATCH", "TABLE"]

# No stubs: Arrow is optional, and absent where mypy may run.
pa: Any = import_module("pyarrow")
pc: Any = import_module("pyarrow.compute")


def digest_chunks(kind: Any, chunks: list[Any]) -> str:
    """Return the digest of the values of a column."""
    lanes = Lanes()
    for chunk in chunks:
        if len(chunk):
            _visit(lanes, "", chunk)
    return tagged("arrow-column/1", canonical(_type(kind)), lanes.digest())


def _type(kind: Any) -> object:
    """What of a type counts, as a plain structure."""
    if pa.types.is_dictionary(kind):
        return ("dictionary", _type(kind.index_type), _type(kind.value_type), kind.ordered)
    if isinstance(kind, pa.BaseExtensionType):
        return ("extension", kind.extension_name, kind.__arrow_ext_serialize__(), _type(kind.storage_type))
    if kind.num_fields and pa.types.is_nested(kind):
        fields = [kind.field(index) for index in range(kind.num_fields)]
        size = kind.list_size if pa.types.is_fixed_size_list(kind) else None
        return (str(kind.id), size, [(_type(f.type), f.name, f.nullable, _metadata(f.metadata)) for f in fields])
    return str(kind)


def _metadata(metadata: Any) -> object:
    return sorted((metadata or {}).items())


def _visit(lanes: Lanes, lane: str, array: Any) -> None:
    """Add one chunk."""
    kind = array.type
    if isinstance(array, pa.ExtensionArray):
        _visit(lanes, lane, array.storage)
    elif pa.types.is_dictionary(kind):
        _visit(lanes, lane, array.dictionary_decode())
    elif pa.types.is_run_end_encoded(kind):
        _visit(lanes, lane, pc.run_end_decode(array))
    elif pa.types.is_union(kind):
        raise UnstorableError(
            "An Arrow union array has no canonical form", "value", "Use a struct with nullable fields."
        )
    else:
        missing = array.is_null().to_numpy(zero_copy_only=False) if array.null_count else None
        lanes.rows(lane, len(array), missing)
        if pa.types.is_nested(kind):
            _visit_nested(lanes, lane, array)
        elif not pa.types.is_null(kind):
            _visit_values(lanes, lane, array)


def _visit_nested(lanes: Lanes, lane: str, array: Any) -> None:
    kind = array.type
    if pa.types.is_struct(kind):
        for index, part in enumerate(array.flatten()):
            _visit(lanes, f"{lane}/{index}", part)
        return
    if pa.types.is_map(kind):
        array = array.cast(pa.list_(pa.struct([kind.key_field.with_name("key"), kind.item_field.with_name("value")])))
    if pa.types.is_list_view(kind) or pa.types.is_large_list_view(kind):
        array = array.cast(pa.large_list(kind.value_type))
    if not pa.types.is_fixed_size_list(kind):
        lanes.add(f"{lane}/length", pc.fill_null(array.value_lengths(), 0).cast(pa.int64()).to_numpy())
    _visit(lanes, f"{lane}/item", array.flatten())


def _visit_values(lanes: Lanes, lane: str, array: Any) -> None:
    kind = array.type
    if pa.types.is_boolean(kind):
        lanes.add(lane, pc.fill_null(array, False).to_numpy(zero_copy_only=False))
    elif _is_varied(kind):
        _visit_varied(lanes, lane, array)
    else:
        lanes.add(lane, _fixed(array))


def _is_varied(kind: Any) -> bool:
    tests = ("string", "large_string", "binary", "large_binary", "string_view", "binary_view")
    return any(getattr(pa.types, f"is_{test}")(kind) for test in tests)


def _visit_varied(lanes: Lanes, lane: str, array: Any) -> None:
    kind = array.type
    textual = pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    wide = pa.large_string() if textual else pa.large_binary()
    if kind != wide:
        array = array.cast(wide)
    if array.null_count:
        array = pc.fill_null(array, "" if textual else b"")
    _, offsets, data = array.buffers()
    ends = (
        np.frombuffer(offsets, np.int64)[array.offset : array.offset + len(array) + 1]
        if len(array)
        else np.zeros(1, int)
    )
    lanes.add(f"{lane}/length", np.diff(ends))
    if data is not None and ends[-1] > ends[0]:
        lanes.add(lane, np.frombuffer(data, np.uint8)[ends[0] : ends[-1]])


def _fixed(array: Any) -> Any:
    """The values of a type of fixed width, zero where they are null."""
    kind = array.type
    width = kind.bit_width // 8
    if len(array) == 0 or width == 0:
        return np.empty(0, np.uint8)
    data = np.frombuffer(array.buffers()[1], np.uint8)
    values = data[array.offset * width : (array.offset + len(array)) * width].reshape(len(array), width)
    if array.null_count:
        values = values.copy()
        values[~array.is_valid().to_numpy(zero_copy_only=False)] = 0
    return values.view(f"<f{width}") if pa.types.is_floating(kind) else values


def _chunks(column: Any) -> list[Any]:
    return list(column.chunks) if isinstance(column, pa.ChunkedArray) else [column]


def _digest_frame(name: str, frame: Any) -> str:
    columns = [
        (field.name, field.nullable, _metadata(field.metadata), digest_chunks(field.type, _chunks(column)))
        for field, column in zip(frame.schema, frame.columns, strict=True)
    ]
    return tagged(name, canonical((frame.num_rows, _metadata(frame.schema.metadata), columns)))


def _encode_table(table: Any) -> tuple[str, Writer]:
    return _digest_frame("arrow-table/1", table), lambda out: _stream(out, table.schema, table.to_batches())


def _encode_batch(batch: Any) -> tuple[str, Writer]:
    return _digest_frame("arrow-batch/1", batch), lambda out: _stream(out, batch.schema, [batch])


def _encode_array(array: Any) -> tuple[str, Writer]:
    chunked = isinstance(array, pa.ChunkedArray)
    chunks = _chunks(array)
    column = digest_chunks(array.type, chunks)
    digest = tagged("arrow-array/1", "chunked" if chunked else "array", column)
    schema = pa.schema([pa.field("chunked" if chunked else "array", array.type)])
    batches = [pa.record_batch([chunk], schema=schema) for chunk in chunks]
    return digest, lambda out: _stream(out, schema, batches)


def _stream(out: BinaryIO, schema: Any, batches: list[Any]) -> None:
    with pa.ipc.new_stream(pa.PythonFile(out, mode="w"), schema) as writer:
        for batch in batches:
            writer.write_batch(batch)


def _read(source: Source) -> Any:
    with pa.ipc.open_stream(pa.py_buffer(source.view)) as reader:
        return reader.read_all()


def _decode_batch(source: Source) -> Any:
    with pa.ipc.open_stream(pa.py_buffer(source.view)) as reader:
        return reader.read_next_batch()


def _decode_array(source: Source) -> Any:
    table = _read(source)
    column = table.column(0)
    return column if table.column_names == ["chunked"] else column.combine_chunks()


def _summary(frame: Any) -> str:
    return f"{frame.num_rows:,} rows x {frame.num_columns:,} columns"


TABLE: Final = Raw("arrow-table/1", _encode_table, _read, _summary)
BATCH: Final = Raw("arrow-batch/1", _encode_batch, _decode_batch, _summary)
ARRAY: Final = Raw("arrow-array/1", _encode_array, _decode_array, lambda array: f"{array.type} array ({len(array):,})")
