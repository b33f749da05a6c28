"""Features, models, calibration and scores."""

from dataclasses import replace

import baselines
import calibration
import evaluation
import numpy as np
import pytest
import weaknesses
from choosing import Known, choose
from evaluation import DEFAULT, Costs, collect
from features import SMOOTHING, build, quantiles, smoothed
from folds import all_folds, outer_folds, train_origins
from inference import assemble, forecast_at
from leakage import features_at, leaks
from model import Job, Rows, Settings, boosters, rows_of, train
from panel import arrange
from sales_sample import DAILY, LEVELS, PLAN, WEEKLY, WEEKS, daily, weekly
from samples import sample, targets
from windows import cut

from mainspring import evidence
from mainspring.testing import check_loss_falls, check_overfits_one_batch

SMALL = Settings(rounds=8, rate=0.3, stride=14, least=20)
MIXED = (0.0, 0.0, 0.5, 0.5, 1.0, 0.25)
TAIL = (0.0, 0.0, 0.0, 0.0, 0.0, 0.3)
TABLES = {"daily": (daily, DAILY, PLAN), "weekly": (weekly, WEEKLY, WEEKS)}


@pytest.fixture(params=list(TABLES))
def table(request):
    make, columns, plan = TABLES[request.param]
    return arrange(make(), columns), plan


@pytest.fixture(scope="module")
def panel():
    return arrange(daily(), DAILY)


@pytest.fixture(scope="module")
def samples(panel):
    folds = all_folds(panel.periods, PLAN, panel.season)
    origins = {origin for fold in folds for origin in (fold.origin, *fold.inner)}
    origins |= {one for origin in list(origins) for one in train_origins(origin, PLAN, SMALL.stride)}
    return sample(panel, sorted(origins), PLAN, LEVELS, scales=(True, False))


def test_features_are_the_same_with_the_future_cut_off(table):
    panel, plan = table
    assert leaks(panel, all_folds(panel.periods, plan, panel.season), plan) == []


def test_a_planted_leak_is_caught(table):
    panel, plan = table

    def leaking(panel, origin, plan):
        late = panel.units[:, origin + 1 - panel.season : origin + 2]
        return features_at(panel, origin, plan) | {"recent": np.nanmean(late, axis=1)}

    assert leaks(panel, all_folds(panel.periods, plan, panel.season), plan, leaking) == ["recent"]


def test_a_feature_that_ignores_the_delay_is_caught(panel):
    def late(panel, origin, plan):
        return features_at(panel, origin + plan.delay, plan)

    assert "same weekday last" in leaks(panel, outer_folds(panel.periods, PLAN, 7), PLAN, late)


def test_features_are_what_a_loop_over_days_says(panel):
    origin = 300
    window = cut(panel, origin, PLAN.delay, PLAN.horizon)
    found, level = build(window, relative=False)
    sold = np.where(panel.open, panel.units, np.nan)
    for series in range(len(panel.series)):
        assert level[series] == pytest.approx(np.nanmean(sold[series, origin - 55 : origin + 1]), rel=1e-5)
        for place, target in enumerate(range(origin + 4, origin + 18)):
            same = [day for day in range(origin + 1) if (target - day) % 7 == 0]
            if not np.isnan(sold[series, same]).all():
                expected = np.nanmean(sold[series, same[-4:]])
                assert found["same weekday 4"][series, place] == pytest.approx(expected, rel=1e-5)
            assert found["promo"][series, place] == panel.known["promo"][series, target]


def test_a_series_that_pauses_keeps_half_of_its_level(panel):
    origin = 400
    units = np.where(panel.open, 8.0, np.nan).astype(np.float32)
    units[0, origin - 90 : origin + 1] = 0
    paused = replace(panel, units=units)
    _, level = build(cut(paused, origin, PLAN.delay, PLAN.horizon), relative=True)
    sold = np.where(panel.open, units, np.nan)[0, origin - 363 : origin + 1]
    assert level[0] == pytest.approx(np.nanmean(sold) / 2)
    assert level[1] == pytest.approx(8)


def test_quantiles_are_numpys():
    values = np.random.default_rng(0).integers(0, 9, (20, 31)).astype(float)
    values[::2, :9] = np.nan
    values[3] = np.nan
    with pytest.warns(RuntimeWarning, match="All-NaN"):
        expected = np.nanquantile(values, LEVELS, axis=1)
    assert np.allclose(quantiles(values, tuple(LEVELS)), expected, equal_nan=True)


def test_smoothed_quantiles_are_what_a_loop_over_days_says(table):
    panel, plan = table
    origin = panel.periods * 3 // 4
    window = cut(panel, origin, plan.delay, plan.horizon)
    found = smoothed(window, tuple(LEVELS))
    ahead = plan.delay + (plan.horizon + 1) // 2
    for units, quantile in zip(window.units, found, strict=True):
        total, weight, levels = 0.0, 0.0, []
        for sold in units:
            total, weight = total * (1 - SMOOTHING), weight * (1 - SMOOTHING)
            if not np.isnan(sold):
                total, weight = total + sold, weight + 1
            levels.append(total / weight if weight else np.nan)
        errors = units[ahead:] - np.array(levels[:-ahead])
        recent = errors[-52 * panel.season :]
        expected = levels[-1] + np.quantile(recent[~np.isnan(recent)], LEVELS)
        assert quantile == pytest.approx(np.maximum(expected, 0), rel=1e-5, abs=1e-5)


def test_a_tail_follows_what_the_series_alone_says_by_its_share_and_not_where_that_is_unknown(panel, samples):
    fold = outer_folds(panel.periods, PLAN, 7)[-1]
    place = samples.place(fold.origin)
    unknown = samples.smoothed.copy()
    unknown[place, 0] = np.nan
    given = replace(samples, smoothed=unknown)
    alone = train(Job(fold.origin, PLAN.train, SMALL), panel, given, PLAN, LEVELS).forecast
    both = train(Job(fold.origin, PLAN.train, replace(SMALL, smoothed=TAIL)), panel, given, PLAN, LEVELS).forecast
    expected = np.concatenate([alone[..., :5], 0.7 * alone[..., 5:] + 0.3 * unknown[place][:, None, 5:]], axis=-1)
    assert np.array_equal(both[0], alone[0])
    assert np.allclose(both[1:], np.sort(expected[1:], axis=-1), rtol=1e-5)
    assert not np.array_equal(both[1:], alone[1:])


def test_training_rows_are_known_at_the_origin_and_not_too_old(panel, samples):
    fold = outer_folds(panel.periods, PLAN, 7)[0]
    job = Job(fold.origin, PLAN.train, SMALL)
    count = len(rows_of(job, panel, samples, PLAN).label)
    blind = replace(panel, units=np.where(np.arange(panel.periods) <= fold.origin, panel.units, np.nan))
    assert len(rows_of(job, blind, samples, PLAN).label) == count
    old = replace(panel, units=np.where(np.arange(panel.periods) > fold.origin - PLAN.train, panel.units, np.nan))
    assert len(rows_of(job, old, samples, PLAN).label) == count


def test_the_loss_falls_with_the_trees_and_a_few_rows_are_learned_by_heart(panel, samples):
    settings = replace(SMALL, rounds=200, least=1, beyond=1, leaves=31, columns=1.0, rows=1.0)
    rows = rows_of(Job(outer_folds(panel.periods, PLAN, 7)[-1].origin, 60, settings), panel, samples, PLAN)
    few = Rows(*(part[:40] for part in (rows.features, rows.label, rows.weight, rows.start)))

    def loss(model, batch, trees=settings.rounds):
        return float(np.abs(model.predict(batch.features, num_iteration=trees) - batch.label).mean() / few.label.mean())

    def learns(fit):
        model = fit(few)
        check_loss_falls([loss(model, few, trees) for trees in range(1, 50, 4)])
        check_overfits_one_batch(fit, loss, few, below=0.05)

    assert evidence(
        "infrastructure.model-code",
        "the loss falls with the trees, and 40 rows are learned by heart",
        learns,
        lambda batch: boosters(batch, settings, [0.5], [True])[0][0],
        faults={
            "labels of other rows": lambda fit: lambda batch: fit(replace(batch, label=batch.label[::-1].copy())),
            "features that do not move": lambda fit: lambda batch: fit(replace(batch, features=0 * batch.features)),
        },
    )


def test_trees_of_a_mean_cannot_start_from_quantiles():
    with pytest.raises(ValueError, match='with objective = "tweedie" use start = "constant"'):
        Settings(objective="tweedie", start="usual")


def test_shares_of_models_of_units_that_cannot_be_are_refused():
    for wrong in ({"objective": "tweedie"}, {"relative": False}):
        with pytest.raises(ValueError, match=r"`model\.units` are shares beside models over the level"):
            Settings(units=MIXED, **wrong)
    with pytest.raises(ValueError, match="shares from 0 to 1"):
        Settings(units=(1.5,))
    with pytest.raises(ValueError, match=r"`model\.smoothed` are shares from 0 to 1"):
        Settings(smoothed=(-0.1,))
    with pytest.raises(ValueError, match="2 shares for 6 quantiles: give one for each"):
        Settings(units=(0.5, 0.5)).shares(6)


def test_shares_of_what_the_series_says_are_one_for_each_quantile(panel, samples):
    job = Job(outer_folds(panel.periods, PLAN, 7)[-1].origin, PLAN.train, replace(SMALL, smoothed=(0.3, 0.3)))
    with pytest.raises(ValueError, match=r"`model\.smoothed` has 2 shares for 6 quantiles: give one for each"):
        train(job, panel, samples, PLAN, LEVELS)


def test_a_forecast_of_two_scales_is_the_mean_by_their_shares(panel, samples):
    fold = outer_folds(panel.periods, PLAN, 7)[-1]
    job = Job(fold.origin, PLAN.train, replace(SMALL, units=(0.25,)))
    in_units = replace(samples, values=samples.second, names=samples.second_names, relative=False)
    both = train(job, panel, samples, PLAN, [0.75])
    over = train(replace(job, settings=SMALL), panel, samples, PLAN, [0.75])
    alone = train(replace(job, settings=replace(SMALL, relative=False)), panel, in_units, PLAN, [0.75])
    assert np.allclose(both.forecast, 0.75 * over.forecast + 0.25 * alone.forecast, rtol=1e-5)
    assert both.gain.shape == over.gain.shape
    assert (both.gain >= over.gain).all()


@pytest.mark.parametrize(
    "wanted",
    [{}, {"start": "usual", "units": MIXED, "smoothed": TAIL}, {"objective": "tweedie", "smoothed": TAIL}],
)
def test_forecasts_are_whole_ascending_and_what_the_forecaster_says(panel, samples, wanted):
    fold = outer_folds(panel.periods, PLAN, 7)[-1]
    settings = replace(SMALL, **wanted)
    fit = train(Job(fold.origin, PLAN.train, settings, keep=True), panel, samples, PLAN, LEVELS)
    again = train(Job(fold.origin, PLAN.train, settings, keep=True), panel, samples, PLAN, LEVELS)
    assert fit.models == again.models
    usual = samples.usual[samples.place(fold.origin)]
    units, counts = targets(panel, fold.origin, PLAN)
    learned = calibration.learn(units[counts], fit.forecast[counts], usual[counts], LEVELS)
    open_ = panel.open[:, fold.start : fold.end]
    forecast = calibration.apply(learned, fit.forecast, usual, open_)
    assert (np.diff(forecast, axis=-1) >= 0).all()
    assert (forecast == np.rint(forecast)).all()
    assert (forecast >= 0).all()
    assert not forecast[~open_].any()
    fitted = assemble(fit, learned, panel, PLAN, "units")
    assert np.array_equal(forecast_at(fitted, panel, fold.origin, PLAN), forecast)


def test_calibration_mends_a_biased_forecast():
    random = np.random.default_rng(0)
    mean = random.uniform(5, 50, 20_000)
    actual = random.poisson(mean).astype(float)
    width = np.sqrt(mean)[:, None]
    biased = 1.3 * mean[:, None] + width * np.array([-1.2, -0.4, 0.1, 0.3, 0.9, 1.2])
    learned = calibration.learn(actual[:10_000], biased[:10_000], biased[:10_000], LEVELS)
    test = slice(10_000, None)
    found = calibration.apply(learned, biased[test], biased[test], np.ones(10_000, bool))
    for place, level in enumerate(LEVELS):
        below, at_most = (actual[test] < found[:, place]).mean(), (actual[test] <= found[:, place]).mean()
        assert below - 0.03 <= level <= at_most + 0.03


def test_weighted_quantiles_have_the_least_loss():
    random = np.random.default_rng(1)
    values, weights = random.normal(size=200), random.uniform(0.1, 2, 200)
    for level in LEVELS:
        best = calibration.weighted_quantile(values, weights, level)
        losses = [
            (weights * np.where(values >= q, level * (values - q), (1 - level) * (q - values))).sum() for q in values
        ]
        at_best = (weights * np.where(values >= best, level * (values - best), (1 - level) * (best - values))).sum()
        assert at_best == pytest.approx(min(losses))


def test_baselines_are_what_loops_say(panel):
    origin = 300
    week = baselines.week_ago(panel, origin, PLAN, LEVELS)
    rolled = baselines.rolling(panel, origin, PLAN, LEVELS)
    for place, target in enumerate(range(origin + 4, origin + 18)):
        same = [day for day in range(origin + 1) if (target - day) % 7 == 0]
        assert np.array_equal(week[:, place, 0], panel.units[:, same[-1]])
        expected = np.quantile(panel.units[:, same[-52:]], LEVELS, axis=1).T
        assert np.allclose(rolled[:, place], expected, atol=1e-4)


def test_every_baseline_is_ascending_and_knows_no_future(panel, samples):
    fold = outer_folds(panel.periods, PLAN, 7)[0]
    blind = replace(panel, units=np.where(np.arange(panel.periods) <= fold.origin, panel.units, np.nan))
    found = baselines.all_at(panel, samples, fold.origin, PLAN, LEVELS, 200)
    again = baselines.all_at(blind, samples, fold.origin, PLAN, LEVELS, 200)
    for name in baselines.NAMES:
        assert (np.diff(found[name], axis=-1) >= -1e-4).all(), name
        assert np.array_equal(found[name], again[name]), name


def test_a_product_that_was_never_seen_has_a_forecast(panel):
    fold = outer_folds(panel.periods, PLAN, 7)[0]
    units = panel.units.copy()
    units[0, : fold.origin + 1] = np.nan
    new = replace(panel, units=units)
    origins = sorted({fold.origin, *train_origins(fold.origin, PLAN, SMALL.stride)})
    found = train(Job(fold.origin, PLAN.train, SMALL), new, sample(new, origins, PLAN, LEVELS), PLAN, LEVELS)
    assert np.isfinite(found.forecast).all()


def test_scores_are_what_loops_say_and_what_is_lacking_is_said(panel):
    folds = outer_folds(panel.periods, PLAN, 7)
    parts = []
    for fold in folds:
        simple = baselines.rolling(panel, fold.origin, PLAN, LEVELS)
        parts.append({DEFAULT: np.rint(simple), "rolling quantiles": simple})
    scored = collect(panel, folds, parts, LEVELS)
    board = evaluation.scoreboard(scored, panel, folds[0].origin)
    total, count = 0.0, 0
    for fold, part in zip(folds, parts, strict=True):
        for series in range(len(panel.series)):
            for place, day in enumerate(range(fold.start, fold.end)):
                if panel.open[series, day]:
                    over = panel.units[series, day] - part[DEFAULT][series, place]
                    total += np.mean([max(level * o, (level - 1) * o) for level, o in zip(LEVELS, over, strict=True)])
                    count += 1
    assert board[0]["pinball"] == pytest.approx(total / count)
    assert evaluation.stock(scored, Costs())[0]["cost"] == "not applicable"
    priced = evaluation.stock(scored, Costs(over=1.0, under=3.0))
    assert priced[0]["stocked at"] == 0.75
    assert priced[0]["cost"] > 0
    without = evaluation.scoreboard(scored, replace(panel, price=None), folds[0].origin)
    assert without[0]["pinball, weighted by price"] == "not applicable"


def test_each_way_to_divide_the_rows_holds_them_all(panel):
    folds = outer_folds(panel.periods, PLAN, 7)
    simple = [baselines.rolling(panel, fold.origin, PLAN, LEVELS) for fold in folds]
    scored = collect(panel, folds, [{DEFAULT: one, "rolling quantiles": one} for one in simple], LEVELS)
    found = weaknesses.analysis(scored, panel, folds, "units")
    ways = {one.columns[0] for one in found.declared}
    assert ways == {"kind", "item", "shop", "weekday", "promo", "price", "years of history", "mean sales"}
    for way in ways:
        assert sum(one.rows for one in found.declared if one.columns == (way,)) == int(scored.open.sum())
    assert found.versus[0].difference.estimate == 0
    assert found.bias[1].at[0] == PLAN.delay + 1


def test_models_of_older_origins_are_tried_on_the_newest_days(panel, samples):
    newest = outer_folds(panel.periods, PLAN, 7)[-1].origin
    jobs = [Job(newest - 7, PLAN.train, SMALL, newest=newest), Job(newest, PLAN.train, SMALL, curve=True)]
    fits = [train(job, panel, samples, PLAN, LEVELS) for job in jobs]
    assert not np.array_equal(fits[0].aged, fits[0].forecast)
    table = weaknesses.curves(fits, panel, PLAN, LEVELS, "units")["loss by age of the training data, figures"]
    assert [row[0] for row in table.rows] == [0, 7]
    units, counts = targets(panel, newest, PLAN)
    said = (fits[1].forecast, fits[0].aged)
    losses = [
        np.mean(
            [calibration.pinball(units[counts], one[counts][:, place], level) for place, level in enumerate(LEVELS)]
        )
        for one in said
    ]
    assert [row[1] for row in table.rows] == pytest.approx(losses, rel=1e-5)


def test_an_input_that_matters_is_told_from_one_that_does_not(panel, samples):
    fold = all_folds(panel.periods, PLAN, 7)[-1]
    fit = train(Job(fold.origin, PLAN.train, SMALL, keep=True), panel, samples, PLAN, LEVELS)
    units, counts = targets(panel, fold.inner[0], PLAN)
    usual = samples.usual[samples.place(fold.inner[0])][counts]
    fitted = assemble(fit, calibration.learn(units[counts], usual, usual, LEVELS), panel, PLAN, "units")
    found, drawn = weaknesses.inputs(fitted, panel, fold, PLAN, "units", 1)
    told = {one.name: one for one in found.groups}
    assert told["sales so far"].increase.estimate > 0
    assert len(told["kind"].columns) == 2
    verdicts = {row[0]: row[-1] for row in drawn["inputs that earn their cost"].rows}
    assert verdicts["promo"] == "alike in nearly all rows: shuffling cannot tell"


def test_choices_are_made_on_inner_folds_alone(panel, samples):
    fold = outer_folds(panel.periods, PLAN, 7)[-1]
    tried = [replace(SMALL, leaves=leaves) for leaves in (2, 9)]
    fits = {
        (origin, settings): train(Job(origin, PLAN.train, settings), panel, samples, PLAN, LEVELS)
        for settings in tried
        for origin in (fold.origin, *fold.inner)
    }
    usual = {origin: samples.usual[samples.place(origin)] for origin, _ in fits}
    blind = replace(panel, units=np.where(np.arange(panel.periods) <= fold.origin, panel.units, np.nan))
    seen, unseen = (
        choose(fold, Known(known, PLAN, tuple(LEVELS), fits, usual, calibration.EVERYTHING)) for known in (panel, blind)
    )
    assert seen.settings == unseen.settings
    assert seen.calibration == unseen.calibration
    assert seen.settings == min(seen.tried, key=lambda one: one[1])[0]
