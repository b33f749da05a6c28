"""What a rehearsal of the loop has shown: its time line, and whether each thing that was planted was dealt with."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from replay import Change, Opening, morning
from traffic import Asker

from mainspring.tracking.loops import Journal, LoopEvent
from mainspring.workspace.opening import open_existing

MARK = "PLANTED"
NEW, AGAIN = "new_category firing", " again: "
SOON = 7
SHOWN = 150
WIDEST = 17


@dataclass(frozen=True)
class Planted:
    """Something that was planted on a day."""

    day: date
    says: str


@dataclass(frozen=True)
class Story:
    """What was planted.

    Attributes:
        change: A change of the world.
        opening: A change of what is asked.
        commits: Bad commits, the earliest first: one that gates are to refuse, one that service is to show.
    """

    change: Change
    opening: Opening
    commits: Sequence[Planted]


@dataclass(frozen=True)
class Seen:
    """What happened.

    Attributes:
        events: What the watch tells of, the earliest first.
        asked: How many requests there were.
        failed: What went wrong with requests.
        versions: How many answers each version gave.
        newest: The version that answered last.
        told: What a receiver of alerts was told.
        held: What triggers would have started a run for, and why not, when that was first so.
    """

    events: tuple[LoopEvent, ...]
    asked: int
    failed: tuple[str, ...]
    versions: dict[str, int]
    newest: str
    told: tuple[dict[str, Any], ...]
    held: dict[str, Planted]

    @classmethod
    def of(
        cls, home: Path, model: str, asker: Asker, told: Sequence[dict[str, Any]], held: dict[str, Planted]
    ) -> "Seen":
        with open_existing(home) as opened:
            events = Journal(opened.facts.database).between(0.0, float("inf"))
        mine = tuple(one for one in events if one.model == model)
        return cls(mine, asker.asked, tuple(asker.failed), dict(asker.versions), asker.newest, tuple(told), held)

    def day_of(self, kind: str, since: date, has: str = "") -> date | None:
        """The first day from another one on that has such an event; None when there is none."""
        found = (one for one in self.events if one.kind == kind and has in one.says and day_of(one) >= since)
        return next((day_of(one) for one in found), None)


@dataclass(frozen=True)
class Verdict:
    """Whether something was dealt with."""

    passed: bool
    says: str


def day_of(event: LoopEvent) -> date:
    return datetime.fromtimestamp(event.at, UTC).date()


def timeline(story: Story, seen: Seen) -> Iterator[str]:
    """What happened, line by line, with what was planted where it was."""
    planted = [Planted(one.since, f"{one.says}, from this day on") for one in (story.change, story.opening)]
    lines = [(morning(one.day) - 1, _line(one.day, MARK, one.says)) for one in (*planted, *story.commits)]
    lines += [(morning(one.day) + 1, _line(one.day, f"{kind} held", one.says)) for kind, one in seen.held.items()]
    lines += [(one.at, _line(day_of(one), one.kind, one.says)) for one in seen.events if AGAIN not in one.says]
    for _, line in sorted(lines, key=lambda line: line[0]):
        yield line


def _line(day: date, kind: str, says: str) -> str:
    said = " ".join(says.split())
    return f"{day}  {kind:<{WIDEST}}  {said if len(said) <= SHOWN else f'{said[: SHOWN - 1]}…'}"


def judge(story: Story, seen: Seen) -> list[Verdict]:
    """Whether each thing that was planted was found and dealt with, and no request failed."""
    refused, wrong = story.commits if len(story.commits) == 2 else (None, None)
    told = seen.day_of("alert", date.min, NEW)
    loss = seen.held.get("quality")
    return [
        _found(f"that {story.opening.says}", story.opening.since, told),
        _found(f"that {story.change.says}", story.change.since, loss.day if loss else None),
        _trained(story.change, seen),
        _refused(refused, seen),
        _rolled_back(wrong, seen),
        _told(seen),
        Verdict(not seen.failed and seen.asked > 0, f"{seen.asked:,} requests, {len(seen.failed)} failed"),
    ]


def _found(what: str, since: date, found: date | None) -> Verdict:
    """Found within days, and not before it was there."""
    if found is None:
        return Verdict(False, f"{what} was not found")
    return Verdict(0 < (found - since).days <= SOON, f"{what} was planted on {since}, and found on {found}")


def _trained(change: Change, seen: Seen) -> Verdict:
    fired = seen.day_of("trigger", change.since)
    promoted = None if fired is None else seen.day_of("promoted", fired)
    kept = None if promoted is None else seen.day_of("kept", promoted)
    says = f"trained again for it on {fired}, promoted on {promoted}, kept on {kept}"
    return Verdict(None not in (fired, promoted, kept) and "2" in seen.versions, says)


def _refused(planted: Planted | None, seen: Seen) -> Verdict:
    day = None if planted is None else seen.day_of("refused", planted.day)
    promoted = None if planted is None else seen.day_of("promoted", planted.day)
    right = planted is not None and day == planted.day and promoted != planted.day
    return Verdict(right, f"the untrained candidate was refused on {day}")


def _rolled_back(planted: Planted | None, seen: Seen) -> Verdict:
    promoted = None if planted is None else seen.day_of("promoted", planted.day)
    back = None if promoted is None else seen.day_of("rolled back", promoted)
    says = f"the one that is wrong later passed its gates on {promoted}, and was rolled back on {back}"
    return Verdict(back is not None and seen.newest == "2", f"{says}; version {seen.newest} answers now")


def _told(seen: Seen) -> Verdict:
    ids = [one["id"] for one in seen.told]
    says = f"{len(ids)} changes of alerts were told, each once"
    return Verdict(bool(ids) and len(ids) == len(set(ids)), says)
