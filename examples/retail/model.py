"""LightGBM models of quantiles of what will be sold.

With `relative`, a model learns sales over the level of the series, and rows weigh what the level is: the loss is then
that in units, and large and small series teach each other. Where a series sells little, high quantiles over its level
are noise: `units` says how much of the forecast at each level comes from a model that learns units.
"""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from calibration import in_units, settle
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
        relative: Whether sales are learned over the level of the series.
        units: For each quantile the share of models of units in the forecast, the rest being over the level of the
            series; empty: none.
        smoothed: For each quantile the share of that of a smoothed level (`features.smoothed`) in the forecast; empty:
            none. What one series alone says, when what all of them say of a tail does not hold for it.
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
        seeds: Models that are averaged.
    """

    objective: Literal["quantile", "tweedie"] = "quantile"
    relative: bool = True
    units: tuple[float, ...] = ()
    smoothed: tuple[float, ...] = ()
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
        if self.units and not (self.relative and self.objective == "quantile"):
            raise ValueError(
                "`model.units` are shares beside models over the level: "
                'use relative = true and objective = "quantile", or leave it empty'
            )
        for name, shares in {"units": self.units, "smoothed": self.smoothed}.items():
            if not all(0 <= share <= 1 for share in shares):
                raise ValueError(f"`model.{name}` are shares from 0 to 1, not {shares}")
        if self.objective == "tweedie" and self.start == "usual":
            raise ValueError(
                'Trees of a mean cannot start from quantiles: with objective = "tweedie" use start = "constant"'
            )

    @property
    def scales(self) -> tuple[bool, ...]:
        """Of each set of features and models whether it is over the level; the second one is that of `units`."""
        return (self.relative, False) if self.units else (self.relative,)

    def shares(self, count: int) -> tuple[tuple[float, ...], ...]:
        """For each of so many quantiles the share of each scale."""
        self.check_count("units", self.units, count)
        return tuple((1 - share, share) for share in self.units) or ((1.0,),) * count

    def check_count(self, name: str, shares: tuple[float, ...], count: int) -> None:
        """Shares are either none or one for each quantile."""
        if shares and len(shares) != count:
            raise ValueError(f"`model.{name}` has {len(shares)} shares for {count} quantiles: give one for each")


@dataclass(frozen=True)
class Job:
    """One model to train: at which origin, on how many periods, how; `newest` is a later origin that it is tried at."""

    origin: int
    train: int
    settings: Settings
    curve: bool = False
    keep: bool = False
    newest: int | None = None


@dataclass(frozen=True)
class Fit:
    """What a trained model says at its origin.

    Attributes:
        job: How it was trained.
        rows: Rows that it learned from.
        forecast: (S, H, Q) quantiles in units, ascending, neither calibrated nor rounded.
        curve: (number of trees, forecast) with fewer trees.
        gain: (Q, F) importance of the features; a feature in units counts with that over the level.
        aged: What the model says at the later origin of its job, as `forecast`; None where it has none.
        models: For each quantile and scale its models as LightGBM's text; only of jobs that say so.
    """

    job: Job
    rows: int
    forecast: Floats
    curve: tuple[tuple[int, Floats], ...]
    gain: Floats
    aged: Floats | None
    models: tuple[tuple[tuple[str, ...], ...], ...]


@dataclass(frozen=True)
class Rows:
    """N rows to learn from; `start` (N, Q) is what trees are added to."""

    features: Floats
    label: Floats
    weight: Floats
    start: Floats


def rows_of(job: Job, panel: Panel, samples: Samples, plan: Plan, scale: int = 0) -> Rows:
    """The rows that a job learns from: targets are known at its origin, and not older than its training periods.

    `scale` is a place in `Settings.scales`.
    """
    parts: list[tuple[Floats, ...]] = []
    for origin in train_origins(job.origin, plan, job.settings.stride):
        period = origin + 1 + plan.delay + np.arange(plan.horizon)
        units, counts = targets(panel, origin, plan)
        keep = counts & (period <= job.origin) & (period > job.origin - job.train)
        place = samples.place(origin)
        age = job.origin - np.broadcast_to(period, keep.shape)[keep]
        recent = 0.5 ** (age / job.settings.halflife) if job.settings.halflife else np.ones(len(age))
        level = np.repeat(samples.level[place][:, None], plan.horizon, 1)[keep]
        unit = level if job.settings.scales[scale] else np.ones_like(level)
        start = samples.usual[place][keep] / unit[:, None]
        parts.append((samples.features(scale)[place][keep], units[keep] / unit, recent * unit, start))
    if not sum(len(part[1]) for part in parts):
        raise ValueError(f"No row is left to train on at the origin {panel.dates[job.origin]}: give more history")
    features, label, weight, start = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Rows(features, label, weight.astype(np.float32), start)


def train(job: Job, panel: Panel, samples: Samples, plan: Plan, levels: list[float]) -> Fit:
    settings = job.settings
    modelled = levels if settings.objective == "quantile" else levels[:1]
    shares = settings.shares(len(modelled))
    settings.check_count("smoothed", settings.smoothed, len(levels))
    known = [rows_of(job, panel, samples, plan, scale) for scale in range(len(settings.scales))]
    trained = [
        boosters(rows, settings, modelled, [one[scale] > 0 for one in shares]) for scale, rows in enumerate(known)
    ]

    def forecast(trees: int, origin: int) -> Floats:
        place = samples.place(origin)
        rows = [samples.features(scale)[place] for scale in range(len(known))]
        level = np.repeat(samples.level[place].astype(np.float64)[:, None], plan.horizon, 1)
        start = samples.usual[place].astype(np.float64)
        smoothed = samples.smoothed[place][:, None].astype(np.float64)
        found = []
        for column, weights in enumerate(shares):
            said = [_said(groups[column], one, trees) for groups, one in zip(trained, rows, strict=True)]
            found.append(in_units(said, level, settings.scales, weights))
        raw = np.stack(found, -1) + (start[..., : len(found)] if settings.start == "usual" else 0.0)
        return settle(raw, smoothed, settings.smoothed)

    counts = [max(1, settings.rounds * part // 8) for part in (1, 2, 4, 6, 8)] if job.curve else []
    return Fit(
        job=job,
        rows=len(known[0].label),
        forecast=forecast(settings.rounds, job.origin),
        curve=tuple((count, forecast(count, job.origin)) for count in counts),
        gain=sum(samples.of_features(_gain(groups), scale) for scale, groups in enumerate(trained)),
        aged=None if job.newest is None else forecast(settings.rounds, job.newest),
        models=tuple(
            tuple(tuple(one.model_to_string() for one in groups[column]) for groups in trained)
            for column in range(len(modelled))
        )
        if job.keep
        else (),
    )


def _gain(groups: list[list[Any]]) -> Floats:
    """(Q, features of a scale) importance; zero where a level has no model."""
    width = next(one.num_feature() for group in groups for one in group)
    parts = [[one.feature_importance("gain") for one in group] for group in groups]
    return np.array([np.sum([np.zeros(width), *part], axis=0) for part in parts])


def _said(group: list[Any], rows: Floats, trees: int) -> Floats:
    """(S, H) mean of what the models of a group say of (S, H, F) features; zero without a model."""
    flat = rows.reshape(-1, rows.shape[-1])
    said = [one.predict(flat, num_iteration=trees, num_threads=1) for one in group]
    return np.mean(said or [np.zeros(len(flat))], axis=0).reshape(rows.shape[:2])


def boosters(known: Rows, settings: Settings, levels: list[float], wanted: list[bool]) -> list[list[Any]]:
    """For each level the models of one scale; none where the level wants none."""
    import lightgbm

    data = lightgbm.Dataset(
        known.features,
        known.label,
        weight=known.weight,
        params={"max_bin": settings.bins, "feature_pre_filter": False, "verbose": -1, "num_threads": 1},
        free_raw_data=False,
    )
    found: list[list[Any]] = []
    for column, level in enumerate(levels):
        data.set_init_score(known.start[:, column] if settings.start == "usual" else None)
        seeds = range(settings.seeds if wanted[column] else 0)
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
