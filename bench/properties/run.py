"""Batch search beside Hypothesis calling the model row by row, in one run: one command, one table.

python bench/properties/run.py            everything; writes RESULTS.md and results.json beside this file
python bench/properties/run.py --quick    a small check that everything works; prints, writes nothing

Both check the same two properties of the same model in this process, and take turns. A row is one row that the model
was asked.
"""

import argparse
import json
import platform
import statistics
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from tempfile import mkdtemp

import lightgbm
import numpy as np
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from mainspring.package import Field, Models, Pipeline, Signature, Spec, build, load
from mainspring.quality import Allow, Domain, Shift, bounded, check, monotonic

HERE = Path(__file__).resolve().parent
NAMES = [f"x{number:02}" for number in range(20)]
TREES = 100
WANTED = 50
FLOATS = st.floats(-4, 4, width=32)


def model_of(matrix: np.ndarray):
    """A package of 100 trees on 20 numbers, loaded as a service loads it; it grows with x05."""
    random = np.random.default_rng(2)
    target = (
        matrix[:, 0] * matrix[:, 1] + np.sin(3 * matrix[:, 2]) + 2 * matrix[:, 5] + random.normal(0, 0.1, len(matrix))
    )
    told = {"num_leaves": 31, "verbosity": -1, "num_threads": 1, "deterministic": True, "force_row_wise": True}
    told["monotone_constraints"] = [int(name == "x05") for name in NAMES]
    fitted = lightgbm.train(told, lightgbm.Dataset(matrix, target), TREES)
    signature = Signature(tuple(Field(name, minimum=-4, maximum=4) for name in NAMES))
    pipeline = Pipeline(signature, {"model": Models(tuple(NAMES), {"y": fitted})})
    rows = {name: matrix[:1000, place] for place, name in enumerate(NAMES)}
    return load(build(pipeline, Spec("bench"), rows, Path(mkdtemp()) / "bench").package.path)


def batch_search(predict: Callable, rows: dict, domain: Domain, budget: int) -> int:
    """Rows that were asked by Mainspring's search, which checks both properties."""
    asked = 0

    def counted(columns: dict) -> dict:
        nonlocal asked
        asked += len(columns["x00"])
        return predict(columns)

    within = bounded("the forecast is within all bounds", -50, 50)
    grows = monotonic("x05 up, forecast not down", Shift("x05", 0.01, 1), "up", allow=Allow(size=1e-4))
    verdicts = check([within, grows], counted, rows, domain=domain, budget=budget, batch=100_000)
    assert all(one.passed for one in verdicts), [one.says for one in verdicts]
    return asked


def by_hypothesis(predict: Callable, examples: int) -> int:
    """Rows that were asked by Hypothesis, one at a time."""
    asked = 0
    plain = settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )

    def said(values: list[float]) -> float:
        nonlocal asked
        asked += 1
        row = {name: np.array([value]) for name, value in zip(NAMES, values, strict=True)}
        return float(predict(row)["y"][0])

    @plain
    @given(st.lists(FLOATS, min_size=20, max_size=20))
    def within(values: list[float]) -> None:
        assert -50 <= said(values) <= 50

    @plain
    @given(st.lists(FLOATS, min_size=20, max_size=20), st.floats(0.01, 1))
    def grows(values: list[float], amount: float) -> None:
        more = [*values]
        more[5] = min(4.0, more[5] + amount)
        assert said(more) >= said(values) - 1e-4

    within()
    grows()
    return asked


def by_loop(predict: Callable, rows: dict, count: int) -> int:
    """Rows asked one at a time by a bare loop, which makes and checks nothing."""
    for place in range(count):
        predict({name: values[place : place + 1] for name, values in rows.items()})
    return count


def rate(job: Callable[[], int]) -> tuple[float, int]:
    """Rows for each CPU second of this process, and how many rows there were."""
    start = time.process_time()
    rows = job()
    return rows / (time.process_time() - start), rows


def measured(quick: bool) -> dict:
    random = np.random.default_rng(1)
    matrix = np.clip(random.normal(0, 1, (20_000, len(NAMES))), -4, 4)
    loaded = model_of(matrix)
    rows = {name: matrix[:, place].copy() for place, name in enumerate(NAMES)}
    domain = Domain.of(loaded.signature)
    budget, examples, repeats = (4_000, 50, 1) if quick else (100_000, 1_000, 5)
    jobs = {
        "search in batches": lambda: batch_search(loaded.predict, rows, domain, budget),
        "Hypothesis, row by row": lambda: by_hypothesis(loaded.predict, examples),
        "a bare loop, row by row": lambda: by_loop(loaded.predict, rows, examples),
    }
    for job in jobs.values():
        job()
    found: dict[str, list[tuple[float, int]]] = {name: [] for name in jobs}
    for _ in range(repeats):
        for name, job in jobs.items():
            found[name].append(rate(job))
    medians = {name: statistics.median(one for one, _ in pairs) for name, pairs in found.items()}
    slow = medians["Hypothesis, row by row"]
    return {
        "where": f"{platform.system()}, Python {platform.python_version()}",
        "versions": {name: version(name) for name in ("mainspring", "hypothesis", "onnxruntime", "numpy")},
        "budget": budget,
        "repeats": repeats,
        "rows a CPU second": medians,
        "spread": {name: [min(one for one, _ in p), max(one for one, _ in p)] for name, p in found.items()},
        "rows": {name: pairs[0][1] for name, pairs in found.items()},
        "over Hypothesis": {name: value / slow for name, value in medians.items()},
    }


def page(found: dict, made: str) -> str:
    named = ", ".join(f"{name} {number}" for name, number in found["versions"].items())
    ratio = found["over Hypothesis"]["search in batches"]
    lines = [
        "# Searching for rows that break a property",
        "",
        f"Measured {made} by `python bench/properties/run.py` on {found['where']}: {named}.",
        "",
        "Two properties, one of rows and one of pairs, of a package of 100 trees on 20 numbers, in process. Both sides"
        " ask the same model in the same process, and take turns; a row is one row that the model was asked. Rows a CPU"
        f" second, medians of {found['repeats']}, after one round that does not count. The search makes its rows, real"
        " ones with values of others and rows of the declared domain, compares, and judges; Hypothesis generates only,"
        " without database, shrinking or deadline. The bare loop makes and checks nothing.",
        "",
        "| | rows asked | rows a CPU second | least to most | over Hypothesis |",
        "| --- | ---: | ---: | ---: | ---: |",
        *(
            f"| {name} | {found['rows'][name]:,} | {value:,.0f} | {found['spread'][name][0]:,.0f} to"
            f" {found['spread'][name][1]:,.0f} | {found['over Hypothesis'][name]:,.1f} |"
            for name, value in found["rows a CPU second"].items()
        ),
        "",
        f"- At least {WANTED} times the rows of Hypothesis: {ratio:,.0f}, {'met' if ratio >= WANTED else 'missed'}.",
        "",
    ]
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a small check; writes nothing")
    quick = parser.parse_args().quick
    found = measured(quick)
    text = page(found, time.strftime("%Y-%m-%d"))
    sys.stdout.write(text)
    if not quick:
        (HERE / "RESULTS.md").write_text(text)
        (HERE / "results.json").write_text(json.dumps(found, indent=1) + "\n")
    return 0 if found["over Hypothesis"]["search in batches"] >= WANTED else 1


if __name__ == "__main__":
    sys.exit(main())
