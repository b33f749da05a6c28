"""The parity rule against its own words, and against planted faults."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mainspring.errors import DefinitionError, ParityError
from mainspring.package import Decision, Rule, check_parity, parity

RANDOM = np.random.default_rng(3)
EXPECTED = RANDOM.gamma(2, 500, 2000)
FLOATS = st.floats(allow_nan=True, allow_infinity=True)


def oracle(expected: list[float], got: list[float], share: float, floor: float) -> float:
    """The least difference that is not below that share of the rows, in plain Python."""
    found = []
    for one, two in zip(expected, got, strict=True):
        if one == two or (one != one and two != two):
            found.append(0.0)
            continue
        difference = abs(two - one) / max(abs(one), floor)
        found.append(float("inf") if difference != difference else difference)
    place = share * (len(found) - 1)
    return sorted(found)[int(-(-place // 1))]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(FLOATS, FLOATS), min_size=1, max_size=12), st.sampled_from([0.0, 0.25, 0.5, 1.0]))
def test_quantiles_are_what_the_words_say(pairs, share):
    expected, got = [list(map(float, side)) for side in zip(*pairs, strict=True)]
    measure = parity({"y": np.array(expected)}, {"y": np.array(got)}, Rule(((share, 1.0),))).outputs[0]
    assert measure.quantiles[0][1] == oracle(expected, got, share, 1.0)
    assert measure.maximum == oracle(expected, got, 1.0, 1.0)


def test_equal_predictions_agree_whatever_they_are():
    strange = np.array([np.nan, np.inf, -np.inf, 0.0, 1e300])
    found = parity(
        {"y": strange, "label": np.array(["a"] * 5, object)},
        {"y": strange, "label": np.array(["a"] * 5, object)},
        Rule(((1, 0),), 0.0),
    )
    assert found.ok
    assert [one.differing for one in found.outputs] == [0, 0]


def test_float32_passes_the_default_rule():
    assert check_parity({"y": EXPECTED}, {"y": EXPECTED.astype(np.float32).astype(float)}, Rule(), "here").ok


def shifted():
    return EXPECTED * 1.0002


def half_shifted():
    return np.where(np.arange(2000) % 2 == 0, EXPECTED * 1.01, EXPECTED)


def two_per_cent_of_rows():
    got = EXPECTED.copy()
    got[::50] *= 1.001
    return got


def one_row():
    got = EXPECTED.copy()
    got[1234] *= 1.5
    return got


def one_nan():
    got = EXPECTED.copy()
    got[7] = np.nan
    return got


def swapped_rows():
    return EXPECTED[::-1].copy()


@pytest.mark.parametrize(
    ("plant", "fault"),
    [
        (shifted, "the difference at 0.5 of the rows"),
        (half_shifted, "the difference at 0.5 of the rows|the difference at 0.99"),
        (two_per_cent_of_rows, "the difference at 0.99 of the rows is 0.001"),
        (one_row, "the greatest difference is 0.5, above 0.1, in row 1234"),
        (one_nan, "the greatest difference is inf"),
        (swapped_rows, "the difference at 0.5 of the rows"),
    ],
)
def test_a_planted_perturbation_is_caught(plant, fault):
    with pytest.raises(ParityError, match="Predictions differ by more than the rule allows") as caught:
        check_parity({"y": EXPECTED}, {"y": plant()}, Rule(), "here")
    assert any(__import__("re").search(fault, line) for line in caught.value.lines)


def test_what_the_rule_does_not_see_is_what_its_page_says():
    got = EXPECTED.copy()
    got[::200] *= 1.09  # fewer rows than the last quantile leaves out, each by less than the maximum
    assert parity({"y": EXPECTED}, {"y": got}, Rule()).ok


def test_swapped_outputs_are_caught():
    low, high = EXPECTED, EXPECTED + 100
    assert not parity({"a": low, "b": high}, {"a": high, "b": low}, Rule()).ok


def test_a_decision_flips_outside_its_margin_only():
    expected, got = np.array([0.499, 0.2, 0.9]), np.array([0.501, 0.2, 0.9])
    rule = Rule(((1, 1),), 1.0, decisions=(Decision("p", 0.5, margin=0.01),))
    measure = parity({"p": expected}, {"p": got}, rule).outputs[0]
    assert (measure.flips, measure.near, measure.faults) == (0, 1, ())
    measure = parity({"p": np.array([0.48])}, {"p": np.array([0.501])}, rule).outputs[0]
    assert (measure.flips, measure.faults) == (1, ("1 of 1 decisions flip outside the margin",))


def test_the_greatest_of_a_vector_decides():
    expected = np.array([[0.5, 0.3, 0.2], [0.34, 0.33, 0.33]])
    rule = Rule(((1, 1),), 1.0, decisions=(Decision("p", margin=0.05),))
    measure = parity({"p": expected}, {"p": expected[:, ::-1].copy()}, rule).outputs[0]
    assert (measure.flips, measure.near) == (1, 1)


def test_labels_are_compared_by_their_share():
    expected, got = np.array([1, 2, 3, 4]), np.array([1, 2, 3, 5])
    assert parity({"k": expected}, {"k": got}, Rule()).outputs[0].faults == ("1 of 4 rows differ, above 0",)
    assert parity({"k": expected}, {"k": got}, Rule(labels=0.25)).ok


@pytest.mark.parametrize(
    ("expected", "got", "what"),
    [
        ({"a": EXPECTED}, {"b": EXPECTED}, r"There are the outputs \['b'\], and \['a'\] are expected"),
        ({"a": EXPECTED}, {"a": EXPECTED[:5]}, r"is float64 of \(5,\), and float64 of \(2000,\) is expected"),
        ({"a": EXPECTED}, {"a": EXPECTED.astype(int)}, "is int64 of"),
        ({"a": EXPECTED[:0]}, {"a": EXPECTED[:0]}, "has no rows to compare"),
    ],
)
def test_what_cannot_be_compared(expected, got, what):
    with pytest.raises(ParityError, match=what):
        parity(expected, got, Rule())


def test_a_decision_must_be_about_an_output():
    with pytest.raises(
        DefinitionError, match=r"about 'probability', and there is no such output.*Did you mean 'probabilty'"
    ):
        parity({"probabilty": EXPECTED}, {"probabilty": EXPECTED}, Rule(decisions=(Decision("probability", 0.5),)))
    with pytest.raises(DefinitionError, match="needs a threshold"):
        parity({"p": EXPECTED}, {"p": EXPECTED}, Rule(decisions=(Decision("p"),)))
    with pytest.raises(DefinitionError, match="has no use for a threshold"):
        parity({"p": EXPECTED[:, None]}, {"p": EXPECTED[:, None]}, Rule(decisions=(Decision("p", 0.5),)))
