"""A champion on probation beside the one before: what was asked in service is predicted again."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mainspring.config.monitor import Monitor, read_monitor
from mainspring.config.triggers import Triggers
from mainspring.errors import MainspringError, MonitoringError, NotFoundError, StatisticsError
from mainspring.loop import Compared
from mainspring.monitoring import LOSSES
from mainspring.package.dtypes import stand_in
from mainspring.package.loading import Loaded, load
from mainspring.registry import Version, open_registry
from mainspring.stats import Clusters, NotApplicable, relative_change
from mainspring.workspace.labelled import rate_home
from mainspring.workspace.loop_rows import Part, served
from mainspring.workspace.rolled import INPUT

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

    def count(self, model: str, number: int, since: float, now: float) -> tuple[int, int]:
        """Return how many predictions a version made since a moment, and how many of them have labels.

        They are counted by windows that are over.
        """
        package, monitor = self._version(model, number).digest, read_monitor(self._config, model)
        try:
            rated = rate_home(model, self._home, monitor, now, version=package)
        except NotFoundError:
            return 0, 0
        mine = [one for one in rated.windows if one.window.end > since]
        return sum(one.predictions for one in mine), sum(one.labelled for one in mine)

    def compare(self, model: str, versions: tuple[int, int], since: float, policy: Triggers) -> Compared:
        """Return a version beside another, which predicts again what was asked since a moment."""
        monitor = read_monitor(self._config, model)
        mine, before = (self._version(model, number) for number in versions)
        predictions, pieces = 0, []
        try:
            pair = Pair.of(mine, before, monitor)
            for part in served(self._home, (model, mine.digest), pair.output, since):
                predictions += part.times.size
                if part.known.any():
                    pieces.append(pair.losses(part, policy))
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


@dataclass(frozen=True)
class Pair:
    """A champion and the one before, ready to predict again what was asked.

    What is sensitive was not logged. Where there is such an input, both predict again with the same stand-in for it:
    what they lose is then comparable, and not what was lost in service.

    Attributes:
        mine: The champion; None where its logged outputs are what it says.
        before: The champion before.
        output: What labels are of: an output, or one place of it.
        loss: What predictions are judged by.
    """

    mine: Loaded | None
    before: Loaded
    output: str
    loss: str

    @classmethod
    def of(cls, mine: Version, before: Version, monitor: Monitor) -> "Pair":
        """Return both, verified.

        Raises:
            PackageError: One of them is damaged.
            MonitoringError: There are several outputs, and it is not said which labels are of.
        """
        other = load(before.path, trust=before.trusted, digest=before.digest)
        outputs = [field.name for field in other.signature.outputs]
        if not monitor.output and len(outputs) != 1:
            fix = f"Name one of {', '.join(outputs)}."
            raise MonitoringError(f"There are {len(outputs)} outputs", "[monitor] output", fix)
        sensitive = any(field.sensitive for field in other.signature.fields)
        again = load(mine.path, trust=mine.trusted, digest=mine.digest) if sensitive else None
        return cls(again, other, monitor.output or outputs[0], monitor.loss)

    def losses(self, part: Part, policy: Triggers) -> tuple[Any, ...]:
        """Return the losses of labelled rows by the champion and by the one before, their series and times.

        Raises:
            SignatureError: The inputs do not fit one of them.
        """
        known, loss = part.known, LOSSES[self.loss]
        inputs, actual = part.inputs(known), part.actual[known]
        mine = part.made[known] if self.mine is None else _made(self.mine, inputs, self.output)
        again = _made(self.before, inputs, self.output)
        column = INPUT + policy.probation_series
        grouped = policy.probation_series and column in part.frame.columns
        series = np.array(part.frame[column].to_list())[known].astype(str) if grouped else np.zeros(known.sum(), "U1")
        return loss(mine, actual), loss(again, actual), series, part.times[known]


def _made(model: Loaded, inputs: dict[str, Any], output: str) -> Floats:
    rows = len(next(iter(inputs.values())))
    absent = [field for field in model.signature.fields if field.sensitive and field.name not in inputs]
    whole = inputs | {field.name: stand_in(field, rows) for field in absent}
    taken = {field.name for field in model.signature.fields}
    made = model.predict({name: values for name, values in whole.items() if name in taken})
    name, _, place = output.partition("[")
    values = np.asarray(made[name], np.float64)
    return values[:, int(place.rstrip("]"))] if place else values


def _clusters(series: Any, times: Floats, policy: Triggers) -> Clusters:
    """Series, and blocks of time in their order, neighbours of which may be alike."""
    names, codes = np.unique(series, return_inverse=True)
    blocks, places = np.unique(times // policy.span("probation_block"), return_inverse=True)
    return Clusters("crossed", (codes.astype(np.int64), places.astype(np.int64)), (names.size, blocks.size))
