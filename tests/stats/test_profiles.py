"""Profiles against pandas, and merged ones against the profile of the whole."""

import math
import subprocess
import sys
from collections import Counter

import msgspec
import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mainspring.digest import canonical, restore
from mainspring.errors import NewerFormatError, StatisticsError
from mainspring.stats import (
    FrameProfile,
    decode_profile,
    encode_profile,
    merge_profiles,
    profile_frame,
)
from mainspring.stats.tallies import tallies_of

numbers = st.one_of(st.none(), st.floats(), st.integers(-5, 5).map(float))
rows = st.lists(st.tuples(numbers, st.one_of(st.none(), st.text(max_size=2)), st.booleans()), max_size=80)


def frame(data):
    schema = {"units": pl.Float64, "shop": pl.String, "open": pl.Boolean}
    return pl.DataFrame(data, schema=schema, orient="row")


def agree(merged: FrameProfile, whole: FrameProfile):
    """Equal but for mean and deviation, which are equal within the stated bound."""
    for one, other in zip(merged.columns, whole.columns, strict=True):
        for name in one.__slots__:
            mine, theirs = getattr(one, name), getattr(other, name)
            if name in ("mean", "std") and theirs is not None:
                most = max(abs(other.minimum), abs(other.maximum))
                assert abs(mine - theirs) <= 1e-12 * most
            else:
                assert mine == theirs, name


@given(rows, rows, rows)
@settings(deadline=None, max_examples=60)
def test_the_merge_of_parts_is_the_profile_of_the_whole(one, other, third):
    whole = profile_frame(frame(one + other + third), limit=300)
    parts = [profile_frame(frame(part), limit=300) for part in (one, other, third)]
    agree(merge_profiles(parts), whole)
    agree(merge_profiles([parts[2], merge_profiles(parts[:2])]), whole)


def test_many_small_chunks_give_the_profile_of_a_large_table():
    rng = np.random.default_rng(5)
    table = pl.DataFrame({"price": rng.lognormal(3, 1, 20_000) + 1e6, "units": rng.poisson(2, 20_000)})
    merged = merge_profiles(profile_frame(part) for part in table.iter_slices(100))
    agree(merged, profile_frame(table))


@pytest.mark.parametrize("scale", [1e-300, 1.0, 1e300])
def test_numbers_agree_with_pandas(scale):
    rng = np.random.default_rng(2)
    values = np.concatenate([rng.normal(5, 2, 997) * scale, [np.nan, np.inf, 0.0]])
    found = profile_frame({"x": values}).column("x")
    finite = pd.Series(values[np.isfinite(values)] / scale)
    assert (found.rows, found.nulls, found.nan, found.infinite, found.zeros) == (1000, 0, 1, 1, 1)
    assert found.finite == 998
    assert found.negative == (finite < 0).sum()
    assert math.isclose(found.mean / scale, finite.mean(), rel_tol=1e-12)
    assert math.isclose(found.std / scale, finite.std(ddof=0), rel_tol=1e-12)
    assert math.isclose(found.minimum / scale, finite.min(), rel_tol=1e-12)
    assert found.distinct == finite.nunique()
    expected = finite.quantile([0.1, 0.5, 0.9], interpolation="lower") * scale
    assert np.allclose(found.quantile([0.1, 0.5, 0.9]), expected, rtol=2e-2, atol=0)


def test_texts_agree_with_pandas():
    words = np.random.default_rng(3).choice(list("abcdef"), 500, p=[0.4, 0.3, 0.1, 0.1, 0.05, 0.05])
    found = profile_frame({"shop": words}).column("shop")
    counts = pd.Series(words).value_counts()
    assert dict(zip(found.tallies.values, found.tallies.counts, strict=True)) == counts.to_dict()
    assert found.distinct == 6


def test_more_distinct_values_than_the_limit_are_not_counted():
    found = profile_frame({"x": np.arange(100.0), "name": [f"n{place}" for place in range(100)]}, limit=64)
    assert (found.column("x").distinct, found.column("name").distinct) == (None, None)
    found = profile_frame({"x": np.arange(64.0), "name": [f"n{place}" for place in range(64)]}, limit=64)
    assert (found.column("x").distinct, found.column("name").distinct) == (64, 64)


def test_a_chunk_without_a_value_takes_the_kind_of_the_others():
    parts = [pl.DataFrame({"price": [None, None]}), pl.DataFrame({"price": [1.5]}), pl.DataFrame({"price": [None]})]
    merged = merge_profiles(profile_frame(part) for part in parts).column("price")
    assert (merged.kind, merged.rows, merged.nulls, merged.minimum) == ("number", 4, 3, 1.5)


def test_types_that_differ_are_both_named():
    parts = [pl.DataFrame({"x": pl.Series([1], dtype=kind)}) for kind in (pl.Int64, pl.Float64, pl.Int64)]
    assert merge_profiles(profile_frame(part) for part in parts).column("x").type == "Int64 | Float64"


def test_of_a_sensitive_column_only_counts_are_kept():
    table = {"income": [1.0, -2.0, None, float("nan")], "name": ["Ada", "Bob", None, "Eve"]}
    found = profile_frame(table, sensitive=["income", "name"])
    income, name = found.columns
    assert (income.rows, income.nulls, income.nan, income.negative, income.withheld) == (4, 1, 1, 1, True)
    assert (income.minimum, income.mean, income.bins, name.tallies, name.distinct) == (None, None, None, None, None)
    assert b"Ada" not in encode_profile(found)
    agree(
        merge_profiles([found, found]), profile_frame({key: value * 2 for key, value in table.items()}, sensitive=table)
    )
    with pytest.raises(
        StatisticsError, match=r"Column 'income' has no distribution on an axis: its values are withheld"
    ):
        income.quantile(0.5)


def test_an_empty_table_has_a_profile():
    found = profile_frame(pl.DataFrame(schema={"x": pl.Float64, "s": pl.String, "d": pl.Date}))
    assert (found.rows, [column.distinct for column in found.columns]) == (0, [0, 0, 0])
    assert np.isnan(found.column("x").quantile(0.5)).all()
    assert profile_frame(pl.DataFrame()).rows == 0


@given(rows)
@settings(deadline=None, max_examples=40)
def test_a_profile_comes_back_from_its_bytes(data):
    found = profile_frame(frame(data), limit=20)
    assert decode_profile(encode_profile(found)) == found
    assert encode_profile(decode_profile(encode_profile(found))) == encode_profile(found)


def test_a_profile_is_a_plain_value_that_steps_may_return():
    found = profile_frame({"x": [1.0, 2.5], "s": ["a", "b"]})
    assert restore(canonical(found)) == found
    assert isinstance(hash(found), int)


def test_a_profile_of_another_format_is_refused():
    data = msgspec.msgpack.encode({"format": "mainspring-profile/2", "profile": {"rows": 1}})
    with pytest.raises(NewerFormatError, match=r"has the format 'mainspring-profile/2', and this release knows"):
        decode_profile(data)


@pytest.mark.parametrize("data", [b"", b"\xff", b"PAR1", msgspec.msgpack.encode({"rows": 1})])
def test_bytes_that_are_no_profile_are_refused(data):
    with pytest.raises(StatisticsError, match="bytes are no profile"):
        decode_profile(data)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: profile_frame({"income": [1]}, sensitive=["incom"]), r"no column 'incom'\. Did you mean 'income'\?"),
        (lambda: profile_frame({"x": [1]}).column("y"), r"There is no column 'y'\. There are 'x'\."),
        (lambda: profile_frame({"x": [1]}, limit=2), r"A profile of 2 bins says nothing\. Keep at least 16\."),
        (lambda: merge_profiles([]), r"There is no profile to merge"),
        (
            lambda: merge_profiles([profile_frame({"x": [1], "y": [1]}), profile_frame({"x": [1]})]),
            r"Only one of two profiles has 'y'",
        ),
        (
            lambda: merge_profiles([profile_frame({"x": [1]}), profile_frame({"x": ["a"]})]),
            r"Column 'x' is 'number' in one profile and 'category' in the other",
        ),
        (lambda: profile_frame({"s": ["a"]}).column("s").quantile(0.5), r"it is of the kind 'category'"),
    ],
)
def test_what_cannot_be_asked_for(call, said):
    with pytest.raises(StatisticsError, match=said):
        call()


def test_a_profile_needs_no_frame_library():
    code = (
        "import sys\nfrom mainspring.stats import profile_frame, encode_profile, decode_profile\n"
        "decode_profile(encode_profile(profile_frame({'x': [1.0], 's': ['a']})))\n"
        "print({'polars', 'pandas', 'pyarrow', 'scipy'} & set(sys.modules))"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "set()"


@given(st.lists(st.sampled_from([f"w{place}" for place in range(40)]), max_size=200))
@settings(deadline=None)
def test_tallies_of_a_column_are_those_of_all_its_values(words):
    found = profile_frame(pl.DataFrame({"word": pl.Series(words, dtype=pl.String)}), limit=16).column("word")
    assert found.tallies == tallies_of(Counter(words), limit=16)
