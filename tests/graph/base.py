"""The project that the mutation table edits: path -> source."""

from base_steps import STEPS

BASE = {
    "constants.py": '''"""Numbers."""
from pathlib import Path

FACTOR = 3
UNUSED = 1
GREETING = "hello"
TABLE = {"low": 1, "high": 9}
MEASURED = int(Path(__file__).with_name("measured.txt").read_text())
START, STOP = 0, 10
''',
    "measured.txt": "7\n",
    "helpers.py": '''"""Helpers."""
import math

import constants


def inner(x):
    return math.floor(x)


def scale(x, by=2):
    """Scale it."""
    # times
    return inner(x) * by * constants.FACTOR


def idle(x):
    return x - 1


def make_adder(n):
    def add(x):
        return x + n

    return add


def timed(fn):
    def wrapper(*args):
        return fn(*args)

    return wrapper


@timed
def decorated(x):
    return x


double = lambda x: 2 * x
add_five = make_adder(5)
''',
    "models.py": '''"""Classes."""
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple, TypedDict

from bases import Base


class Color(Enum):
    RED = 1
    BLUE = 2


class Pair(NamedTuple):
    left: int
    right: int = 0


class Row(TypedDict):
    key: str


@dataclass
class Options:
    depth: int = 3
    rate: float = 0.5


class Model(Base):
    bias = 1

    class Inner:
        size = 4

    def fit(self, rows):
        return self._prepare(rows)

    def _prepare(self, rows):
        return [row + self.bias for row in rows]

    @property
    def weight(self):
        return 2

    @classmethod
    def build(cls):
        return cls()

    @staticmethod
    def version():
        return 1

    def __call__(self, x):
        return x

    def __add__(self, other):
        return 1

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None

    def __iter__(self):
        return iter([1])

    def __len__(self):
        return 3


class Other:
    def unrelated(self):
        return 1
''',
    "bases.py": '''"""Bases."""


class Meta(type):
    def __new__(mcs, name, bases, space):
        space["made"] = 1
        return super().__new__(mcs, name, bases, space)


class Base(metaclass=Meta):
    def __init_subclass__(cls):
        cls.known = 1

    def inherited(self):
        return 5


class Far:
    def far(self):
        return 1
''',
    "unrelated.py": '''"""Nothing here is used by a step that is judged, beside what the others say."""

print


def nothing():
    return 0
''',
    "pkg/__init__.py": '''"""Re-exports."""
from .core import shout as loud
from .more import *

__all__ = ["loud", "starred"]
''',
    "pkg/core.py": """from . import tools


def shout(text):
    return tools.upper(text)


def whisper(text):
    return text.lower()
""",
    "pkg/more.py": """def starred(x):
    return x


def starred_too(x):
    return x
""",
    "pkg/tools.py": """from .deep.down import floor as low


def upper(text):
    return text.upper() + str(low(1))
""",
    "pkg/level.py": "LEVEL = 1\n",
    "pkg/deep/__init__.py": "",
    "pkg/deep/down.py": """from ..level import LEVEL


def floor(x):
    return x + LEVEL
""",
    "space/part.py": """def piece(x):
    return x
""",
    "lazy.py": """def late(x):
    return x


def late_too(x):
    return x
""",
    "fallback.py": """def fast(x):
    return x
""",
    "slow.py": """def fast(x):
    return x
""",
    "registry.py": """REGISTRY = {}


def register(fn):
    REGISTRY[fn.__name__] = fn
    return fn
""",
    "entries.py": """from registry import REGISTRY, register


@register
def first(x):
    return x


def second(x):
    return x


def third(x):
    return x


REGISTRY["second"] = second
""",
    "patched.py": """import slow
import target


def replacement(x):
    return x


target.original = replacement
""",
    "target.py": """def original(x):
    return x
""",
    "effects.py": """import os

os.environ.setdefault("EFFECT", "1")
""",
    "dynamic.py": """import importlib

from mainspring import step


def by_name(x):
    return x


def by_globals(x):
    return x


@step
def reach_globals(x: int) -> int:
    return globals()["by_globals"](x)


@step
def reach_import(x: int) -> int:
    return importlib.import_module("lazy").late(x)
""",
    "attributes.py": """import helpers

from mainspring import step


@step
def reach_getattr(name: str) -> int:
    return getattr(helpers, name)(1)


@step
def reach_literal(x: int) -> int:
    return getattr(helpers, "idle")(x)
""",
    "gate.py": """def __getattr__(name):
    return _made(name)


def _made(name):
    return len(name)
""",
    **STEPS,
}
