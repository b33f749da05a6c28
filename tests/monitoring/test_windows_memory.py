"""A year of windows is counted, kept, read and checked in memory that does not grow."""

import resource
from dataclasses import replace

import numpy as np
import pytest

from mainspring.monitoring import Shelf, Window, check_window, count_rows, fit_reference, layout_of_rows

HOUR = 3600
YEAR = 365 * 24


@pytest.mark.prove
def test_a_year_of_hours_takes_no_more_memory_than_its_first_weeks(tmp_path):
    rng = np.random.default_rng(0)
    rows = {f"x{place}": rng.normal(size=200_000) for place in range(20)}
    axes, shelf = layout_of_rows({name: values[:20_000] for name, values in rows.items()}), Shelf(tmp_path)
    like, checks, after_a_month = Window(19_000 * 24 * HOUR, HOUR, "shop", "a" * 64), [], 0
    for hour in range(YEAR):
        part = slice(hour * 20 % 190_000, hour * 20 % 190_000 + 200)
        window = replace(like, start=like.start + hour * HOUR)
        shelf.put(count_rows(axes, window, {name: values[part] for name, values in rows.items()}))
        if hour == 30 * 24:
            reference = fit_reference(list(shelf.between(like, like.start, like.start + 28 * 24 * HOUR)), axes)
        if hour >= 30 * 24:
            checks = [*checks[-5:], check_window(shelf.get(window), reference, checks)]
        if hour == 45 * 24:
            after_a_month = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < 1.05 * after_a_month
    assert sum(1 for _ in shelf.between(like, -np.inf, np.inf)) == YEAR
