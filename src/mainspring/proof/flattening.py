"""A value as texts and numbers: what has to be equal, and what may be close.

Models among the parts are what they predict on golden rows: what they are inside may differ, and says nothing.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any, NamedTuple

import numpy as np

from mainspring.digest import File, Folder

__all__ = ["Flat", "Leaf", "flatten"]

Array = np.ndarray[Any, np.dtype[Any]]
Predict = Callable[[Any], Mapping[str, Any] | None]
_NUMBER = re.compile(rb"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_DEEPEST = 60
_PLAIN = (str, bytes, bool, type(None))
_CODE = (type, FunctionType, BuiltinFunctionType, ModuleType)


class Leaf(NamedTuple):
    """Numbers at one place of a value; `exact`: they count or name something, so that close is not equal."""

    path: str
    numbers: Array
    exact: bool


class Flat(NamedTuple):
    """A value as its parts, in order; `models` counts those that are told by what they predict."""

    texts: list[tuple[str, Any]]
    leaves: list[Leaf]
    models: int


def flatten(value: Any, predict: Predict = lambda _: None) -> Flat:
    """Return the parts of a value.

    Args:
        value: Whatever a step returned.
        predict: Returns what a model predicts on golden rows, and None for what is no model.
    """
    walk = _Walk(predict)
    walk.visit("", value)
    return Flat(walk.texts, walk.leaves, walk.models)


class _Walk:
    def __init__(self, predict: Predict) -> None:
        self.texts: list[tuple[str, Any]] = []
        self.leaves: list[Leaf] = []
        self.models = 0
        self._predict = predict
        self._seen: dict[int, Any] = {}

    def visit(self, path: str, value: Any) -> None:
        if isinstance(value, (Enum, *_PLAIN)):
            self.texts.append((path, value))
        elif isinstance(value, int | float | complex | np.number):
            exact = not isinstance(value, float | complex | np.inexact)
            self._numbers(path, np.asarray(value), exact=exact)
        elif isinstance(value, np.ndarray):
            self._array(path, value)
        elif isinstance(value, _CODE):
            self.texts.append((path, getattr(value, "__qualname__", repr(value))))
        elif id(value) in self._seen or path.count("\x1f") > _DEEPEST:
            self.texts.append((path, "again"))
        else:
            self._seen[id(value)] = value
            self._composed(path, value)

    def _composed(self, path: str, value: Any) -> None:
        predicted = self._predict(value)
        if predicted is not None:
            self.models += 1
            for name in sorted(predicted):
                self.visit(f"{path}\x1f{name}", np.asarray(predicted[name]))
            return
        self.texts.append((path, type(value).__qualname__))
        for name, inner in _parts(value):
            self.visit(f"{path}\x1f{name}", inner)

    def _array(self, path: str, value: Array) -> None:
        if value.dtype.names:
            for name in value.dtype.names:
                self._array(f"{path}\x1f{name}", value[name])
        elif value.dtype.kind in "fc":
            self._numbers(path, value, exact=False)
        elif value.dtype.kind in "iub":
            self._numbers(path, value, exact=True)
        elif value.dtype.kind in "mM":
            self._numbers(path, value.view(np.int64), exact=True)
        elif value.dtype.kind == "O":
            self.texts.append((path, value.shape))
            for place, inner in enumerate(value.reshape(-1).tolist()):
                self.visit(f"{path}\x1f{place}", inner)
        else:
            self.texts.append((path, (value.shape, value.tolist())))

    def _numbers(self, path: str, value: Array, *, exact: bool) -> None:
        self.texts.append((path, (str(value.dtype), value.shape)))
        self.leaves.append(Leaf(path, value.reshape(-1), exact))


def _parts(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield the parts of a value that is made of others, by name."""
    library = type(value).__module__.partition(".")[0]
    if isinstance(value, dict):
        for place, (key, inner) in enumerate(value.items()):
            yield f"key {place}", key
            yield str(key), inner
    elif isinstance(value, list | tuple | set | frozenset):
        yield from _items(value)
    elif isinstance(value, File | Folder):
        yield from _files(value)
    elif library in _FRAMES:
        yield from _FRAMES[library](value)
    elif is_dataclass(value):
        yield from ((one.name, getattr(value, one.name)) for one in fields(value))
    else:
        yield from _reduced(value)


def _items(value: Any) -> Iterator[tuple[str, Any]]:
    items = list(value) if isinstance(value, list | tuple) else sorted(value, key=repr)
    if items and all(type(item) is float for item in items):
        yield "items", np.asarray(items)
        return
    names = getattr(value, "_fields", None) or range(len(items))
    yield from ((str(name), item) for name, item in zip(names, items, strict=True))


def _files(value: File | Folder) -> Iterator[tuple[str, Any]]:
    """Yield the content of files: numbers in a text are numbers."""
    inner = (
        [value.path] if isinstance(value, File) else sorted(path for path in value.path.rglob("*") if path.is_file())
    )
    for path in inner:
        content = path.read_bytes()
        name = path.name if isinstance(value, File) else path.relative_to(value.path).as_posix()
        if b"\0" in content:
            yield name, content
            continue
        found = _NUMBER.findall(content)
        yield f"{name}, text", _NUMBER.sub(b"0", content)
        yield f"{name}, numbers", np.asarray([float(one) for one in found])


def _polars(value: Any) -> Iterator[tuple[str, Any]]:
    columns = value.get_columns() if hasattr(value, "get_columns") else [value]
    for column in columns:
        yield f"{column.name} type", str(column.dtype)
        if column.dtype.is_float():
            yield f"{column.name} nulls", column.is_null().to_numpy()
            yield column.name, column.fill_null(0.0).to_numpy()
        elif column.dtype.is_integer() and not column.null_count():
            yield column.name, column.to_numpy()
        else:
            yield column.name, column.to_list()


def _pandas(value: Any) -> Iterator[tuple[str, Any]]:
    if not hasattr(value, "columns"):
        yield from ((part, getattr(value, part)) for part in ("index", "name") if hasattr(value, part))
        yield "values", value.to_numpy() if hasattr(value, "to_numpy") else repr(value)
        return
    yield "columns", [repr(name) for name in value.columns]
    yield "index", value.index.to_numpy()
    for place, name in enumerate(value.columns):
        yield str(name), value.iloc[:, place].to_numpy()


def _torch(value: Any) -> Iterator[tuple[str, Any]]:
    if hasattr(value, "detach"):
        yield "values", value.detach().cpu().numpy()
    else:
        yield from _reduced(value)


_FRAMES = {"polars": _polars, "pandas": _pandas, "torch": _torch}


def _reduced(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield what an object would be pickled as."""
    try:
        reduced = value.__reduce_ex__(4)
    except (TypeError, AttributeError, ValueError):  # it says that it cannot be
        reduced = repr(value)
    if isinstance(reduced, str):
        yield "text", reduced
        return
    for name, part in zip(("made by", "arguments", "state", "items", "pairs"), reduced, strict=False):
        yield name, list(part) if name in ("items", "pairs") and part is not None else part
