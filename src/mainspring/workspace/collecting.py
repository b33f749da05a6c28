"""`gc`: old runs go, then the results that nothing needs, then the blobs that nothing references."""

import shutil
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from mainspring.store import LocalStore, sweep, with_parts
from mainspring.tracking import RunRow
from mainspring.workspace.homes import Home

__all__ = ["Collected", "collect"]

_PAGE = 500


@dataclass(frozen=True, slots=True)
class Collected:
    """What was removed, or would be.

    Attributes:
        runs: Ids of runs, oldest first.
        results: How many results.
        blobs: How many blobs.
        blob_bytes: Their bytes.
        files: How many logs, reports, checkpoints and laid out files.
        file_bytes: Their bytes; and of temporary and damaged files that were removed.
        dry: Whether nothing was removed.
    """

    runs: tuple[str, ...]
    results: int
    blobs: int
    blob_bytes: int
    files: int
    file_bytes: int
    dry: bool


def collect(home: Home, *, older_than: float, keep: int, dry: bool = False) -> Collected:
    """Remove what is older than a grace period and needed by nothing; a pinned or running run keeps all that it needs.

    Args:
        home: Where.
        older_than: The grace period in seconds.
        keep: How many of the newest runs stay, with their results, however old they are.
        dry: Only tell.
    """
    facts = home.facts
    before = facts.now() - older_than
    every = list(_runs(home))
    doomed = [run for run in every[keep:] if _is_old(run, before)]
    doomed_ids = {run.id for run in doomed}
    staying = [run for run in every if run.id not in doomed_ids]
    unused_since = min([before, *(run.started for run in every[:keep])])
    if dry:
        results = facts.results.unreferenced(unused_since)
        needed = facts.results.referenced_without(doomed_ids, {result.key for result in results})
    else:
        facts.runs.delete(sorted(doomed_ids))
        results = facts.results.collect(unused_since)
        needed = facts.results.referenced_blobs()
    grace = time.time() - older_than
    youngest = min([grace, *(run.started for run in staying if run.status == "running")])
    swept = sweep(home.blobs, _with_folders(home, needed), youngest, dry=dry)
    leftovers = _leftovers(home, doomed_ids, {run.id for run in staying}, youngest)
    files, file_bytes = _remove(leftovers, dry=dry)
    if not dry and isinstance(home.blobs, LocalStore):
        file_bytes += home.blobs.clean(youngest)
    gone = tuple(run.id for run in reversed(doomed))
    return Collected(gone, len(results), swept.blobs, swept.size, files, file_bytes, dry)


def _runs(home: Home) -> Iterator[RunRow]:
    """Yield every run, newest first."""
    page = home.facts.runs.list(_PAGE)
    while page:
        yield from page
        page = home.facts.runs.list(_PAGE, before=page[-1].id)


def _is_old(run: RunRow, before: float) -> bool:
    return run.status != "running" and not run.pinned and (run.ended or run.started) < before


def _with_folders(home: Home, needed: set[str]) -> set[str]:
    folders = home.facts.results.folder_blobs()
    return with_parts(((blob, "folder/1" if blob in folders else "") for blob in needed), home.blobs)


def _leftovers(home: Home, doomed: set[str], staying: set[str], before: float) -> Iterator[Path]:
    """Yield logs and reports of runs that go or are gone, and checkpoints and laid out files that are old."""
    places = [(place.name, place) for place in _inside(home.path / "logs")]
    places += [(place.stem.removeprefix("report-"), place) for place in _inside(home.path / "reports")]
    for run, place in places:
        if run in doomed or (run not in staying and _changed(place) < before):
            yield place
    checkpoints = _inside(home.path / "checkpoints")
    in_use = home.facts.leases.holders([place.name for place in checkpoints])
    for place in (*checkpoints, *_inside(home.blobs.files)):
        if place.name not in in_use and _changed(place) < before:
            yield place


def _changed(place: Path) -> float:
    """Return when anything in a place last changed."""
    return max(path.lstat().st_mtime for path in (place, *place.rglob("*")))


def _inside(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _remove(places: Iterable[Path], *, dry: bool) -> tuple[int, int]:
    """Remove files and folders; return how many files there were, and their bytes."""
    count = size = 0
    for place in places:
        inner = [path for path in (place, *place.rglob("*")) if path.is_file() and not path.is_symlink()]
        count += len(inner)
        size += sum(path.stat().st_size for path in inner)
        if dry:
            continue
        if place.is_dir() and not place.is_symlink():
            shutil.rmtree(place, ignore_errors=True)
        else:
            place.unlink(missing_ok=True)
    return count, size
