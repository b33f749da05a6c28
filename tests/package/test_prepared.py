"""Prepared arrays: what is taken without being examined is what an examination would take as it is."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mainspring.package import Field, Policy, Signature
from mainspring.package.prepared import PlainRows, Prepared
from mainspring.package.validating import examine

FIELDS = (
    Field("f64", "float64", minimum=-2, maximum=0.7),
    Field("f32", "float32", minimum=0.1, maximum=0.7),
    Field("vector", "float32", (3,), maximum=5),
    Field("i64", "int64", minimum=0, maximum=2.0**53),
    Field("i32", "int32", categories=(1, 2)),
    Field("flag", "bool"),
    Field("text", "string", categories=("a", "b")),
    Field("any", "string"),
    Field("day", "date"),
)
STRANGE = [float("nan"), float("inf"), -float("inf"), 0.1, 0.7, -2.0, np.nextafter(0.7, 1), 1e308]
FLOATS = st.one_of(st.sampled_from(STRANGE), st.floats(-3, 1), st.floats(0.1, 0.7))
SMALL = FLOATS.filter(lambda value: value != 1e308).map(np.float32)
ONES = {
    "f64": FLOATS,
    "f32": SMALL,
    "vector": st.lists(SMALL, min_size=3, max_size=3),
    "i64": st.one_of(st.integers(0, 9), st.sampled_from([-1, 2**53, 2**53 + 1])),
    "i32": st.integers(1, 3),
    "flag": st.booleans(),
    "text": st.sampled_from(["a", "b", "c", None]),
    "any": st.sampled_from(["x", "", None]),
    "day": st.sampled_from(["2026-01-01", "NaT"]),
}
KINDS = {
    "f64": "f8",
    "f32": "f4",
    "vector": "f4",
    "i64": "i8",
    "i32": "i4",
    "flag": "?",
    "text": "O",
    "any": "O",
    "day": "<M8[D]",
}
POLICIES = st.sampled_from(
    [Policy(), Policy(extra="drop"), Policy(range="keep"), Policy(unknown="keep"), Policy(nan="keep", null="keep")]
)


@st.composite
def inputs(draw):
    names = draw(st.lists(st.sampled_from(list(ONES)), min_size=1, max_size=4, unique=True))
    rows = draw(st.sampled_from([1, 1, 2, 5, 70]))
    made = {}
    for name in names:
        few = draw(st.lists(ONES[name], min_size=1, max_size=3))
        made[name] = np.array([few[row % len(few)] for row in range(rows)], KINDS[name])
    return Signature(tuple(one for one in FIELDS if one.name in names), draw(POLICIES)), made


def same(one: dict, two: dict) -> bool:
    return list(one) == list(two) and all(one[name] is two[name] or (one[name] == two[name]).all() for name in one)


@given(inputs())
@example((Signature(FIELDS[:2]), {"f64": np.array([0.5]), "f32": np.array([0.1], "f4")}))
@example((Signature(FIELDS[2:3]), {"vector": np.full((30, 3), 5, "f4")}))
def test_what_is_taken_has_no_violation(case):
    signature, columns = case
    taken = Prepared(signature).columns(columns)
    examined = examine(signature, columns)
    if taken is not None:
        assert examined.violations == ()
        assert same(taken, examined.columns)
    elif not examined.violations:
        # What may pass although it is odd is left to the examination.
        kept = {signature.policy_of(one).nan for one in signature.fields}
        odd = any(values.dtype.kind == "f" and not np.isfinite(values).all() for values in columns.values())
        none = any(values.dtype.kind == "O" and None in values.tolist() for values in columns.values())
        edge = any(values.dtype.kind == "i" and (values > 2**53).any() for values in columns.values())
        assert ("keep" in kept and (odd or none or "day" in columns)) or edge


@pytest.mark.parametrize("rows", [1, 3, 100])
def test_plain_columns_are_taken(rows):
    signature = Signature(FIELDS)
    columns = {
        "f64": np.zeros(rows),
        "f32": np.full(rows, 0.7, "f4"),
        "vector": np.ones((rows, 3), "f4"),
        "i64": np.arange(rows),
        "i32": np.ones(rows, "i4"),
        "flag": np.ones(rows, bool),
        "text": np.array(["a"] * rows, object),
        "any": np.array(["x"] * rows, object),
        "day": np.full(rows, np.datetime64("2026-01-01")),
    }
    prepared = Prepared(signature)
    assert list(prepared.columns(dict(reversed(columns.items())))) == list(columns)
    for name in columns:
        assert prepared.columns({**columns, name: columns[name][:0]}) is None
        assert prepared.columns({**columns, name: columns[name].tolist()}) is None
        assert prepared.columns({**columns, name: columns[name][:, None]}) is None
        assert prepared.columns({key: values for key, values in columns.items() if key != name}) is None
    assert prepared.columns({**columns, "other": columns["f64"]}) is None
    assert Prepared(Signature(FIELDS, Policy(extra="drop"))).columns({**columns, "other": np.zeros(7)}) is not None
    assert prepared.columns([columns]) is None


ROWS = (FIELDS[0], FIELDS[1], Field("i64", "int64", minimum=0, maximum=2.0**60), Field("i32", "int32"), FIELDS[5])


@given(st.permutations(ROWS), st.sampled_from([Policy(), Policy(range="keep"), Policy(nan="keep")]), st.data())
def test_the_numbers_of_a_row_are_those_of_its_columns(fields, policy, data):
    signature = Signature(tuple(fields[:3]), policy)
    columns = {one.name: np.array([data.draw(ONES[one.name])], KINDS[one.name]) for one in signature.fields}
    numbers = PlainRows.of(signature).numbers(columns)
    examined = examine(signature, columns)
    if numbers is not None:
        assert examined.violations == ()
        assert numbers == [values.item() for values in examined.columns.values()]
    elif not examined.violations:
        assert any(abs(values[0].item()) > 2**53 or np.isnan(values[0]) for values in columns.values())


def test_rows_that_are_not_plain_are_left_to_the_examination():
    signature = Signature(FIELDS[:2])
    row = PlainRows.of(signature)
    columns = {"f64": np.array([0.5]), "f32": np.array([0.5], "f4")}
    assert row.numbers(columns) == [0.5, 0.5]
    bad = [
        np.array([0.5, 0.5]),
        np.array([0.5, 0.5, 0.5]),
        np.array([]),
        np.array(0.5),
        np.array([[0.5]]),
        np.array([0.5], "f2"),
        [0.5],
        None,
    ]
    bad += [np.array([0.5], ">f8"), np.array([0.5], object), np.ma.array([0.5], mask=True), np.array([np.nan])]
    for values in bad:
        assert row.numbers({**columns, "f64": values}) is None
    assert row.numbers({"f64": columns["f64"], "other": columns["f32"]}) is None
    assert row.numbers({**columns, "other": columns["f64"]}) is None
    vector = PlainRows.of(Signature(FIELDS[2:3]))
    assert vector.numbers({"vector": np.array([[1, 2, 3]], "f4")}) == [1, 2, 3]
    for values in (np.ones(3, "f4"), np.ones((2, 3), "f4"), np.ones((1, 4), "f4"), np.array([[1, 2, 6]], "f4")):
        assert vector.numbers({"vector": values}) is None
    assert PlainRows.of(Signature(FIELDS)) is None
    assert PlainRows.of(Signature(FIELDS[1:3])) is None


def test_rows_are_a_matrix_of_the_same_numbers():
    signature = Signature((*FIELDS[:2], Field("i64", "int64", minimum=0), FIELDS[5]))
    columns = {
        "f64": np.linspace(0, 0.7, 9),
        "f32": np.full(9, 0.7, "f4"),
        "i64": np.arange(9),
        "flag": np.ones(9, bool),
    }
    plain = PlainRows.of(signature)
    matrix = plain.numbers(dict(reversed(columns.items())))
    assert matrix.tolist() == [[float(one) for one in row] for row in zip(*columns.values(), strict=True)]
    for name, bad in (("f64", 0.71), ("f32", 0.05), ("i64", -1), ("i64", 2**53 + 2), ("f64", np.nan)):
        kept = columns[name].copy()
        columns[name][5] = bad
        assert plain.numbers(columns) is None
        columns[name] = kept
    assert plain.numbers({**columns, "f64": columns["f64"][:4]}) is None


@pytest.mark.parametrize("rows", [2, 70, 40_000])
def test_one_value_out_of_range_is_found_in_any_column(rows):
    signature = Signature(tuple(Field(f"c{place}", "float64", minimum=-place, maximum=place) for place in range(1, 9)))
    columns = {one.name: np.full(rows, one.maximum, float) for one in signature.fields}
    prepared, plain = Prepared(signature), PlainRows.of(signature)
    assert prepared.columns(columns) is not None
    assert (plain.numbers(columns) is not None) == (rows < 40_000)
    for name, values in columns.items():
        for bad in (np.nextafter(values[0], 99), -values[0] - 1, np.nan, np.inf):
            values[rows - 1], kept = bad, values[0]
            assert prepared.columns(columns) is None, (name, bad)
            assert plain.numbers(columns) is None, (name, bad)
            values[rows - 1] = kept
