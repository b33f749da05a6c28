"""What the monitoring report shows, read from a home once: windows by version, and what happened beside them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import numpy as np

from mainspring.config.monitor import Monitor
from mainspring.errors import NotFoundError, nearest
from mainspring.monitoring import (
    OUTPUT,
    WINDOWS,
    Episode,
    Figured,
    Finding,
    Shelf,
    Stretch,
    Window,
    episodes,
    fit_bands,
    follow,
    stale,
)
from mainspring.package.manifest import SIGNATURE, read_signature
from mainspring.registry import Registry, Version
from mainspring.workspace.catalogue import Catalogue
from mainspring.workspace.monitor_events import Story, story_of
from mainspring.workspace.monitor_figures import figures_of, training_of
from mainspring.workspace.monitor_labels import Labelled, labelled_of
from mainspring.workspace.monitors import rules_of
from mainspring.workspace.opening import open_existing
from mainspring.workspace.references import referred
from mainspring.workspace.windows import Part

__all__ = ["Account", "Asked", "account_of"]

_LONGER: Final = 0.25  # by how much of itself the span may go on after the last window
_MOST_NAMED: Final = 100  # findings of new categories whose values are looked up


@dataclass(frozen=True, slots=True)
class Asked:
    """What a report is to be about.

    Attributes:
        model: The model; None for the only one.
        part: Which windows.
        monitor: When a window differs, how long rows may stay away, what labels are of.
    """

    model: str | None = None
    part: Part = field(default_factory=Part)
    monitor: Monitor = field(default_factory=Monitor)


@dataclass(frozen=True, slots=True, eq=False)
class Account:
    """All that a report shows.

    Attributes:
        home: The home.
        model: The model; empty where there is none yet.
        now: When it was made, in seconds since 1970 UTC.
        asked: What it is about.
        since: The first moment that is shown.
        until: The last one.
        stretches: Windows by version; the version with the newest window last.
        found: Episodes of findings, each with the name of its version and new values, the newest first.
        late: The finding that no row has come for too long.
        story: Runs, decisions, triggers and alerts.
        labelled: How good predictions were by version and window; empty where no label has come.
        units: Units of columns.
        service: Figures of the service, and whether one jumps or leaks.
        training: What runs took, and whether that jumps or leaks.
    """

    home: Path
    model: str
    now: float
    asked: Asked
    since: float
    until: float
    stretches: tuple[Stretch, ...]
    found: tuple[tuple[str, Episode, tuple[str, ...]], ...]
    late: Finding | None
    story: Story
    labelled: tuple[Labelled, ...]
    units: dict[str, str]
    service: tuple[Figured, ...] = ()
    training: tuple[Figured, ...] = ()

    @property
    def latest(self) -> Stretch | None:
        """The version with the newest window."""
        return self.stretches[-1] if self.stretches else None

    @property
    def judged(self) -> bool:
        """Whether the version with the newest window has windows after its reference."""
        return bool(self.latest and self.latest.followed.judged)

    @property
    def lasting(self) -> tuple[Episode, ...]:
        """What the latest window of the latest version shows."""
        name = self.latest.name if self.latest else ""
        return tuple(one for version, one, _ in self.found if one.lasts and version == name)


def account_of(asked: Asked, home: Path | None = None, *, now: float) -> Account:
    """Return what the report on a model shows; where there is nothing, nothing of it.

    Args:
        asked: What it is about.
        home: The home; by default that of the project around the working directory.
        now: In seconds since 1970 UTC.

    Raises:
        NotFoundError: There is no home, or neither windows nor versions of that model; several models have windows.
    """
    with open_existing(home) as opened:
        shelf = Shelf(opened.path / WINDOWS, asked.part.calendar)
        registry = Registry(opened.facts.database, opened.path / "packages")
        model = _model(asked, shelf, registry)
        versions = {one.digest: one for one in registry.versions(model)} if _registered(registry, model) else {}
        likes = _newest(shelf, model, asked)
        firsts = {like.version: _first(shelf, like) for like in likes}
        last = max((one.end for one in likes), default=round(now))
        length = asked.part.last * asked.part.seconds
        since = max(min(firsts.values(), default=last - length), last - length)
        until = max(last, min(now, last + _LONGER * (last - since)))
        stretches = [
            made
            for like in likes
            if like.end > since and (made := _stretch(shelf, like, _named(like, versions), since, asked)) is not None
        ]
        names = [(like.version, _named(like, versions)) for like in likes]
        return Account(
            opened.path,
            model,
            now,
            asked,
            float(since),
            float(until),
            tuple(stretches),
            tuple(_found(shelf, stretches)),
            _late(shelf, likes, asked, now),
            story_of(opened, model, since, until),
            labelled_of(opened.path, names, model, asked.monitor, (since, now)),
            _units(versions, stretches),
            figures_of(model, opened.path, asked.monitor, now),
            training_of(opened.path),
        )


def _model(asked: Asked, shelf: Shelf, registry: Registry) -> str:
    """The model that is named, or the only one that has windows; without windows, the only one that is registered."""
    watched = sorted({one.model for one in shelf.versions(asked.part.seconds)})
    registered = [one.name for one in registry.models()]
    if asked.model is not None:
        known = sorted({*watched, *registered})
        if asked.model in known:
            return asked.model
        near = nearest(asked.model, known)
        fix = f"Did you mean '{near}'?" if near else f"There are {', '.join(known) or 'none'}."
        raise NotFoundError(f"There are neither windows nor versions of '{asked.model}'", str(shelf.folder), fix)
    for names in (watched, registered):
        if len(names) > 1:
            raise NotFoundError(f"There are {len(names)} models", str(shelf.folder), f"Name one of {', '.join(names)}.")
        if names:
            return names[0]
    return ""


def _registered(registry: Registry, model: str) -> bool:
    return any(one.name == model for one in registry.models())


def _named(like: Window, versions: dict[str, Version]) -> str:
    """What a version is called: by its number, or where it is not registered, by its package."""
    number = versions.get(like.version)
    return f"version {number.number}" if number is not None else f"package {like.version[:12]}"


def _newest(shelf: Shelf, model: str, asked: Asked) -> list[Window]:
    """The newest window of each version, the newest version last."""
    found = [one for one in shelf.versions(asked.part.seconds) if one.model == model]
    return sorted((replace(one, segment=asked.part.segment) for one in found), key=lambda one: one.start)


def _first(shelf: Shelf, like: Window) -> int:
    first = shelf.first(like)
    return like.start if first is None else first


def _stretch(shelf: Shelf, like: Window, name: str, since: float, asked: Asked) -> Stretch | None:
    """The windows of a version, judged from the end of its reference on; None where there are none with rows."""
    layout = shelf.layout(like.model, like.version)
    found = None if layout is None else referred(shelf, like, layout, asked.part.days)
    if found is None or not any(one.rows for one in found.windows):
        return None
    rules = rules_of(asked.monitor)
    fitted, bands = found.fit(rules), fit_bands(found.windows, found.layout, rules.shift)
    before = (rules.of - 1) * like.seconds  # persistence looks back
    followed = follow(found.cut(shelf.between(like, since - before, np.inf)), fitted, bands, since=found.until)
    facts = fitted.windows, float(found.until), fitted.cold, fitted.seasons, followed, found.before, found.days
    return Stretch(like.version, name, found.layout, rules, *facts)


def _found(shelf: Shelf, stretches: Sequence[Stretch]) -> Iterator[tuple[str, Episode, tuple[str, ...]]]:
    every = [(stretch, one) for stretch in stretches for one in episodes(stretch.followed, stretch.rules)]
    every.sort(key=lambda pair: (-pair[1].windows[-1].start, pair[1].adjusted, -pair[1].size))
    for place, (stretch, one) in enumerate(every):
        named = one.check == "new_category" and place < _MOST_NAMED
        profile = shelf.get(one.peak) if named else None
        column = stretch.layout.names.index(one.column) if named else -1
        values = tuple(value for at, value, _ in profile.novel if at == column) if profile is not None else ()
        yield stretch.name, one, values


def _late(shelf: Shelf, likes: Sequence[Window], asked: Asked, now: float) -> Finding | None:
    profile = shelf.get(likes[-1]) if likes and asked.monitor.freshness > 0 else None
    if profile is None:
        return None
    last = Catalogue.read(shelf.folder, profile.window.seconds).last(profile.window.model)
    return stale(profile, now, asked.monitor.freshness, last=last)


def _units(versions: dict[str, Version], stretches: Sequence[Stretch]) -> dict[str, str]:
    """The units that the signature of the latest version declares; none where its package is not here."""
    version = versions.get(stretches[-1].version) if stretches else None
    if version is None or not (version.path / SIGNATURE).is_file():
        return {}
    signature = read_signature((version.path / SIGNATURE).read_bytes(), str(version.path))
    found = {one.name: one.unit for one in signature.fields if one.unit}
    return found | {OUTPUT + one.name: one.unit for one in signature.outputs if one.unit}
