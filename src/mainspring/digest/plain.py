"""Frozen dataclasses that cost next to nothing to define."""

from dataclasses import MISSING, FrozenInstanceError, dataclass
from typing import NoReturn, dataclass_transform

__all__ = ["Plain"]


@dataclass_transform(frozen_default=True)
class Plain:
    """Base of frozen dataclasses that share one set of methods.

    `@dataclass` compiles six methods for each class, which takes half a millisecond; a dozen such classes would be a
    twentieth of what a run may cost in which every step is a hit. These have fields, equality and text as others have,
    and type checkers see them as frozen dataclasses.
    """

    def __init_subclass__(cls) -> None:
        dataclass(init=False, repr=False, eq=False)(cls)

    def __init__(self, *args: object, **named: object) -> None:
        fields = vars(type(self))["__dataclass_fields__"]
        given = dict(zip(fields, args, strict=False))
        twice = given.keys() & named.keys()
        unknown = named.keys() - fields.keys()
        values = {name: field.default for name, field in fields.items()} | given | named
        missing = [name for name in fields if values[name] is MISSING]
        if len(args) > len(fields) or twice or unknown or missing:
            wrong = ", ".join([*sorted(twice | unknown), *missing]) or f"{len(args)} arguments"
            raise TypeError(f"{type(self).__name__} takes {', '.join(fields)}; not right: {wrong}")
        self.__dict__.update(values)
        self.__post_init__()

    def __post_init__(self) -> None:
        """Convert and check the fields; by default all is well."""

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise FrozenInstanceError(f"cannot assign to field {name!r}")

    def __delattr__(self, name: str) -> NoReturn:
        raise FrozenInstanceError(f"cannot delete field {name!r}")

    def __eq__(self, other: object) -> bool:
        return self.__dict__ == other.__dict__ if type(other) is type(self) else NotImplemented

    def __hash__(self) -> int:
        return hash((type(self), *self.__dict__.values()))

    def __repr__(self) -> str:
        return f"{type(self).__qualname__}({', '.join(f'{name}={value!r}' for name, value in self.__dict__.items())})"
