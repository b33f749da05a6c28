"""Classes that golden vectors and property tests name by import path."""

from dataclasses import dataclass, field
from enum import Enum, Flag, IntEnum
from functools import cached_property
from typing import NamedTuple


class Colour(Enum):
    RED = "red"
    BLUE = ("b", 2)


class Level(IntEnum):
    LOW = 1
    HIGH = 10


class Rights(Flag):
    READ = 1
    WRITE = 2


class Pair(NamedTuple):
    left: object
    right: object = None


@dataclass(frozen=True)
class Point:
    x: object
    y: object = 0.5


@dataclass(slots=True)
class Slotted:
    name: str
    values: list = field(default_factory=list)


@dataclass
class Extra:
    """A dataclass that also keeps an attribute that is no field."""

    base: int

    def __post_init__(self):
        self.doubled = self.base * 2

    @cached_property
    def squared(self):
        return self.base**2


class Outer:
    @dataclass(frozen=True)
    class Inner:
        a: object
