"""A champion on probation beside the one before: what was asked in service is predicted again."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mainspring.config.monitor import Monitor, read_monitor
from mainspring.config.triggers import Triggers
from mainspring.errors import MainspringError, StatisticsError
from mainspring.loop import Compared
from mainspring.monitoring import LOSSES
from mainspring.package.loading import Loaded, load
from mainspring.registry import Version, open_registry
from mainspring.stats import Clusters, NotApplicable, relative_change
from mainspring.workspace.loop_rows import Part, ServedRows
from mainspring.workspace.rolled import INPUT, OUTPUT

__all__ = ["LogTrials"]

Floats = npt.NDArray[np.float64]


class LogTrials:
    """Trials on the prediction log of a home. The previous champion is verified before it predicts.

    Args:
        home: The home.
        config: The configuration file of the project.
    """

    def __init__(self, home: Path, config: Path) -> None:
        self._home = home
        self._config = config
        self._rows = ServedRows(home)

    def count(self, model: str, number: int, since: float) -> tuple[int, int]:
        """Return how many predictions a version made since a moment, and how many of them have labels."""
        return self._rows.count(model, self._version(model, number).digest, since, self._monitor(model))

    def compare(self, model: str, versions: tuple[int, int], since: float, policy: Triggers) -> Compared:
        """Return a version beside another, which predicts again what was asked since a moment."""
        monitor = self._monitor(model)
        mine, before = (self._version(model, number) for number in versions)
        predictions, pieces = 0, []
        try:
            other = load(before.path, trust=before.trusted, digest=before.digest)
            for part in self._rows.parts(model, mine.digest, since, monitor):
                predictions += part.times.size
                if part.known.any():
                    pieces.append(_losses(part, other, monitor, policy))
        except MainspringError as error:
            return Compared(predictions, 0, reason=f"version {versions[1]} cannot predict what was asked: {error}")
        if not pieces:
            return Compared(predictions, 0, reason="there are no labels")
        first, second, series, times = (np.concatenate(parts) for parts in zip(*pieces, strict=True))
        try:
            found = relative_change(first, second, _clusters(series, times, policy))
        except StatisticsError as error:
            return Compared(predictions, first.size, reason=str(error))
        if isinstance(found, NotApplicable):
            return Compared(predictions, first.size, reason=found.reason.replace("week", "block of time"))
        return Compared(predictions, first.size, found)

    def _version(self, model: str, number: int) -> Version:
        with open_registry(self._home) as registry:
            return registry.version(model, number)

    def _monitor(self, model: str) -> Monitor:
        return read_monitor(self._config, model)


def _losses(part: Part, other: Loaded, monitor: Monitor, policy: Triggers) -> tuple[Any, ...]:
    """The losses of rows with labels by the version that answered and by the other, their series and times."""
    known = part.known
    loss = LOSSES[monitor.loss]
    made = other.predict(part.inputs(known))[part.output.removeprefix(OUTPUT)]
    actual = part.actual[known]
    served = part.frame[part.output].to_numpy()[known]
    name = INPUT + policy.probation_series
    grouped = policy.probation_series and name in part.frame.columns
    series = np.array(part.frame[name].to_list())[known].astype(str) if grouped else np.zeros(known.sum(), "U1")
    return loss(served, actual), loss(np.asarray(made, np.float64), actual), series, part.times[known]


def _clusters(series: Any, times: Floats, policy: Triggers) -> Clusters:
    """Series, and blocks of time in their order, neighbours of which may be alike."""
    names, codes = np.unique(series, return_inverse=True)
    blocks, places = np.unique(times // policy.span("probation_block"), return_inverse=True)
    return Clusters("crossed", (codes.astype(np.int64), places.astype(np.int64)), (names.size, blocks.size))
