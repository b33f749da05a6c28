"""What it costs to close windows, to join labels and to compare features, from prediction logs; prints JSON.

python bench/monitoring/logs.py           some ten minutes; writes LOGS.md beside this file
python bench/monitoring/logs.py --quick   a hundredth of everything; prints, writes nothing
"""

import json
import os
import platform
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from mainspring.config.monitor import Monitor
from mainspring.monitoring import Labels
from mainspring.serving.predlog import AnswerRow, ColumnRow, ModelRow, packed
from mainspring.serving.predlog.frames import MAGIC, encode_frame
from mainspring.workspace.closing import close_windows
from mainspring.workspace.labelled import add_labels, rate_home
from mainspring.workspace.recomputed import compare_served
from mainspring.workspace.rolled import frames, roll

HERE = Path(__file__).resolve().parent
HOUR, DAY, START = 3600, 86_400, 1_760_313_600
COLUMNS = 20
MODEL = ModelRow(
    0,
    "d" * 64,
    "shop",
    "1",
    None,
    None,
    tuple(ColumnRow(f"x{place:02d}", "float64") for place in range(COLUMNS)),
    (ColumnRow("y", "float64"),),
)


TEXT = """# From the prediction log to windows, labels and features

Measured {where}. Asked for: at most 10 µs of upkeep a prediction, 1M labels
joined in at most 5 s, memory that stays flat over a year, no difference on a million
clean rows, and one in 10,000 found.

| what | |
| --- | ---: |
{rows}
"""


@dataclass
class Log:
    """A log that is written as a service would, at any time, quickly."""

    home: Path
    rng: np.random.Generator
    number: int = 0

    def write(self, hour: int, answers: int, rows: int = 1) -> None:
        """Write a file of answers of an hour."""
        folder = self.home / "predictions"
        folder.mkdir(parents=True, exist_ok=True)
        values = self.rng.normal(size=(answers, COLUMNS + 1, rows))
        lines: list[Any] = [MODEL]
        data = [MAGIC]
        for place in range(answers):
            self.number += 1
            moment = START + hour * HOUR + place * HOUR / answers
            inputs = tuple(packed(values[place, column]) for column in range(COLUMNS))
            lines.append(AnswerRow(identity(moment, self.number), 0, rows, 900, inputs, (packed(values[place, -1]),)))
            if len(lines) == 64:
                data.append(encode_frame(lines))
                lines = []
        data.append(encode_frame(lines))
        path = folder / f"{(START + hour * HOUR) * 1000:013d}-0001-{self.number}.log"
        path.write_bytes(b"".join(data))
        os.utime(path, (START + hour * HOUR + HOUR,) * 2)

    def identities(self) -> Iterator[Any]:
        """What was predicted, file by file."""
        for _, frame in frames(self.home / "predictions"):
            yield frame.select("id", "output.y")


def identity(moment: float, number: int) -> str:
    head = f"{round(moment * 1000):012x}"
    return f"{head[:8]}-{head[8:]}-7{number % 4096:03x}-8001-{number:012x}"


def timed(action: Callable[[], Any]) -> tuple[Any, float]:
    start = time.process_time()
    made = action()
    return made, time.process_time() - start


def peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def upkeep(folder: Path, scale: int) -> dict[str, Any]:
    """One-row answers of twenty numbers, closed hour by hour, from frames."""
    log, each = Log(folder, np.random.default_rng(0)), 20_000 // scale
    settings = Monitor(reference_days=1)
    for hour in range(25):
        log.write(hour, max(each // 20, 10))
    close_windows(folder, settings, START + 25 * HOUR)
    cost = []
    for hour in range(25, 30):
        log.write(hour, each)
        made, seconds = timed(lambda hour=hour: close_windows(folder, settings, START + (hour + 1) * HOUR))
        assert len(made) == 1
        cost.append(seconds / each * 1e6)
    _, again = timed(lambda: close_windows(folder, settings, START + 30 * HOUR))
    return {
        "profile upkeep, one-row answers of 20 numbers, from the log to the window, µs each": float(np.median(cost)),
        "closing when nothing is new, ms": again * 1e3,
    }


def labels(folder: Path, scale: int) -> dict[str, Any]:
    """A million labels of a day's million predictions."""
    log, rows = Log(folder, np.random.default_rng(1)), 1_000_000 // scale
    for hour in range(24):
        log.write(hour, rows // 24 // 100, 100)
    roll(folder / "predictions")
    ids, predicted = [], []
    for frame in log.identities():
        ids += frame["id"].to_list()
        predicted.append(frame["output.y"].to_numpy())
    count = len(ids)
    numbers = np.tile(np.arange(100), count // 100)
    order = log.rng.permutation(count)
    actual = np.concatenate(predicted) + log.rng.normal(size=count)
    made = Labels(np.array(ids, "S36")[order], numbers[order], actual[order], START + DAY * (1 + log.rng.random(count)))
    settings = Monitor(reference_days=1)
    added, first = timed(lambda: add_labels(made, folder))
    rated, joined = timed(lambda: rate_home("shop", folder, settings, START + DAY))
    assert added.joined == sum(one.labelled for one in rated.windows) == count
    _, again = timed(lambda: rate_home("shop", folder, settings, START + DAY))
    return {
        f"{count:,} labels kept, and looked up in the log, CPU s": first,
        f"{count:,} labels joined to their windows, with losses, CPU s": joined,
        "the same again, nothing new, ms": again * 1e3,
    }


def skew(folder: Path, scale: int) -> dict[str, Any]:
    """A million clean rows; then one value of one row in ten thousand."""
    log, rows = Log(folder, np.random.default_rng(2)), 1_000_000 // scale
    for hour in range(10):
        log.write(hour, rows // 10 // 100, 100)
    roll(folder / "predictions")
    table = pl.concat([frame.drop("time") for _, frame in frames(folder / "predictions")])
    names = {f"input.x{place:02d}": f"x{place:02d}" for place in range(COLUMNS)}
    table = table.select("id", "row", *names).rename(names).sample(fraction=1.0, shuffle=True, seed=0)
    clean, cost = timed(lambda: compare_served("shop", table, folder))
    few = table.head(10_000)
    moved = few.with_columns(x07=pl.when(pl.int_range(pl.len()) == 4_321).then(pl.col("x07") + 1e-6).otherwise("x07"))
    found = compare_served("shop", moved, folder)
    return {
        f"differences on {clean.skew.rows:,} clean rows of 20 features": sum(clean.skew.differing.values()),
        "CPU s for that": cost,
        f"of 1 value planted in {found.skew.rows:,} rows, found": found.skew.differing.get("x07", 0),
    }


def year(folder: Path, scale: int) -> dict[str, Any]:
    """A year of hourly windows under a driven time, closed day by day, pruned after a month."""
    log, settings = Log(folder, np.random.default_rng(3)), Monitor(reference_days=28)
    sizes, costs = [], []
    for day in range(365 // min(scale, 9)):
        for hour in range(24):
            log.write(day * 24 + hour, 20, 5)
        now = START + (day + 1) * DAY
        _, cost = timed(lambda now=now: close_windows(folder, settings, now))
        for path in (folder / "predictions").glob("*.log"):
            if path.stat().st_mtime < now - 30 * DAY:
                path.unlink()
        sizes.append(resident())
        costs.append(cost)
    third = max(len(sizes) // 3, 1)
    memory, months = (sizes[third - 1], sizes[-1]), (np.median(costs[:30]), np.median(costs[-30:]))
    return {
        f"resident memory after {third} and {len(sizes)} days of hourly windows, MiB": "{:.0f}, {:.0f}".format(*memory),
        "CPU s to close a day, median of the first and of the last month": "{:.3f}, {:.3f}".format(*months),
    }


def resident() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 2**20


def main() -> int:
    scale = 100 if "--quick" in sys.argv else 1
    found: dict[str, Any] = {}
    for part in (year, upkeep, labels, skew):
        with tempfile.TemporaryDirectory() as folder:
            found |= part(Path(folder) / ".mainspring", scale)
        found[f"peak memory up to then ({part.__name__}), MiB"] = peak()
    print(json.dumps(found, indent=1, ensure_ascii=False))
    if scale == 1:
        rows = [f"| {name} | {value if isinstance(value, str) else f'{value:,.4g}'} |" for name, value in found.items()]
        where = f"{time.strftime('%Y-%m-%d')} by `logs.py` on {platform.system()}, Python {platform.python_version()}"
        (HERE / "LOGS.md").write_text(TEXT.format(where=where, rows="\n".join(rows)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
