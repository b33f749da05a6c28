"""Annotations that carry a schema of a frame, told by name alone so that no library is imported for it."""

from typing import Any, get_args, get_origin

__all__ = ["frame_class", "is_schema_frame", "library_of", "schema_of"]

_LIBRARIES = ("dataframely", "pandera")
_FRAMES = ("DataFrame", "LazyFrame")
_ROOTS = ("pandas", "polars")


def library_of(kind: Any) -> str | None:
    """Return the name of the library whose class of frames with a schema this is, or None."""
    root = getattr(kind, "__module__", "").partition(".")[0]
    return root if root in _LIBRARIES and getattr(kind, "__qualname__", "") in _FRAMES else None


def is_schema_frame(annotation: Any) -> bool:
    """Return whether the annotation is a frame with a schema, such as `dataframely.DataFrame[Sales]`."""
    return library_of(get_origin(annotation)) is not None


def schema_of(annotation: Any) -> Any:
    """Return the schema of a frame with a schema."""
    return get_args(annotation)[0]


def frame_class(kind: type) -> type:
    """Return the class of plain frames that a class of frames with a schema stands for.

    >>> import polars, dataframely
    >>> frame_class(dataframely.DataFrame) is polars.DataFrame
    True
    """
    return next((base for base in kind.__mro__ if base.__module__.partition(".")[0] in _ROOTS), kind)
