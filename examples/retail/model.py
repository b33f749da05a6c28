"""LightGBM models of quantiles of what will be sold.

A model learns sales over the level of the series, and rows weigh what the level is: the loss is then that in units,
and large and small series teach each other. Or it learns units, which serves the tails of series that sell little.
What several models say is averaged.
"""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from calibration import settle, together
from folds import Plan, train_origins
from panel import Panel
from samples import Samples, targets

from mainspring import Meta

Floats = np.ndarray


@dataclass(frozen=True)
class Settings:
    """What LightGBM is told.

    Attributes:
        objective: Quantiles; or `tweedie`, one model of the mean whose calibration makes the quantiles.
        relative: Whether features in units are divided by the level of the series.
        learn: What each of the models that are averaged learns: sales over the level of the series, or units. Each
            learns from origins that lie between those of the others.
        start: What trees are added to: one number, or the usual quantile of the weekday.
        rounds: Trees.
        rate: Learning rate.
        leaves: Leaves of a tree.
        least: Fewest rows of a leaf.
        beyond: Fewest rows of a leaf on the far side of its quantile: leaves of the tails are larger.
        columns: Share of the features that a tree sees.
        rows: Share of the rows that a tree sees.
        bins: Bins of a feature.
        stride: Periods between the origins that rows are made at.
        halflife: Periods after which a row counts half; 0 for all alike.
        seeds: Models that are averaged, for each that `learn` names.
    """

    objective: Literal["quantile", "tweedie"] = "quantile"
    relative: bool = True
    learn: tuple[Literal["level", "units"], ...] = ("level",)
    start: Literal["constant", "usual"] = "constant"
    rounds: Annotated[int, Meta(ge=1)] = 200
    rate: Annotated[float, Meta(gt=0, le=1)] = 0.08
    leaves: Annotated[int, Meta(ge=2)] = 31
    least: Annotated[int, Meta(ge=1)] = 60
    beyond: Annotated[int, Meta(ge=1)] = 5
    columns: Annotated[float, Meta(gt=0, le=1)] = 0.5
    rows: Annotated[float, Meta(gt=0, le=1)] = 0.7
    bins: Annotated[int, Meta(ge=2, le=255)] = 63
    stride: Annotated[int, Meta(ge=1)] = 14
    halflife: Annotated[int, Meta(ge=0)] = 0
    seeds: Annotated[int, Meta(ge=1)] = 1

    def __post_init__(self) -> None:
        if not self.learn:
            raise ValueError('Nothing is to be learned: name "level", "units" or both in `model.learn`')
        if self.stride % len(self.learn):
            raise ValueError(
                f"A stride of {self.stride} cannot be divided among {len(self.learn)} models: give a multiple"
            )
        if self.objective == "tweedie" and self.start == "usual":
            raise ValueError(
                'Trees of a mean cannot start from quantiles: with objective = "tweedie" use start = "constant"'
            )

    @property
    def over_level(self) -> tuple[bool, ...]:
        """For each of the models that are averaged whether it learns sales over the level of the series."""
        return tuple(what == "level" for what in self.learn for _ in range(self.seeds))

    @property
    def step(self) -> int:
        """Periods between the origins of all models together."""
        return self.stride // len(self.learn)


@dataclass(frozen=True)
class Job:
    """One model to train: at which origin, on how many periods, how."""

    origin: int
    train: int
    settings: Settings
    curve: bool = False
    keep: bool = False


@dataclass(frozen=True)
class Fit:
    """What a trained model says at its origin.

    Attributes:
        job: How it was trained.
        rows: Rows that it learned from.
        forecast: (S, H, Q) quantiles in units, ascending, neither calibrated nor rounded.
        curve: (number of trees, forecast) with fewer trees.
        gain: (Q, F) importance of the features.
        models: For each quantile its models as LightGBM's text, `seeds` of each that `learn` names; only of jobs that
            say so.
    """

    job: Job
    rows: int
    forecast: Floats
    curve: tuple[tuple[int, Floats], ...]
    gain: Floats
    models: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Rows:
    """N rows to learn from; `start` (N, Q) is what trees are added to."""

    features: Floats
    label: Floats
    weight: Floats
    start: Floats


def rows_of(job: Job, panel: Panel, samples: Samples, plan: Plan, part: int = 0) -> Rows:
    """The rows that a job learns from: targets are known at its origin, and not older than its training periods.

    `part` is a place in `Settings.learn`.
    """
    parts: list[tuple[Floats, ...]] = []
    learn = job.settings.learn
    for origin in train_origins(job.origin, plan, job.settings.stride, part, len(learn)):
        period = origin + 1 + plan.delay + np.arange(plan.horizon)
        units, counts = targets(panel, origin, plan)
        keep = counts & (period <= job.origin) & (period > job.origin - job.train)
        place = samples.place(origin)
        age = job.origin - np.broadcast_to(period, keep.shape)[keep]
        recent = 0.5 ** (age / job.settings.halflife) if job.settings.halflife else np.ones(len(age))
        level = np.repeat(samples.level[place][:, None], plan.horizon, 1)[keep]
        unit = level if learn[part] == "level" else np.ones_like(level)
        start = samples.usual[place][keep] / unit[:, None]
        parts.append((samples.values[place][keep], units[keep] / unit, recent * unit, start))
    if not sum(len(part[1]) for part in parts):
        raise ValueError(f"No row is left to train on at the origin {panel.dates[job.origin]}: give more history")
    features, label, weight, start = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Rows(features, label, weight.astype(np.float32), start)


def train(job: Job, panel: Panel, samples: Samples, plan: Plan, levels: list[float]) -> Fit:
    settings, place = job.settings, samples.place(job.origin)
    counts, trained = 0, []
    for part in range(len(settings.learn)):
        known = rows_of(job, panel, samples, plan, part)
        counts += len(known.label)
        trained.append(_boosters(known, settings, levels, part))
    groups = [[one for group in column for one in group] for column in zip(*trained, strict=True)]
    level = samples.level[place].astype(np.float64)
    units = [level if relative else np.ones_like(level) for relative in settings.over_level]
    start = samples.usual[place].astype(np.float64) if settings.start == "usual" else 0.0
    rows = samples.values[place].reshape(-1, len(samples.names))

    def forecast(trees: int) -> Floats:
        said = [[one.predict(rows, num_iteration=trees, num_threads=1) for one in group] for group in groups]
        shape = (len(groups), len(units), len(level), plan.horizon)
        return settle(together(np.reshape(said, shape), [unit[:, None] for unit in units], start), len(levels))

    few = [max(1, settings.rounds * part // 8) for part in (1, 2, 4, 6, 8)] if job.curve else []
    return Fit(
        job=job,
        rows=counts,
        forecast=forecast(settings.rounds),
        curve=tuple((count, forecast(count)) for count in few),
        gain=np.array([np.sum([_gain(one) for one in group], 0) for group in groups]),
        models=tuple(tuple(one.model_to_string() for one in group) for group in groups) if job.keep else (),
    )


def _gain(booster: Any) -> Floats:
    """(F,) importance of the features, of which each model has one in all: models of units are not the louder ones."""
    gain = booster.feature_importance("gain")
    return np.asarray(gain / max(gain.sum(), 1e-12))


def _boosters(known: Rows, settings: Settings, levels: list[float], part: int) -> list[list[Any]]:
    """For each level the models of one part; of a mean there is one for all levels."""
    import lightgbm

    data = lightgbm.Dataset(
        known.features,
        known.label,
        weight=known.weight,
        params={"max_bin": settings.bins, "feature_pre_filter": False, "verbose": -1, "num_threads": 1},
        free_raw_data=False,
    )
    found = []
    for column, level in enumerate(levels if settings.objective == "quantile" else levels[:1]):
        data.set_init_score(known.start[:, column] if settings.start == "usual" else None)
        seeds = range(part * settings.seeds, (part + 1) * settings.seeds)
        found.append([lightgbm.train(_parameters(settings, level, seed), data, settings.rounds) for seed in seeds])
    return found


def _parameters(settings: Settings, level: float, seed: int) -> dict[str, Any]:
    aim = {"alpha": level} if settings.objective == "quantile" else {"tweedie_variance_power": 1.2}
    return {
        "objective": settings.objective,
        **aim,
        "learning_rate": settings.rate,
        "num_leaves": settings.leaves,
        "min_data_in_leaf": max(settings.least, round(settings.beyond / min(level, 1 - level))),
        "feature_fraction": settings.columns,
        "bagging_fraction": settings.rows,
        "bagging_freq": 1,
        "max_bin": settings.bins,
        "seed": 1 + seed,
        "deterministic": True,
        "force_col_wise": True,
        "num_threads": 1,
        "verbose": -1,
    }
