"""A champion beside the one before, on the log: what is compared, and what cannot be."""

from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

from mainspring.config.triggers import Triggers
from mainspring.errors import MonitoringError
from mainspring.workspace.loop_rows import Part
from mainspring.workspace.loop_trials import LogTrials, Pair

ROWS = 4


def part(made: list[float], actual: list[float]) -> Part:
    frame = pl.DataFrame({"input.store": ["a", "b", "a", "b"]})
    return Part(frame, np.arange(ROWS) * 1.0, np.array(made), np.array(actual))


def before(made: list[float]):
    signature = SimpleNamespace(fields=[SimpleNamespace(name="store", sensitive=False)])
    return SimpleNamespace(signature=signature, predict=lambda given: {"y": np.array(made[: len(given["store"])])})


def test_series_have_to_be_inputs_of_the_log():
    pair, rows = Pair(None, before([1.0] * ROWS), "y", "absolute"), part([2.0] * ROWS, [1.5] * ROWS)
    assert pair.losses(rows, Triggers(probation_series="store"))[2].tolist() == ["a", "b", "a", "b"]
    assert set(pair.losses(rows, Triggers())[2].tolist()) == {""}
    for name, fix in (("stroe", "Did you mean 'store'"), ("zip", "sensitive ones are not logged")):
        with pytest.raises(MonitoringError, match=f"no input '{name}' in the log.*{fix}"):
            pair.losses(rows, Triggers(probation_series=name))


def test_rows_of_which_nothing_was_predicted_are_left_out():
    nan = np.nan
    pair, rows = Pair(None, before([0.0, nan, 0.0]), "y", "absolute"), part([nan, 3.0, 4.0, 5.0], [1.0] * ROWS)
    first, second, _, times = pair.losses(rows, Triggers())
    assert (first.tolist(), second.tolist(), times.tolist()) == ([2.0, 4.0], [1.0, 1.0], [1.0, 3.0])


def test_what_no_waiting_makes_comparable_is_broken(shop):
    trials = LogTrials(shop / ".mainspring", shop / "config.toml")
    gone = trials.compare("shop", (1, 9), 0.0, Triggers())
    assert (gone.change, gone.broken) == (None, True)
    assert "9" in gone.reason
    (shop / "config.toml").write_text('[monitor]\nloss = "error"\n')
    unordered = trials.compare("shop", (1, 1), 0.0, Triggers())
    assert (unordered.change, unordered.broken) == (None, True)
    assert "smaller is not better" in unordered.reason
    (shop / "config.toml").write_text('[monitor]\noutput = "z"\n')
    assert "no output 'z'" in trials.compare("shop", (1, 1), 0.0, Triggers()).reason
