"""mlforecast on a fold, in an environment of its own."""

import json
from pathlib import Path

import numpy as np
import polars as pl
from environments import Environment, variables
from folds import Fold, Plan
from measure import Job, execute
from panel import Panel

HERE = Path(__file__).resolve().parent
REQUIREMENTS = HERE / "mlforecast_peer" / "requirements.txt"
SCRIPT = HERE / "mlforecast_peer" / "forecast.py"


class PeerError(Exception):
    """The library did not give a forecast."""


def forecast(
    environment: Environment, panel: Panel, fold: Fold, plan: Plan, levels: list[float], scratch: Path
) -> tuple[np.ndarray, float]:
    """(S, H, Q) quantiles, and the CPU seconds of the whole call."""
    table, static = _table(panel, fold, plan)
    source, target, task = scratch / "table.parquet", scratch / "forecast.parquet", scratch / "task.json"
    table.write_parquet(source)
    settings = {"origin": fold.origin, "horizon": plan.horizon, "ahead": plan.reach, "levels": levels, "static": static}
    task.write_text(json.dumps({**settings, "windows": plan.inner, "frequency": "D" if panel.season == 7 else "7D"}))
    command = [str(environment.programs / "python"), str(SCRIPT), str(task), str(source), str(target)]
    threads = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}
    spent = execute(Job(command, scratch, {**variables(environment, scratch), **threads}))
    if spent.code:
        raise PeerError(spent.error)
    found = pl.read_parquet(target).sort("unique_id", "ds")
    values = found.select(f"q{level:g}" for level in levels).to_numpy()
    return values.reshape(len(panel.series), plan.horizon, len(levels)), spent.cpu


def _table(panel: Panel, fold: Fold, plan: Plan) -> tuple[pl.DataFrame, list[str]]:
    """Two years and the horizon, one row a series and day; unknown sales count as zero: the library wants no gaps."""
    periods = np.arange(max(0, fold.origin - plan.train + 1), fold.end)
    shape = (len(panel.series), len(periods))

    def long(values: np.ndarray) -> np.ndarray:
        return np.ascontiguousarray(np.broadcast_to(values, shape)).ravel()

    columns = {
        "unique_id": long(np.arange(shape[0], dtype=np.int32)[:, None]),
        "ds": long(panel.dates[periods].astype("datetime64[us]")),
        "period": long(periods),
        "y": np.nan_to_num(long(panel.units[:, periods])),
        "open": long(panel.open[:, periods].astype(np.float32)),
    }
    columns |= {name: long(np.nan_to_num(values[:, periods])) for name, values in panel.known.items()}
    if panel.price is not None:
        columns["price"] = long(np.nan_to_num(panel.price[:, periods]))
    columns |= {name: long(values[:, None]) for name, values in panel.static.items()}
    return pl.DataFrame(columns), list(panel.static)
