"""The fitted forecaster: from a window of sales to calibrated quantiles. What is evaluated is what is packaged."""

from dataclasses import dataclass

import numpy as np
from calibration import Calibration, apply, settle
from features import Window, matrix, usual

Floats = np.ndarray


@dataclass(frozen=True)
class Forecaster:
    """Models of quantiles with their calibration.

    Attributes:
        models: For each level its models as LightGBM's text.
        calibration: What the inner folds taught.
        names: Names of the features, in the order of the models.
        relative: Whether the models learned sales over the level of the series.
        from_usual: Whether they learned what sales are above the usual quantile.
    """

    models: tuple[tuple[str, ...], ...]
    calibration: Calibration
    names: tuple[str, ...]
    relative: bool
    from_usual: bool

    def predict(self, window: Window) -> Floats:
        """(S, H, Q) quantiles in whole units for the targets of a window."""
        values, level, names = matrix(window, relative=self.relative)
        if names != self.names:
            raise ValueError(
                f"The window gives other features than the models know: {sorted({*names} ^ {*self.names})}"
            )
        simple = usual(window, self.calibration.levels)
        unit = level if self.relative else np.ones_like(level)
        start = simple / unit[:, None, None] if self.from_usual else np.zeros_like(simple)
        raw = np.stack([values_of(group, values, start[..., place]) for place, group in enumerate(self.models)], -1)
        return apply(self.calibration, settle(raw, unit, simple.shape[-1]), simple, window.open[:, window.targets] > 0)


def values_of(group: tuple[str, ...], features: Floats, start: Floats) -> Floats:
    """(S, H) what the models of one level say of (S, H, F) features, in what they learned."""
    import lightgbm

    rows = features.reshape(-1, features.shape[-1])
    found = [lightgbm.Booster(model_str=text).predict(rows, num_threads=1) for text in group]
    return start + np.mean(found, axis=0).reshape(start.shape)
