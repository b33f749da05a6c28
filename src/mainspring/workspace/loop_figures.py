"""Figures of a service and of training, followed by the watch: what jumps or leaks alerts, and never trains."""

from pathlib import Path
from typing import Final

from mainspring.config.monitor import Monitor
from mainspring.errors import NotFoundError
from mainspring.monitoring import Figured, raised_by_figures
from mainspring.registry import open_registry
from mainspring.tracking import Change, Facts, Origin
from mainspring.workspace.figures import service_figures, training_figures
from mainspring.workspace.windows import latest

__all__ = ["FollowedFigures"]

_SERVICE: Final = "service"
_TRAINING: Final = "training"
_RECENT: Final = 20


class FollowedFigures:
    """The figures of the models of a home. They are worked out when a window was made, or a run has ended.

    Args:
        home: The home.
        facts: Where runs and alerts are recorded.
    """

    def __init__(self, home: Path, facts: Facts) -> None:
        self._home = home
        self._facts = facts
        self._begun: set[str] = set()
        self._runs: dict[str, tuple[tuple[str, str], ...]] = {}

    def look(self, model: str, monitor: Monitor, now: float, *, made: bool) -> list[Change]:
        """Return what changes in the alerts of a model; nothing while too little is known.

        Args:
            model: The model.
            monitor: How long windows last, and of how many days references are.
            now: In seconds since 1970 UTC.
            made: Whether windows of it were made since the last look.
        """
        changes = self._service(model, monitor, now) if made or model not in self._begun else []
        recent = tuple((one.id, one.status) for one in self._facts.runs.list(_RECENT))
        if recent != self._runs.get(model):
            changes += self._training(model, now)
        self._begun.add(model)
        self._runs[model] = recent
        return changes

    def _service(self, model: str, monitor: Monitor, now: float) -> list[Change]:
        try:
            _, newest = latest(model, self._home, monitor.window)
        except NotFoundError:
            return []  # nothing was served yet
        source = Origin(_SERVICE, monitor.of)
        if self._seen(model, newest.version, source) >= newest.start:
            return []
        figures = service_figures(model, self._home, monitor, now, whole=False)
        return self._observe((model, newest.version), newest.start, figures, source, now)

    def _training(self, model: str, now: float) -> list[Change]:
        """Look at the pipeline that made the newest version of a model that is known to come from a run."""
        with open_registry(self._home) as registry:
            named = any(one.name == model for one in registry.models())
            runs = [one.run for one in registry.versions(model) if one.run] if named else []
        pipelines = (self._facts.runs.get(run).pipeline for run in reversed(runs) if self._facts.runs.exists(run))
        pipeline = next(pipelines, None)
        if pipeline is None:
            return []
        listed = self._facts.runs.list(_RECENT, pipeline=pipeline)
        ended = max((int(one.ended or 0) for one in listed if one.status == "succeeded"), default=0)
        source = Origin(_TRAINING, 1)
        if self._seen(model, "", source) >= ended:
            return []
        try:
            figures = training_figures(pipeline, self._home)
        except NotFoundError:
            return []  # all of its steps were stored already
        return self._observe((model, ""), ended, figures, source, now)

    def _seen(self, model: str, version: str, source: Origin) -> int:
        return self._facts.alerts.observed(model, version, source) or 0

    def _observe(
        self, of: tuple[str, str], at: int, figures: tuple[Figured, ...], source: Origin, now: float
    ) -> list[Change]:
        if all(one.moved is None for one in figures):
            return []
        return self._facts.alerts.observe(*of, at, raised_by_figures(source.name, figures), now=now, source=source)
