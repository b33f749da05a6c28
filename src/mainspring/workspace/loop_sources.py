"""Where the loop sees that something has changed: windows of the log, labels, files of the project."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

from msgspec.structs import replace as replace_fields

from mainspring.config.monitor import Monitor, read_monitor
from mainspring.config.triggers import Triggers, read_triggers
from mainspring.digest import tagged
from mainspring.digest.texts import from_json, to_json
from mainspring.errors import MainspringError, MonitoringError, NotFoundError, TooEarlyError
from mainspring.loop import Data, Looked
from mainspring.monitoring import (
    WINDOWS,
    Quality,
    Shelf,
    Window,
    raised_by_errors,
    raised_by_finding,
    stale,
)
from mainspring.registry import open_registry
from mainspring.tracking import Alert, Facts, Origin, Raised
from mainspring.tracking.loops import LoopEvent
from mainspring.tracking.promotions import CHAMPION
from mainspring.triggers import Lost, New, Shown
from mainspring.workspace.alerting import observe_checked
from mainspring.workspace.alerting import tell as tell_receivers
from mainspring.workspace.catalogue import Catalogue
from mainspring.workspace.closing import close_windows
from mainspring.workspace.labelled import Rated, rate_home
from mainspring.workspace.loop_figures import FollowedFigures
from mainspring.workspace.loop_files import Held, look_at
from mainspring.workspace.loop_names import check_names
from mainspring.workspace.loop_rows import Arrivals
from mainspring.workspace.loop_skew import FollowedSkew
from mainspring.workspace.monitors import part_of, rules_of
from mainspring.workspace.windows import Checked, check_home

__all__ = ["HomeSources"]

_DRIFT: Final = "drift"
_ERRORS: Final = "errors"
_BROKEN: Final = ("contract", "skew")
_LOOP: Final = "loop"
_RECENT: Final = 50
_SHOWN: Final = 24


class HomeSources:
    """The windows, labels, alerts and files of a home and its project.

    Args:
        home: The home.
        config: The configuration file of the project.
        facts: Where alerts and runs are kept.
        models: The models that are watched.
    """

    def __init__(self, home: Path, config: Path, facts: Facts, models: Sequence[str]) -> None:
        self._home = home
        self._config = config
        self._alerts = facts.alerts
        self._models = tuple(models)
        self._arrivals = Arrivals(home)
        self._figures = FollowedFigures(home, facts)
        self._skew = FollowedSkew(home, config.parent, facts.alerts)
        self._labelled: dict[str, Quality] = {}
        self._checked: dict[str, tuple[Checked, ...]] = {}
        self._told: dict[str, int] = {}

    @property
    def labelled(self) -> tuple[Quality, ...]:
        """The latest labelled window of each model, as far as it was looked at."""
        return tuple(self._labelled.values())

    def close(self, now: float) -> None:
        """Make the windows that have ended, and follow what else there is then: figures and skew.

        Raises:
            MonitoringError: Something could not be made or followed; all else was.
        """
        problems: list[str] = []
        for model in self._models:
            try:
                monitor = self._monitor(model)
                made = bool(close_windows(self._home, monitor, now, model=model))
            except (MainspringError, OSError) as error:
                problems.append(" ".join(str(error).split()))
                continue
            if made:
                self._checked.pop(model, None)
            looks: tuple[Callable[[], object], ...] = (
                partial(self._figures.look, model, monitor, now, made=made),
                partial(self._look_at_skew, model, monitor, now, made),
                partial(self._look_at_names, model, monitor),
            )
            for look in looks:
                try:
                    look()
                except (MainspringError, OSError) as error:
                    problems.append(" ".join(str(error).split()))
        if problems:
            raise MonitoringError(" ".join(problems))

    def _look_at_skew(self, model: str, monitor: Monitor, now: float, made: bool) -> None:
        self._skew.look(model, self._package(model) if monitor.skew else None, monitor, now, made=made)

    def _look_at_names(self, model: str, monitor: Monitor) -> None:
        """See that what tables name is there: a name that is none would be passed over silently."""
        package = self._package(model)
        layout = None if package is None else Shelf(self._home / WINDOWS).layout(model, package)
        if layout is not None:
            check_names(monitor, read_triggers(self._config, model), layout)

    def look(self, model: str, policy: Triggers, since: float, now: float) -> Looked:
        """Return what there is to see of a model, once its alerts are those of what its windows show."""
        rated = self._rated(model, now)
        self._observe(model, self._monitor(model), rated, now)
        return replace_fields(self._seen(model, policy, since, rated), events=self._events(model))

    def see(self, model: str, policy: Triggers, since: float, now: float) -> Looked:
        """Return what there is to see of a model as it was left by the last look."""
        return self._seen(model, policy, since, self._rated(model, now))

    def _seen(self, model: str, policy: Triggers, since: float, rated: Rated | None) -> Looked:
        monitor, package = self._monitor(model), self._package(model)
        alerts = self._alerts.open(model)
        mine = [one for one in alerts if one.version == package and one.check in (_DRIFT, _ERRORS)]
        shown = tuple(_shown(one, monitor) for one in mine if one.windows)
        stopped = tuple(f"{one.check}: {one.says} (alert {one.id})" for one in alerts if one.check in _BROKEN)
        labels = self._arrivals.since(model, since) if policy.labels else 0
        known = [one for one in (rated.windows if rated else ()) if one.loss is not None]
        self._labelled |= {model: known[-1]} if known else {}
        losses = tuple(_lost(one) for one in known)
        return Looked(shown, stopped, losses, labels)

    def _monitor(self, model: str) -> Monitor:
        return read_monitor(self._config, model)

    def _observe(self, model: str, monitor: Monitor, rated: Rated | None, now: float) -> None:
        """Have alerts fire, go on and resolve by what the windows of a model show."""
        for checked in self._check(model, monitor):
            over = replace(checked, checks=tuple(one for one in checked.checks if one.window.end <= now))
            observe_checked(self._alerts, over, now=now, monitor=monitor, home=self._home)
        self._freshness(model, monitor, now)
        self._errors(rated, monitor, now)

    def _check(self, model: str, monitor: Monitor) -> tuple[Checked, ...]:
        """The checks of a model and of its segments, made again when windows were; none while there is a reference."""
        if model not in self._checked:
            newest = self._newest(model, monitor)
            segments = Shelf(self._home / WINDOWS).segments(newest) if newest is not None else []
            wanted = [one for one in segments if one.partition("=")[0] in monitor.segments]
            found = [self._check_part(model, monitor, segment) for segment in ("", *wanted)]
            self._checked[model] = tuple(one for one in found if one is not None)
        return self._checked[model]

    def _check_part(self, model: str, monitor: Monitor, segment: str) -> Checked | None:
        part = part_of(monitor, segment, home=self._home)
        try:
            return check_home(model, self._home, rules=rules_of(monitor), part=part, version=self._package(model))
        except (TooEarlyError, NotFoundError):
            return None  # nothing was served yet, or not for long enough

    def _newest(self, model: str, monitor: Monitor) -> Window | None:
        windows = Shelf(self._home / WINDOWS).versions(monitor.window)
        return max((one for one in windows if one.model == model), key=lambda one: one.start, default=None)

    def _freshness(self, model: str, monitor: Monitor, now: float) -> None:
        if not monitor.freshness:
            return
        newest = self._newest(model, monitor)
        profile = None if newest is None else Shelf(self._home / WINDOWS).get(newest)
        if newest is None or profile is None:
            return
        last = Catalogue.read(self._home / WINDOWS, monitor.window).last(model)  # the window that is open has rows, too
        found = stale(profile, now, monitor.freshness, last=last)
        raised = [] if found is None else [raised_by_finding(found)]
        source = Origin("freshness", 1)
        self._alerts.observe(model, newest.version, int(now), raised, now=now, source=source)

    def _errors(self, rated: Rated | None, monitor: Monitor, now: float) -> None:
        """Have alerts follow the errors of labelled windows; nothing while too few are known."""
        if rated is None or rated.errors is None or not rated.followed:
            return
        raised = raised_by_errors(rated.followed, rated.errors)
        at, source = rated.followed[-1].window.start, Origin("labels", monitor.of)
        seen = self._alerts.observed(rated.model, rated.version, source)
        if raised and seen is not None and seen >= at:  # labels came late, of windows that were looked at before
            known = [one for one in self._alerts.open(rated.model) if one.source == source.name]
            at = seen if any(one.version == rated.version for one in known) else seen + 1
        self._alerts.observe(rated.model, rated.version, at, raised, now=now, source=source)

    def _rated(self, model: str, now: float) -> Rated | None:
        """How good the windows of the champion are; None before it has answered, or labels have come."""
        package = self._package(model)
        if package is None or not self._arrivals.any():
            return None
        try:
            return rate_home(model, self._home, self._monitor(model), now, version=package)
        except NotFoundError:
            return None

    def _events(self, model: str) -> dict[str, LoopEvent]:
        """What changed in the alerts of a model, whoever changed it: all of it when this process begins."""
        newest = self._alerts.newest()
        if self._told.get(model) == newest:
            return {}
        self._told[model] = newest
        found = {}
        for alert in self._alerts.list(model=model, limit=_RECENT):
            for change in self._alerts.changes(alert.id):
                links = to_json({"alert": alert.id, "check": alert.check, "columns": alert.columns})
                says = f"{alert.check} {change.kind}: {alert.says}"
                found[f"alert/{change.id}"] = LoopEvent(change.at, "alert", model, says, links)
        return dict(sorted(found.items(), key=lambda item: item[1].at))

    def _package(self, model: str) -> str | None:
        with open_registry(self._home) as registry:
            number = registry.aliases(model).get(CHAMPION)
            return None if number is None else registry.version(model, number).digest

    def data(self, policy: Triggers, known: str | None) -> Data:
        """Return what is new in the data that are watched; nothing is when nothing was known."""
        folder = self._config.parent
        before: dict[str, Held] = {name: Held(*held) for name, held in from_json(known or "{}").items()}
        now: dict[str, Held] = {}
        for path in sorted(folder.glob(policy.data)):
            name = str(path.relative_to(folder))
            now[name] = look_at(path, before.get(name), rows=policy.rows > 0)
        new = [name for name, one in now.items() if name not in before or before[name].digest != one.digest]
        rows = None
        if policy.rows:
            rows = sum((now[name].rows or 0) - (before[name].rows or 0 if name in before else 0) for name in new)
        state = tagged("loop-data/1", *(part for name, one in now.items() for part in (name, one.digest)))
        text = to_json({name: [one.size, one.time, one.digest, one.rows] for name, one in now.items()})
        return Data(New(state, () if known is None else tuple(new), rows, bool(now)), text)

    def tell(self, event: LoopEvent, key: str) -> None:
        """Alert people of something that the loop did, or could not do; the same key is one alert."""
        raised = Raised(event.kind, says=event.says, record=to_json({"links": from_json(event.links)}))
        source = Origin(f"{_LOOP} {key}", 1)
        self._alerts.observe(event.model, "", int(event.at), [raised], now=event.at, source=source)

    def settle(self, model: str, now: float, key: str | None = None) -> None:
        """Resolve what people were alerted of: all of it, now that a later round went well, or what has one key."""
        for alert in self._alerts.open(model):
            if alert.source == f"{_LOOP} {key}" if key is not None else alert.source.startswith(f"{_LOOP} "):
                self._alerts.observe(model, "", int(now), [], now=now, source=Origin(alert.source, 1))

    def deliver(self, now: float) -> None:
        """Hand on what people are to be told.

        Raises:
            MonitoringError: A receiver does not take it; it is tried again.
        """
        failed = [one for one in tell_receivers(self._alerts, self._config, now) if one.error]
        if failed:
            raise MonitoringError(
                f"{sum(one.waiting for one in failed):,} changes of alerts wait: {failed[0].error}",
                "[monitor] webhook",
                "They are tried again, in their order.",
            )


def _shown(one: Alert, monitor: Monitor) -> Shown:
    columns = one.columns or (one.check,)
    return Shown(one.check, columns, one.windows[-1] + monitor.window, one.says, one.id, one.windows[-_SHOWN:])


def _lost(one: Quality) -> Lost:
    return Lost(one.window.start, one.window.end, one.loss or 0.0, one.labelled)
