"""A service from its settings: models loaded, log begun, everything that follows along."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mainspring.errors import ServingError
from mainspring.registry.targets import Following, Target, resolve
from mainspring.serving.access import AccessLog
from mainspring.serving.answering import Answering
from mainspring.serving.app import App
from mainspring.serving.following import Followed, Poller
from mainspring.serving.ids import Ids
from mainspring.serving.keys import Keys
from mainspring.serving.metrics import Metrics
from mainspring.serving.models import Served, open_served
from mainspring.serving.overrides import Overrides
from mainspring.serving.predlog.frames import PREDICTIONS
from mainspring.serving.predlog.writer import PredictionLog
from mainspring.serving.routes import cold_routes
from mainspring.serving.settings import Settings
from mainspring.serving.shadow import Shadow

__all__ = ["KEYS", "OVERRIDES", "Service", "open_service"]

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
        shadow = None
        if settings.shadow is not None:
            if log is None:
                raise ServingError("A shadow needs the prediction log", fix="Serve with a home, and with the log.")
            challenger = _followed(found(settings.shadow), settings, extra=True)
            shadow = Shadow(challenger, log, settings.shadow_share)
        keys = Keys(home / KEYS) if home is not None else None
        overrides = Overrides(home / OVERRIDES) if home is not None else None
        answering = Answering(chain, ids, log, overrides=overrides, shadow=shadow, seconds=settings.limits.seconds)
        stack.callback(answering.close)
        access = None
        if settings.access_log:
            access = AccessLog(_STANDARD_OUTPUT)
            stack.callback(access.close)
        app = App(answering, settings.limits, cold_routes(), keys=keys, metrics=Metrics(), access=access)
        followed = [*chain, *([shadow.model] if shadow is not None else [])]
        looks: list[Callable[[], object]] = [one.check for one in followed]
        looks += [one.refresh for one in (keys, overrides) if one is not None]
        poller = Poller(settings.poll, looks)
        stack.callback(poller.stop)
        app.state.ready = True
        yield Service(app, poller)


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
