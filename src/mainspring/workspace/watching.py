"""`watch`: the loop over one home, by one process at a time."""

import logging
import threading
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from msgspec import Struct

from mainspring.config.homes import config_file
from mainspring.config.triggers import read_triggers, triggered_models
from mainspring.errors import NotFoundError, nearest
from mainspring.loop import Ports, Ticked, Watch
from mainspring.registry import open_registry
from mainspring.tracking import Owner, alive, this_process
from mainspring.tracking.loops import Journal, Loops, Watches, Watching
from mainspring.tracking.promotions import CHAMPION
from mainspring.triggers import Decision
from mainspring.workspace.alerting import gauges_of
from mainspring.workspace.loop_runs import ProcessRuns, RegistryModels
from mainspring.workspace.loop_sources import HomeSources
from mainspring.workspace.loop_trials import LogTrials
from mainspring.workspace.opening import open_existing

__all__ = ["Watcher", "watched_models"]

_logger = logging.getLogger(__name__)
_NAME: Final = "home"
_TTL: Final = 60.0
_BEAT: Final = 10.0


def watched_models(names: Sequence[str], home: Path | None = None) -> list[str]:
    """Return the models that are watched.

    They are those that are named; else those with a table `[triggers.NAME]`; else the only one that has a champion.

    Raises:
        NotFoundError: There is no model of that name, or none to watch, or it is not clear which.
    """
    with open_registry(home) as registry:
        models = {one.name: CHAMPION in one.aliases for one in registry.models()}
    chosen = list(names) or triggered_models(config_file(home)) or [name for name, served in models.items() if served]
    for name in chosen:
        if name not in models:
            near = nearest(name, models)
            fix = f"Did you mean '{near}'?" if near else f"There are {', '.join(models) or 'none'}: register a package."
            raise NotFoundError(f"There is no model '{name}'", None, fix)
    if not chosen:
        raise NotFoundError("No model has a champion", None, "Promote a version: mainspring promote NAME VERSION.")
    if len(chosen) > 1 and not names and not triggered_models(config_file(home)):
        raise NotFoundError(
            f"There are {len(chosen)} models with a champion: {', '.join(chosen)}",
            None,
            f"Name those to watch, or give each its own table, such as [triggers.{chosen[0]}].",
        )
    return chosen


class Held(Struct, frozen=True):
    """That another process watches this home."""

    owner: Owner


class Watcher:
    """Watches the models of a home, as long as no other process does.

    It is used as a context manager; `tick` may be called at any time, by one thread.

    Args:
        models: The models; see `watched_models`.
        home: The home; by default that of the project around the working directory.
    """

    def __init__(self, models: Sequence[str], home: Path | None = None) -> None:
        self.models = tuple(models)
        self._home = open_existing(home)
        config = config_file(home).absolute()
        path, facts = self._home.path.absolute(), self._home.facts
        self._config, self.sources = config, HomeSources(path, config, facts, self.models)
        ports = Ports(
            self.sources,
            ProcessRuns(path, config, facts),
            RegistryModels(path, config),
            LogTrials(path, config),
        )
        self.loops, self.journal = Loops(facts.database), Journal(facts.database)
        self._watch = Watch(self.loops, self.journal, ports, lambda model: read_triggers(config, model), self._guard)
        self._watches = Watches(facts.database, alive)
        self._watching: Watching | None = None
        self._ended = threading.Event()
        self._beat: threading.Thread | None = None

    def tick(self, now: float) -> Ticked | Held:
        """Look at everything once, and do what is to be done; or return who watches already.

        Raises:
            LeaseLostError: Another process took over, since this one was silent for too long.
        """
        if self._watching is None:
            found = self._watches.take(_NAME, this_process(), _TTL)
            if isinstance(found, Owner):
                return Held(found)
            self._watching = found
            self._beat = threading.Thread(target=self._heartbeat, args=(found,), daemon=True)
            self._beat.start()
        return self._watch.tick(self.models, now)

    def states(self, model: str, now: float) -> tuple[Decision, ...]:
        """Return what each trigger of a model says now; nothing is done."""
        return self._watch.states(model, now)

    def metrics(self, now: float) -> str:
        """Return alerts, windows, labels and what happened how often, as Prometheus reads them.

        It needs mainspring[serve].
        """
        home, alerts = self._home.path.absolute(), self._home.facts.alerts
        gauges = gauges_of(alerts, home, self._config, now, self.sources.labelled).decode()
        name = "mainspring_loop_events_total"
        lines = [f"# TYPE {name} counter"]
        for (model, kind), count in self.journal.counts().items():
            lines.append(f'{name}{{model="{model}",kind="{kind}"}} {count}')
        return gauges + "\n".join(lines)

    def close(self) -> None:
        """Stop watching; another process may begin at once."""
        self._ended.set()
        if self._beat is not None:
            self._beat.join()
        if self._watching is not None:
            self._watches.release(self._watching)
            self._watching = None
        self._home.facts.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _guard(self) -> None:
        if self._watching is not None:
            self._watches.renew(self._watching, _TTL)

    def _heartbeat(self, watching: Watching) -> None:
        """Say that this process is there while it does something that takes long."""
        while not self._ended.wait(_BEAT):
            try:
                if not self._watches.beat(watching, _TTL):
                    return
            except Exception:  # a database that is busy or away may be there again by the next beat
                _logger.exception("The watch could not say that it is there")
