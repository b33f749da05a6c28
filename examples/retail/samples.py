"""Features of many origins at once: computed once, used by every model that is trained."""

from dataclasses import dataclass

import numpy as np
from features import matrix, usual
from folds import Plan
from panel import Panel
from windows import cut

Floats = np.ndarray


@dataclass(frozen=True)
class Samples:
    """Features at O origins: of S series, H targets after each origin, F features.

    Attributes:
        origins: (O,) places in the panel.
        values: (O, S, H, F).
        level: (O, S) level of each series at each origin.
        usual: (O, S, H, Q) the usual quantiles, in units.
        names: Names of the features.
        relative: Whether features in units are divided by the level.
    """

    origins: np.ndarray
    values: Floats
    level: Floats
    usual: Floats
    names: tuple[str, ...]
    relative: bool

    def place(self, origin: int) -> int:
        return int(np.searchsorted(self.origins, origin))

    def at(self, origin: int) -> Floats:
        """(S · H, F) features at one origin."""
        return self.values[self.place(origin)].reshape(-1, len(self.names))


def sample(panel: Panel, origins: list[int], plan: Plan, levels: list[float], *, relative: bool) -> Samples:
    wanted = np.unique(origins)
    parts: list[Floats] = []
    names: tuple[str, ...] = ()
    for place, origin in enumerate(wanted):
        window = cut(panel, int(origin), plan.delay, plan.horizon)
        values, level, names = matrix(window, relative=relative)
        found = (values, level, usual(window, tuple(levels)))
        parts = parts or [np.empty((len(wanted), *one.shape), np.float32) for one in found]
        for whole, one in zip(parts, found, strict=True):
            whole[place] = one
    return Samples(wanted, *parts, names, relative)


def targets(panel: Panel, origin: int, plan: Plan) -> tuple[Floats, np.ndarray]:
    """(S, H) what was sold after an origin, and whether it counts: the day was open and sales are known."""
    span = slice(origin + 1 + plan.delay, origin + 1 + plan.reach)
    units = panel.units[:, span]
    return units, panel.open[:, span] & ~np.isnan(units)
