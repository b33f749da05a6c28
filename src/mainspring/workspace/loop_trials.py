"""A champion on probation beside the one before: what was asked in service is predicted again."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mainspring.config.monitor import Monitor, read_monitor
from mainspring.config.triggers import Triggers
from mainspring.errors import MainspringError, StatisticsError
from mainspring.loop import Compared
from mainspring.monitoring import LOSSES
from mainspring.package.dtypes import stand_in
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
            pair = Pair.of(mine, before)
            for part in self._rows.parts(model, mine.digest, since, monitor):
                predictions += part.times.size
                if part.known.any():
                    pieces.append(pair.losses(part, monitor, policy))
        except MainspringError as error:
            said = " ".join(str(error).split())
            return Compared(predictions, 0, reason=f"what was asked cannot be predicted again: {said}")
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


@dataclass(frozen=True)
class Pair:
    """A champion and the one before, ready to predict again what was asked.

    What is sensitive was not logged. Where there is such an input, both predict again with the same stand-in for it:
    what they lose is then comparable, and not what was lost in service.

    Attributes:
        mine: The champion; None where its logged outputs are what it says.
        before: The champion before.
    """

    mine: Loaded | None
    before: Loaded

    @classmethod
    def of(cls, mine: Version, before: Version) -> "Pair":
        """Return both, verified.

        Raises:
            PackageError: One of them is damaged.
        """
        other = load(before.path, trust=before.trusted, digest=before.digest)
        sensitive = any(field.sensitive for field in other.signature.fields)
        mine_again = load(mine.path, trust=mine.trusted, digest=mine.digest) if sensitive else None
        return cls(mine_again, other)

    def losses(self, part: Part, monitor: Monitor, policy: Triggers) -> tuple[Any, ...]:
        """Return the losses of labelled rows by the champion and by the one before, their series and times.

        Raises:
            SignatureError: The inputs do not fit one of them.
        """
        known, name = part.known, part.output.removeprefix(OUTPUT)
        inputs, actual, loss = part.inputs(known), part.actual[known], LOSSES[monitor.loss]
        served = part.frame[part.output].to_numpy()[known] if self.mine is None else _made(self.mine, inputs, name)
        again = _made(self.before, inputs, name)
        column = INPUT + policy.probation_series
        grouped = policy.probation_series and column in part.frame.columns
        series = np.array(part.frame[column].to_list())[known].astype(str) if grouped else np.zeros(known.sum(), "U1")
        return loss(served, actual), loss(again, actual), series, part.times[known]


def _made(model: Loaded, inputs: dict[str, Any], output: str) -> Floats:
    rows = len(next(iter(inputs.values())))
    absent = [field for field in model.signature.fields if field.sensitive and field.name not in inputs]
    whole = inputs | {field.name: stand_in(field, rows) for field in absent}
    taken = {field.name for field in model.signature.fields}
    made = model.predict({name: values for name, values in whole.items() if name in taken})
    return np.asarray(made[output], np.float64)


def _clusters(series: Any, times: Floats, policy: Triggers) -> Clusters:
    """Series, and blocks of time in their order, neighbours of which may be alike."""
    names, codes = np.unique(series, return_inverse=True)
    blocks, places = np.unique(times // policy.span("probation_block"), return_inverse=True)
    return Clusters("crossed", (codes.astype(np.int64), places.astype(np.int64)), (names.size, blocks.size))
