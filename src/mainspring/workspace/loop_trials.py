"""A champion on probation beside the one before: what was asked in service is predicted again."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from mainspring.config.monitor import Monitor, read_monitor
from mainspring.config.triggers import Triggers
from mainspring.errors import MainspringError, MonitoringError, NotFoundError, StatisticsError, nearest
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

_UNORDERED: Final = "error"
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
        predictions, pieces = 0, []
        try:
            mine, before = (self._version(model, number) for number in versions)
            pair = Pair.of(mine, before, monitor)
            for part in served(self._home, (model, mine.digest), pair.output, since):
                predictions += part.times.size
                if part.known.any():
                    pieces.append(pair.losses(part, policy))
        except MainspringError as error:
            said = " ".join(str(error).split())
            return Compared(predictions, 0, reason=f"what was asked cannot be predicted again: {said}", broken=True)
        if not pieces:
            return Compared(predictions, 0, reason="there are no labels")
        first, second, series, times = (np.concatenate(parts) for parts in zip(*pieces, strict=True))
        try:
            found = relative_change(first, second, _clusters(series, times, policy))
        except StatisticsError as error:
            return Compared(predictions, first.size, reason=str(error), broken=True)
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
            MonitoringError: There is no such output, or it is not said which labels are of; or of the loss smaller is
                not better.
        """
        if monitor.loss == _UNORDERED:
            fix = "Choose absolute, squared or wrong, or no probation: [triggers] probation_labels = 0."
            raise MonitoringError(f"Of the loss '{_UNORDERED}' smaller is not better", "[monitor] loss", fix)
        other = load(before.path, trust=before.trusted, digest=before.digest)
        outputs = [field.name for field in other.signature.outputs]
        if not monitor.output and len(outputs) != 1:
            fix = f"Name one of {', '.join(outputs)}."
            raise MonitoringError(f"There are {len(outputs)} outputs", "[monitor] output", fix)
        if monitor.output and monitor.output.partition("[")[0] not in outputs:
            raise MonitoringError(f"Version {before.number} has no output '{monitor.output}'", "[monitor] output")
        sensitive = any(field.sensitive for field in other.signature.fields)
        again = load(mine.path, trust=mine.trusted, digest=mine.digest) if sensitive else None
        return cls(again, other, monitor.output or outputs[0], monitor.loss)

    def losses(self, part: Part, policy: Triggers) -> tuple[Any, ...]:
        """Return the losses of labelled rows by the champion and by the one before, their series and times.

        Rows of which the one before predicts no finite number are left out.

        Raises:
            MonitoringError: The input by which predictions belong together is not in the log.
            SignatureError: The inputs do not fit one of them.
        """
        known, loss = part.known, LOSSES[self.loss]
        series = _series(part, policy.probation_series)[known]
        inputs, actual = part.inputs(known), part.actual[known]
        mine = part.made[known] if self.mine is None else _made(self.mine, inputs, self.output)
        again = _made(self.before, inputs, self.output)
        both = np.isfinite(again)
        losses = loss(mine, actual)[both], loss(again, actual)[both]
        return *losses, series[both], part.times[known][both]


def _series(part: Part, name: str) -> Any:
    """By what rows belong together, as texts; all of them do where nothing is named."""
    if not name:
        return np.zeros(part.times.size, "U1")
    logged = [one.removeprefix(INPUT) for one in part.frame.columns if one.startswith(INPUT)]
    if name not in logged:
        near = nearest(name, logged)
        fix = f"Did you mean '{near}'?" if near else f"There are {', '.join(logged)}; sensitive ones are not logged."
        raise MonitoringError(f"There is no input '{name}' in the log", "[triggers] probation_series", fix)
    return np.array(part.frame[INPUT + name].to_list()).astype(str)


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
