"""A year of hourly windows of 20 columns: counted, kept, read and checked; prints what memory it took, as JSON.

python year.py FOLDER
"""

import json
import os
import resource
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import worlds

from mainspring.monitoring import Shelf, Window, check_window, count_rows, fit_reference, layout_of_rows

DAY = 24
ROWS = 200


def main() -> None:
    rng = np.random.default_rng(0)
    rows = {f"x{place:02d}": rng.normal(size=200_000) for place in range(worlds.COLUMNS)}
    axes, shelf = layout_of_rows({name: values[:20_000] for name, values in rows.items()}), Shelf(Path(sys.argv[1]))
    like, checks, months, alerts = Window(worlds.BEGUN, worlds.HOUR, "shop", "a" * 64), [], {}, 0
    begun = time.process_time()
    for hour in range(365 * DAY):
        part = slice(hour * ROWS % 190_000, hour * ROWS % 190_000 + ROWS)
        window = replace(like, start=like.start + hour * worlds.HOUR)
        shelf.put(count_rows(axes, window, {name: values[part] for name, values in rows.items()}))
        if hour == 30 * DAY:
            kept = shelf.between(like, like.start, like.start + worlds.REFERENCE * worlds.HOUR)
            reference = fit_reference(list(kept), axes)
        if hour >= 30 * DAY:
            checks = [*checks[-5:], check_window(shelf.get(window), reference, checks)]
            alerts += bool(checks[-1].findings)
        if hour % (30 * DAY) == 15 * DAY:
            months[hour // (30 * DAY)] = _resident()
    spent = time.process_time() - begun
    sizes = [file.stat().st_size for file in Path(sys.argv[1]).rglob("*") if file.is_file()]
    told = {
        "windows": 365 * DAY,
        "rows": ROWS,
        "resident, MiB": [months[month] for month in sorted(months)],
        "peak, MiB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "ms a window": spent / (365 * DAY) * 1000,
        "MiB on disk": sum(sizes) / 2**20,
        "windows with findings": alerts,
    }
    print(json.dumps(told))


def _resident() -> float:
    """What is in memory now, in MiB: a peak would hide what is given back."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


if __name__ == "__main__":
    main()
