"""`kill -9` at random moments: what a run promises must hold whenever it dies.

`make test` takes a seeded sample; `make prove` takes a hundred of each kind.
"""

import json
import time

import pytest
from killing import PIPELINE, assert_no_orphans, expected, one_kill


@pytest.mark.parametrize("group", [False, True], ids=["coordinator", "group"])
@pytest.mark.parametrize(("runs", "seed"), [(1, 2026), (2, 2026), (2, 2027)], ids=["one", "both-of-two", "one-of-two"])
def test_a_killed_run_is_made_whole_by_the_next(project, seconds, group, runs, seed):
    one_kill(project, seed, seconds, group=group, runs=runs)


def test_when_one_of_two_runs_is_killed_the_other_goes_on(project, seconds):
    project.write(PIPELINE)
    runs = [project.start("run", "--json", stdout=-1, stderr=-1) for _ in range(2)]
    time.sleep(seconds / 2)
    runs[0].kill()
    runs[0].communicate()
    said, errors = runs[1].communicate(timeout=60)
    assert runs[1].returncode == 0, errors
    assert json.loads(said)["result"] == expected(), said
    assert_no_orphans(project)


@pytest.mark.prove
@pytest.mark.timeout(60)
@pytest.mark.parametrize("seed", range(100))
@pytest.mark.parametrize("group", [False, True], ids=["coordinator", "group"])
@pytest.mark.parametrize("runs", [1, 2], ids=["one", "two"])
def test_a_hundred_random_moments(project, seconds, seed, group, runs):
    one_kill(project, seed, seconds, group=group, runs=runs)
