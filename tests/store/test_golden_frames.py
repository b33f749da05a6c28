import json
from datetime import date
from pathlib import Path

import frame_oracle
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from mainspring.store import digest_value

GOLDEN = json.loads(Path(__file__).with_name("golden_frames.json").read_text())
COLUMNS = {"i": [1, None, 3], "f": [0.5, float("nan"), None], "b": [True, None, False], "s": ["a", None, "é中"]}
VALUES = {
    "float array": np.array([[0.0, -0.0, 1.5], [np.nan, np.inf, -1e-300]]),
    "integer array": np.array([1, -2, 2**31 - 1], "i4"),
    "flags": np.array([[True], [False]]),
    "no rows": np.zeros((0, 3), "i2"),
    "records": np.array([(1, 0.5), (2, np.nan)], np.dtype([("a", "u1"), ("b", "f8")], align=True)),
    "arrow table": pa.table(COLUMNS),
    "polars frame": pl.DataFrame(COLUMNS).with_columns(
        c=pl.Series(["y", None, "x"], dtype=pl.Categorical),
        l=pl.Series([[1, 2], None, [3, None]]),
        d=pl.Series([date(2024, 2, 29), None, date(1970, 1, 1)]),
    ),
    "pandas frame": pd.DataFrame({"f": [0.5, np.nan], "i": [1, 2]}),
}


def test_golden_vectors_are_what_the_oracle_writes():
    assert frame_oracle.vectors() == GOLDEN


@pytest.mark.parametrize("name", GOLDEN)
def test_arrays_and_frames_have_the_golden_digest(name):
    assert digest_value(VALUES[name]) == GOLDEN[name]
