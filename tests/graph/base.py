"""The project that the mutation table edits: path -> source."""

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
    "pkg/core.py": '''from . import tools


def shout(text):
    return tools.upper(text)


def whisper(text):
    return text.lower()
''',
    "pkg/more.py": '''def starred(x):
    return x


def starred_too(x):
    return x
''',
    "pkg/tools.py": '''from ..pkg.deep.down import floor as low


def upper(text):
    return text.upper() + str(low(1))
''',
    "pkg/deep/__init__.py": "",
    "pkg/deep/down.py": '''def floor(x):
    return x
''',
    "space/part.py": '''def piece(x):
    return x
''',
    "lazy.py": '''def late(x):
    return x


def late_too(x):
    return x
''',
    "fallback.py": '''def fast(x):
    return x
''',
    "slow.py": '''def fast(x):
    return x
''',
    "registry.py": '''REGISTRY = {}


def register(fn):
    REGISTRY[fn.__name__] = fn
    return fn
''',
    "entries.py": '''from registry import REGISTRY, register


@register
def first(x):
    return x


def second(x):
    return x


def third(x):
    return x


REGISTRY["second"] = second
''',
    "patched.py": '''import slow
import target


def replacement(x):
    return x


target.original = replacement
''',
    "target.py": '''def original(x):
    return x
''',
    "effects.py": '''import os

os.environ.setdefault("EFFECT", "1")
''',
    "dynamic.py": '''import importlib

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
''',
    "attributes.py": '''import helpers

from mainspring import step


@step
def reach_getattr(name: str) -> int:
    return getattr(helpers, name)(1)


@step
def reach_literal(x: int) -> int:
    return getattr(helpers, "idle")(x)
''',
    "gate.py": '''def __getattr__(name):
    return _made(name)


def _made(name):
    return len(name)
''',
    "steps.py": '''"""Steps away from the pipeline."""
from functools import partial

import effects  # noqa
import entries
import gate
import helpers as h
import patched
import target
from mainspring import step
from models import Color, Model, Options, Pair, Row
from registry import REGISTRY

halve = partial(h.scale, by=0.5)


@step
def choose(name: str) -> int:
    return REGISTRY[name](1)


@step
def patchwork(x: int) -> int:
    return target.original(x)


@step
def gated(x: int) -> int:
    return gate.anything


@step
def colors(x: int) -> str:
    return Color(x).name


@step
def pairs(x: int) -> int:
    return Pair(x).right


@step
def rows(key: str) -> Row:
    return {"key": key}


@step
def options(x: int) -> float:
    return Options(x).rate


@step
def build(x: int) -> Model:
    return Model().fit([x])


@step
def unknown(model):
    return model.inherited()


@step
def operate(left, right):
    return left + right


@step
def enter(thing):
    with thing:
        return 1


@step
def walk(thing):
    return [one for one in thing]


@step
def call(thing):
    return thing(1)


@step
def measure(thing):
    return len(thing)


@step
def weigh(thing):
    return thing.weight


@step
def halved(x: int) -> float:
    return halve(x)
''',
    "pipeline.py": '''"""The pipeline."""
import helpers as h
import steps
import unrelated
from constants import FACTOR, GREETING, MEASURED, START, TABLE
from helpers import scale as scaled
from pkg import loud, starred

try:
    from fallback import fast
except ImportError:
    from slow import fast

from mainspring import pipeline, step

LIMIT = 10
NAMES = ["a", "b"]
Alias = list[int]
if FACTOR > 2:
    def conditional(x):
        return x
else:
    def conditional(x):
        return -x


def twice(x):
    return x


def twice(x):
    return x * 2


def keyed(x, *, how="plain"):
    return (x, how)


def with_limit(n):
    def decide(fn):
        def inner(*args):
            return min(n, fn(*args))

        return inner

    return decide


@with_limit(LIMIT)
def limited(x):
    return x


def numbers(n):
    yield from range(n)


async def slowly(x):
    return x


@step
def load(count: int) -> list[int]:
    """Load them."""
    # from nowhere
    return [h.scale(i) for i in range(count)]


@step(cpus=1)
def split(rows: list[int]) -> tuple[int, int]:
    middle = 1
    return rows[0], rows[middle]


@step
def train(rows: int, rate: float = 0.1) -> float:
    def nested(x):
        return x + 1

    pick = lambda x: x * 2
    best = [y for y in NAMES if (found := y)]
    return nested(pick(rows)) * rate + len(best)


@step
def evaluate(score: float) -> str:
    match score:
        case 0:
            return f"{GREETING}: none"
        case _:
            return f"{GREETING}: {score}"


@step
def judge(rows: list[int]) -> int:
    train, test = rows
    return train + test


@step
def adapt(x: int) -> int:
    return scaled(x) + TABLE["low"] + START


@step
def read(x: int) -> int:
    return x + MEASURED


@step
def say(text: str) -> str:
    return loud(text)


@step
def star(x: int) -> int:
    return starred(x)


@step
def attempt(x: int) -> int:
    return fast(x)


@step
def importing(x: int) -> int:
    from lazy import late
    import space.part

    return late(x) + space.part.piece(x)


@step
def misc(x: int) -> Alias:
    global LIMIT
    h.decorated(x)
    h.double(x)
    h.add_five(x)
    limited(x)
    keyed(x)
    list(numbers(x))
    slowly(x)
    return [conditional(x), twice(x)]


@pipeline
def main(config):
    train_, test = split(load(3)), 1
    return evaluate(train(train_))


if __name__ == "__main__":
    main(1)
''',
}
