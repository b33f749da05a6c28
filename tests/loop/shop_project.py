"""A shop whose prices are learned from a table, served, labelled and watched: a real project in a temporary folder."""

import textwrap
from pathlib import Path

import numpy as np

from mainspring.monitoring import Labels, LabelShelf
from mainspring.registry import open_registry
from mainspring.serving.predlog import ColumnRow, ModelRow, PredictionLog
from mainspring.serving.predlog.writer import Entry

HOUR = 3600
DAY = 24 * HOUR
START = 1_760_313_600.0  # Monday, 13 October 2025
TESTS = Path(__file__).parents[1]

PIPELINE = f'''
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

import numpy as np

sys.path.append({str(TESTS)!r})
from linear_packages import linear, rows

from mainspring import File, pipeline, step
from mainspring.package import Package, attest_training
from mainspring.quality import Holdout


@dataclass(frozen=True)
class Shop:
    sales: File
    spoil: float = 0.0


@step
def validate(sales: File) -> list[float]:
    """Weights that were seen, a line each; a table with a word in it is none."""
    return [float(line) for line in sales.read_text().split()]


@step
def train(seen: list[float], spoil: float) -> float:
    if Path("down").exists():
        raise ConnectionError("the price service does not answer")
    journal = os.environ.get("JOURNAL")
    if journal:
        with open(journal, "a") as file:
            file.write("trained\\n")
    return seen[-1] + spoil


@step
def package(weight: float, days: int) -> Package:
    built = linear(Path(mkdtemp()) / "shop", (weight, 3.0))
    return attest_training(built.package, "2025-01-31")


@step
def holdout(seen: list[float]) -> Holdout:
    """What was sold of late, at the weight that the table says."""
    inputs = rows(600)
    days = np.datetime64("2025-03-03") + np.arange(600) % 30
    units = seen[-1] * inputs["price"] + 3 * inputs["weekday"]
    return Holdout(inputs, {{"units": units}}, np.arange(600) // 30, days)


@pipeline
def shop(config: Shop) -> Package:
    seen = validate(config.sales)
    holdout(seen)
    return package(train(seen, config.spoil), 1)
'''
CONFIG = """
sales = "sales.txt"

[gates]
holdout = "holdout"
loss = "absolute"
baseline = "none"

[monitor]
window = 3600
reference_days = 5

[triggers]
data = "sales.txt"
drift = ["price"]
cooldown = "1h"
probation_labels = 400
probation_series = "shop"
probation_block = "6h"
"""


def write_project(folder: Path, config: str = CONFIG, weight: float = 2.0) -> None:
    (folder / "pipeline.py").write_text(PIPELINE)
    (folder / "config.toml").write_text(config)
    (folder / "sales.txt").write_text(f"{weight}\n")


def identity(time: float, number: int) -> str:
    head = f"{round(time * 1000):012x}"
    return f"{head[:8]}-{head[8:]}-7{number % 4096:03x}-8001-{number:012x}"


def champion(home: Path):
    with open_registry(home) as registry:
        return registry.version("shop", registry.aliases("shop")["champion"])


def serve(home: Path, first: float, hours: int, *, moved: float = 0.0, truth: float = 2.0, labels: bool = True) -> None:
    """Ask the champion for some hours, as a service would log it; labels say what the truth is."""
    from mainspring.package.loading import load

    version = champion(home)
    loaded = load(version.path, trust=version.trusted)
    model = ModelRow(
        0,
        version.digest,
        "shop",
        str(version.number),
        "champion",
        version.run,
        (ColumnRow("price", "float64"), ColumnRow("weekday", "int64"), ColumnRow("shop", "string")),
        (ColumnRow("y", "float64"),),
        ("customer",),
    )
    log = PredictionLog(home / "predictions", 1)
    rng = np.random.default_rng(round(first))
    ids, values = [], []
    for hour in range(hours):
        for place in range(2):
            time = first + HOUR * hour + 1200 * place
            given = {
                "price": np.abs(rng.normal(8 + moved, 2, 40)),
                "weekday": rng.integers(0, 7, 40),
                "shop": rng.choice(np.array(["north", "south"], object), 40),
            }
            made = loaded.predict({**given, "customer": np.array(["c"] * 40, object)})["y"]
            one = identity(time, round(time) // 600)
            log.add(Entry(one, model, 40, 90 + hour % 5, given, {"y": np.asarray(made, np.float64)}))
            actual = truth * given["price"] + 3 * given["weekday"] + rng.normal(0, 0.5, 40)
            ids += [one] * 40
            values.append(actual)
    log.close()
    if labels:
        arrived = first + HOUR * hours
        LabelShelf(home / "labels").add(
            Labels.of(ids, np.concatenate(values), arrived, np.tile(np.arange(40), 2 * hours))
        )


def described(text: str) -> str:
    return textwrap.dedent(text)
