"""What files, and folders that count as one, are known to hold; their bytes are read when they were touched."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from msgspec import Struct

from mainspring.batch.polars import polars
from mainspring.digest import blob_of_file, tagged

__all__ = ["Held", "look_at"]

_LINES: Final = (".csv", ".jsonl", ".ndjson")


class Held(Struct, frozen=True):
    """What a file, or a partition, is known to hold."""

    size: int
    time: int
    digest: str
    rows: int | None = None


def look_at(path: Path, before: Held | None, *, rows: bool = False) -> Held:
    """Return what a file or a partition holds; its bytes are read only where it was touched since.

    Args:
        path: The file or folder.
        before: What it held when it was looked at before.
        rows: Whether its rows are counted.
    """
    files = sorted(one for one in path.rglob("*") if one.is_file()) if path.is_dir() else [path]
    stats = [one.stat() for one in files]
    size, time = sum(one.st_size for one in stats), max((one.st_mtime_ns for one in stats), default=0)
    if before is not None and (before.size, before.time) == (size, time) and (before.rows is not None or not rows):
        return before
    parts = [text for one in files for text in (str(one.relative_to(path.parent)), blob_of_file(one))]
    return Held(size, time, tagged("loop-file/1", *parts), sum(_rows(one) for one in files) if rows else None)


def _rows(path: Path) -> int:
    if path.suffix == ".parquet":
        pl = polars()
        return int(pl.scan_parquet(path, glob=False).select(pl.len()).collect().item())
    if path.suffix in _LINES:
        with path.open("rb") as file:
            lines = sum(chunk.count(b"\n") for chunk in _chunks(file))
        return max(0, lines - (path.suffix == ".csv"))
    return 0


def _chunks(file: Any) -> Iterator[bytes]:
    while chunk := file.read(1 << 20):
        yield chunk
