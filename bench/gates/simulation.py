"""Pairs of models whose difference is known, and how often each way to decide is wrong about them.

A pair is what two models lose on the same rows: S series and W weeks of seven days. The champion loses

    scale of the series * exp(what the series has of the day + what all series have of the day)

and the candidate that * (1 + effect), plus the scale * (a of the series + c of the day + e of the row). All of a, c and
e are normal with mean zero: `a` is that one model suits some series better, `c` that it suits some days better, in all
series alike, `e` is the rest. What belongs to days is autocorrelated (first order). Scales are log-normal.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from mainspring.config.gates import Gates
from mainspring.package import Field, Signature, Training
from mainspring.quality import Contender, Exam, Holdout, run_gates
from mainspring.stats import blocks, crossed_weeks, ratio_interval, relative_change, series_weeks

LEVEL = 0.95
TOGETHER = 25


@dataclass(frozen=True)
class World:
    """What the pairs are like; spreads are shares of the champion's mean loss."""

    weeks: int
    series: int = 100
    of_series: float = 0.05
    of_days: float = 0.05
    of_rows: float = 0.3
    memory: float = 0.5
    scale: float = 0.8


@dataclass(frozen=True)
class Task:
    """What is to be decided at a number of weeks: the margin, and the effect that has to be found."""

    weeks: int
    margin: float
    effect: float
    slice_margin: float


TASKS = (Task(8, 0.07, 0.055, 0.15), Task(26, 0.045, 0.035, 0.10))
HARSHER = {
    "days twice and a half": {"of_days": 0.125},
    "memory 0.7": {"memory": 0.7},
    "both": {"of_days": 0.125, "memory": 0.7},
    "series three times": {"of_series": 0.15},
    "20 series": {"series": 20},
    "few large series": {"scale": 1.2},
    "nothing shared": {"of_series": 0.0, "of_days": 0.0},
}


def autocorrelated(rng: np.random.Generator, shape: tuple[int, ...], memory: float) -> np.ndarray:
    """Normal numbers of variance one that remember those before them along the last axis."""
    made, new = rng.standard_normal(shape), np.sqrt(1 - memory**2)
    for day in range(1, shape[-1]):
        made[..., day] = memory * made[..., day - 1] + new * made[..., day]
    return made


def pairs(world: World, effect: float, count: int, seed: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Losses of candidate and champion (S, 7 W) of each pair."""
    rng = np.random.default_rng(seed)
    days = 7 * world.weeks
    for start in range(0, count, TOGETHER):
        many = min(TOGETHER, count - start)
        scale = np.exp(world.scale * rng.standard_normal((many, world.series, 1)))
        own = 0.5 * autocorrelated(rng, (many, world.series, days), world.memory)
        shared = 0.2 * autocorrelated(rng, (many, 1, days), world.memory)
        champion = np.exp(own + shared - (0.5**2 + 0.2**2) / 2)
        a = world.of_series * rng.standard_normal((many, world.series, 1))
        c = world.of_days * autocorrelated(rng, (many, 1, days), world.memory)
        e = world.of_rows * autocorrelated(rng, (many, world.series, days), world.memory)
        # No loss is below zero; what would be is cut in both directions alike, which leaves the mean where it is.
        apart = np.clip(a + c + e, -champion * min(1.0, 1 + effect), champion * min(1.0, 1 + effect))
        yield from zip((champion * (1 + effect) + apart) * scale, champion * scale, strict=True)


@dataclass(frozen=True)
class Rows:
    """Which series and day each row is of."""

    series: np.ndarray
    dates: np.ndarray


def rows_of(world: World) -> Rows:
    days = np.datetime64("2024-01-01") + np.arange(7 * world.weeks)
    series = np.repeat(np.arange(world.series), days.size)
    return Rows(series, np.tile(days, world.series))


Upper = Callable[[np.ndarray, np.ndarray, Rows], float]


def upper_of_gates(mine: np.ndarray, theirs: np.ndarray, rows: Rows) -> float:
    return relative_change(mine, theirs, crossed_weeks(rows.series, rows.dates), level=LEVEL).high


def upper_of_rows(mine: np.ndarray, theirs: np.ndarray, _: Rows) -> float:
    drawn = blocks(np.arange(mine.size))
    return ratio_interval(mine, theirs, drawn, level=2 * LEVEL - 1, resamples=200).high - 1


def upper_of_blocks(mine: np.ndarray, theirs: np.ndarray, rows: Rows) -> float:
    drawn = series_weeks(rows.series, rows.dates)
    return ratio_interval(mine, theirs, drawn, level=2 * LEVEL - 1, resamples=400).high - 1


def upper_of_crossed(mine: np.ndarray, theirs: np.ndarray, rows: Rows) -> float:
    drawn = crossed_weeks(rows.series, rows.dates)
    return ratio_interval(mine, theirs, drawn, level=2 * LEVEL - 1, resamples=400).high - 1


METHODS: dict[str, Upper] = {
    "gates": upper_of_gates,
    "rows drawn": upper_of_rows,
    "series-weeks drawn": upper_of_blocks,
    "series and weeks drawn": upper_of_crossed,
}


def rate(world: World, effect: float, limit: float, how: tuple[Upper, int, int]) -> float:
    """How often the upper end stays below a limit: the method, the number of pairs, the seed."""
    upper, count, seed = how
    rows = rows_of(world)
    passed = [upper(mine.ravel(), theirs.ravel(), rows) < limit for mine, theirs in pairs(world, effect, count, seed)]
    return float(np.mean(passed))


SIGNATURE = Signature((Field("row", "int64"),))


def whole_set(task: Task, count: int, seed: int) -> dict[str, float]:
    """How often each gate passes an equal candidate, and all of them together, by the code that promotes."""
    world = World(task.weeks)
    rows = rows_of(world)
    policy = Gates(
        margin=task.margin,
        slice_margin=task.slice_margin,
        size=1.0,
        latency=1000.0,
        sign_off=True,
        holdout="h",
        loss="own",
    )
    kinds = np.array(["a", "b", "c", "d"])[rows.series % 4]
    rng = np.random.default_rng(seed + 1)
    passed: dict[str, int] = {}
    for mine, theirs in pairs(world, 0.0, count, seed):
        simple = 1.25 * theirs * np.exp(0.3 * rng.standard_normal(theirs.shape))
        holdout = Holdout(
            {"row": np.arange(mine.size)},
            {"y": np.zeros(mine.size)},
            rows.series,
            rows.dates,
            {"kind": kinds},
            {"loss": simple.ravel()},
        )
        exam = Exam(holdout, lambda _, made: made["loss"], lambda *_: (HOLDS,) * 3, ("ada",))
        report = run_gates(contender(2, mine.ravel()), contender(1, theirs.ravel()), exam, policy)
        for gate in report.gates:
            passed[gate.name] = passed.get(gate.name, 0) + (gate.answer == "pass")
        passed["all gates"] = passed.get("all gates", 0) + report.passed
    return {name: many / count for name, many in passed.items()}


@dataclass(frozen=True)
class Holds:
    name: str = "holds"
    answer: str = "holds"
    passed: bool = True
    says: str = "0 of 10,000"


HOLDS = Holds()


def contender(number: int, losses: np.ndarray) -> Contender:
    def predict(columns: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        return {"loss": losses[columns["row"]]}

    samples = {"row": np.arange(3)}
    return Contender(
        "simulated", number, f"{number}" * 64, predict, SIGNATURE, Training("2023-12-31"), 1000, "", samples
    )


def harsher(weeks: int) -> dict[str, World]:
    return {name: replace(World(weeks), **changes) for name, changes in HARSHER.items()}
