"""NannyML's univariate drift with its defaults: a chunk for each window, after fitting on rows of the reference."""

import nannyml
import numpy as np
import pandas as pd


def check(reference: np.ndarray, windows: np.ndarray) -> list[list[bool]]:
    names = [f"x{place:02d}" for place in range(reference.shape[1])]
    size = windows.shape[1]
    told = nannyml.UnivariateDriftCalculator(column_names=names, chunk_size=size)
    told.fit(pd.DataFrame(reference, columns=names))
    rows = pd.DataFrame(windows.reshape(-1, len(names)), columns=names)
    frame = told.calculate(rows).filter(period="analysis").to_df()
    return [
        [bool(frame[name, "jensen_shannon", "alert"].iloc[place]) for name in names] for place in range(len(windows))
    ]
