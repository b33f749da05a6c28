"""Data brought here: with retries, checked against their digest, whole or not at all."""

import hashlib
import logging
import os
import time
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from secrets import token_hex
from typing import Any, BinaryIO, Final, TypeVar

import polars as pl

from mainspring.data import generators, wheels
from mainspring.data.sources import Source, resolved, source_of, wheel_member
from mainspring.data.unreachable import UnreachableError
from mainspring.digest import unreadable
from mainspring.errors import InputError, SourceDownError

__all__ = ["current", "fetch", "table_of", "verified"]

_LOG: Final = logging.getLogger(__name__)
_FIRST_WAIT: Final = 0.5
# What needs a library that not everyone has is loaded when such a source is met.
# Where each kind of source is read, and the extra that this needs. It is loaded when such a source is met.
_ADAPTERS: Final = {
    "http": ("mainspring.data.http", "data"),
    "object": ("mainspring.data.objects", "s3"),
    "sql": ("mainspring.data.sql", "postgres"),
}

T = TypeVar("T")
Sleep = Callable[[float], None]


def fetch(source: str | Source, into: str | os.PathLike[str], *, sleep: Sleep = time.sleep) -> Path:
    """Return the path of a file with the data of a source.

    A local file stays where it is. Anything else is written into a folder under its base name: beside its place,
    flushed to the disk and then renamed, so that there is never half a file; a download that breaks off begins again. A
    query and a synthetic table become Parquet. What is pinned and there already is not fetched again.

    Args:
        source: Where the data are.
        into: The folder; it is made when it is missing.
        sleep: Waits between two tries.

    Raises:
        InputError: There is no such file, member or table; access is denied; the bytes are not those that are pinned;
            the source names several files.
        SourceDownError: The source could not be reached, however often it was tried.
    """
    given = source_of(source)
    if given.is_local:
        return _only_file(given)
    folder = Path(into)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / given.name
    if given.sha256 and path.is_file() and _sha256(path) == given.sha256:
        return path
    if given.kind in ("sql", "synthetic"):
        table = table_of(given, sleep=sleep)
        return _whole(path, given, table.write_parquet)
    return patiently(given, lambda: _whole(path, given, lambda file: _bytes(given, file)), sleep=sleep)


def table_of(source: Source, *, sleep: Sleep = time.sleep) -> pl.DataFrame:
    """Return the table of a query or of a generator.

    Raises:
        InputError: It gives none.
        SourceDownError: The database could not be reached, however often it was tried.
    """
    if source.kind == "synthetic":
        return generators.table_of(source)
    reader: Callable[[Source, str], pl.DataFrame] = _adapter(source).table_of
    return patiently(source, lambda: reader(source, resolved(source)), sleep=sleep)


def current(source: str | Source, *, sleep: Sleep = time.sleep) -> Source:
    """Return the source with the stamp of the version that it has now, so that a step runs again when that changes.

    The server is asked: for its `ETag`, else `Last-Modified`, or what an object store tells. A source that is pinned,
    synthetic, in a wheel or of local files cannot change unseen and comes back as it is. Call it in the pipeline and
    not in a step, whose result would be kept.

    Raises:
        InputError: The source tells no version: pin it, or give a stamp of your own.
        SourceDownError: The source could not be reached, however often it was tried.
    """
    given = source_of(source)
    if given.sha256 or given.files or given.kind == "wheel":
        return given
    stamp = ""
    if given.kind in ("http", "object"):
        adapter = _adapter(given)
        limits = (given.timeout,) if given.kind == "http" else ()
        stamp = patiently(given, lambda: adapter.version(resolved(given), *limits), sleep=sleep)
    if not stamp:
        own = "ive a stamp of your own, such as the day: replace(source, stamp='2024-03-01')."
        fix = f"G{own}" if given.kind == "sql" else f"Pin it with sha256, or g{own}"
        raise InputError("The source does not tell its version", f"source '{given.uri}'", fix)
    return replace(given, stamp=stamp)


def verified(source: Source, path: Path) -> Path:
    """Return the path of a file whose bytes are those that the source pins.

    Raises:
        InputError: They are others, or it cannot be read.
    """
    if source.sha256 is None:
        return path
    found = _sha256(path)
    if found != source.sha256:
        raise InputError(
            f"'{source.name}' has SHA-256 {found}, and {source.sha256} is pinned",
            f"source '{source.uri}'",
            "Find out why it changed; then pin the new one.",
        )
    return path


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise unreadable(path, error, "File") from error


def patiently(source: Source, attempt: Callable[[], T], *, sleep: Sleep) -> T:
    """Return what an attempt returns, which is made again while the source cannot be reached."""
    wait, failures = _FIRST_WAIT, []
    for left in range(source.retries, -1, -1):
        try:
            return attempt()
        except UnreachableError as error:
            failures.append(str(error))
            _LOG.warning("source '%s' cannot be read: %s; %s tries left", source.uri, error, left)
        if left:
            sleep(wait)
            wait *= 2
    said = list(dict.fromkeys(failures))
    times = "once" if len(failures) == 1 else f"{len(failures)} times"
    raise SourceDownError(
        f"The source cannot be read; it was tried {times}: {'; then '.join(said)}",
        f"source '{source.uri}'",
        "Look whether it is up and the network reaches it, then run again.",
    )


def _bytes(source: Source, file: BinaryIO) -> None:
    if source.kind == "wheel":
        wheels.copy(wheel_member(source), file, source)
    else:
        _adapter(source).copy(resolved(source), file, source)


def _adapter(source: Source) -> Any:
    module, extra = _ADAPTERS[source.kind]
    try:
        return import_module(module)
    except ImportError as error:
        raise InputError(
            f"A {source.kind} source needs the package '{error.name}'",
            f"source '{source.uri}'",
            f"pip install 'mainspring[{extra}]'",
        ) from error


def _only_file(source: Source) -> Path:
    if len(source.files) > 1:
        raise InputError(
            f"It names {len(source.files)} files", f"source '{source.uri}'", "Read it with read(), or name one file."
        )
    path = source.files[0].path
    if not path.is_file():
        try:
            path.open("rb").close()
        except OSError as error:
            raise unreadable(path, error, "File") from error
    return verified(source, path)


def _whole(path: Path, source: Source, write: Callable[[BinaryIO], object]) -> Path:
    """Return the path of a file that is there only once it is written to its end, and is what is pinned."""
    part = path.with_name(f".{path.name}.{token_hex(8)}")
    try:
        with part.open("xb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        verified(source, part).replace(path)
    finally:
        part.unlink(missing_ok=True)
    return path
