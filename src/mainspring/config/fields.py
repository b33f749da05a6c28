"""What a configuration dataclass asks for."""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from pathlib import Path
from types import NoneType
from typing import Any, TypeGuard, get_args, get_origin, get_type_hints

from msgspec import Struct

from mainspring.config.secret import Secret
from mainspring.digest import File, Folder
from mainspring.errors import DefinitionError
from mainspring.schema.fit import UNIONS, plain

__all__ = ["LEAVES", "Field", "fields_of", "is_table", "members", "reads_text", "table_of", "values_of"]

LEAVES = (File, Folder, Path, Secret)  # what a text of the file is read into


class Field(Struct, frozen=True):
    """One field of a configuration dataclass.

    Attributes:
        name: The key.
        annotation: Resolved, with its metadata.
        make: Makes the default; None when the field has to be set.
    """

    name: str
    annotation: Any
    make: Callable[[], Any] | None = None


@cache
def fields_of(schema: type) -> dict[str, Field]:
    """Return the fields that a file can set, by name and in order.

    Raises:
        DefinitionError: An annotation cannot be resolved.
    """
    try:
        hints = get_type_hints(schema, include_extras=True)
    except (NameError, AttributeError, TypeError, SyntaxError) as error:
        raise DefinitionError(
            f"The annotations of configuration '{schema.__qualname__}' cannot be resolved: {error}",
            None,
            "Import what they name where the class is defined, not under TYPE_CHECKING.",
        ) from error
    return {one.name: Field(one.name, hints[one.name], _maker(one)) for one in fields(schema) if one.init}


def _maker(one: "dataclasses.Field[Any]") -> Callable[[], Any] | None:
    if one.default is not dataclasses.MISSING:
        return lambda: one.default
    return None if one.default_factory is dataclasses.MISSING else one.default_factory


def members(annotation: Any) -> tuple[Any, ...]:
    """Return the alternatives of an annotation, without None; one that is no union is its only one."""
    kind = plain(annotation)
    choices = get_args(kind) if get_origin(kind) in UNIONS else (annotation,)
    return tuple(choice for choice in choices if choice is not NoneType)


def table_of(annotation: Any) -> type | None:
    """Return the dataclass that a table of the file is read into, `dict` for one of free keys, or None."""
    kinds = [plain(member) for member in members(annotation)]
    for kind in kinds:
        if is_table(kind):
            return kind
    origins = [get_origin(kind) or kind for kind in kinds]
    return dict if any(isinstance(one, type) and issubclass(one, Mapping) for one in origins) else None


def values_of(annotation: Any) -> Any:
    """Return the annotation of the values of a table of free keys."""
    for kind in map(plain, members(annotation)):
        if get_args(kind) and issubclass(get_origin(kind) or object, Mapping):
            return get_args(kind)[1]
    return Any


def is_table(kind: Any) -> TypeGuard[type]:
    """Return whether a class is a dataclass that a table is read into."""
    return isinstance(kind, type) and is_dataclass(kind) and not reads_text(kind)


def reads_text(kind: Any) -> bool:
    """Return whether a class is written as a text: one of `LEAVES`, or one with a class method `__from_config__`.

    `__from_config__(text, base)` gets the text and the folder that relative paths are looked for in, and returns the
    value or raises a `MainspringError`.
    """
    return kind in LEAVES or (isinstance(kind, type) and hasattr(kind, "__from_config__"))
