"""Forecast what each store sells in the next four weeks, at several quantiles: from the raw table to a package."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import mkdtemp
from typing import Annotated, NamedTuple

import asking
import baselines as simple
import checks
import evaluation as score
import inference
import modeltests
import numpy as np
import pictures
import polars as pl
import proofs
import weaknesses
from calibration import Trust, whole
from choosing import Chosen, Known, choose
from evaluation import DEFAULT, Costs, Scored
from fallbacks import Fallbacks, last_week, packaged, usual
from folds import Plan, all_folds, locked_fold, outer_folds, train_origins
from model import Fit, Job, Settings
from model import train as train_model
from panel import Columns, Panel, arrange
from samples import Samples, sample
from unseen import holdout_of, trained_until

from mainspring import File, Meta, data, log, pipeline, quality, step
from mainspring.data import Source
from mainspring.data.profile import draw_profile, profile
from mainspring.package import Package, Pipeline, attest_training, build, check_parity, convert_models, load, parity
from mainspring.quality import Holdout, Verdict

Forecasts = dict[int, dict[str, np.ndarray]]


@dataclass(frozen=True)
class Choices:
    """What the nested search tries beside the settings of [model]."""

    leaves: list[int] = field(default_factory=list)
    rate: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Retail:
    """What can be changed. The values are in config.toml."""

    sales: Source
    quantiles: list[float]
    unit: str
    months: list[int]
    table: Columns
    plan: Plan
    model: Settings
    choices: Choices
    calibration: Trust = field(default_factory=Trust)
    costs: Costs = field(default_factory=Costs)
    series: Annotated[int, Meta(ge=0)] = 0
    linear_rows: Annotated[int, Meta(ge=20)] = 1500
    property_rows: Annotated[int, Meta(ge=2)] = 1600
    parity_rows: Annotated[int, Meta(ge=1)] = 10_000
    shuffles: Annotated[int, Meta(ge=1)] = 2


class Prepared(NamedTuple):
    panel: Panel
    samples: Samples


class Requests(NamedTuple):
    questions: File
    nightly: File


class Results(NamedTuple):
    scored: Scored
    locked: Scored | None


@step
def fetch(sales: Source) -> File:
    """The table as it comes: from a wheel, a file, the web, a database."""
    return File(data.fetch(sales, Path(mkdtemp())))


@step
def validate(sales: File, table: Columns, horizon: int, series: int) -> pl.DataFrame:
    """The columns that are used, if they are what a table of sales has to be; see `checks`. 0 series are all."""
    given = checks.read(sales)
    proofs.of_table(given, table, horizon)
    outcome = checks.validate(given, table, horizon)
    log("contract", outcome.table())
    passed = outcome.passed.select(table.used).sort([*table.keys, table.date])
    return passed.filter(pl.struct(table.keys).rank("dense") <= series) if series else passed


@step
def analyse(sales: pl.DataFrame, table: Columns, unit: str) -> int:
    """How many columns look as if they told too much of the target; profiles and figures go to the report."""
    panel = arrange(sales, table)
    log("sales over time", pictures.sales_over_time(panel, unit))
    log("sales by weekday", pictures.sales_by_weekday(panel, unit))
    found = profile(sales, table.target)
    for title, drawn in draw_profile(found, units={table.target: unit}).items():
        log(title, drawn)
    return len(found.suspects)


@step
def preprocess(
    sales: pl.DataFrame, table: Columns, plan: Plan, quantiles: list[float], stride: int, scales: tuple[bool, ...]
) -> Prepared:
    """The table as arrays, and the features of every origin that a model learns from or forecasts at."""
    panel = arrange(sales, table)
    folds = all_folds(panel.periods, plan, panel.season)
    log("folds", pictures.timeline(panel, folds, plan))
    wanted = {origin for fold in folds for origin in (fold.origin, *fold.inner)}
    wanted |= {earlier for origin in list(wanted) for earlier in train_origins(origin, plan, stride)}
    with data.logged_cost("features"):
        samples = sample(panel, sorted(wanted), plan, quantiles, scales=scales)
    log("feature tests before training", modeltests.before_training(samples))
    return Prepared(panel, samples)


@step
def baselines(panel: Panel, samples: Samples, plan: Plan, quantiles: list[float], rows: int) -> Forecasts:
    """At the origin of each fold what each baseline says."""
    origins = [fold.origin for fold in all_folds(panel.periods, plan, panel.season)]
    return {origin: simple.all_at(panel, samples, origin, plan, quantiles, rows) for origin in origins}


@step
def plan_training(panel: Panel, plan: Plan, model: Settings, choices: Choices, months: list[int]) -> list[Job]:
    """Every model that has to be trained: at the origins of all folds and inner folds, and for the learning curve."""
    folds = all_folds(panel.periods, plan, panel.season)
    newest = outer_folds(panel.periods, plan, panel.season)[-1].origin
    final = folds[-1].origin
    origins = sorted({origin for fold in folds for origin in (fold.origin, *fold.inner)})
    tried = [model]
    for leaves in choices.leaves or [model.leaves]:
        tried += [replace(model, leaves=leaves, rate=rate) for rate in choices.rate or [model.rate]]
    jobs = [
        Job(
            origin,
            plan.train,
            settings,
            curve=origin == newest,
            keep=origin == final,
            newest=newest if origin < newest and settings == model else None,
        )
        for settings in dict.fromkeys(tried)
        for origin in origins
    ]
    month = 30 * panel.season // 7 if panel.season > 1 else 4
    return jobs + [Job(newest, count * month, model) for count in months]


@step
def train(job: Job, panel: Panel, samples: Samples, plan: Plan, quantiles: list[float]) -> Fit:
    """Quantile models of one origin, and what they say there."""
    return train_model(job, panel, samples, plan, quantiles)


@step
def calibrate(fits: list[Fit], prepared: Prepared, plan: Plan, quantiles: list[float], trust: Trust) -> list[Chosen]:
    """The forecast of each fold, with what its own inner folds choose and calibrate."""
    panel, samples = prepared
    full = {(fit.job.origin, fit.job.settings): fit for fit in fits if fit.job.train == plan.train}
    levels = tuple(quantiles)
    mixed = {origin: samples.usual[samples.place(origin)] for origin, _ in full}
    folds = all_folds(panel.periods, plan, panel.season)
    known = Known(panel, plan, levels, full, mixed, trust)
    found = [choose(fold, known) for fold in folds]
    log("calibration", modeltests.calibrations(found))
    log("choices", [modeltests.choice(one, settings, loss) for one in found for settings, loss in one.tried])
    return found


@step
def assemble(fits: list[Fit], chosen: list[Chosen], panel: Panel, plan: Plan, unit: str) -> Pipeline:
    """The inference pipeline of the newest fold: what is evaluated, tested and packaged."""
    last = chosen[-1]
    fit = next(fit for fit in fits if fit.job.keep and fit.job.settings == last.settings)
    return inference.assemble(fit, last.calibration, panel, plan, unit)


@step
def evaluate(chosen: list[Chosen], forecasts: Forecasts, panel: Panel, plan: Plan, unit: str, costs: Costs) -> Results:
    """Every method on the outer folds, and once on the locked days."""
    folds = outer_folds(panel.periods, plan, panel.season)
    levels = chosen[0].calibration.levels
    mine = {one.fold.origin: one.forecast for one in chosen}
    parts = [_together(mine[fold.origin], forecasts[fold.origin], panel, fold) for fold in folds]
    scored = score.collect(panel, folds, parts, levels)
    first = folds[0].origin
    board = score.scoreboard(scored, panel, first)
    for row in board:
        log(f"pinball of {row['method']}", row["pinball"])
    log("methods", board)
    log("stock", score.stock(scored, costs))
    log("pinball by quantile", score.by_level(scored))
    log("differences", score.differences(scored, panel))
    ratios = score.ratios(scored, panel)
    log("ratio to the best baseline", ratios)
    proofs.of_quality(scored, panel)
    log("mean pinball", pictures.method_bars(board, unit))
    log("ratio by quantile", pictures.ratio_bars(ratios))
    last = locked_fold(panel.periods, plan, panel.season)
    if last is None:
        return Results(scored, None)
    part = _together(mine[last.origin], forecasts[last.origin], panel, last)
    locked = score.collect(panel, [last], [part], levels)
    log("locked days", score.scoreboard(locked, panel, first))
    log("locked days, differences", score.differences(locked, panel))
    return Results(scored, locked)


def _together(mine: np.ndarray, others: dict[str, np.ndarray], panel: Panel, fold) -> dict[str, np.ndarray]:
    """Every method is told which days are closed, and forecasts whole units."""
    open_ = panel.open[:, fold.start : fold.end]
    return {DEFAULT: mine} | {name: whole(values, open_) for name, values in others.items()}


@step
def test(
    chosen: list[Chosen], fitted: Pipeline, scored: Scored, fits: list[Fit], prepared: Prepared, plan: Plan
) -> int:
    """How many tests of quality the model does not pass; a broken forecast is an error. See `modeltests`."""
    panel, samples = prepared
    proofs.of_features(panel, chosen[-1].fold, plan)
    proofs.of_forecasts(chosen, fitted, panel, plan)
    rows = modeltests.structure(chosen, fitted, panel, plan)
    broken = [row for row in rows if not row["passed"]]
    quality = modeltests.quality(scored, panel)
    log("tests", rows + quality)
    log("feature tests after training", modeltests.after_training(fits, samples, plan))
    if broken:
        raise ValueError("; ".join(f"{row['test']}: {row['says']}" for row in broken))
    return sum(not row["passed"] for row in quality)


@step
def convert(fitted: Pipeline, panel: Panel, plan: Plan, rows: int) -> Pipeline:
    """The inference pipeline with its models as one ONNX graph, if it says what the fitted one says.

    Features, calibration and rounding stay the NumPy stages that they are.
    """
    last = all_folds(panel.periods, plan, panel.season)[-1].origin
    raw = inference.many_rows(panel, last, plan, rows)
    converted = convert_models(fitted, raw)
    expected, got = fitted.predict(raw), converted.predict(raw)
    log("parity", inference.parity_rows(parity(expected, got, inference.RULE)))
    check_parity(expected, got, inference.RULE, "the converted models")
    return converted


@step
def package(converted: Pipeline, panel: Panel, plan: Plan, unit: str) -> Package:
    """What is served: the inference pipeline with its signature, golden samples and profiles of a year."""
    origin = all_folds(panel.periods, plan, panel.season)[-1].origin
    spec = inference.spec(converted, panel, origin, plan, unit)
    raw = inference.many_rows(panel, origin, plan, 1)
    built = build(converted, spec, raw, Path(mkdtemp()) / "retail")
    log("package", inference.contents(built))
    proofs.of_package(built.package, built.sources, raw)
    return attest_training(built.package, trained_until(panel, origin))


@step
def holdout(locked: Scored | None, panel: Panel, plan: Plan) -> Holdout | None:
    """What gates score candidates on before one is promoted: the locked days. None when none are locked."""
    return None if locked is None else holdout_of(locked, panel, plan)


@step
def check_properties(
    converted: Pipeline, built: Package, prepared: Prepared, plan: Plan, table: Columns, rows: int
) -> tuple[Verdict, ...]:
    """What has to hold of the pipeline beside its loss, and whether it does; see `expected`."""
    import expected

    panel, samples = prepared
    origin = all_folds(panel.periods, plan, panel.season)[-1].origin
    subject = expected.Subject(converted, panel, samples, plan, origin, table)
    verdicts = expected.examine(subject, rows, load(built.path, trust=[built.digest]).predict)
    for title, drawn in quality.draw_properties(verdicts).items():
        log(title, drawn)
    log("properties that do not hold", sum(not one.passed for one in verdicts))
    return verdicts


@step
def fallbacks(panel: Panel, plan: Plan, quantiles: list[float], unit: str) -> Fallbacks:
    """What answers in the place of the model, when it fails or lacks inputs: two simple forecasts, as packages."""
    origin = all_folds(panel.periods, plan, panel.season)[-1].origin
    raw, levels = inference.many_rows(panel, origin, plan, 1), tuple(quantiles)
    until = trained_until(panel, origin)
    return Fallbacks(
        attest_training(packaged(usual(panel, plan, levels, unit), "retail-usual", raw), until),
        attest_training(packaged(last_week(panel, plan, levels, unit), "retail-last-week", raw), until),
    )


@step
def requests(panel: Panel, plan: Plan) -> Requests:
    """What the service and the nightly batch are asked, on the last days of the table."""
    fold, folder = all_folds(panel.periods, plan, panel.season)[-1], Path(mkdtemp())
    (folder / "questions.jsonl").write_text(asking.questions(panel, fold, plan))
    asking.table(panel, fold, plan).write_parquet(folder / "nightly.parquet")
    return Requests(File(str(folder / "questions.jsonl")), File(str(folder / "nightly.parquet")))


@step
def examine(scored: Scored, fits: list[Fit], panel: Panel, plan: Plan, unit: str) -> quality.Analysis:
    """Where the forecast is good and where it is not, and how loss depends on what a model learned from."""
    found = weaknesses.analysis(scored, panel, outer_folds(panel.periods, plan, panel.season), unit)
    drawn = quality.draw_analysis(found) | weaknesses.curves(fits, panel, plan, scored.levels, unit)
    for title, one in drawn.items():
        log(title, one)
    return found


@step
def weigh(fitted: Pipeline, panel: Panel, plan: Plan, unit: str, shuffles: int) -> quality.Importance:
    """What the inference pipeline owes to each of its inputs, and which of them earn their place."""
    newest = all_folds(panel.periods, plan, panel.season)[-1]
    found, drawn = weaknesses.inputs(fitted, panel, newest, plan, unit, shuffles)
    proofs.of_inputs(found)
    for title, one in drawn.items():
        log(title, one)
    return found


@step
def report(scored: Scored, panel: Panel, unit: str) -> str:
    """Which series went worst; figures of series that tell most go to the report."""
    here = scored.only(scored.open)
    for title, series in modeltests.telling_series(here, panel).items():
        log(title, pictures.one_series(here, panel, series, f"{title}: {panel.series[series]}", unit))
    return panel.series[modeltests.telling_series(here, panel)["worst series"]]


@pipeline
def retail(config: Retail) -> Package:
    sales = validate(fetch(config.sales), config.table, config.plan.horizon, config.series)
    analyse(sales, config.table, config.unit)
    model = config.model
    prepared = preprocess(sales, config.table, config.plan, config.quantiles, model.stride, model.scales)
    panel, samples = prepared.panel, prepared.samples
    forecasts = baselines(panel, samples, config.plan, config.quantiles, config.linear_rows)
    jobs = plan_training(panel, config.plan, config.model, config.choices, config.months)
    fits = train.map(jobs, panel=panel, samples=samples, plan=config.plan, quantiles=config.quantiles)
    chosen = calibrate(fits, prepared, config.plan, config.quantiles, config.calibration)
    fitted = assemble(fits, chosen, panel, config.plan, config.unit)
    results = evaluate(chosen, forecasts, panel, config.plan, config.unit, config.costs)
    test(chosen, fitted, results.scored, fits, prepared, config.plan)
    examine(results.scored, fits, panel, config.plan, config.unit)
    weigh(fitted, panel, config.plan, config.unit, config.shuffles)
    report(results.scored, panel, config.unit)
    holdout(results.locked, panel, config.plan)
    requests(panel, config.plan)
    fallbacks(panel, config.plan, config.quantiles, config.unit)
    converted = convert(fitted, panel, config.plan, config.parity_rows)
    built = package(converted, panel, config.plan, config.unit)
    check_properties(converted, built, prepared, config.plan, config.table, config.property_rows)
    return built
