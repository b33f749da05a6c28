"""Counts of categories against full counts."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from mainspring.stats.tallies import merge_tallies, tallies_of

words = st.lists(st.sampled_from([f"word {place}" for place in range(40)]), max_size=300)


def within_bounds(tallies, data):
    true = Counter(data)
    kept = dict(zip(tallies.values, tallies.counts, strict=True))
    assert tallies.missed <= len(data) / (tallies.limit + 1)
    for word in true:
        assert kept.get(word, 0) <= true[word] <= kept.get(word, 0) + tallies.missed
    assert set(kept) <= set(true)
    assert tallies.complete == (len(true) <= tallies.limit)


@given(words, words, words)
def test_counts_of_merged_parts_are_within_their_bound(one, other, third):
    parts = [tallies_of(Counter(part), limit=20) for part in (one, other, third)]
    for part, data in zip(parts, (one, other, third), strict=True):
        within_bounds(part, data)
    within_bounds(merge_tallies(merge_tallies(parts[0], parts[1]), parts[2]), one + other + third)
    within_bounds(merge_tallies(parts[0], merge_tallies(parts[1], parts[2])), one + other + third)


@given(words, words)
def test_up_to_the_limit_the_merge_of_two_parts_is_the_whole(one, other):
    parts = [tallies_of(Counter(part), limit=40) for part in (one, other)]
    assert merge_tallies(*parts) == tallies_of(Counter(one + other), limit=40)


def test_the_most_frequent_come_first_and_ties_are_in_the_order_of_text():
    tallies = tallies_of({"b": 2, "c": 5, "a": 2}, limit=16)
    assert (tallies.values, tallies.counts) == (("c", "a", "b"), (5, 2, 2))


def test_where_all_values_differ_none_is_frequent():
    tallies = tallies_of({str(place): 1 for place in range(100)}, limit=16)
    assert (tallies.values, tallies.missed, tallies.complete) == ((), 1, False)
