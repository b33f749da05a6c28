"""Two models and a holdout whose losses are known, for gates."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np

from mainspring.config.gates import Gates
from mainspring.package import Field, Signature, Training
from mainspring.quality import Contender, Exam, Holdout, Report, run_gates

SERIES, WEEKS = 24, 10


def is_small(series: np.ndarray) -> np.ndarray:
    return (series >= 12) & (series < 16)


SIGNATURE = Signature((Field("row", "int64"),), outputs=(Field("y"),))
POLICY = Gates(holdout="holdout", loss="absolute", margin=0.05, slice_margin=0.2, slice_series=4)


def holdout(*, weeks: int = WEEKS, simple: float = 2.0, first: str = "2025-01-06") -> Holdout:
    """Rows of 24 series over weeks; all outcomes are zero, so that a prediction is its loss."""
    days = np.datetime64(first) + np.arange(7 * weeks)
    series = np.repeat(np.arange(SERIES), days.size)
    rows = np.arange(series.size)
    baseline = {"y": simple * _noise(rows.size, 3)}
    slices = {"kind": np.array(["big", "small", "tiny"])[np.select([is_small(series), series >= 22], [1, 2], 0)]}
    return Holdout({"row": rows}, {"y": np.zeros(rows.size)}, series, np.tile(days, SERIES), slices, baseline)


def _noise(size: int, seed: int) -> np.ndarray:
    return np.exp(0.2 * np.random.default_rng(seed).standard_normal(size))


def contender(number: int, loss: float = 1.0, **changes) -> Contender:
    """A model that loses that much on average; `where` and `there` give other losses in some series."""
    where, there = changes.pop("where", None), changes.pop("there", loss)
    rows = SERIES * 7 * WEEKS
    series = np.repeat(np.arange(SERIES), 7 * WEEKS)
    level = np.full(rows, loss) if where is None else np.where(where(series), there, loss)
    made = level * _noise(rows, number)

    def predict(columns: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        return {"y": made[columns["row"]]}

    samples = {"row": np.arange(3)}
    training = Training("2025-01-05")
    told = Contender("shop", number, f"{number}" * 64, predict, SIGNATURE, training, 1 << 20, "", samples)
    return replace(told, **changes)


def verdict(name: str = "monotonic in price", *, passed: bool = True) -> SimpleNamespace:
    return SimpleNamespace(
        name=name,
        passed=passed,
        answer="holds" if passed else "broken",
        says="0 of 10,000" if passed else "312 of 10,000, worst 4.1",
    )


def loss(outcomes, made):
    return np.abs(made["y"] - outcomes["y"])


def judged(candidate: Contender, champion: Contender | None, policy: Gates = POLICY, **exam) -> Report:
    told = {"holdout": holdout(), "loss": loss, **exam}
    return run_gates(candidate, champion, Exam(**told), policy)


def with_policy(**changes) -> Gates:
    return Gates(**{**vars(POLICY), **changes})
