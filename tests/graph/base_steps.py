"""The modules with steps of the project that the mutation table edits."""

STEPS = {
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
