"""The `[monitor]` table: how what is served is watched, and who is told. None of it is part of a cache key."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal, cast
from urllib.parse import urlsplit

from msgspec import Meta

from mainspring.config.by_model import ByModel
from mainspring.config.convert import Place
from mainspring.config.secret import Secret
from mainspring.config.spans import SPANS, seconds_of
from mainspring.digest.plain import Plain
from mainspring.errors import ConfigError, nearest

__all__ = ["CHECKS", "MONITOR", "Monitor", "read_monitor"]

CHECKS: Final = (
    "drift",
    "nulls",
    "new_category",
    "range",
    "contract",
    "duplicates",
    "fallback",
    "volume",
    "latency",
    "correlation",
)
"""The checks that have a floor; they are those of `mainspring.monitoring.FLOORS`."""

_TABLE: Final = "monitor"
_FLOORS: Final = "floors"  # a table of [monitor], and so no model's
_NEVER: Final = "never"


class Monitor(Plain):
    """How the traffic of a model is watched.

    Attributes:
        window: How many seconds a window lasts.
        reference_days: How many days, from the first of a version on, are its reference.
        segments: Inputs by whose values windows are made besides those of all rows.
        freshness: How many seconds may pass without a row; 0 does not ask.
        output: The column that labels are of; empty: the only one.
        loss: What predictions are judged by: `absolute`, `squared`, `error` or `wrong`.
        least: How many of the last windows have to show a change.
        of: How many windows are looked back on; after as many without the change an alert is resolved.
        discovery: The false discovery rate within a family of a window.
        floors: The least change that matters, by check; what is not named is as it is by default.
        webhook: Where alerts are posted to, best as `env:NAME`; empty: nowhere.
        secret: What posts are signed with, as `env:NAME`; None: they are not signed.
        repeat: After how long an alert that still fires is told again, such as `1d` or `12h`, or `never`.
        calendar: A table of what is known ahead, such as promotions and holidays, by which windows are matched: with
            `season`, and `date`, or `begin` and `end`. Relative to `config.toml`; empty: there is none.
        shift: Hours by which local time is ahead of UTC, for the calendar of seasons.
        skew: Features that were computed later, beside the configuration file: a table, or several as a glob; empty:
            none are compared with those that were served.
        skew_keys: Inputs that tell rows apart; empty: `id` and `row`.
        skew_time: The column of these tables that says from when on a row holds; empty: they hold always.
        skew_tolerance: How much numbers may differ, relative.
    """

    window: Annotated[int, Meta(ge=1)] = 3600
    reference_days: Annotated[int, Meta(ge=1)] = 28
    segments: tuple[str, ...] = ()
    freshness: Annotated[float, Meta(ge=0)] = 0.0
    output: str = ""
    loss: Literal["absolute", "squared", "error", "wrong"] = "absolute"
    least: Annotated[int, Meta(ge=1)] = 3
    of: Annotated[int, Meta(ge=1)] = 6
    discovery: Annotated[float, Meta(gt=0, lt=1)] = 0.05
    floors: Mapping[str, Annotated[float, Meta(ge=0)]] = cast("Mapping[str, float]", None)
    webhook: str | Secret = ""
    secret: Secret | None = None
    repeat: str = "1d"
    calendar: str = ""
    shift: Annotated[float, Meta(ge=-14, le=14)] = 0.0
    skew: str = ""
    skew_keys: tuple[str, ...] = ()
    skew_time: str = ""
    skew_tolerance: Annotated[float, Meta(ge=0)] = 1e-9

    def __post_init__(self) -> None:
        """Have no floors where none are said: a default that can change is no default of a class."""
        self.__dict__["floors"] = dict(self.floors or {})

    @property
    def repeat_seconds(self) -> float:
        """`repeat` in seconds; infinity for `never`."""
        return float("inf") if self.repeat == _NEVER else seconds_of(self.repeat)

    def receiver(self) -> tuple[str, str]:
        """Return where alerts are posted to, and what they are signed with; either may be empty.

        Raises:
            ConfigError: The environment does not have one of them, or the address is none.
        """
        url = self.webhook.reveal() if isinstance(self.webhook, Secret) else self.webhook
        if url and not _is_address(url):
            raise ConfigError(
                "The address that alerts are posted to is none", f"[{_TABLE}] webhook", "Write an http or https URL."
            )
        return url, "" if self.secret is None else self.secret.reveal()


def read_monitor(path: Path, name: str) -> Monitor:
    """Return how a model is watched by a configuration file: `[monitor]`, and over it `[monitor.NAME]`.

    Args:
        path: The file; one that is not there says nothing.
        name: The model; empty for what holds for all.

    Raises:
        ConfigError: The table does not fit; `problems` has every reason.
    """
    return MONITOR.of(path, name)


def _least_is_within(made: Monitor, raw: Mapping[str, Any], place: Place) -> None:
    if made.least > made.of and {"least", "of"} & raw.keys():
        place.report(f"'{place.key}' asks for {made.least} of {made.of} windows", "Make 'of' at least 'least'.")


def _floors_are_of_checks(made: Monitor, raw: Mapping[str, Any], place: Place) -> None:
    for check in made.floors if _FLOORS in raw else ():
        if check not in CHECKS:
            near = nearest(check, CHECKS)
            fix = f"Did you mean '{near}'?" if near else f"There are {', '.join(CHECKS)}."
            place.inside(_FLOORS).report(f"There is no check '{check}' for '{place.key}.{_FLOORS}'", fix)


def _repeat_is_a_time(made: Monitor, raw: Mapping[str, Any], place: Place) -> None:
    try:
        _ = made.repeat_seconds
    except ValueError:
        if "repeat" in raw:
            what = f"'{place.key}.repeat' is '{made.repeat}', which is no length of time"
            place.inside("repeat").report(what, f"Write {SPANS}, or '{_NEVER}'.")


def _webhook_is_an_address(made: Monitor, raw: Mapping[str, Any], place: Place) -> None:
    if "webhook" in raw and isinstance(made.webhook, str) and made.webhook and not _is_address(made.webhook):
        fix = 'Write an http or https URL, or "env:NAME" of a variable that holds it.'
        place.inside("webhook").report(f"'{place.key}.webhook' is no address", fix)


def _tables_are_beside(made: Monitor, raw: Mapping[str, Any], place: Place) -> None:
    for name in ("calendar", "skew"):
        path = getattr(made, name)
        if name in raw and Path(path).is_absolute():
            fix = f'Write where it is beside this file, such as "tables/{name}.parquet".'
            place.inside(name).report(f"'{place.key}.{name}' begins at the root: '{path}'", fix)


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return False


MONITOR: Final = ByModel(
    _TABLE,
    Monitor,
    (_least_is_within, _floors_are_of_checks, _repeat_is_a_time, _webhook_is_an_address, _tables_are_beside),
    (_FLOORS,),
)
