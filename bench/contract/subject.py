"""Runs in the environment of one tool: reads the table, checks it several times, prints what that cost and found.

python subject.py CHECK.py TABLE.parquet REPEATS
"""

import importlib.util
import json
import sys
import time

import polars as pl


def main() -> int:
    script, table, repeats = sys.argv[1:]
    spec = importlib.util.spec_from_file_location("check", script)
    if spec is None or spec.loader is None:
        return 1
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    frame = pl.read_parquet(table)
    module.check(frame)  # what is made once, and compiled once, does not count
    cpu, wall = [], []
    for _ in range(int(repeats)):
        begun, tick = time.perf_counter(), time.process_time()
        counts, shown, good = module.check(frame)
        cpu.append(time.process_time() - tick)
        wall.append(time.perf_counter() - begun)
    rows = {name: rows.height for name, rows in shown.items()}
    print(json.dumps({"cpu": cpu, "wall": wall, "counts": counts, "shown": rows, "good": good.height}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
