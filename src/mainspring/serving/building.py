"""A service from its settings: models loaded, log begun, everything that follows along."""

import contextlib
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from mainspring.errors import ServingError
from mainspring.registry.targets import Following, Target, resolve
from mainspring.serving.access import AccessLog
from mainspring.serving.answering import Answering
from mainspring.serving.app import App, Receive, Scope, Send
from mainspring.serving.fitting import SERVED, Known, keep
from mainspring.serving.following import Followed, Poller
from mainspring.serving.ids import Ids
from mainspring.serving.keys import Keys
from mainspring.serving.metrics import Metrics
from mainspring.serving.models import Served, open_served
from mainspring.serving.overriding import Overrides
from mainspring.serving.predlog.frames import PREDICTIONS
from mainspring.serving.predlog.writer import PredictionLog
from mainspring.serving.samples import SAMPLES, Counted, Sampling
from mainspring.serving.settings import Settings
from mainspring.serving.shadow import Shadow
from mainspring.serving.upkeep import Upkeep

__all__ = ["KEYS", "OVERRIDES", "Service", "open_service"]

LOG: Final = logging.getLogger(__name__)
KEYS: Final = "serving/keys.json"
OVERRIDES: Final = "serving/overrides.json"
_STANDARD_OUTPUT: Final = 1


@dataclass(frozen=True)
class Service:
    """What one worker process runs.

    Attributes:
        app: The ASGI application.
        poller: What follows aliases, keys and overrides; the caller starts it.
    """

    app: App
    poller: Poller


@contextlib.contextmanager
def open_service(settings: Settings) -> Iterator[Service]:
    """Yield a service that is ready: every model verified and its golden samples replayed.

    At the end what waits for the prediction log is written and flushed.

    Raises:
        MainspringError: Something of it cannot be served.
    """
    home = Path(settings.home) if settings.home is not None else None
    with contextlib.ExitStack() as stack:

        def found(name: str) -> Target:
            target = resolve(name, home)
            if isinstance(target.follow, Following):
                stack.callback(target.follow.close)
            return target

        chain = [_followed(found(settings.target), settings)]
        chain += [_followed(found(target), settings, outputs=chain[0].served.row) for target in settings.fallback]
        ids = Ids()
        log = None
        if settings.log and home is not None:
            log = PredictionLog(home / PREDICTIONS, ids.worker, memory=settings.log_memory)
            stack.callback(log.close)
        shadow = _shadow(settings, found, log)
        keys = Keys(home / KEYS) if home is not None else None
        overrides = Overrides(home / OVERRIDES) if home is not None else None
        answering = Answering(chain, ids, log, overrides=overrides, shadow=shadow, seconds=settings.limits.seconds)
        stack.callback(answering.close)
        access = AccessLog(_STANDARD_OUTPUT) if settings.access_log else None
        if access is not None:
            stack.callback(access.close)
        app = App(answering, settings.limits, _Cold(), keys=keys, metrics=Metrics(), access=access)
        followed = [*chain, *([shadow.model] if shadow is not None else [])]
        looks: list[Callable[[], object]] = [one.refresh for one in (keys, overrides) if one is not None]
        if home is not None and overrides is not None:
            looks += [_Noting(home / SERVED, chain[0]).look, partial(_tell, overrides, chain)]
        if home is not None and log is not None:
            looks.append(Sampling(home / SAMPLES, ids.worker, lambda: chain[0].served.name, _counting(app, log)).look)
        for look in looks:
            look()
        if settings.upkeep and log is not None:
            upkeep = Upkeep(settings.upkeep, settings.upkeep_every)
            looks.append(upkeep.look)
            stack.callback(upkeep.stop)
        poller = Poller(settings.poll, [*(one.check for one in followed), *looks])
        stack.callback(poller.stop)
        app.state.ready = True
        yield Service(app, poller)


class _Cold:
    """Answers what is no prediction. What does is loaded with the first such request: many services get none."""

    def __init__(self) -> None:
        self._routes: Any = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if self._routes is None:
            self._routes = import_module("mainspring.serving.routes").cold_routes()
        await self._routes(scope, receive, send)


def _counting(app: App, log: PredictionLog) -> Callable[[], Counted]:
    def count() -> Counted:
        requests, refused, failed = app.metrics.counted
        return requests, refused, failed, app.state.active, log.waiting

    return count


def _shadow(settings: Settings, found: Callable[[str], Target], log: PredictionLog | None) -> Shadow | None:
    if settings.shadow is None:
        return None
    if log is None:
        raise ServingError("A shadow needs the prediction log", fix="Serve with a home, and with the log.")
    return Shadow(_followed(found(settings.shadow), settings, extra=True), log, settings.shadow_share)


class _Noting:
    """Keeps in the home what is served."""

    def __init__(self, folder: Path, model: Followed) -> None:
        self._folder, self._model = folder, model
        self._noted: Served | None = None

    def look(self) -> None:
        """Note the model when it is another one."""
        served = self._model.served
        if served is self._noted:
            return
        self._noted = served
        try:
            keep(self._folder, Known(served.name, served.version, served.signature))
        except OSError as error:
            LOG.warning("What is served cannot be noted in %s, so overrides are not checked: %s", self._folder, error)


def _tell(overrides: Overrides, chain: list[Followed]) -> None:
    for one in chain:
        overrides.tell(f"{one.served.name} {one.served.version}", one.served.signature)


def _followed(
    target: Target, settings: Settings, *, outputs: tuple[str, ...] | None = None, extra: bool = False
) -> Followed:
    def opener(one: Target) -> Served:
        return open_served(
            one,
            settings.limits,
            trust=(*settings.trust, *one.trust),
            threads=settings.threads,
            fallback=outputs is not None or extra,
        )

    return Followed(target, opener, outputs)
