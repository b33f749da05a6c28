"""Classes beside scikit-learn."""

import warnings

import numpy as np
import pytest
from sklearn import metrics
from sklearn.calibration import calibration_curve

from mainspring.errors import StatisticsError
from mainspring.stats import (
    BrierParts,
    NotApplicable,
    average_precision,
    blocks,
    brier_parts,
    calibration_bins,
    calibration_error,
    class_scores,
    confusion,
    precision_recall,
    roc,
    roc_auc,
)
from mainspring.stats.classes import class_places

CLASSES = ["cat", "dog", "owl", "yak"]


def drawn(seed, rows=300, *, ties=False):
    rng = np.random.default_rng(seed)
    positive = rng.random(rows) < 0.3
    score = 1 / (1 + np.exp(-rng.normal(size=rows) - positive))
    return positive, np.round(score, 1) if ties else score


def test_tables_and_figures_by_class_are_scikit_learns():
    rng = np.random.default_rng(0)
    actual, said = rng.choice(CLASSES[:3], 200), rng.choice(CLASSES[:3], 200)
    table = confusion(actual, said, CLASSES)
    assert np.array_equal(table, metrics.confusion_matrix(actual, said, labels=CLASSES))
    found = class_scores(table)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = metrics.precision_recall_fscore_support(actual, said, labels=CLASSES, zero_division=np.nan)
    for mine, theirs in zip((found.precision, found.recall, found.f1, found.rows), expected, strict=True):
        assert np.allclose(mine, theirs, equal_nan=True)
    assert np.isnan(found.precision[3])
    assert confusion([], [], CLASSES).sum() == 0


def test_a_class_that_is_not_named_is_an_error():
    with pytest.raises(StatisticsError, match="'gnu' is not among the classes"):
        confusion(["cat"], ["gnu"], CLASSES)
    with pytest.raises(StatisticsError, match="There are 1 predictions for 2 rows"):
        confusion(["cat", "cat"], ["cat"], CLASSES)
    assert class_places(["dog", "gnu"], np.array(CLASSES)).tolist() == [1, -1]


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_curves_and_areas_are_scikit_learns(seed, ties):
    positive, score = drawn(seed, ties=ties)
    wrong, right, _ = metrics.roc_curve(positive, score, drop_intermediate=False)
    mine = roc(positive, score)
    assert np.allclose(mine.x, wrong)
    assert np.allclose(mine.y, right)
    found = roc_auc(positive, score, blocks(np.arange(300)))
    assert found.estimate == pytest.approx(metrics.roc_auc_score(positive, score))
    assert found.low < found.estimate < found.high
    assert average_precision(positive, score) == pytest.approx(metrics.average_precision_score(positive, score))
    precision, recall, _ = metrics.precision_recall_curve(positive, score)
    curve = precision_recall(positive, score)
    assert np.allclose(curve.y[: precision.size], precision[::-1])
    assert np.allclose(curve.x[: recall.size], recall[::-1])


def test_the_interval_of_an_area_holds_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(1)
    truth, held = 0.7602499389065233, 0  # P(N(1, 1) > N(0, 1)) = Φ(1 / √2)
    for _ in range(400):
        positive = np.arange(120) < 40
        found = roc_auc(positive, rng.normal(size=120) + positive, blocks(np.arange(120)))
        held += found.low <= truth <= found.high
    assert 0.92 <= held / 400 <= 0.98


def test_one_class_alone_has_no_curve():
    for flags in ([True, True], [False, False]):
        assert isinstance(roc(flags, [0.1, 0.2]), NotApplicable)
        assert isinstance(roc_auc(flags, [0.1, 0.2], blocks([0, 1])), NotApplicable)
    assert isinstance(average_precision([False], [0.5]), NotApplicable)
    assert isinstance(precision_recall([], []), NotApplicable)


def test_the_parts_of_the_brier_score_add_up_and_are_what_loops_say():
    for ties in (False, True):
        positive, p = drawn(3, ties=ties)
        found, bins = brier_parts(positive, p), calibration_bins(positive, p)
        assert found.score == pytest.approx(metrics.brier_score_loss(positive, p))
        total = found.reliability - found.resolution + found.uncertainty + found.within
        assert found.score == pytest.approx(total)
        reliability = sum(
            (p[bins.bin == b].mean() - positive[bins.bin == b].mean()) ** 2 * (bins.bin == b).mean()
            for b in range(bins.rows.size)
        )
        assert found.reliability == pytest.approx(reliability)
    sure = brier_parts([True, False], [1.0, 0.0])
    assert isinstance(sure, BrierParts)
    assert sure.score == pytest.approx(0)
    assert isinstance(brier_parts([], []), NotApplicable)


def test_bins_of_calibration_are_scikit_learns_and_ties_are_not_torn_apart():
    positive, p = drawn(4)
    bins = calibration_bins(positive, p, 10)
    happened, said = calibration_curve(positive, p, n_bins=10, strategy="quantile")
    assert np.allclose(bins.happened, happened, atol=0.05)
    assert np.allclose(bins.predicted, said, atol=0.02)
    assert bins.rows.tolist() == [30] * 10
    _, tied = drawn(4, ties=True)
    coarse = calibration_bins(positive, tied, 20)
    for value in np.unique(tied):
        assert np.unique(coarse.bin[tied == value]).size == 1
    error = sum(
        (coarse.bin == b).sum() / 300 * abs(tied[coarse.bin == b].mean() - positive[coarse.bin == b].mean())
        for b in range(coarse.rows.size)
    )
    assert calibration_error(coarse) == pytest.approx(error)
    assert np.isnan(calibration_error(calibration_bins([], [])))
    with pytest.raises(StatisticsError, match="Probabilities are from 0 to 1"):
        calibration_bins([True], [1.5])
