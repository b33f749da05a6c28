"""Splits: nothing that is scored was learned from, and nobody sees the locked days."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mainspring.data import Rolling, group_folds, locked_fold, rolling_origin, stratified_folds
from mainspring.errors import DefinitionError, InputError

FIRST = date(2013, 1, 1)
RETAIL = Rolling(folds=5, test_days=28, gap_days=3, step_days=7, train_days=730, locked_days=28)


def days(count: int, first: date = FIRST) -> list[date]:
    return [first + timedelta(days=n) for n in range(count)]


def test_the_folds_of_the_retail_story():
    folds = rolling_origin(days(942), RETAIL)
    last = FIRST + timedelta(days=941)
    assert [fold.number for fold in folds] == [1, 2, 3, 4, 5]
    assert folds[-1].test.last == last - timedelta(days=28)
    assert {fold.test.days for fold in folds} == {28}
    assert {fold.train.days for fold in folds} == {730}
    assert {(fold.test.first - fold.train.last).days - 1 for fold in folds} == {3}
    assert {(b.test.first - a.test.first).days for a, b in pairwise(folds)} == {7}
    final = locked_fold(days(942), RETAIL)
    assert (final.test.last, final.test.days, final.train.days) == (last, 28, 730)
    assert (final.test.first - final.train.last).days == 4


def test_the_days_needed_are_exact():
    assert RETAIL.days_needed == 730 + 3 + 28 + 4 * 7 + 28
    rolling_origin(days(RETAIL.days_needed), RETAIL)
    with pytest.raises(
        InputError,
        match=r"5 folds of 28 days after 730 to learn from, with 3 between and 28 locked, take 817 days, "
        r"and there are 816: 2013-01-01 to 2015-03-27 \(rolling origin\)\. Lower train_days",
    ):
        rolling_origin(days(816), RETAIL)


def test_a_horizon_longer_than_the_data_is_told():
    with pytest.raises(InputError, match="1 fold of 28 days, with 0 between and 0 locked, take 29 days, and there are"):
        rolling_origin(days(20), Rolling(1, 28))


@settings(max_examples=80, deadline=None)
@given(
    plan=st.builds(
        Rolling,
        folds=st.integers(1, 4),
        test_days=st.integers(1, 9),
        gap_days=st.integers(0, 4),
        step_days=st.integers(1, 9),
        train_days=st.one_of(st.none(), st.integers(1, 20)),
        locked_days=st.integers(0, 9),
    ),
    seed=st.integers(0, 99),
    extra=st.integers(0, 20),
)
def test_folds_agree_with_plain_python(plan, seed, extra):
    known = days(plan.days_needed + extra) * 2
    np.random.default_rng(seed).shuffle(known)
    locked = set(sorted(set(known))[len(set(known)) - plan.locked_days :])
    for fold in rolling_origin(known, plan):
        train, test = ({known[row] for row in rows} for rows in (fold.train_rows, fold.test_rows))
        assert max(train) + timedelta(days=plan.gap_days) < min(test)
        assert not locked & (train | test)
        assert len(test) == plan.test_days
        assert len(train) == plan.train_days or plan.train_days is None
        assert fold.test_rows.tolist() == [n for n, day in enumerate(known) if day in fold.test]
        assert fold.train_rows.tolist() == [n for n, day in enumerate(known) if day in fold.train]
    if plan.train_days is None:
        assert fold.train.first == FIRST


def test_weekly_and_timed_data():
    weeks = pl.date_range(date(2024, 1, 1), date(2024, 12, 30), "1w", eager=True)
    folds = rolling_origin(weeks.cast(pl.Datetime), Rolling(2, 28, locked_days=28))
    assert [len(fold.test_rows) for fold in folds] == [4, 4]
    assert rolling_origin(pd.Series(weeks.to_list()), Rolling(2, 28))[0].test.days == 28
    assert rolling_origin(pd.Series(pd.to_datetime(weeks.to_list())), Rolling(2, 28))[0].test.days == 28


@pytest.mark.parametrize(
    ("dates", "told"),
    [
        ([datetime(2024, 3, 1, tzinfo=UTC)] * 40, "The dates have the time zone UTC.*Convert them to local days"),
        ([*days(40), None], "1 of 41 dates are null"),
        (["2024-03-01"], "The dates are of type String"),
        ([1, 2], "The dates are of type Int64"),
        (pl.Series([], dtype=pl.Date), "no dates to split"),
        ([*days(40), *days(2, date(2013, 3, 20))], "There is no row to score in 2013-02-15 to 2013-02-21"),
        ([*days(2), *days(29, date(2013, 3, 1))], "There is no row to learn from in 2013-02-01 to 2013-02-20"),
    ],
)
def test_dates_that_cannot_be_split_are_told(dates, told):
    with pytest.raises(InputError, match=told):
        rolling_origin(dates, Rolling(3, 7, step_days=14 if "score" in told else 15, train_days=20))


@pytest.mark.parametrize(
    "wrong", [{"folds": 0}, {"test_days": 0}, {"gap_days": -1}, {"step_days": 0}, {"train_days": 0}, {"folds": 1.5}]
)
def test_a_plan_that_cannot_work_is_told(wrong):
    with pytest.raises(DefinitionError, match=f"'{next(iter(wrong))}' is .*Give an integer from"):
        Rolling(**wrong)


def test_days_are_locked_only_where_the_plan_says_so():
    with pytest.raises(DefinitionError, match="locks no days"):
        locked_fold(days(100), Rolling())


@settings(max_examples=80, deadline=None)
@given(
    groups=st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=60),
    folds=st.integers(2, 4),
    seed=st.integers(0, 9),
)
def test_a_group_is_tested_once_and_whole(groups, folds, seed):
    if len(set(groups)) < folds:
        with pytest.raises(InputError, match=f"There are {len(set(groups))} groups for {folds} folds"):
            group_folds(groups, folds, seed=seed)
        return
    parts = group_folds(groups, folds, seed=seed)
    assert sorted(row for part in parts for row in part.test_rows) == list(range(len(groups)))
    for part in parts:
        assert not {groups[row] for row in part.train_rows} & {groups[row] for row in part.test_rows}
        assert len(part.train_rows) + len(part.test_rows) == len(groups)
        assert len(part.test_rows)
    sizes = [len(part.test_rows) for part in parts]
    assert max(sizes) - min(sizes) <= max(Counter(groups).values())
    turned = group_folds(groups[::-1], folds, seed=seed)
    assert [{groups[row] for row in part.test_rows} for part in parts] == [
        {groups[::-1][row] for row in part.test_rows} for part in turned
    ]


def test_the_seed_draws_groups():
    groups = [f"g{n}" for n in range(40)]
    tests = {tuple(group_folds(groups, 4, seed=seed)[0].test_rows) for seed in range(5)}
    assert len(tests) == 5
    assert len(group_folds(pl.Series(range(40)), 4)[0].test_rows) == 10


@settings(max_examples=80, deadline=None)
@given(labels=st.lists(st.integers(0, 3), min_size=1, max_size=80), folds=st.integers(2, 4), seed=st.integers(0, 9))
def test_each_test_has_its_share_of_each_label(labels, folds, seed):
    counts = Counter(labels)
    if min(counts.values()) < folds:
        with pytest.raises(InputError, match=r"Label \d has \d rows for"):
            stratified_folds(labels, folds, seed=seed)
        return
    parts = stratified_folds(labels, folds, seed=seed)
    assert sorted(row for part in parts for row in part.test_rows) == list(range(len(labels)))
    sizes = [len(part.test_rows) for part in parts]
    assert max(sizes) - min(sizes) <= 1
    for label in counts:
        shares = [sum(labels[row] == label for row in part.test_rows) for part in parts]
        assert max(shares) - min(shares) <= 1
    again = stratified_folds(labels, folds, seed=seed)
    assert all((a.test_rows == b.test_rows).all() for a, b in zip(parts, again, strict=True))


def test_groups_and_labels_that_are_missing_are_told():
    with pytest.raises(InputError, match="1 of 3 rows have no group"):
        group_folds(["a", None, "b"], 2)
    with pytest.raises(InputError, match="1 of 3 rows have no label"):
        stratified_folds(["a", None, "b"], 2)
    with pytest.raises(DefinitionError, match="'folds' is 1"):
        group_folds(["a"], 1)
