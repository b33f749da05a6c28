"""A prediction log of a shop, written by the real writer at times that tests choose."""

import contextlib

import numpy as np
import pytest
from msgspec.structs import replace

from mainspring.monitoring import shelf
from mainspring.serving.predlog import ColumnRow, ModelRow, PredictionLog
from mainspring.serving.predlog.writer import Entry
from mainspring.workspace import catalogue

HOUR = 3600
DAY = 86_400
START = 1_760_000_400 // DAY * DAY
MODEL = ModelRow(
    0,
    "d" * 64,
    "shop",
    "1",
    "champion",
    None,
    (ColumnRow("price", "float64"), ColumnRow("store", "string"), ColumnRow("week", "float64", (2,))),
    (ColumnRow("sales", "float64"),),
    ("customer",),
)


def version(package, **changes):
    """The model in another version."""
    return replace(MODEL, package=package, version="2", **changes)


def identity(time, number):
    head = f"{round(time * 1000):012x}"
    return f"{head[:8]}-{head[8:]}-7{number % 4096:03x}-8001-{number:012x}"


def answers(hours, *, first=0, each=4, rows=40, model=MODEL, level=0.0):
    """Answers of hours, each with its own random numbers: the same hour and number give the same answer."""
    number = first
    for hour in hours:
        for place in range(each):
            number += 1
            rng = np.random.default_rng([hour, number])
            price = rng.normal(level, 1, rows)
            store = rng.choice(["a", "b"], rows).astype(object)
            given = {"price": price, "store": store, "week": rng.normal(size=(rows, 2))}
            sales = {"sales": price * 2 + rng.normal(size=rows)}
            time = START + HOUR * hour + HOUR / each * place
            yield Entry(identity(time, number), model, rows, 90 + number % 5, given, sales)


def log_of_shop(home, entries, *, closed=True):
    """Write answers to a new file of the log of a home."""
    log = PredictionLog(home / "predictions", 1)
    for entry in entries:
        log.add(entry)
    log.flush()
    if not closed:
        return contextlib.closing(log)
    log.close()
    return None


@contextlib.contextmanager
def killed_after(writes, monkeypatch):
    """A block that ends before the next write of the catalogue or of a window, once there were so many."""
    left, write = writes, shelf.write_whole

    def write_or_die(path, data):
        nonlocal left
        if left == 0:
            raise KeyboardInterrupt
        left -= 1
        write(path, data)

    with monkeypatch.context() as patched:
        for module in (shelf, catalogue):
            patched.setattr(module, "write_whole", write_or_die)
        with pytest.raises(KeyboardInterrupt):
            yield
