"""The `[monitor]` table: how what is served is watched, and who is told. None of it is part of a cache key."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal, cast
from urllib.parse import urlsplit

from msgspec import Meta

from mainspring.config.convert import INVALID, Place, convert
from mainspring.config.document import Document, read_document
from mainspring.config.secret import Secret
from mainspring.digest.plain import Plain
from mainspring.errors import ConfigError, nearest

__all__ = ["CHECKS", "MONITOR", "Monitor", "check_monitor", "read_monitor"]

MONITOR: Final = "monitor"
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

_FLOORS: Final = "floors"  # a table of [monitor], and so no model's
_AGE: Final = re.compile(r"(\d+(?:\.\d+)?)([smhdw])")
_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
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
        found = _AGE.fullmatch(self.repeat)
        return float(found[1]) * _UNITS[found[2]] if found else float("inf")

    def receiver(self) -> tuple[str, str]:
        """Return where alerts are posted to, and what they are signed with; either may be empty.

        Raises:
            ConfigError: The environment does not have one of them, or the address is none.
        """
        url = self.webhook.reveal() if isinstance(self.webhook, Secret) else self.webhook
        if url and not _is_address(url):
            raise ConfigError(
                "The address that alerts are posted to is none", f"[{MONITOR}] webhook", "Write an http or https URL."
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
    document = read_document(path)
    problems: list[ConfigError] = []
    found = check_monitor(document, problems)
    if problems:
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        raise ConfigError(f"{count} in the table [{MONITOR}]", document.shown, problems=tuple(problems))
    return found.get(name, found[""])


def check_monitor(document: Document, problems: list[ConfigError]) -> dict[str, Monitor]:
    """Return how models are watched, those of all others under the empty name; what does not fit is reported."""
    raw = document.tables.get(MONITOR, {})
    if not isinstance(raw, Mapping):
        return {"": Monitor()}  # reported where all reserved tables are
    place = Place(MONITOR, (MONITOR,), document.path.parent, document.where, problems)
    every = {key: value for key, value in raw.items() if key == _FLOORS or not isinstance(value, Mapping)}
    found = {"": _monitor(every, Monitor(), place)}
    for model, own in raw.items():
        if model not in every:
            found[model] = _monitor(own, found[""], place.inside(model))
    return found


def _monitor(raw: Mapping[str, Any], shared: Monitor, place: Place) -> Monitor:
    """What a table says, over what is shared; the rules look at the whole of it."""
    made = convert(dict(raw), Monitor, place)
    if made is INVALID or not isinstance(made, Monitor):
        return shared
    said = {key: getattr(made, key) for key in raw}
    whole = Monitor(**{**vars(shared), **said})
    for rule in _RULES:
        rule(whole, raw, place)
    return whole


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
    if "repeat" in raw and made.repeat != _NEVER and not made.repeat_seconds < float("inf"):
        fix = f"Write a number and one of s, m, h, d, w, such as 12h, or '{_NEVER}'."
        place.inside("repeat").report(f"'{place.key}.repeat' is '{made.repeat}', which is no length of time", fix)


def _webhook_is_an_address(made: Monitor, raw: Mapping[str, Any], place: Place) -> None:
    if "webhook" in raw and isinstance(made.webhook, str) and made.webhook and not _is_address(made.webhook):
        fix = 'Write an http or https URL, or "env:NAME" of a variable that holds it.'
        place.inside("webhook").report(f"'{place.key}.webhook' is no address", fix)


def _skew_is_beside(made: Monitor, raw: Mapping[str, Any], place: Place) -> None:
    if "skew" in raw and Path(made.skew).is_absolute():
        fix = 'Write where the tables are beside this file, such as "features/*.parquet".'
        place.inside("skew").report(f"'{place.key}.skew' begins at the root: '{made.skew}'", fix)


_RULES: Final = (
    _least_is_within,
    _floors_are_of_checks,
    _repeat_is_a_time,
    _webhook_is_an_address,
    _skew_is_beside,
)


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return False
