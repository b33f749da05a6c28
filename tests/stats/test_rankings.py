"""Orders of items beside scikit-learn, and beside all orders of ties."""

from itertools import pairwise, permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import ndcg_score

from mainspring.errors import StatisticsError
from mainspring.stats import ranking_scores


@pytest.mark.parametrize("levels", [1000, 3])
def test_ndcg_is_scikit_learns_with_ties_and_without(levels):
    rng = np.random.default_rng(levels)
    for k in (1, 3, 10):
        gain, score = rng.integers(0, 4, (20, 12)), rng.integers(0, levels, (20, 12)).astype(float)
        gain[:, 0] = 1
        found = ranking_scores(gain.ravel(), score.ravel(), np.repeat(np.arange(20), 12), k=k)
        expected = [ndcg_score([one], [said], k=k) for one, said in zip(gain, score, strict=True)]
        assert np.allclose(found.ndcg, expected)


items = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 2)), min_size=1, max_size=6)


@given(items, st.integers(1, 4))
@settings(max_examples=60, deadline=None)
def test_ties_count_as_the_mean_over_all_their_orders(rows, k):
    gain, score = (np.array(column, float) for column in zip(*rows, strict=True))
    found = ranking_scores(gain, score, ["q"] * len(rows), k=k)
    if not gain.any():
        assert np.isnan(found.recall[0])
        assert np.isnan(found.reciprocal_rank[0])
        return
    ranks, recalls = [], []
    for order in permutations(range(len(rows))):
        if any(score[a] < score[b] for a, b in pairwise(order)):
            continue
        shown = gain[list(order)]
        ranks.append(1 / (1 + int(np.flatnonzero(shown)[0])))
        recalls.append(shown[:k].sum() / gain.sum())
    assert found.reciprocal_rank[0] == pytest.approx(np.mean(ranks))
    assert found.recall[0] == pytest.approx(np.mean(recalls))


def test_queries_may_come_in_any_order_and_without_anything_relevant():
    found = ranking_scores([0, 1, 0, 0, 1], [1, 2, 3, 4, 5.0], ["b", "a", "b", "c", "a"], k=1)
    assert found.queries.tolist() == ["a", "b", "c"]
    assert found.relevant.tolist() == [2, 0, 0]
    assert found.recall[0] == 0.5
    assert np.isnan(found.ndcg[1:]).all()
    assert ranking_scores([], [], []).queries.size == 0
    with pytest.raises(StatisticsError, match="A relevance is negative"):
        ranking_scores([-1.0], [1.0], ["a"])
