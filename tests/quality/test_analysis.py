"""The error analysis of each kind of problem: right numbers, drawable, an artifact, nothing sensitive."""

import subprocess
import sys
from dataclasses import replace

import analysis_samples as made
import numpy as np
import pytest
from sklearn import metrics

from mainspring.charts import Table, draw_chart, draw_table, to_png
from mainspring.errors import StatisticsError
from mainspring.quality import (
    Rows,
    analyse,
    classification,
    disagreement,
    draw_analysis,
    draw_comparison,
    draw_disagreement,
    quantiles,
    ranking,
    regression,
)
from mainspring.stats import coverage
from mainspring.store import LocalStore, load, save

KINDS = {"numbers": made.numbers, "levels": made.levels, "classes": made.classes, "orders": made.orders}


@pytest.fixture(scope="module", params=list(KINDS))
def analysed(request):
    predicted, rows = KINDS[request.param]()
    worse = replace(predicted, loss=predicted.loss + 0.1)
    declared = ["words"] if request.param == "orders" else ["rain", "owner", ("rain", "size")]
    return predicted, analyse(predicted, rows, declared=declared, beside={"simple": worse})


def drawn_html(drawn):
    return "".join(draw_table(one) if isinstance(one, Table) else draw_chart(one, drawn=True) for one in drawn.values())


def test_an_analysis_has_a_mean_loss_slices_and_examples_of_each_kind(analysed):
    predicted, found = analysed
    assert found.mean_loss.estimate == pytest.approx(predicted.loss.mean())
    assert found.mean_loss.low < found.mean_loss.estimate < found.mean_loss.high
    assert found.versus[0].difference.estimate == pytest.approx(-0.1)
    assert found.versus[0].nearer == 1
    assert {one.title for one in found.examples} == {"worst", "best", "rarity", "disagreement with simple"}
    by_columns = [one for one in found.declared if one.columns == found.declared[0].columns]
    assert sum(one.rows for one in by_columns) == predicted.rows
    total = sum(one.rows * one.loss for one in by_columns)
    assert total == pytest.approx(predicted.loss.sum())


def test_an_analysis_is_drawn_and_each_chart_becomes_a_picture(analysed):
    drawn = draw_analysis(analysed[1])
    assert {"figures", "beside others", "declared slices", "worst rows", "best rows", "corner cases"} <= set(drawn)
    assert "<table" in drawn_html(drawn)
    for one in drawn.values():
        assert isinstance(one, Table) or to_png(one).startswith(b"\x89PNG")


def test_an_analysis_is_an_artifact_that_comes_back(analysed, tmp_path):
    store = LocalStore(tmp_path)
    kept = save("analysis", analysed[1], store, pickle=False)
    assert draw_analysis(load(kept, store)) == draw_analysis(analysed[1])


def test_nothing_sensitive_is_shown_row_by_row_or_searched():
    predicted, rows = made.numbers(bad=3.0)
    found = analyse(predicted, rows)
    told = [cell for one in found.examples for row in one.rows for cell in row]
    assert not any(isinstance(cell, str) and cell.startswith("owner") for cell in told)
    assert not any("owner" in one.slice.columns for one in found.found.slices)
    apart = disagreement(rows, predicted, predicted)
    assert "owner" not in drawn_html(draw_disagreement(apart))


def test_the_worst_rows_are_one_of_each_cluster():
    predicted, rows = made.numbers()
    worst = analyse(predicted, rows, search=None).examples[0]
    shops = [row[worst.headings.index("shop")] for row in worst.rows]
    assert len(set(shops)) == len(shops) == 10
    assert worst.rows[0][worst.headings.index("absolute error")] == predicted.loss.max()


def test_a_corner_case_is_a_row_of_rare_values():
    odd = np.zeros(200)
    odd[17] = 1
    rows = Rows({"odd": odd, "even": np.arange(200) % 2}, keys={"row": np.arange(200)})
    corner = analyse(regression(odd, odd), rows, search=None).examples[2]
    assert corner.rows[0][corner.headings.index("row")] == 17


def test_quantiles_are_judged_by_their_coverage_and_bias_has_its_sign():
    actual, error, rows = made.panel()
    said = actual[:, None] + np.array([-0.67, 3.0, 1.64])
    found = analyse(quantiles(actual + error, said, made.LEVELS), rows, along=["weekday"])
    expected = coverage(actual + error, said, made.LEVELS)
    assert [one.coverage for one in found.detail.reliability] == list(expected)
    assert found.detail.crossing == actual.size
    tenths, weekdays = found.bias
    assert (tenths.by, len(tenths.at), len(weekdays.at)) == ("prediction", 10, 7)
    assert all(low > 2 for low in weekdays.low)
    with pytest.raises(StatisticsError, match="no bias along 'rain'"):
        analyse(quantiles(actual + error, said, made.LEVELS), rows, along=["rain"])


def test_two_classes_have_the_figures_of_scikit_learn():
    predicted, rows = made.classes(2)
    found = analyse(predicted, rows)
    positive, sure = predicted.outcome == "yes", predicted.prediction[:, 1]
    assert found.mean_loss.estimate == pytest.approx(metrics.brier_score_loss(positive, sure))
    assert found.measures[3].found.estimate == pytest.approx(metrics.log_loss(positive, sure))
    row = found.detail.classes[1]
    assert row.auc.estimate == pytest.approx(metrics.roc_auc_score(positive, sure))
    assert row.average_precision == pytest.approx(metrics.average_precision_score(positive, sure))
    assert found.detail.sure == "P(yes)"
    parts = found.detail.brier
    assert parts.score == pytest.approx(parts.reliability - parts.resolution + parts.uncertainty + parts.within)


def test_many_classes_have_the_brier_score_and_accuracy_of_scikit_learn():
    predicted, _ = made.classes(3)
    found = analyse(predicted)
    best = np.array(predicted.labels)[predicted.prediction.argmax(axis=1)]
    assert found.measures[1].found.estimate == pytest.approx(metrics.accuracy_score(predicted.outcome, best))
    truth = predicted.outcome[:, None] == np.array(predicted.labels)
    assert found.mean_loss.estimate == pytest.approx(((predicted.prediction - truth) ** 2).sum(axis=1).mean() / 2)
    assert found.detail.brier.score == pytest.approx(found.mean_loss.estimate)


def test_a_class_that_the_model_does_not_know_is_counted_as_wrong():
    found = analyse(classification([0, 1, 2], [[0.9, 0.1], [0.2, 0.8], [0.5, 0.5]], [0, 1]))
    assert [one.label for one in found.detail.classes] == ["0", "1", "2"]
    assert found.detail.table[2] == (1, 0, 0)
    assert found.measures[1].found.estimate == pytest.approx(2 / 3)
    labels = analyse(classification(["a", "b"], ["a", "a"], ["a", "b"]))
    assert (labels.loss, labels.mean_loss.estimate, labels.detail.brier) == ("error rate", 0.5, None)
    assert "ROC" not in draw_analysis(labels)


def test_a_ranking_is_of_queries_and_says_which_it_leaves_out():
    found = analyse(
        ranking([1, 0, 0, 0], [2.0, 1.0, 1.0, 0.0], ["a", "a", "b", "b"]),
        Rows({"kind": ["x", "x", "y", "y"]}),
        declared=["kind"],
    )
    assert (found.rows, found.left_out, found.mean_loss.estimate) == (1, 1, 0)
    assert [one.name for one in found.declared] == ["kind = x"]
    assert ("queries left out: nothing relevant", 1, None, None) in draw_analysis(found)["figures"].rows


@pytest.mark.parametrize(
    "empty",
    [
        regression([], []),
        quantiles([], np.zeros((0, 3)), made.LEVELS),
        classification([], np.zeros((0, 2)), ["no", "yes"]),
        ranking([], [], []),
    ],
    ids=lambda empty: empty.kind,
)
def test_no_rows_are_an_analysis_too(empty):
    found = analyse(empty, Rows({"kind": []}), declared=["kind"])
    assert found.rows == 0
    assert drawn_html(draw_analysis(found))
    assert draw_disagreement(disagreement(None, empty, empty))


def test_what_does_not_fit_is_refused():
    predicted, rows = made.numbers()
    with pytest.raises(StatisticsError, match=r"no column 'rian' .* Did you mean 'rain'\?"):
        analyse(predicted, rows, declared=["rian"])
    with pytest.raises(StatisticsError, match="The column 'rain' has the shape"):
        analyse(regression([1.0], [1.0]), Rows({"rain": [1, 2]}))
    with pytest.raises(StatisticsError, match="The clusters are of 2,240 rows where 1 were predicted"):
        analyse(regression([1.0], [1.0]), Rows(clusters=rows.clusters))
    with pytest.raises(StatisticsError, match="'other' is of 1 rows of regression"):
        analyse(predicted, rows, beside={"other": regression([1.0], [1.0])})
    with pytest.raises(StatisticsError, match="'other' has other outcomes"):
        analyse(regression([1.0], [1.0]), beside={"other": regression([2.0], [1.0])})
    with pytest.raises(StatisticsError, match="negative or do not sum to 1"):
        classification(["a"], [[0.3, 0.3]], ["a", "b"])


def test_disagreement_says_where_two_models_are_apart_and_which_is_nearer():
    actual, error, rows = made.panel()
    champion, off = regression(actual, actual + error), np.where(rows.columns["rain"] == "yes", 2.0, 0.0)
    found = disagreement(rows, regression(actual, actual + error + off), champion, names=("new", "old"))
    assert (found.groups[0].column, found.groups[0].value) == ("rain", "yes")
    assert found.groups[0].distance == pytest.approx(2.0)
    assert found.versus.difference.low > 0
    assert found.most == pytest.approx(2.0)
    drawn = draw_disagreement(found)
    assert next(iter(drawn)) == "disagreement of new and old"
    assert {"new: predicted", "old: predicted"} <= {
        one.name for one in drawn["disagreement of new and old, rows"].columns
    }


def test_two_runs_are_set_side_by_side():
    first, second = (analyse(*made.numbers(bad=bad), declared=["rain"]) for bad in (0.0, 3.0))
    figures, slices, worse = draw_comparison(first, second).values()
    told = {row[0]: row[1:] for row in figures.rows}
    assert told["absolute error"][2] == pytest.approx(second.mean_loss.estimate - first.mean_loss.estimate)
    assert [row[0] for row in slices.rows] == ["rain = no", "rain = yes"]
    assert worse.rows[0][:2] == ("rain = yes, size = big", None)
    with pytest.raises(StatisticsError, match="An analysis of regression and one of ranking do not compare"):
        draw_comparison(first, analyse(ranking([1], [1.0], ["a"])))


def test_analysing_needs_numpy_alone():
    code = (
        "import sys, mainspring.quality as q\n"
        "q.draw_analysis(q.analyse(q.regression([1.0, 2.0], [1.0, 3.0])))\n"
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"polars", "pandas", "sklearn", "scipy", "onnxruntime"} & set(said)
