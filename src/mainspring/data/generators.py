"""Synthetic tables: a function of the project or of an installed package that returns a frame."""

from importlib import import_module
from json import JSONDecodeError, loads
from typing import Any
from urllib.parse import parse_qsl

import polars as pl

from mainspring.data.frames import frame_of
from mainspring.data.sources import Source
from mainspring.errors import InputError, nearest

__all__ = ["table_of"]


def table_of(source: Source) -> pl.DataFrame:
    """Return what the function of a `synthetic:` URI returns for the arguments in it.

    Raises:
        InputError: There is no such function, it takes other arguments, or it returns no frame.
    """
    where = f"source '{source.uri}'"
    place, _, query = source.uri.removeprefix("synthetic:").partition("?")
    module_name, _, name = place.rpartition(":")
    try:
        module = import_module(module_name)
    except ImportError as error:
        raise InputError(f"Module '{module_name}' cannot be imported: {error}", where, "Check its name.") from error
    function = getattr(module, name, None)
    if not callable(function):
        near = nearest(name, [known for known, value in vars(module).items() if callable(value)])
        fix = f"Did you mean '{near}'?" if near else "Check its name."
        raise InputError(f"Module '{module_name}' has no function '{name}'", where, fix)
    arguments = {key: _value(text) for key, text in parse_qsl(query, keep_blank_values=True)}
    try:
        made = function(**arguments)
    except TypeError as error:
        raise InputError(f"'{name}' cannot be called: {error}", where, "Change the arguments after the '?'.") from error
    frame = frame_of(made)
    return frame.collect() if isinstance(frame, pl.LazyFrame) else frame


def _value(text: str) -> Any:
    """An argument is JSON where it can be, else text."""
    try:
        return loads(text)
    except JSONDecodeError:
        return text
