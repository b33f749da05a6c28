"""The rates that bench/monitoring measures, whole: false alarms, alerts a month, power with delay."""

import pytest
from rates import measure
from worlds import KINDS, SIZES


@pytest.mark.prove
@pytest.mark.parametrize("rows", SIZES)
@pytest.mark.parametrize("kind", KINDS)
def test_alarms_are_rare_and_changes_found_soon(kind, rows):
    told = measure(kind, rows, 50, seed=1).told()
    assert max(told["raw"][check]["upper"] for check in ("drift", "nulls")) <= 0.015
    assert told["alerts"]["months"] == 100
    assert told["alerts"]["upper"] <= 1
    power = told["power"]
    if rows >= 10_000:
        assert [power[fault]["within"] for fault in ("shift", "nulls", "new category")] == [300, 300, 300]
    else:
        assert power["shift"]["by window"] >= 0.5
        assert min(power[fault]["by window"] for fault in ("nulls", "new category")) >= 0.95
        assert min(power[fault]["within"] for fault in ("nulls", "new category")) >= 285
