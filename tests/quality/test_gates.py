"""Each gate has a fault that it was made for, and is seen to catch it, alone; and passes the clean model."""

import subprocess
import sys
from dataclasses import replace
from time import sleep

import numpy as np
import pytest
from gate_samples import POLICY, SERIES, SIGNATURE, contender, holdout, is_small, judged, loss, verdict, with_policy

from mainspring import quality
from mainspring.errors import DefinitionError, NewerFormatError, StatisticsError
from mainspring.package import Field, Signature, Training
from mainspring.quality import decode_report, draw_gates, encode_report, forest, loss_named, report_table
from mainspring.quality.scoring import losses_of

EVERYTHING = with_policy(size=2.0, latency=500.0, sign_off=True)


def everything(candidate, champion, policy=EVERYTHING, **exam):
    told = {"check": lambda *_: [verdict()], "signed": ("ada",), **exam}
    return judged(candidate, champion, policy, **told)


def test_the_clean_model_passes_every_gate():
    report = everything(contender(2), contender(1))
    assert report.passed, report
    assert [gate.name for gate in report.gates] == [
        "golden samples",
        "signature",
        "evaluated model",
        "unseen rows",
        "champion",
        "baseline",
        "slices",
        "properties",
        "size",
        "latency",
        "sign-off",
    ]
    assert (report.against, report.is_refit, report.rows) == (1, False, SERIES * 70)
    assert (report.first, report.last) == ("2025-01-06", "2025-03-16")
    assert not any(gate.fix for gate in report.gates)


def slow(columns):
    sleep(0.004)
    return {"y": np.ones(len(columns["row"]))}


OTHER = Signature((Field("row", "int64"), Field("price")), outputs=SIGNATURE.outputs)
WORSE_THERE = {"where": is_small, "there": 1.5}

# The fault, the gate that is there for it, its answer, and words of what it says and of what would make it pass.
FAULTS = {
    "damaged": (
        lambda: (contender(2, predict=None, fault="Predictions differ by more than the rule allows"), {}),
        ("golden samples", "fail", "differ by more", "Build the package again"),
    ),
    "another input": (
        lambda: (contender(2, signature=OTHER), {}),
        ("signature", "fail", "'price' was not there, is float64", 'changes = ["price"]'),
    ),
    "a refit": (
        lambda: (contender(2, training=Training("2025-01-05", refit=True)), {}),
        ("evaluated model", "inconclusive", "nobody has scored it", 'refit = "allowed"'),
    ),
    "trained on the holdout": (
        lambda: (contender(2, 0.01, training=Training("2025-03-16")), {}),
        ("unseen rows", "fail", "no row is newer", "rows after 2025-03-16"),
    ),
    "says nothing of its training": (
        lambda: (contender(2, training=None), {}),
        ("unseen rows", "fail", "does not say until when", "attest_training"),
    ),
    "a champion trained on the holdout": (
        lambda: (contender(2), {"champion": contender(1, training=Training("2025-04-01"))}),
        ("unseen rows", "fail", "version 1 until 2025-04-01", "rows after 2025-04-01"),
    ),
    "worse": (
        lambda: (contender(2, 1.2), {}),
        ("champion", "fail", "% more than the champion", "a loss 1"),
    ),
    "worse than the baseline": (
        lambda: (contender(2), {"holdout": holdout(simple=0.8)}),
        ("baseline", "fail", "% more than the baseline", "a loss"),
    ),
    "a bad slice": (
        lambda: (contender(2, 0.75, **WORSE_THERE), {}),
        ("slices", "fail", "kind = small", "a loss there"),
    ),
    "a property": (
        lambda: (contender(2), {"check": lambda *_: [verdict(), verdict("bounded", passed=False)]}),
        ("properties", "fail", "bounded: 312 of 10,000", "counterexamples"),
    ),
    "too large": (
        lambda: (contender(2, size=5 << 20), {}),
        ("size", "fail", "over by 3", "smaller"),
    ),
    "too slow": (
        lambda: (contender(2, predict=slow), {"policy": with_policy(latency=2.0, sign_off=True), "loss": None}),
        ("latency", "fail", "over by", "faster"),
    ),
    "nobody looked": (
        lambda: (contender(2), {"signed": ()}),
        ("sign-off", "inconclusive", "nobody", "mainspring gates sign shop 2"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", list(FAULTS))
def test_a_planted_fault_is_caught_by_the_gate_that_is_there_for_it(fault):
    make, (name, answer, says, fix) = FAULTS[fault]
    candidate, told = make()
    report = everything(candidate, told.pop("champion", contender(1)), told.pop("policy", EVERYTHING), **told)
    gate = report.gate(name)
    assert (gate.answer, report.passed) == (answer, False), report
    assert says in gate.says
    assert fix in gate.fix
    failed = [one.name for one in report.gates if one.answer != "pass"]
    follow = {"damaged": ["champion", "baseline", "slices", "properties", "latency"]}
    blind = ["champion", "baseline", "slices"] if name == "unseen rows" else []
    blind += ["evaluated model"] if fault == "says nothing of its training" else []
    blind += ["slices"] if fault == "worse" else []
    assert set(failed) - {name} <= set(follow.get(fault, blind))
    assert f"{name}" in str(report.evidence().answers)
    assert report.evidence().passed is False


def test_without_a_champion_the_baseline_alone_is_compared():
    report = everything(contender(1), None)
    assert report.passed
    assert report.gate("champion") is None
    assert "% less than the baseline" in report.gate("baseline").says
    assert [one.limit for one in report.gate("slices").compared][:1] == [0.2]


def test_superiority_asks_for_more_and_an_equal_model_is_inconclusive():
    report = judged(contender(2), contender(1), with_policy(goal="superior"))
    gate = report.gate("champion")
    assert (gate.answer, report.answer) == ("inconclusive", "inconclusive")
    assert "over by" in gate.says
    assert "weeks like these" in gate.fix or "a loss" in gate.fix
    assert judged(contender(2, 0.8), contender(1), with_policy(goal="superior")).passed


def test_few_weeks_are_inconclusive_and_one_says_nothing():
    noisy = with_policy(margin=0.01)
    few = judged(contender(2), contender(1), noisy, holdout=holdout(weeks=2))
    assert few.gate("champion").answer == "inconclusive"
    one = judged(contender(2), contender(1), noisy, holdout=holdout(weeks=1))
    assert "only one week" in one.gate("champion").says


def test_a_small_part_is_shown_and_not_judged():
    bad = contender(2, 0.8, where=lambda series: series >= 22, there=9.0)
    report = judged(bad, contender(1))
    gate = report.gate("slices")
    tiny = next(one for one in gate.compared if one.what == "kind = tiny")
    assert (tiny.answer, tiny.estimate > 5) == (None, True)
    assert "1 too small to be judged" in gate.says
    assert "not judged" in next(name for name in forest(report).names if "tiny" in name)


def test_a_slice_that_there_is_not_is_named():
    gate = judged(contender(2), contender(1), with_policy(slices=("region",))).gate("slices")
    assert gate.answer == "fail"
    assert "no slices region" in gate.says
    assert "kind" in gate.fix


def test_declared_changes_of_the_signature_pass():
    policy = with_policy(signature="declared", changes=("price",), holdout="", baseline="none")
    assert judged(contender(2, signature=OTHER), contender(1), policy, holdout=None).gate("signature").answer == "pass"


def test_an_allowed_refit_says_that_it_is_one():
    report = judged(
        contender(2, training=Training("2025-01-05", refit=True)), contender(1), with_policy(refit="allowed")
    )
    assert (report.passed, report.is_refit) == (True, True)
    assert "is a refit" in report.gate("evaluated model").says


def test_only_rows_after_both_ends_are_scored():
    late = contender(2, training=Training("2025-02-01T12:00:00"))
    report = judged(late, contender(1))
    assert (report.first, report.rows) == ("2025-02-02", SERIES * 43)
    assert f"{SERIES * 43:,} of {SERIES * 70:,} rows" in report.gate("unseen rows").says


def test_predictions_that_are_no_numbers_are_caught():
    def broken(columns):
        return {"y": np.where(columns["row"] == 5, np.nan, 1.0)}

    gate = judged(contender(2, predict=broken), contender(1)).gate("champion")
    assert gate.answer == "fail"
    assert "1 of 1,680 rows" in gate.says


def test_a_report_is_text_and_comes_back():
    report = everything(contender(2, 1.2), contender(1))
    text = encode_report(report)
    assert decode_report(text) == report
    assert report.evidence().digest == replace_digest(text)
    with pytest.raises(NewerFormatError, match="has format 9"):
        decode_report(text.replace('"format":1', '"format":9'))


def replace_digest(text: str) -> str:
    from mainspring.digest import blob_of

    return blob_of(text.encode())


def test_a_report_is_drawn():
    report = everything(contender(2, 1.2), contender(1))
    table = report_table(report)
    assert [row[1] for row in table.rows][4] == "fail"
    chart = forest(report)
    assert len(chart.names) == len(chart.limits) == 5
    page = str(draw_gates(report, "Gates"))
    assert "Intervals against their limits" in page
    assert "kind = big" in page


VECTOR = Signature((Field("x"),), outputs=(Field("p", shape=(2,), categories=("no", "yes")),))
QUANTILES = Signature((Field("x"),), outputs=(Field("q0.1"), Field("q0.9"), Field("date", "date")))


@pytest.mark.parametrize(
    ("name", "signature", "outcomes", "made", "expected"),
    [
        ("absolute", SIGNATURE, {"y": [1.0, 3.0]}, {"y": [2.0, 1.0]}, [1.0, 2.0]),
        ("squared", SIGNATURE, {"units": [1.0, 3.0]}, {"y": [2.0, 1.0]}, [1.0, 4.0]),
        ("pinball", QUANTILES, {"y": [1.0]}, {"q0.1": [2.0], "q0.9": [0.0], "date": [0.0]}, [0.9]),
        ("zero-one", VECTOR, {"y": ["yes", "no"]}, {"p": [[0.2, 0.8], [0.4, 0.6]]}, [0.0, 1.0]),
        ("zero-one", SIGNATURE, {"y": ["a", "b"]}, {"y": ["a", "c"]}, [0.0, 1.0]),
        ("log", VECTOR, {"y": ["yes", "no"]}, {"p": [[0.5, 0.5], [0.25, 0.75]]}, [np.log(2), np.log(4)]),
    ],
)
def test_losses_are_what_their_formulas_say(name, signature, outcomes, made, expected):
    found = loss_named(name, signature, {})
    given = {key: np.array(values) for key, values in outcomes.items()}
    assert np.allclose(losses_of(found, given, {key: np.array(values) for key, values in made.items()}, "x"), expected)


def test_what_has_no_loss_is_refused():
    with pytest.raises(DefinitionError, match=r"There is no loss 'pinbal'.*Did you mean 'pinball'"):
        loss_named("pinbal", SIGNATURE, {})
    with pytest.raises(DefinitionError, match="no output is known to be a quantile"):
        loss_named("pinball", SIGNATURE, {})
    with pytest.raises(StatisticsError, match=r"has the shape \(2,\), not \(1,\)"):
        losses_of(lambda *_: np.ones(2), {"y": np.ones(1)}, {}, "x")
    with pytest.raises(StatisticsError, match="below zero, in 1 of 1 rows"):
        losses_of(lambda *_: -np.ones(1), {"y": np.ones(1)}, {}, "x")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"inputs": {}}, "it has no inputs"),
        ({"times": np.arange(3)}, "its times are int64"),
        ({"outcomes": {"y": np.full(SERIES * 70, np.nan)}}, "outcome 'y' is not known in 1,680 rows"),
        ({"series": np.arange(5)}, "series has 5 rows where times has 1,680"),
        ({"slices": {"kind": np.array(["a"])}}, "slice 'kind' has 1 rows"),
    ],
)
def test_a_holdout_that_cannot_be_is_refused(changes, said):
    with pytest.raises(DefinitionError, match=said):
        replace(holdout(), **changes)


def test_the_policy_is_the_evidence_too():
    report = judged(contender(2), contender(1))
    assert report.policy["margin"] == "0.05"
    assert POLICY.margin == 0.05
    assert loss({"y": np.zeros(1)}, {"y": np.ones(1)}).tolist() == [1.0]


def test_a_pipeline_that_returns_a_holdout_loads_no_gates():
    code = "import sys; from mainspring.quality import Holdout; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"mainspring.quality.gates", "mainspring.registry", "mainspring.stats", "mainspring.charts"}
    assert not heavy & set(done.stdout.split())


def test_every_name_of_the_unit_is_there():
    assert sorted(quality._PLACES) == sorted(quality.__all__)
    assert all(getattr(quality, name) is not None for name in quality.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'gate'"):
        quality.gate


def test_properties_are_asked_one_row_of_each_series_and_week():
    held = holdout()
    apart = held.apart()
    weeks = (apart.times.astype("datetime64[D]").astype(int) + 3) // 7
    pairs = list(zip(apart.series.tolist(), weeks.tolist(), strict=True))
    assert len(set(pairs)) == len(pairs) == apart.rows
    every = set(
        zip(held.series.tolist(), ((held.times.astype("datetime64[D]").astype(int) + 3) // 7).tolist(), strict=True)
    )
    assert set(pairs) == every
    assert held.apart().times.tolist() == apart.times.tolist()
