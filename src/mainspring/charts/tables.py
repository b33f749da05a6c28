"""Tables from what users have: frames of pandas, Polars and Arrow, arrays, lists of dicts, dicts.

A library's values are told by the methods that they have; nothing is imported.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from typing import Any, Final

from mainspring.charts.data import Cell, Column, Table

__all__ = ["MOST_ROWS", "table_from"]

MOST_ROWS: Final = 200
_MOST_CHARACTERS: Final = 500
_NOTHING: Final = ("NAType", "NaTType")


def table_from(value: object, *, rows: int = MOST_ROWS) -> Table:
    """Return the first rows of a value as a table.

    Args:
        value: A `Table`; a pandas, Polars or Arrow frame or column; a NumPy array of one or two dimensions; a list of
            dicts, dataclasses, tuples or plain values; a dict of columns; a dict of plain values, one a row.
        rows: How many rows are kept; `total` of the table is the number that there were.

    Raises:
        TypeError: The value is none of these.

    >>> table_from([{"class": "yes", "recall": 0.8}, {"class": "no"}]).rows
    (('yes', 0.8), ('no', None))
    """
    if isinstance(value, Table):
        return Table(value.columns, value.rows[:rows], value.total)
    if isinstance(value, type | str | bytes | bytearray | memoryview):
        raise _no_table(value)
    for known, convert in _KINDS:
        if known(value):
            return convert(value, rows)
    raise _no_table(value)


def _no_table(value: object) -> TypeError:
    return TypeError(f"A {type(value).__qualname__} is no frame, array, list of dicts or dict of columns")


def _has(*names: str) -> Callable[[object], bool]:
    return lambda value: all(hasattr(value, name) for name in names)


def _pandas(frame: Any, rows: int) -> Table:
    head = frame.head(rows)
    columns = [Column(_label(name), str(kind)) for name, kind in zip(frame.columns, frame.dtypes, strict=True)]
    lists = [head.iloc[:, place].tolist() for place in range(len(columns))]
    index = head.index
    if type(index).__name__ != "RangeIndex":
        names = [_label(name) if name is not None else "" for name in index.names]
        levels = [index.get_level_values(place) for place in range(len(names))]
        columns = [*(Column(name, str(level.dtype)) for name, level in zip(names, levels, strict=True)), *columns]
        lists = [*(level.tolist() for level in levels), *lists]
    return _of_lists(columns, lists, len(frame))


def _label(name: object) -> str:
    return " / ".join(str(part) for part in name) if isinstance(name, tuple) else str(name)


def _polars(frame: Any, rows: int) -> Table:
    columns = [Column(name, str(kind)) for name, kind in frame.schema.items()]
    return _of_rows(columns, frame.head(rows).rows(), frame.height)


def _polars_lazy(frame: Any, rows: int) -> Table:
    head = frame.head(rows + 1).collect()
    table = _polars(head, rows)
    return Table(table.columns, table.rows, None if head.height > rows else head.height)


def _arrow(table: Any, rows: int) -> Table:
    columns = [Column(name, str(kind)) for name, kind in zip(table.schema.names, table.schema.types, strict=True)]
    head = table.slice(0, rows)
    return _of_lists(columns, [head.column(place).to_pylist() for place in range(len(columns))], table.num_rows)


def _one_column(series: Any, rows: int) -> Table:
    return table_from(series.to_frame(), rows=rows)


def _arrow_column(column: Any, rows: int) -> Table:
    return _of_lists([Column("value", str(column.type))], [column.slice(0, rows).to_pylist()], len(column))


def _array(array: Any, rows: int) -> Table:
    if array.dtype.names:
        columns = [Column(name, str(array.dtype[name])) for name in array.dtype.names]
        return _of_rows(columns, array[:rows].tolist(), len(array))
    kind = str(array.dtype)
    if array.dtype.kind in "mM":
        array = array.astype(str)  # as a list they would be mere nanoseconds
    if array.ndim == 1:
        return _of_lists([Column("value", kind)], [array[:rows].tolist()], len(array))
    if array.ndim != 2:
        raise TypeError(f"An array of {array.ndim} dimensions is no table; give one of 1 or 2")
    columns = [Column(str(place), kind) for place in range(array.shape[1])]
    return _of_rows(columns, array[:rows].tolist(), len(array))


def _mapping(value: Mapping[Any, Any], rows: int) -> Table:
    if value and all(_is_column(column) for column in value.values()):
        lists = [list(islice(_items(column), rows)) for column in value.values()]
        total = max(len(column) for column in value.values())
        longest = min(total, rows)
        lists = [column + [None] * (longest - len(column)) for column in lists]
        return _of_lists([Column(str(name)) for name in value], lists, total)
    first = dict(islice(value.items(), rows))
    return _of_lists([Column("name"), Column("value")], [list(first), list(first.values())], len(value))


def _is_column(value: object) -> bool:
    return hasattr(value, "__len__") and hasattr(value, "__iter__") and not isinstance(value, str | bytes | Mapping)


def _items(column: Any) -> Iterable[Any]:
    items: Iterable[Any] = column
    for method in ("tolist", "to_list", "to_pylist"):
        convert = getattr(column, method, None)
        if convert is not None:
            items = convert()
            break
    return items


def _sequence(value: Sequence[Any], rows: int) -> Table:
    head = [_record(item) for item in islice(value, rows)]
    if head and all(isinstance(item, dict) for item in head):
        names = list(dict.fromkeys(name for item in head for name in item))
        columns = [Column(str(name)) for name in names]
        return _of_rows(columns, [[item.get(name) for name in names] for item in head], len(value))
    if head and all(isinstance(item, list | tuple) for item in head):
        width = max(len(item) for item in head)
        columns = [Column(str(place)) for place in range(width)]
        return _of_rows(columns, [[*item, *[None] * (width - len(item))] for item in head], len(value))
    return _of_lists([Column("value")], [head], len(value))


def _record(item: Any) -> Any:
    if isinstance(item, Mapping):
        return dict(item)
    if hasattr(item, "_asdict"):
        return item._asdict()
    names = getattr(item, "__dataclass_fields__", None)
    return item if names is None or isinstance(item, type) else {name: getattr(item, name) for name in names}


_KINDS: Final[tuple[tuple[Callable[[Any], bool], Callable[[Any, int], Table]], ...]] = (
    (_has("iloc", "columns", "dtypes"), _pandas),
    (_has("height", "schema", "rows"), _polars),
    (_has("collect", "collect_schema", "head"), _polars_lazy),
    (_has("num_rows", "schema", "slice"), _arrow),
    (_has("to_frame", "dtype"), _one_column),
    (_has("to_pylist", "type", "slice"), _arrow_column),
    (_has("ndim", "dtype", "shape", "tolist"), _array),
    (lambda value: isinstance(value, Mapping), _mapping),
    (lambda value: isinstance(value, list | tuple), _sequence),
)


def _of_lists(columns: list[Column], lists: list[list[Any]], total: int) -> Table:
    return _of_rows(columns, zip(*lists, strict=True), total)


def _of_rows(columns: list[Column], rows: Iterable[Iterable[Any]], total: int) -> Table:
    return Table(columns, [tuple([_cell(item) for item in row]) for row in rows], total)


def _cell(value: Any) -> Cell:
    if value is None or type(value) in (str, int, float, bool):
        return _text(value) if isinstance(value, str) else value
    if type(value).__name__ in _NOTHING:
        return None
    item = getattr(value, "item", None)
    if item is not None and getattr(value, "ndim", None) == 0:
        return _cell(item())
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    isoformat = getattr(value, "isoformat", None)
    return _text(str(value if isoformat is None else isoformat()))


def _text(text: str) -> str:
    return text if len(text) <= _MOST_CHARACTERS else f"{text[: _MOST_CHARACTERS - 1]}…"
