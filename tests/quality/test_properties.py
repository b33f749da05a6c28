"""Each kind of property passes a right model, and fails the one that has the fault planted that it is about."""

import math

import numpy as np
import pytest
from market_sample import NAMES, demand

from mainspring.errors import DefinitionError, InputError, PropertyError
from mainspring.quality import (
    Allow,
    Assign,
    Case,
    Changing,
    Domain,
    Noise,
    Rename,
    Replace,
    Scale,
    Shift,
    bounded,
    check,
    consistent,
    decode_verdicts,
    directional,
    draw_properties,
    encode_verdicts,
    equivariant,
    holds,
    invariant,
    minimum_functionality,
    monotonic,
    no_worse_on,
    non_crossing,
    require,
    robust,
)

LEVELS = ("q0.25", "q0.5", "q0.75")


def promoted(rows, _):
    return {"promotion": np.ones_like(rows["promotion"])}


def not_promoted(rows):
    return rows["promotion"] == 0


PROPERTIES = {
    "monotonic": monotonic("price up, demand not up", Shift("price", 0.5, 3), "down"),
    "invariant": invariant("the id does not matter", Replace("id")),
    "synonym": invariant(
        "milk is Milk", Rename({"kind": {"milk": "Milk", "Milk": "milk"}}), where=lambda r: r["kind"] == "tea"
    ),
    "equivariant": equivariant(
        "twice the sales, twice the demand", Scale("history", 0.5, 2), allow=Allow(size=1e-9, floor=1.0)
    ),
    "directional": directional(
        "a promotion adds a quarter at least",
        Changing(promoted),
        (0.25, 0.4),
        where=not_promoted,
        allow=Allow(floor=1e-9),
    ),
    "robust": robust("noise of 1% is no more than 1%", Noise("history", 0.01), allow=Allow(size=0.02, floor=1.0)),
    "bounded": bounded("demand is from 0 to 200", 0, 200),
    "non_crossing": non_crossing("quantiles do not cross", LEVELS),
    "consistent": consistent("a row has one answer", ("twice", "batch", "alone")),
    "minimum_functionality": minimum_functionality(
        "what anybody knows",
        [
            Case("nothing sold, nothing forecast", {"history": 0.0}, {"q0.75": (0, 0.001)}),
            Case("a shop that sells 100 a day sells 10 to 200", {"history": 100.0, "price": 2.0}, {"q0.5": (10, 200)}),
        ],
    ),
    "holds": holds(
        "the interval is no wider than the middle",
        lambda a: a.outputs["q0.75"] - a.outputs["q0.25"] <= a.outputs["q0.5"],
    ),
}
PROPERTIES["synonym"] = invariant("tea is thé", Rename({"kind": {"Tea": "tea"}}))


def wrong(fault):
    """The right model with a fault."""

    def predict(rows):
        made = demand(rows)
        return {name: fault(rows, values, name) for name, values in made.items()}

    return predict


def wrong_sign(rows, values, _):
    return values * np.exp(0.2 * rows["price"])


def id_matters(rows, values, _):
    return values * (1 + 0.01 * np.array([len(one) for one in rows["id"].tolist()]))


def overflows(_, values, __):
    with np.errstate(over="ignore"):
        return (values * 1000).astype(np.float16).astype(float) / 1000


def saturates(_, values, __):
    return np.minimum(values, 30)


def no_promotion(rows, values, _):
    return values / (1 + 0.3 * rows["promotion"])


def jumps(rows, values, _):
    return values * np.where(rows["history"].sum(axis=1) % 1 < 0.1, 1.2, 1)


def crosses(rows, values, name):
    return np.where(rows["price"] < 2, values * (0.5 if name == "q0.75" else 1), values)


def of_the_batch(_, values, __):
    return values - 0.01 * (values - values.mean())


def of_the_null(_, values, __):
    return values + 5


def wide(rows, values, name):
    return values * (3 if name == "q0.75" else 1) if (rows["x1"] > 0).all() else values


FAULTS = {
    "monotonic": wrong_sign,
    "invariant": id_matters,
    "equivariant": saturates,
    "directional": no_promotion,
    "robust": jumps,
    "bounded": overflows,
    "non_crossing": crosses,
    "consistent": of_the_batch,
    "minimum_functionality": of_the_null,
    "holds": wide,
}


def by_name(verdicts):
    return {one.name: one for one in verdicts}


def test_the_right_model_passes_them_all_and_every_share_is_shown(shop, domain):
    asked = [one for name, one in PROPERTIES.items() if name != "synonym"]
    found = check(asked, demand, shop, domain=domain, budget=4000)
    assert [one.says for one in found if not one.passed] == []
    require(found)
    for one in found:
        assert one.answer == "holds"
        assert one.violations == 0
        assert one.limit is None or (one.upper < 0.01 and one.adjusted <= 0.05)
        assert {tally.of for tally in one.sources} == (
            {"real"} if one.kind == "minimum_functionality" else {"real", "domain"}
        )


@pytest.mark.parametrize("kind", FAULTS)
def test_a_planted_fault_is_caught_by_the_property_that_is_about_it(kind, shop, domain):
    verdict = check([PROPERTIES[kind]], wrong(FAULTS[kind]), shop, domain=domain, budget=2000)[0]
    assert verdict.answer == "broken"
    assert not verdict.passed
    assert verdict.violations > 0
    assert verdict.worst > verdict.most
    assert verdict.counterexamples
    with pytest.raises(PropertyError, match=f"(?s)1 of 1 properties do not hold.*'{verdict.name}' is broken: "):
        require([verdict])


def test_a_change_that_changes_nothing_shows_nothing(shop, domain):
    verdict = check([PROPERTIES["synonym"]], demand, shop, domain=domain, budget=400)[0]
    assert (verdict.answer, verdict.checked) == ("inconclusive", 0)
    assert "too few rows to show it" in verdict.says


def test_few_rows_show_no_small_share(shop):
    few = {name: values[:50] for name, values in shop.items()}
    wanted = non_crossing("quantiles do not cross", LEVELS, allow=Allow(sources=("real",)))
    verdict = check([wanted], demand, few, budget=2000)[0]
    assert (verdict.answer, verdict.checked, verdict.violations) == ("inconclusive", 50, 0)
    assert verdict.upper == pytest.approx(1 - 0.05 ** (1 / 50))


def test_variants_of_a_row_count_once(shop):
    few = {name: values[:300] for name, values in shop.items()}
    asked = []

    def counted(rows):
        asked.append(len(rows["price"]))
        return wrong_sign_only_sometimes(rows)

    def wrong_sign_only_sometimes(rows):
        return {"q0.5": np.where(rows["price"] > 7, 1.0, 0.0)}

    verdict = check([PROPERTIES["monotonic"]], counted, few, budget=6000, domain=Domain())[0]
    real = verdict.sources[0]
    assert (real.of, real.checked) == ("real", 300)
    assert real.violations <= 300
    assert max(asked) <= 10_000
    assert sum(asked) > 2400 + 300  # eight variants of each real row, and the row itself


def test_holm_is_over_all_properties_of_a_call(shop):
    few = {name: values[:330] for name, values in shop.items()}
    allow = Allow(share=0.01, sources=("real",))
    many = [non_crossing(f"quantiles do not cross {place}", LEVELS, allow=allow) for place in range(3)]
    alone = check(many[:1], demand, few, budget=660)[0]
    together = check(many, demand, few, budget=660)
    assert alone.adjusted == alone.p == pytest.approx(0.99**330)
    assert alone.passed
    assert [one.adjusted for one in together] == pytest.approx([3 * alone.p] * 3)
    assert [one.answer for one in together] == ["inconclusive"] * 3


def test_the_gate_is_on_the_share_and_on_the_worst_case(shop, domain):
    def rarely(rows):
        made = demand(rows)
        return made | {"q0.5": np.where(rows["x3"] > 0.797, made["q0.5"] + 50, made["q0.5"])}

    def answer(share, worst):
        wanted = bounded("at most", 0, 60, of=("q0.5",), allow=Allow(share, 0, worst, sources=("real",)))
        return check([wanted], rarely, shop, domain=Domain(), budget=4000)[0]

    assert answer(0.05, 100).answer == "holds"
    assert answer(0.05, 10).answer == "broken"
    assert answer(0.001, 100).answer in ("broken", "inconclusive")


def test_slices_decisions_and_sizes_are_told(shop, domain):
    labels = {"kind": shop["kind"], "cheap": shop["price"] < 3}

    def of_milk(rows, values, _):
        return np.where(rows["kind"] == "milk", id_matters(rows, values, _), values)

    verdict = check(
        [PROPERTIES["invariant"]],
        wrong(of_milk),
        shop,
        domain=domain,
        slices=labels,
        budget=4000,
        decision=lambda outputs: outputs["q0.5"] > 20,
    )[0]
    broken = {one.of: one.violations for one in verdict.slices}
    assert broken["kind = milk"] > 0
    assert broken["kind = tea"] == broken["kind = coffee"] == 0
    assert {"cheap = True", "cheap = False"} <= {*broken}
    assert 0 < verdict.flips < verdict.violations
    assert 0 < verdict.p95 <= verdict.p99 <= verdict.worst


def test_texts_are_decisions_by_themselves(shop):
    def classes(rows):
        return {"class": np.array(["many" if len(one) > 7 else "few" for one in rows["id"].tolist()], object)}

    verdict = check([PROPERTIES["invariant"]], classes, shop, budget=2000)[0]
    assert verdict.violations == verdict.flips > 0
    assert verdict.worst == 1.0


def test_the_round_trip_is_asked_where_there_is_one(shop):
    wanted = [consistent("a row has one answer")]
    assert "no model after the round trip was given" in check(wanted, demand, shop, budget=400)[0].says

    def rounded(rows):
        return {name: values.astype(np.float32).astype(float) for name, values in demand(rows).items()}

    verdict = check(wanted, demand, shop, budget=800, again=rounded)[0]
    assert verdict.answer == "broken"
    assert {one.of: one.violations > 0 for one in verdict.parts} == {
        "twice": False,
        "batch": False,
        "alone": False,
        "round trip": True,
    }


def worse_on(slice_, factor):
    def predict(rows):
        return {"q0.5": np.where(rows["kind"] == slice_, factor, 1.0) * demand(rows)["q0.5"]}

    return predict


def test_a_bad_slice_is_found_and_chance_is_not(shop):
    random = np.random.default_rng(3)
    outcomes = {"sold": demand(shop)["q0.5"] * random.gamma(20, 0.05, 2000)}

    def loss(_, outputs, outcomes):
        return np.abs(outputs["q0.5"] - outcomes["sold"])

    wanted = [no_worse_on("no kind is worse", "kind", loss, margin=0.7)]
    fine = check(wanted, demand, shop, outcomes=outcomes)[0]
    assert fine.passed
    assert [one.violations for one in fine.slices] == [0, 0, 0]
    bad = check(wanted, worse_on("milk", 2.5), shop, outcomes=outcomes)[0]
    assert (bad.answer, bad.violations) == ("broken", 1)
    assert "most of all kind = milk" in bad.says
    with pytest.raises(InputError, match="compares losses, and no outcomes were given"):
        check(wanted, demand, shop)
    with pytest.raises(DefinitionError, match="Did you mean 'kind'"):
        check([no_worse_on("no kind is worse", "kinds", loss)], demand, shop, outcomes=outcomes)


def test_a_slice_is_compared_with_a_baseline_by_cluster(shop):
    outcomes = {"sold": demand(shop)["q0.5"] * 1.1}

    def loss(_, outputs, outcomes):
        return np.abs(outputs["q0.5"] - outcomes["sold"])

    def baseline(_, outcomes):
        return 0.12 * outcomes["sold"]

    def halves(rows):
        return np.arange(len(rows["price"])) // 50

    wanted = [no_worse_on("no worse than the baseline", "kind", loss, margin=0.05, against=baseline, cluster=halves)]
    assert check(wanted, demand, shop, outcomes=outcomes)[0].passed
    assert not check(wanted, worse_on("tea", 0.9), shop, outcomes=outcomes)[0].passed


def test_equal_seeds_are_equal_verdicts_whatever_is_checked_beside(shop, domain):
    first, second = PROPERTIES["invariant"], PROPERTIES["monotonic"]
    model = wrong(id_matters)
    alone = check([first], model, shop, domain=domain, budget=500, seed=4)
    again = check([first], model, shop, domain=domain, budget=500, seed=4)
    assert alone == again
    beside = by_name(check([second, first], model, shop, domain=domain, budget=500, seed=4))[first.name]
    assert beside.violations == alone[0].violations
    assert check([first], model, shop, domain=domain, budget=500, seed=5) != alone


def test_verdicts_are_json_and_tables(shop, domain):
    def broken(rows):
        return {name: np.where(rows["price"] < 1.1, np.inf, values) for name, values in demand(rows).items()}

    asked = [PROPERTIES["bounded"], PROPERTIES["minimum_functionality"], PROPERTIES["invariant"]]
    found = check(asked, broken, shop, domain=domain, budget=1000, slices={"kind": shop["kind"]})
    assert math.isinf(found[0].worst)
    assert decode_verdicts(encode_verdicts(found)) == tuple(found)
    drawn = draw_properties(found)
    assert list(drawn) == [
        "properties",
        "properties by source",
        "properties by case",
        "properties by slice",
        "counterexamples",
        "share of rows that may break a property",
    ]
    assert drawn["properties"].total == 3
    with pytest.raises(InputError, match="Verdicts of the format 99 are not known"):
        decode_verdicts(b'{"format": 99, "verdicts": []}')
    with pytest.raises(InputError, match="These are no verdicts"):
        decode_verdicts(b"[1]")


def test_what_cannot_be_asked_is_said(shop):
    one = PROPERTIES["monotonic"]
    with pytest.raises(DefinitionError, match="Two properties have the name 'price up, demand not up'"):
        check([one, one], demand, shop)
    with pytest.raises(
        DefinitionError, match=r"changes the column 'prize', which the rows have not. Did you mean 'price'"
    ):
        check([monotonic("x", Shift("prize", 1, 2), "up")], demand, shop)
    with pytest.raises(
        DefinitionError, match=r"looks at the output 'q0.55', which the model has not. Did you mean 'q0.5'"
    ):
        check([bounded("x", 0, of=("q0.55",))], demand, shop)
    with pytest.raises(InputError, match="There are no rows"):
        check([one], demand, {name: values[:0] for name, values in shop.items()})
    with pytest.raises(InputError, match=r"was asked .* rows and answered"):
        check([one], lambda rows: {"q0.5": np.zeros(3)}, shop)
    with pytest.raises(InputError, match="'kind' has 5 values for 2,000 rows"):
        check([one], demand, shop, slices={"kind": shop["kind"][:5]})
    with pytest.raises(InputError, match="in batches of 200,000"):
        check([one], demand, shop, batch=200_000)
    with pytest.raises(DefinitionError, match="Say 'up' or 'down'"):
        monotonic("x", Shift("price", 1, 2), "sideways")
    with pytest.raises(DefinitionError, match="cannot be asked 'backwards'"):
        consistent("x", ("backwards",))
    with pytest.raises(DefinitionError, match="allows no move at all"):
        robust("x", Noise("history", 0.01), allow=Allow())
    with pytest.raises(DefinitionError, match="Give one inside"):
        Allow(share=1.5)
    with pytest.raises(DefinitionError, match="a worst size that is at least"):
        Allow(size=2, worst=1)
    with pytest.raises(DefinitionError, match="each with a name of its own"):
        minimum_functionality("x", [])


def test_rows_are_asked_in_batches(shop):
    sizes = []

    def counted(rows):
        sizes.append(len(rows["price"]))
        return demand(rows)

    check([PROPERTIES["monotonic"], PROPERTIES["bounded"]], counted, shop, budget=4000, batch=1000)
    assert max(sizes) == 1000
    assert sum(sizes) <= 2 * 4000 + 4000


def test_a_bound_may_be_worked_out_from_the_rows_and_values_assigned_to_parts_of_vectors(shop):
    most = bounded("at most twice the largest sale", 0, lambda rows: 2 * rows["history"].max(axis=1))
    idle = minimum_functionality(
        "an idle week",
        [
            Case(
                "half",
                Assign({"history": 0.0}, at=slice(0, 7)),
                {"q0.5": (0, lambda rows: rows["history"].max(axis=1))},
            )
        ],
    )
    found = check([most, idle], demand, shop, budget=1000)
    assert [one.passed for one in found] == [True, True]
    assert NAMES
