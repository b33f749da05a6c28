"""What Mainspring's checks cost by themselves, printed as JSON."""

import json
import resource
import time

import numpy as np
import worlds

from mainspring.monitoring import (
    Labels,
    Window,
    check_window,
    count_rows,
    fit_reference,
    join,
    layout_of_rows,
    quality_of,
    skew,
)

ROWS = 1_000_000


def main() -> None:
    rng = np.random.default_rng(0)
    columns = {f"x{place:02d}": rng.normal(size=ROWS) for place in range(20)}
    axes = layout_of_rows({name: values[:50_000] for name, values in columns.items()})
    windows = [
        count_rows(axes, _window(hour), {name: values[hour * 1000 :][:1000] for name, values in columns.items()})
        for hour in range(672)
    ]
    found = {}
    reference, found["fit, 672 windows, s"] = _timed(lambda: fit_reference(windows, axes))
    _, found["1M x 20 rows against a stored reference, s"] = _timed(
        lambda: check_window(count_rows(axes, _window(900), columns), reference)
    )
    before = [check_window(windows[0], reference)] * 5
    _, cost = _timed(lambda: [check_window(one, reference, before) for one in windows[:100]])
    found["a window from its profile, ms"] = cost * 10
    part = {name: values[:10_000] for name, values in columns.items()}
    _, cost = _timed(lambda: [count_rows(axes, _window(0), part) for _ in range(20)])
    found["upkeep, a prediction in batches of 10,000, µs"] = cost / 20 / 10_000 * 1e6
    ids = np.array([f"{place:08x}-0000-7000-8000-{place:012x}" for place in range(ROWS)], "S36")
    order = rng.permutation(ROWS)
    labels = Labels(ids[order], np.zeros(ROWS, np.int64), rng.normal(size=ROWS), rng.random(ROWS))
    _, found["1M labels joined, s"] = _timed(lambda: quality_of(_window(0), columns["x00"], join(ids, 0, labels)))
    served = {"id": np.arange(ROWS), **columns}
    clean, found["skew of 1M x 20 rows, s"] = _timed(lambda: skew(served, dict(served)))
    expected = {name: values[:10_000].copy() for name, values in served.items()}
    expected["x07"][4_321] += 1e-6
    planted = skew({name: values[:10_000] for name, values in served.items()}, expected)
    found["differences on a million clean rows"] = sum(clean.differing.values())
    found["of 1 planted in 10,000 rows, found"] = sum(planted.differing.values())
    found["peak memory, MiB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(found))


def _window(hour: int) -> Window:
    return Window(worlds.BEGUN + hour * worlds.HOUR, worlds.HOUR)


def _timed(action):
    start = time.process_time()
    made = action()
    return made, time.process_time() - start


if __name__ == "__main__":
    main()
