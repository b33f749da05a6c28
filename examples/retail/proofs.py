"""What the steps can show for themselves: checks that are also run on faults that are planted on purpose.

Each is evidence for one test of the ML Test Score; `mainspring testscore --evidence` shows them all.
"""

import shutil
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import mkdtemp

import checks
import evaluation
import numpy as np
import polars as pl
from choosing import Chosen
from evaluation import DEFAULT, Scored
from features import Named, build
from folds import Fold, Plan
from inference import forecast_at
from leakage import features_at, leaks
from panel import Columns, Panel
from windows import cut

from mainspring import evidence, quality, stats
from mainspring.charts import Axis
from mainspring.package import Package, Pipeline, load

Floats = np.ndarray
Forecasts = list[tuple[Floats, np.ndarray]]
Slice = tuple[str, str, np.ndarray]

SERIES = 3
SECONDS, SECONDS_A_SERIES = 0.2, 0.005
WORST_RATIO, FEWEST_ROWS = 1.1, 100
WORST_AGED, FEWEST_MOVED = 1.25, 0.1
REGION, REGION_BEHIND, FEWEST_OF_REGION = "State", 0.03, 20


def of_table(table: pl.DataFrame, columns: Columns, horizon: int) -> None:
    """The contract of the table."""
    target, store = pl.col(columns.target), pl.col(columns.store)

    def keeps_contract(given: pl.DataFrame) -> None:
        checks.validate(given, columns, horizon)

    evidence(
        "data.expectations",
        "the contract of the table of sales",
        keeps_contract,
        table,
        faults={
            "a day with less than nothing sold": lambda table: table.with_columns(-target - 1),
            "a day that is there twice": lambda table: pl.concat([table, table.head(1)]),
            "rows of no store": lambda table: table.with_columns(pl.when(store == store.first()).then(store)),
            "no sales at all": lambda table: table.drop(columns.target),
        },
        says=f"{table.height:,} rows",
    )


def of_features(panel: Panel, fold: Fold, plan: Plan) -> None:
    """What features may see, what they are, and what they cost."""

    def sees_no_future(features: Callable[[Panel, int, Plan], Named]) -> str:
        return ", ".join(leaks(panel, [fold], plan, features))

    def leaking(panel: Panel, origin: int, plan: Plan) -> Named:
        late = panel.units[:, origin + 1 - panel.season : origin + 2]
        return features_at(panel, origin, plan) | {"recent": np.nan_to_num(late).mean(axis=1)}

    evidence(
        "data.policy",
        "features see no sales after the origin",
        sees_no_future,
        features_at,
        faults={
            "a feature that sees the day after": lambda _: leaking,
            "features that ignore the delay": lambda features: (
                lambda panel, origin, plan: features(panel, origin + plan.delay, plan)
            ),
        },
    )

    def at(origin: int) -> Named:
        return build(cut(panel, origin, plan.delay, plan.horizon), relative=False)[0]

    evidence(
        "data.feature-code",
        "sales on the same weekday are what a loop over days says",
        lambda make: _same_as_loop(make(fold.origin)["same weekday 4"], panel, fold.origin, plan),
        at,
        faults={
            "a lag that is off by one day": lambda make: lambda origin: make(origin - 1),
            "a lag of another series": lambda make: (
                lambda origin: {name: np.roll(values, 1, axis=0) for name, values in make(origin).items()}
            ),
        },
        says=f"{SERIES} series, {plan.horizon} days",
    )
    limit = SECONDS + SECONDS_A_SERIES * len(panel.series)
    evidence(
        "data.cost",
        "features of one origin cost little",
        lambda make: _seconds(make, fold.origin) <= limit,
        at,
        faults={"a feature that takes too long": lambda make: lambda origin: (_burn(limit), make(origin))[1]},
        says=f"at most {limit:.2g} s of a processor for {len(panel.series)} series",
    )


def _same_as_loop(found: Floats, panel: Panel, origin: int, plan: Plan) -> bool:
    sold = np.where(panel.open, panel.units, np.nan)
    for series in range(min(SERIES, len(panel.series))):
        for place, target in enumerate(range(origin + 1 + plan.delay, origin + 1 + plan.reach)):
            same = [day for day in range(origin + 1) if (target - day) % panel.season == 0][-4:]
            values = [sold[series, day] for day in same if not np.isnan(sold[series, day])]
            expected = sum(values) / len(values) if values else np.nan
            if not np.isclose(found[series, place], expected, rtol=1e-5, equal_nan=True):
                return False
    return True


def _seconds(make: Callable[[int], Named], origin: int) -> float:
    start = time.process_time()
    make(origin)
    return time.process_time() - start


def _burn(seconds: float) -> None:
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


def of_forecasts(chosen: Sequence[Chosen], fitted: Pipeline, panel: Panel, plan: Plan) -> None:
    """What holds for any forecast that is not broken; what is packaged says what was scored."""
    given = [(one.forecast, panel.open[:, one.fold.start : one.fold.end]) for one in chosen]

    def is_sound(forecasts: Forecasts) -> str:
        for values, open_ in forecasts:
            if (np.diff(values, axis=-1) < 0).any():
                return "quantiles cross"
            if (values != np.rint(values)).any() or (values < 0).any():
                return "forecasts are not whole, or negative"
            if values[~open_].any():
                return "something is forecast for closed days"
        return ""

    evidence(
        "infrastructure.quality-gate",
        "a broken forecast stops the run",
        is_sound,
        given,
        faults={
            "quantiles in the wrong order": lambda all_: [(values[..., ::-1], open_) for values, open_ in all_],
            "fractions of a unit": lambda all_: [(values + 0.5, open_) for values, open_ in all_],
            "sales on closed days": lambda all_: [(values + 1, np.zeros_like(open_)) for values, open_ in all_],
        },
    )
    last = chosen[-1]
    evidence(
        "monitoring.skew",
        "the inference pipeline says what was evaluated",
        lambda say: np.array_equal(say(last.fold.origin), last.forecast),
        lambda origin: forecast_at(fitted, panel, origin, plan),
        faults={"features of the day before": lambda say: lambda origin: say(origin - 1)},
        says=f"{last.forecast.size:,} quantiles",
    )


def of_quality(scored: Scored, panel: Panel) -> None:
    """Better than what is simple, and nowhere much worse."""
    here = scored.only(scored.open)
    losses = {name: here.losses(name).mean(axis=1) for name in here.methods}
    best = min(here.baselines, key=lambda name: losses[name].mean())
    drawn = evaluation.clusters(here, panel)

    def beats(name: str) -> str:
        found = stats.paired_bootstrap(losses[name] - losses[best], drawn)
        high = np.inf if isinstance(found, stats.NotApplicable) else found.high
        return "" if high < 0 else f"its loss is up to {high:.4g} above that of {best}"

    evidence(
        "model.baseline",
        "better than the best baseline, by its interval",
        beats,
        DEFAULT,
        faults={"a model that repeats the last week": lambda _: "week ago"},
        says=f"loss {losses[DEFAULT].mean():.4g}, {best} {losses[best].mean():.4g}",
    )
    slices = _slices(here, panel, FEWEST_ROWS)
    places = [f"{column} {label}" for column, label, _ in slices]

    def ratios(losses_of: Floats) -> Floats:
        return np.array([losses_of[rows].mean() / losses[best][rows].mean() for _, _, rows in slices])

    found = ratios(losses[DEFAULT])
    worst = int(found.argmax())
    spoiled = np.where(slices[worst][2], 3 * losses[DEFAULT], losses[DEFAULT])
    evidence(
        "model.slices",
        "no slice is much worse than the best baseline there",
        lambda losses_of: bool(ratios(losses_of).max() <= WORST_RATIO),
        losses[DEFAULT],
        faults={f"three times the loss where {places[worst]}": lambda _: spoiled},
        says=f"{places[worst]}: {found[worst]:.3f} times the loss of {best}, {slices[worst][2].sum():,} rows",
    )
    _of_regions(here, panel, [one for one in _slices(here, panel, FEWEST_OF_REGION) if one[0] == REGION])


def _of_regions(here: Scored, panel: Panel, regions: Sequence[Slice]) -> None:
    """Whoever lives in one region finds goods on the shelf as often as in another."""
    if len(regions) < 2:
        return
    high = int(np.abs(np.asarray(here.levels) - 0.95).argmin())
    drawn = [evaluation.clusters(here.only(rows), panel) for _, _, rows in regions]

    def treats_one_worse(stocked: Floats) -> str:
        lasted = (here.actual <= stocked).astype(float)
        for (_, label, rows), clusters in zip(regions, drawn, strict=True):
            found = stats.paired_bootstrap(lasted[rows] - lasted.mean(), clusters)
            if not isinstance(found, stats.NotApplicable) and found.high < -REGION_BEHIND:
                return f"{label}: goods last on {lasted[rows].mean():.1%} of the days, in all on {lasted.mean():.1%}"
        return ""

    stocked = here.forecast[DEFAULT][:, high]
    lasted = {label: float((here.actual <= stocked)[rows].mean()) for _, label, rows in regions}
    least, most = min(lasted, key=lasted.__getitem__), max(lasted, key=lasted.__getitem__)
    _, largest, there = max(regions, key=lambda one: one[2].sum())
    evidence(
        "model.inclusion",
        f"goods last as often in each {REGION}",
        treats_one_worse,
        stocked,
        faults={f"a third less for {largest}": lambda stocked: np.where(there, stocked * 2 / 3, stocked)},
        says=f"on {lasted[least]:.1%} of the days in {least} to {lasted[most]:.1%} in {most}",
    )


def _slices(here: Scored, panel: Panel, least: int) -> list[Slice]:
    """The rows of each value of each column that does not change within a series, and of each weekday."""
    columns = {
        name: np.array([*texts, "none"])[panel.static[name].astype(int)][here.series]
        for name, texts in panel.labels.items()
        if name in panel.static and name not in panel.keys
    }
    if panel.season > 1:
        days = (panel.dates[here.period].astype("datetime64[D]").astype(np.int64) + 3) % 7
        columns["weekday"] = np.array(["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"])[days]
    columns = columns or {"all": np.full(len(here.actual), "rows")}
    found = [(name, str(one), labels == one) for name, labels in columns.items() for one in np.unique(labels)]
    return [one for one in found if one[2].sum() >= least] or found


def of_age(losses: Mapping[float, Floats], clusters: stats.Clusters, time: str) -> None:
    """What older training data costs on the same days is known, and bearable."""
    oldest = max(losses)

    def worst(losses_of: Mapping[float, Floats]) -> float:
        curve = quality.staleness(losses_of, clusters, axis=Axis("age", time))
        return max(one.ratio for one in curve.points)

    evidence(
        "model.staleness",
        "a model of older data loses little more on the newest days",
        lambda losses_of: bool(worst(losses_of) <= WORST_AGED),
        losses,
        faults={"a model that is far too old": lambda losses_of: {**losses_of, oldest: 2 * losses_of[oldest]}},
        says=f"{oldest:g} {time} older: {losses[oldest].mean() / losses[0].mean():.3f} times the loss",
    )


def of_inputs(found: quality.Importance) -> None:
    """Every input that differs between rows is used, and the forecast is not better without it."""

    def is_in_vain(one: quality.GroupImportance) -> bool:
        return one.moved >= FEWEST_MOVED and (not one.used or one.increase.high < 0)

    def not_earned(groups: Sequence[quality.GroupImportance]) -> str:
        return ", ".join(one.name for one in groups if is_in_vain(one))

    first = found.groups[0]
    harm = replace(first, name="noise", increase=replace(first.increase, low=-2.0, high=-1.0))
    evidence(
        "data.benefit",
        "every input is used, and none does harm",
        not_earned,
        found.groups,
        faults={
            "an input that no forecast depends on": lambda groups: [*groups, replace(first, name="noise", used=False)],
            "an input without which it is better": lambda groups: [*groups, harm],
        },
        says=f"{first.name} is worth most: {first.increase.estimate / found.loss:+.1%} loss without it",
    )


def of_package(package: Package, sources: Collection[str], raw: Mapping[str, np.ndarray]) -> None:
    """It loads as a service loads it, refuses what does not fit, and says nothing that is no number."""
    evidence(
        "infrastructure.canary",
        "the package loads, and repeats its golden samples",
        lambda path: load(path, trust=sources).parity.ok,
        Path(package.path),
        faults={
            "a byte of a stage that changed": lambda path: _damaged(path, "stages"),
            "golden samples that are cut off": lambda path: _damaged(path, "golden.arrow"),
        },
    )
    loaded = load(package.path, trust=sources)
    few = {name: values[:50] for name, values in raw.items()}
    evidence(
        "monitoring.invariants",
        "requests fit the signature",
        lambda rows: len(loaded.predict(rows)) > 0,
        few,
        faults={
            "a day that is too far ahead": lambda rows: rows | {"ahead": rows["ahead"] * 0 + 10_000},
            "a column that is not there": lambda rows: {name: rows[name] for name in rows if name != "open"},
            "half of the history": lambda rows: rows | {"units": rows["units"][:, ::2]},
        },
    )
    evidence(
        "monitoring.numerics",
        "forecasts are finite",
        lambda made: all(np.isfinite(values).all() for name, values in made.items() if name != "date"),
        loaded.predict(few),
        faults={
            f"{value} among the forecasts": lambda made, value=value: made | {"spoiled": np.array([1.0, value])}
            for value in (np.nan, np.inf)
        },
    )


def _damaged(path: Path, part: str) -> Path:
    """A copy of a package of which the last byte of a part is another."""
    copy = Path(shutil.copytree(path, Path(mkdtemp()) / path.name))
    place = copy / part
    file = max(place.iterdir(), key=lambda one: one.stat().st_size) if place.is_dir() else place
    content = file.read_bytes()
    file.chmod(0o644)
    file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    return copy
