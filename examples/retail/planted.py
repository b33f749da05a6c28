"""Twelve faults, each planted into the inference pipeline, and the property that is meant to catch each.

`python planted.py` plants them into the pipeline of the newest run, and tells what caught them; a fault of the price
needs a table with prices.
"""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from zlib import crc32

import numpy as np
from expected import Subject, examine
from folds import Plan
from panel import Columns, Panel
from windows import raw_rows

from mainspring.package import Pipeline

Made = dict[str, np.ndarray]
Rows = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Faulty:
    """A stage with something wrong before it, or after it. It tells of itself what the right stage tells."""

    stage: Any
    before: Callable[[Rows], Made] | None = None
    after: Callable[[Rows, Made], Made] | None = None

    def transform(self, columns: Rows) -> Made:
        given = columns if self.before is None else {**columns, **self.before(columns)}
        made = self.stage.transform(given)
        return made if self.after is None else {**made, **self.after(columns, made)}

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stage, name)


def _planted(subject: Subject, stage: str, **wrong: Any) -> Subject:
    stages = {**subject.fitted.stages, stage: Faulty(subject.fitted.stages[stage], **wrong)}
    return replace(subject, fitted=Pipeline(subject.fitted.signature, stages))


def _quantiles(made: Rows, factor: np.ndarray) -> Made:
    return {name: np.rint(values * factor) for name, values in made.items() if name.startswith("q")}


def wrong_sign_on_price(subject: Subject) -> Subject:
    """A price that is high is taken for one that is low."""
    names = subject.fitted.stages["features"].names
    places = [names.index(name) for name in ("price over usual", "price over last")]

    def after(_: Rows, made: Rows) -> Made:
        values = made["features"].copy()
        values[:, places] = 1 / values[:, places]
        return {"features": values}

    return _planted(subject, "features", after=after)


def leaked_target(subject: Subject) -> Subject:
    """The last day that is known is the mean of the days that are to be forecast."""

    def build(panel: Panel, origin: int, plan: Plan) -> Made:
        raw = raw_rows(panel, origin, plan)
        ahead = panel.units[:, origin + 1 : origin + 1 + plan.reach]
        known = np.maximum((~np.isnan(ahead)).sum(axis=1), 1)
        units = raw["units"].copy()
        units[:, -1] = np.repeat(np.nansum(ahead, axis=1) / known, plan.horizon)
        return raw | {"units": units}

    return replace(subject, build=build)


def _coded(subject: Subject, change: Callable[[tuple[str, ...]], tuple[str, ...]]) -> Subject:
    stage = subject.fitted.stages["features"]
    name = next(name for name in stage.static if name in stage.labels)
    labels = stage.labels | {name: change(stage.labels[name])}
    stages = {**subject.fitted.stages, "features": replace(stage, labels=labels)}
    return replace(subject, fitted=Pipeline(subject.fitted.signature, stages))


def swapped_categories(subject: Subject) -> Subject:
    """The first two categories of a column have each other's number."""
    return _coded(subject, lambda texts: (texts[1], texts[0], *texts[2:]))


def stale_encoder(subject: Subject) -> Subject:
    """The encoder was fitted before the last category of a column came up."""
    return _coded(subject, lambda texts: texts[:-1])


def frozen_feature(subject: Subject) -> Subject:
    """Promotions ahead are not read any more."""
    name = subject.columns.promotion

    def before(rows: Rows) -> Made:
        values = rows[name].copy()
        values[:, rows["units"].shape[1] :] = 0
        return {name: values}

    return _planted(subject, "features", before=before)


def off_by_one_lag(subject: Subject) -> Subject:
    """Sales are read a day late."""
    return _planted(subject, "features", before=lambda rows: {"units": np.roll(rows["units"], 1, axis=1)})


def crossed_quantiles(subject: Subject) -> Subject:
    """Two quantiles have each other's place."""
    return _planted(subject, "calibration", after=lambda _, made: {"q0.75": made["q0.95"], "q0.95": made["q0.75"]})


def float16_overflow(subject: Subject) -> Subject:
    """Forecasts are numbers of a type that ends at 65,504: no real row is so large."""

    def after(_: Rows, made: Rows) -> Made:
        with np.errstate(over="ignore"):
            return {name: values.astype(np.float16).astype(float) for name, values in made.items() if name != "date"}

    return _planted(subject, "calibration", after=after)


def id_that_matters(subject: Subject) -> Subject:
    """The name of a store moves what is forecast for it."""
    key = subject.columns.store

    def after(rows: Rows, made: Rows) -> Made:
        odd = np.array([crc32(str(one).encode()) % 7 for one in rows[key].tolist()])
        return _quantiles(made, 1 + 0.01 * odd)

    return _planted(subject, "calibration", after=after)


def batch_size_dependence(subject: Subject) -> Subject:
    """Levels are drawn a little towards the mean of what is asked at once."""
    return _planted(
        subject, "features", after=lambda _, made: {"level": 0.98 * made["level"] + 0.02 * made["level"].mean()}
    )


def unhandled_null(subject: Subject) -> Subject:
    """The mean of what was sold, where nothing is known of it, is no number."""

    def after(rows: Rows, made: Rows) -> Made:
        nothing = np.isnan(rows["units"][:, -56:]).all(axis=1)
        return {"level": np.where(nothing, np.nan, made["level"])}

    return _planted(subject, "features", after=after)


def bad_slice(subject: Subject) -> Subject:
    """Where most series are of one kind, theirs is forecast twice as high."""
    stage = subject.fitted.stages["features"]
    name = next(name for name in stage.static if name in stage.labels)
    most = stage.labels[name][int(np.bincount(subject.panel.static[name].astype(int)).argmax())]
    return _planted(
        subject, "calibration", after=lambda rows, made: _quantiles(made, np.where(rows[name] == most, 2.0, 1.0))
    )


FAULTS: dict[str, tuple[Callable[[Subject], Subject], str]] = {
    "wrong sign on price": (wrong_sign_on_price, "price up, demand not up"),
    "a leaked target": (leaked_target, "what is asked knows nothing of the future"),
    "swapped categories": (swapped_categories, "features are those that the models learned from"),
    "a frozen feature": (frozen_feature, "a promotion adds to the forecast"),
    "off-by-one lag": (off_by_one_lag, "more sold on a weekday, more forecast for it"),
    "crossed quantiles": (crossed_quantiles, "quantiles do not cross"),
    "float16 overflow": (float16_overflow, "forecasts are finite, not negative and within all bounds"),
    "an id that matters": (id_that_matters, "the number of a store does not matter"),
    "batch-size dependence": (
        batch_size_dependence,
        "a row is forecast alone as among others, and as its package says",
    ),
    "unhandled null": (unhandled_null, "what anybody knows"),
    "a bad slice": (bad_slice, "no {slice} is worse off than with the last weeks alone"),
    "a stale encoder": (stale_encoder, "no category that is known is taken for an unknown one"),
}


def told(subject: Subject, budget: int) -> list[dict[str, Any]]:
    """For each fault what was meant to catch it, whether it did, and by what; first, what the right pipeline breaks."""
    stage = subject.fitted.stages["features"]
    by = next(name for name in stage.static if name in stage.labels)
    rows = [_row("none", "", examine(subject, budget))]
    for fault, (plant, meant) in FAULTS.items():
        if subject.columns.price or fault != "wrong sign on price":
            rows.append(_row(fault, meant.format(slice=by), examine(plant(subject), budget)))
    return rows


def _row(fault: str, meant: str, verdicts: Any) -> dict[str, Any]:
    broken = [one.name for one in verdicts if one.answer == "broken"]
    says = next((one.says for one in verdicts if one.name == meant), "")
    unsure = [one.name for one in verdicts if one.answer == "inconclusive"]
    return {"fault": fault, "meant": meant, "caught": meant in broken, "broken": broken, "unsure": unsure, "says": says}


def subject_of_run(columns: Columns, plan: Plan) -> Subject:
    """What the newest run packaged."""
    from folds import all_folds

    from mainspring import load_artifact

    panel, samples = load_artifact("preprocess.panel"), load_artifact("preprocess.samples")
    origin = all_folds(panel.periods, plan, panel.season)[-1].origin
    return Subject(load_artifact("convert"), panel, samples, plan, origin, columns)


def main() -> int:
    from properties import ROSSMANN

    rows = told(subject_of_run(ROSSMANN, Plan()), 1000)
    for row in rows:
        also = [name for name in row["broken"] if name != row["meant"]]
        sys.stdout.write(f"| {row['fault']} | {row['meant']} | {row['says']} | {', '.join(also)} |\n")
    return 0 if not rows[0]["broken"] and all(row["caught"] for row in rows[1:]) else 1


if __name__ == "__main__":
    sys.exit(main())
