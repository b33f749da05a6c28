"""Features of many origins at once: computed once, used by every model that is trained."""

from dataclasses import dataclass

import numpy as np
from features import matrices, smoothed, usual
from folds import Plan
from panel import Panel
from windows import cut

Floats = np.ndarray


@dataclass(frozen=True)
class Samples:
    """Features at O origins: of S series, H targets after each origin, F features.

    Attributes:
        origins: (O,) places in the panel.
        values: (O, S, H, F); where there are two scales those of the first one.
        level: (O, S) level of each series at each origin.
        usual: (O, S, H, Q) the usual quantiles, in units.
        smoothed: (O, S, Q) the smoothed quantiles, in units.
        names: Names of the features.
        relative: Whether features in units are divided by the level.
        second: (O, S, H, G) features of the second scale, in units; None where there is one scale.
        second_names: Their names.
    """

    origins: np.ndarray
    values: Floats
    level: Floats
    usual: Floats
    smoothed: Floats
    names: tuple[str, ...]
    relative: bool
    second: Floats | None = None
    second_names: tuple[str, ...] = ()

    def place(self, origin: int) -> int:
        return int(np.searchsorted(self.origins, origin))

    def features(self, scale: int) -> Floats:
        """(O, S, H, features) of a scale."""
        if not scale:
            return self.values
        if self.second is None:
            raise ValueError("The samples have no features in units: give `sample` the scales of the settings")
        return self.second

    def of_features(self, gain: Floats, scale: int) -> Floats:
        """(Q, F) what (Q, features of a scale) say of the features of the first scale, by their names."""
        if not scale:
            return gain
        places = {name: place for place, name in enumerate(self.second_names)}
        return gain[:, [places[name] for name in self.names]]

    def at(self, origin: int) -> Floats:
        """(S · H, F) features at one origin."""
        return self.values[self.place(origin)].reshape(-1, len(self.names))


def sample(
    panel: Panel, origins: list[int], plan: Plan, levels: list[float], *, scales: tuple[bool, ...] = (True,)
) -> Samples:
    """The samples of origins; `scales` are those of `model.Settings`."""
    wanted = np.unique(origins)
    parts: list[Floats] = []
    names: tuple[str, ...] = ()
    for place, origin in enumerate(wanted):
        window = cut(panel, int(origin), plan.delay, plan.horizon)
        values, level, names = matrices(window, scales)
        simple = (usual(window, tuple(levels)), smoothed(window, tuple(levels)))
        found = (values[0], level, *simple, *values[1:])
        parts = parts or [np.empty((len(wanted), *one.shape), np.float32) for one in found]
        for whole, one in zip(parts, found, strict=True):
            whole[place] = one
    first, level, usually, smooth, *second = parts
    return Samples(wanted, first, level, usually, smooth, names[0], scales[0], *second, *names[1:])


def targets(panel: Panel, origin: int, plan: Plan) -> tuple[Floats, np.ndarray]:
    """(S, H) what was sold after an origin, and whether it counts: the day was open and sales are known."""
    span = slice(origin + 1 + plan.delay, origin + 1 + plan.reach)
    units = panel.units[:, span]
    return units, panel.open[:, span] & ~np.isnan(units)
