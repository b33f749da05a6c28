"""What has to hold of a forecast, whatever its loss: checked on the inference pipeline, from raw rows to quantiles.

What `declared` returns needs raw rows alone, so that any package of this pipeline can be checked with it. What compares
with the panel, with what the models learned from or with what was sold is made by `of_panel`, `of_features` and
`of_outcomes`.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from features import Features
from folds import Plan
from leakage import without_future
from panel import SEASONS, Columns, Panel
from samples import Samples, targets
from weekday import SameWeekday
from windows import raw_rows

from mainspring.package import Pipeline
from mainspring.quality import (
    Allow,
    AnyProperty,
    Asked,
    Case,
    Changing,
    Domain,
    Keep,
    Made,
    Noise,
    Range,
    Replace,
    Verdict,
    bounded,
    check,
    consistent,
    directional,
    equivariant,
    holds,
    invariant,
    minimum_functionality,
    monotonic,
    no_worse_on,
    non_crossing,
    robust,
)

Floats = np.ndarray
Rows = Mapping[str, np.ndarray]
Predict = Callable[[dict[str, np.ndarray]], Mapping[str, Any]]
Build = Callable[[Panel, int, Plan], dict[str, np.ndarray]]
SHARE = 0.02
FLOOR = 1.0
MOST_TIMES = 10
MARGIN = 0.1
LEVELS = (0.25, 0.5, 0.75, 0.95)
EXACT = Allow(SHARE)
SEEN = Allow(SHARE, sources=("real",))


def within(size: float, worst: float, share: float = SHARE) -> Allow:
    """Shares of the forecast by which real rows may miss."""
    return Allow(share, size, worst, FLOOR, ("real",))


def day(rows: Rows) -> tuple[np.ndarray, np.ndarray]:
    """For each row its number, and the place of the day it asks about in vectors of what is known ahead."""
    return np.arange(len(rows["ahead"])), rows["units"].shape[1] - 1 + rows["ahead"].astype(np.int64)


def sells(rows: Rows) -> np.ndarray:
    """Open days, of series that sell enough for shares of a forecast to mean something."""
    recent = np.nan_to_num(rows["units"][:, -56:]).sum(axis=1) / 56
    return np.asarray((rows["open"][day(rows)] > 0) & (recent >= 2 * FLOOR))


def in_units(rows: Rows) -> list[str]:
    return ["units", *(name for name in rows if name.startswith("sales by "))]


def same_weekday(rows: Rows, season: int) -> np.ndarray:
    """(rows, L) which periods of the past are of the weekday that is forecast."""
    places = np.arange(rows["units"].shape[1])
    return np.asarray((places - day(rows)[1][:, None]) % season == 0)


def scaled(rows: Rows, random: np.random.Generator) -> dict[str, np.ndarray]:
    """All sales times one factor."""
    factor = np.exp(random.uniform(np.log(0.8), np.log(1.25), len(rows["ahead"])))
    return {name: rows[name] * factor[:, None] for name in in_units(rows)} | {"factor": factor}


def on_the_day(rows: Rows, name: str, value: float) -> dict[str, np.ndarray]:
    """What is known of the day that is forecast is another."""
    found = rows[name].copy()
    found[day(rows)] = value
    return {name: found}


def ahead_times(rows: Rows, name: str, factor: np.ndarray) -> dict[str, np.ndarray]:
    """What is known of all days ahead is so many times as large."""
    found = rows[name].copy()
    found[:, rows["units"].shape[1] :] *= factor[:, None]
    return {name: found}


def closed(rows: Rows, _: np.random.Generator) -> dict[str, np.ndarray]:
    return on_the_day(rows, "open", 0)


def no_history(rows: Rows, _: np.random.Generator) -> dict[str, np.ndarray]:
    return {"units": np.full_like(rows["units"], np.nan)}


def gaps(rows: Rows, random: np.random.Generator) -> dict[str, np.ndarray]:
    """A tenth of the days is not known."""
    return {"units": np.where(random.random(rows["units"].shape) < 0.1, np.nan, rows["units"])}


def unknown_texts(rows: Rows, _: np.random.Generator) -> dict[str, np.ndarray]:
    return {name: np.full(len(values), None, object) for name, values in rows.items() if values.dtype.kind == "O"}


def largest(rows: Rows) -> Floats:
    """The most that a forecast may be: ten times the largest sale of the series or of those like it."""
    return MOST_TIMES * (1 + np.max([np.nan_to_num(rows[name]).max(axis=1) for name in in_units(rows)], axis=0))


def declared(columns: Columns) -> tuple[AnyProperty, ...]:
    """The properties of forecasts of a table with these columns."""
    finite, season = {"q0.5": (0.0, np.inf)}, SEASONS[columns.frequency]

    def more_on_the_weekday(rows: Rows, _: np.random.Generator) -> dict[str, np.ndarray]:
        """Half as much again was always sold on the weekday that is forecast."""
        return {"units": np.where(same_weekday(rows, season), rows["units"] * 1.5, rows["units"])}

    cases = [
        Case("a closed day sells nothing", Changing(closed), {"q0.5": (0.0, 0.0), "q0.95": (0.0, 0.0)}),
        Case("a series without a history has a forecast", Changing(no_history), finite),
        Case("days that are not known are no reason to have none", Changing(gaps), finite),
        Case("nor are categories that there were not", Changing(unknown_texts), finite),
    ]
    found: list[AnyProperty] = [
        non_crossing("quantiles do not cross", (), allow=EXACT),
        bounded("forecasts are finite, not negative and within all bounds", 0, largest, allow=EXACT),
        consistent("a row is forecast alone as among others, and as its package says", allow=SEEN),
        minimum_functionality("what anybody knows", cases),
        equivariant(
            "all sales times a factor, the forecast times that factor",
            Changing(scaled, "factor", "together"),
            of=("q0.5",),
            where=sells,
            allow=within(0.03, 0.15),
        ),
        robust(
            "one per cent of noise moves the forecast little",
            Noise("units", 0.01),
            of=("q0.5",),
            where=sells,
            allow=within(0.08, 0.2, 0.05),
        ),
        directional(
            "more sold on a weekday, more forecast for it",
            Changing(more_on_the_weekday),
            (0.06, 1.0),
            of=("q0.5",),
            where=sells,
            allow=within(0.0, 0.05),
        ),
    ]
    if not columns.product:
        found.append(invariant("the number of a store does not matter", Replace(columns.store), allow=EXACT))
    if columns.promotion:
        found.append(_promoted(columns.promotion, season))
    if columns.price:
        found.append(_priced(columns.price))
    return tuple(found)


def _promoted(name: str, season: int) -> AnyProperty:
    """On weekdays that have had promotions, one more adds to the forecast; on others nobody knows what it would do."""

    def promoted(rows: Rows, _: np.random.Generator) -> dict[str, np.ndarray]:
        return on_the_day(rows, name, 1)

    def could_be(rows: Rows) -> np.ndarray:
        past = rows[name][:, : rows["units"].shape[1]]
        known = (np.nan_to_num(past) * same_weekday(rows, season)).sum(axis=1) >= 4
        return np.asarray(sells(rows) & known & (rows[name][day(rows)] == 0))

    return directional(
        "a promotion adds to the forecast",
        Changing(promoted),
        (0.001, 1.5),
        of=("q0.5",),
        where=could_be,
        allow=within(0.0, 0.05, 0.05),
    )


def _priced(name: str) -> AnyProperty:
    def dearer(rows: Rows, random: np.random.Generator) -> dict[str, np.ndarray]:
        return ahead_times(rows, name, random.uniform(1.1, 1.3, len(rows["ahead"])))

    return monotonic(
        "price up, demand not up",
        Changing(dearer),
        "down",
        of=("q0.5",),
        where=sells,
        allow=within(0.02, 0.15, 0.05),
    )


def series_of(panel: Panel, rows: Rows) -> np.ndarray:
    """For each row the place of its series in the panel."""
    names = {key: place for place, key in enumerate(zip(*panel.keys.values(), strict=True))}
    return np.array([names[key] for key in zip(*(rows[name].tolist() for name in panel.keys), strict=True)], np.int64)


def of_panel(panel: Panel, plan: Plan, build: Build = raw_rows) -> tuple[AnyProperty, ...]:
    """What can be said where the panel is known that rows were built from."""
    kept: dict[np.datetime64, dict[str, np.ndarray]] = {}

    def without(rows: Rows, _: np.random.Generator) -> dict[str, np.ndarray]:
        """The rows as they are built when nothing of what comes after the origin exists."""
        found, series = {name: values.copy() for name, values in rows.items()}, series_of(panel, rows)
        for origin in np.unique(rows["origin"]):
            if origin not in kept:
                place = int(np.searchsorted(panel.dates, origin))
                kept[origin] = build(without_future(panel, place, plan), place, plan)
            at = np.flatnonzero(rows["origin"] == origin)
            places = series[at] * plan.horizon + rows["ahead"][at] - plan.delay - 1
            for name, values in kept[origin].items():
                found[name][at] = values[places]
        return found

    def same(asked: Asked) -> np.ndarray:
        """Nothing of a row may differ: not only what is said of it."""
        blind = without(asked.inputs, np.random.default_rng(0))
        return np.asarray(np.all([_equal(values, blind[name]) for name, values in asked.inputs.items()], axis=0))

    return (holds("what is asked knows nothing of the future", same, Keep(), allow=SEEN),)


def _equal(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    differ = first != second
    if first.dtype.kind == "f":
        differ &= ~(np.isnan(first) & np.isnan(second))
    return np.asarray(~differ.reshape(len(first), -1).any(axis=1))


def of_features(samples: Samples, panel: Panel, plan: Plan, stage: Features) -> tuple[AnyProperty, ...]:
    """What can be said of the stage that makes features: checked on `stage.transform`."""
    texts = [name for name in stage.static if name in stage.labels]
    places = [stage.names.index(name) for name in texts]

    def learned(asked: Asked) -> np.ndarray:
        """By how much features differ from those that the models learned from, at the most."""
        rows, got = asked.inputs, asked.outputs["features"].astype(np.float32)
        origins = np.searchsorted(samples.origins, np.searchsorted(panel.dates, rows["origin"]))
        expected = samples.values[origins, series_of(panel, rows), rows["ahead"] - plan.delay - 1]
        with np.errstate(invalid="ignore"):
            apart = np.abs(got - expected)
        return np.where((got == expected) | (np.isnan(got) & np.isnan(expected)), 0.0, apart).max(axis=1)

    def told_apart(before: Asked, after: Asked) -> np.ndarray:
        first, second = (one.outputs["features"][:, places] for one in (before, after))
        return np.asarray((first != second).all(axis=1))

    found: list[AnyProperty] = [holds("features are those that the models learned from", learned, Keep(), allow=SEEN)]
    if texts:
        unknown = Changing(lambda rows, _: {name: np.full(len(rows[name]), None, object) for name in texts})
        name = "no category that is known is taken for an unknown one"
        found.append(holds(name, told_apart, unknown, where=lambda rows: _known(rows, texts), allow=SEEN))
    return tuple(found)


def _known(rows: Rows, names: list[str]) -> np.ndarray:
    return np.array([None not in row for row in zip(*(rows[name].tolist() for name in names), strict=True)])


def of_outcomes(by: str, panel: Panel) -> AnyProperty:
    """No slice is worse than what the last weeks alone say of it; of `outcomes["units"]`, NaN where nothing counts."""
    simple = SameWeekday(8, 16, LEVELS, panel.season, 1)

    def loss(_: Rows, outputs: Rows, outcomes: Rows) -> Floats:
        forecast = np.stack([outputs[f"q{level:g}"] for level in LEVELS], axis=1)
        over = outcomes["units"][:, None] - forecast
        with np.errstate(invalid="ignore"):
            return np.maximum(np.array(LEVELS) * over, (np.array(LEVELS) - 1) * over).mean(axis=1)

    def baseline(inputs: Rows, outcomes: Rows) -> Floats:
        return loss(inputs, simple.transform(inputs), outcomes)

    name = f"no {by} is worse off than with the last weeks alone"
    return no_worse_on(name, by, loss, margin=MARGIN, against=baseline, cluster=lambda rows: series_of(panel, rows))


def domain(fitted: Pipeline) -> Domain:
    """What raw rows may be: what the signature declares, histories of all sizes, days that are open or closed."""
    shapes = {field.name: field.shape for field in fitted.signature.fields}

    def histories(random: np.random.Generator, count: int) -> Floats:
        level = np.exp(random.uniform(0, np.log(1e6), (count, 1)))
        weekday = random.gamma(4, 0.25, (count, 7))
        days = np.arange(shapes["units"][0])
        return level * weekday[:, days % 7] * random.gamma(9, 1 / 9, (count, len(days)))

    def opened(random: np.random.Generator, count: int) -> Floats:
        return (random.random((count, *shapes["open"])) < 0.86).astype(float)

    ranges: dict[str, Range] = {"units": Made(histories), "open": Made(opened)}
    return Domain.of(fitted.signature, ranges)


@dataclass(frozen=True)
class Subject:
    """What is checked, and what is known beside it.

    Attributes:
        fitted: The inference pipeline.
        panel: What rows are built from.
        samples: What the models learned from.
        plan: How the time is cut.
        origin: The origin that the models were fitted at: what was sold afterwards is new to them.
        columns: Which column of the table holds what.
        build: Builds raw rows of a panel at an origin.
    """

    fitted: Pipeline
    panel: Panel
    samples: Samples
    plan: Plan
    origin: int
    columns: Columns
    build: Build = raw_rows


def rows_to_ask(subject: Subject, count: int) -> dict[str, np.ndarray]:
    """Raw rows of the newest origins: of each series as many days of each as are needed, drawn at random."""
    panel, samples, plan = subject.panel, subject.samples, subject.plan
    random = np.random.default_rng(0)
    origins = [int(one) for one in samples.origins[::-1] if one >= plan.reach]
    each = min(plan.horizon, -(-count // (len(panel.series) * len(origins))))
    parts = []
    for origin in origins[: -(-count // (len(panel.series) * each))]:
        raw = subject.build(panel, origin, plan)
        drawn = np.argsort(random.random((len(panel.series), plan.horizon)), axis=1)[:, :each]
        at = (np.arange(len(panel.series))[:, None] * plan.horizon + drawn).ravel()
        parts.append({name: values[at] for name, values in raw.items()})
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def examine(
    subject: Subject, budget: int, again: Predict | None = None, only: str | None = None
) -> tuple[Verdict, ...]:
    """Verdicts on all that has to hold: of the pipeline, of its features, and of slices on days it did not know.

    Args:
        subject: What is checked.
        budget: How many rows are asked for each property.
        again: The pipeline after the round trip of its package.
        only: The name of one property, when nothing else is asked.
    """

    def wanted(properties: Iterable[AnyProperty]) -> tuple[AnyProperty, ...]:
        return tuple(one for one in properties if only in (None, one.name))

    panel, plan, fitted = subject.panel, subject.plan, subject.fitted
    rows = rows_to_ask(subject, budget // 2)
    slices = {name: rows[name] for name in panel.static if name in panel.labels and name not in panel.keys}
    asked = wanted((*declared(subject.columns), *of_panel(panel, plan, subject.build)))
    found = check(asked, fitted.predict, rows, domain=domain(fitted), budget=budget, slices=slices, again=again)
    stage = fitted.stages["features"]
    learned = wanted(of_features(subject.samples, panel, plan, stage))
    found += check(learned, stage.transform, rows, budget=budget)
    units, counts = targets(panel, subject.origin, plan)
    outcomes = {"units": np.where(counts, units, np.nan).ravel()}
    last = subject.build(panel, subject.origin, plan)
    slicing = wanted(of_outcomes(name, panel) for name in slices)
    return found + check(slicing, fitted.predict, last, outcomes=outcomes, budget=2)
