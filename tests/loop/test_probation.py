"""Probation: what a look says, and how often a champion that is as good is taken back."""

import numpy as np
import pytest

from mainspring.config.triggers import Triggers
from mainspring.loop import Compared, judge_trial
from mainspring.loop.probation import due
from mainspring.stats import Clusters, relative_change

POLICY = Triggers(probation_labels=200)


def trial(rng, worse: float, labels: int, days: int = 14, series: int = 8) -> Compared:
    """Losses that share a day and a series, of two models of which one loses more by a share."""
    day, one = np.arange(labels) * days // labels, rng.integers(0, series, labels)
    shared = rng.gamma(20, 1 / 20, days)[day] * rng.gamma(20, 1 / 20, series)[one]
    before = shared * rng.gamma(4, 1 / 4, labels)
    mine = shared * rng.gamma(4, 1 / 4, labels) * (1 + worse)
    return Compared(labels, labels, relative_change(mine, before, Clusters("crossed", (one, day), (series, days))))


def rounds(worse: float, times: int, looks: int = 4) -> list[str]:
    rng = np.random.default_rng(3)
    answers = []
    for _ in range(times):
        look, answer = 0, "open"
        while answer == "open" and look < looks:
            verdict = judge_trial(trial(rng, worse, due(POLICY, look)), POLICY, look)
            look, answer = verdict.looks, verdict.answer
        answers.append(answer)
    return answers


def test_what_is_worse_is_found_and_what_is_better_kept():
    assert rounds(0.6, 10).count("worse") == 10
    assert rounds(-0.4, 10).count("kept") == 10


@pytest.mark.prove
def test_a_champion_at_the_margin_is_taken_back_and_kept_no_oftener_than_allowed():
    answers = rounds(POLICY.probation_margin, 400, looks=5)
    for answer in ("worse", "kept"):
        assert answers.count(answer) / len(answers) <= 0.05 + 2 * (0.05 * 0.95 / 400) ** 0.5


def test_what_cannot_be_compared_is_open_and_no_look():
    verdict = judge_trial(Compared(10, 10, None, "there is only one block of time"), POLICY, 2)
    assert (verdict.answer, verdict.looks) == ("open", 2)
    assert "only one block" in verdict.says


def test_each_look_takes_twice_as_many_labels_and_is_surer():
    assert [due(POLICY, look) for look in range(4)] == [200, 400, 800, 1600]
    found = trial(np.random.default_rng(1), 0.3, 400)
    said = [judge_trial(found, POLICY, look).says for look in (0, 3)]
    assert said[0] != said[1]
