"""What breaks a property is brought to the smallest change against a real row."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from market_sample import NAMES, demand

from mainspring.errors import InputError
from mainspring.quality import (
    Allow,
    Case,
    Counterexamples,
    Domain,
    Noise,
    Replace,
    Scale,
    Shift,
    bounded,
    check,
    consistent,
    equivariant,
    invariant,
    minimum_functionality,
    monotonic,
    robust,
)
from mainspring.quality.drawing_properties import changes
from mainspring.quality.shrinking import minimal


@given(st.integers(1, 300), st.data())
@settings(max_examples=150, deadline=None)
def test_what_is_minimal_is_exactly_what_was_planted(size, data):
    planted = data.draw(st.sets(st.integers(0, size - 1), max_size=4))
    batches = []

    def breaks(masks):
        batches.append(len(masks))
        return masks[:, sorted(planted)].all(axis=1)

    assert set(minimal(size, breaks)) == planted
    assert len(batches) <= 60


@given(st.integers(2, 40), st.integers(0, 2**32 - 1))
@settings(max_examples=100, deadline=None)
def test_nothing_of_what_is_minimal_can_be_left_out(size, seed):
    weights = np.random.default_rng(seed).integers(0, 5, size)
    most = int(weights.sum() // 2)

    def breaks(masks):
        return masks @ weights > most

    kept = list(minimal(size, breaks)) if weights.sum() > most else []
    for left in kept:
        mask = np.zeros((1, size), bool)
        mask[0, [one for one in kept if one != left]] = True
        assert not breaks(mask)[0]


def planted(rows):
    """Where two columns are both in a corner that no real row is in, demand is wrong."""
    made = demand(rows)
    corner = (rows["x2"] > 0.9) & (rows["x7"] < 0.1)
    return {name: np.where(corner, -5.0, values) for name, values in made.items()}


@pytest.mark.parametrize("seed", range(5))
def test_shrinking_finds_exactly_the_two_planted_columns(shop, domain, seed):
    wanted = bounded("demand is not negative", 0)
    verdict = check([wanted], planted, shop, domain=domain, seed=seed, budget=10_000)[0]
    assert verdict.answer == "broken"
    assert verdict.says.endswith("only 'x2' and 'x7' matter")
    assert verdict.counterexamples
    for one in verdict.counterexamples:
        assert set(one.columns()) == {"x2", "x7"}
        assert 0.9 < one.changed["x2"][1] < 0.901
        assert 0.099 < one.changed["x7"][1] < 0.1
        real = {name: values for name, values in one.row.items() if name not in ("x2", "x7")}
        assert any(real["id"] == name for name in shop["id"].tolist())
        assert (one.size, one.after["q0.5"]) == (5.0, -5.0)
        assert one.before["q0.5"] > 0


def test_a_pair_is_shrunk_on_both_sides(shop, domain):
    """Where x4 is high, the price has the wrong sign: x4 is of the row that is asked first, the price changes."""

    def model(rows):
        made = demand(rows)
        return {name: np.where(rows["x4"] > 0.9, values + 20 * rows["price"], values) for name, values in made.items()}

    wanted = monotonic(
        "price up, demand not up", Shift(("price", "x1"), 0.01, 3), "down", allow=Allow(size=0.01, floor=1)
    )
    verdict = check([wanted], model, shop, domain=Domain(domain.ranges), budget=4000)[0]
    found = [one for one in verdict.counterexamples if one.source == "domain"]
    assert found
    for one in found:
        assert set(one.context) <= {"x4"}
        assert [*one.changed] == ["price"]
        assert one.changed["price"][1] - one.changed["price"][0] < 3


def test_only_the_elements_of_a_vector_that_matter_stay_changed(shop):
    def model(rows):
        return {"q0.5": np.where(rows["history"][:, 3] > 50, 1000.0, 1.0)}

    wanted = robust("noise", Noise("history", 0.3), allow=Allow(size=1, floor=1.0))
    verdict = check([wanted], model, shop, budget=4000)[0]
    assert verdict.counterexamples
    for one in verdict.counterexamples:
        before, after = one.changed["history"]
        assert [place for place in range(14) if before[place] != after[place]] == [3]
        assert 50 < after[3] < 50.1
        assert len(changes(one)) == 1
        assert changes(one)[0].startswith("history[3]: ")


def test_a_factor_comes_as_near_to_one_as_it_goes(shop):
    def model(rows):
        total = rows["history"].sum(axis=1)
        return {"q0.5": np.where(total > 500, total * 2, total)}

    wanted = equivariant("twice the sales", Scale("history", 1.1, 3), allow=Allow(size=0.01, floor=1.0))
    verdict = check([wanted], model, shop, budget=2000)[0]
    one = verdict.counterexamples[0]
    before, after = (sum(values) for values in one.changed["history"])
    assert after == pytest.approx(before * one.amount)
    assert before <= 500 < after < 501


def test_counterexamples_are_kept_and_asked_again_first(shop, domain, tmp_path):
    wanted = [
        bounded("demand is not negative", 0),
        consistent("one answer", ("batch",)),
        minimum_functionality("known", [Case("idle", {"history": 0.0}, {"q0.5": (0, 1)})]),
    ]
    kept = Counterexamples(tmp_path / "counterexamples")

    def model(rows):
        return {name: values + 7 + 1e-3 * values.mean() for name, values in planted(rows).items()}

    low = bounded("demand is not negative", 7)
    found = check([low, *wanted[1:]], model, shop, domain=domain)
    assert not any(one.passed for one in found)
    assert len(kept.add(one for verdict in found for one in verdict.counterexamples)) >= 3
    assert kept.add(found[0].counterexamples) == ()
    assert {one.property for one in kept.all()} == {"demand is not negative", "one answer", "known: idle"}
    again = check([low, *wanted[1:]], model, shop, budget=4, kept=kept)
    assert all(one.replayed == one.still > 0 for one in again)
    assert not any(one.passed for one in again)
    assert "kept counterexamples still break it" in again[0].says
    mended = check(wanted, demand, shop, domain=domain, kept=kept)
    assert all(one.passed and one.replayed and not one.still for one in mended)


def test_what_is_kept_comes_back_to_the_bit(shop, tmp_path):
    rows = dict(shop) | {"day": np.full(2000, np.datetime64("2024-02-29")), "few": shop["x1"].astype(np.float32)}
    rows["history"] = np.where(rows["history"] < 10, np.nan, rows["history"])
    asked = []

    def model(rows):
        asked.append({name: values.copy() for name, values in rows.items()})
        return {"q0.5": np.where(rows["price"] > 4.5, np.inf, 1.0)}

    wanted = [bounded("finite")]
    found = check(wanted, model, rows, budget=200)[0].counterexamples
    kept = Counterexamples(tmp_path)
    kept.add(found)
    assert sorted(map(str, kept.of("finite"))) == sorted(map(str, found))
    asked.clear()
    verdict = check(wanted, model, rows, budget=200, kept=kept)[0]
    assert verdict.still == verdict.replayed == len(found)
    assert {name: values.dtype for name, values in asked[0].items()} == {name: v.dtype for name, v in rows.items()}
    broken = next(iter(tmp_path.glob("*.json")))
    broken.write_text('{"format": 9}')
    with pytest.raises(InputError, match="A counterexample of the format 9 is not known"):
        kept.all()
    broken.write_text("{")
    with pytest.raises(InputError, match="This is no counterexample"):
        kept.all()


def test_sensitive_values_are_in_no_counterexample(shop, tmp_path):
    def model(rows):
        return {"q0.5": np.array([float(len(one)) for one in rows["id"].tolist()]) + (rows["price"] > 4.9)}

    secret = Domain(sensitive=frozenset({"id"}))
    by_id = invariant("the id does not matter", Replace("id"))
    high = bounded("at most 9", 0, 9)
    found = check([by_id, high], model, shop, domain=secret, budget=2000)
    told = [one for verdict in found for one in verdict.counterexamples]
    assert {one.property for one in told} == {"the id does not matter", "at most 9"}
    assert "shop " not in str(told)
    assert all(one.changed["id"] == ("withheld", "withheld") for one in found[0].counterexamples)
    kept = Counterexamples(tmp_path)
    kept.add(told)
    assert {one.property for one in kept.all()} <= {"at most 9"}
    assert check([by_id, high], model, shop, domain=secret, budget=2000, kept=kept)[0].replayed == 0


def test_a_counterexample_of_other_columns_is_left_alone(shop, tmp_path):
    kept = Counterexamples(tmp_path)
    kept.add(check([bounded("low", 0, 1)], demand, shop, budget=100)[0].counterexamples)
    fewer = {name: values for name, values in shop.items() if name not in NAMES}
    fewer |= {name: shop[name] for name in NAMES[1:]}
    model = {"q0.5": lambda rows: rows["price"]}
    verdict = check([bounded("low", 0, 100)], lambda rows: {"q0.5": model["q0.5"](rows)}, fewer, budget=600, kept=kept)[
        0
    ]
    assert verdict.replayed == 0
    reshaped = dict(shop) | {"history": shop["history"][:, :5]}
    with pytest.raises(InputError, match="does not fit the rows"):
        check([bounded("low", 0, 100)], demand, reshaped, budget=100, kept=kept)
