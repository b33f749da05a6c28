"""Files in object stores, through fsspec; loaded only for such a URL."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any, BinaryIO, Final

from mainspring.data.sources import Source
from mainspring.data.unreachable import UnreachableError
from mainspring.errors import InputError, nearest

__all__ = ["copy", "version"]

_CHUNK: Final = 1 << 20
_fsspec: Any = import_module("fsspec")  # has no types
_VERSIONS: Final = ("ETag", "etag", "version_id", "LastModified", "last_modified", "mtime", "created")


def copy(url: str, file: BinaryIO, source: Source) -> None:
    """Write an object to a file.

    Raises:
        InputError: There is no such object or store, or access is denied.
        UnreachableError: The store does not answer, or breaks off.
    """
    with _faults(source.uri):
        filesystem, path = _fsspec.core.url_to_fs(url)
        with filesystem.open(path, "rb") as remote:
            shutil.copyfileobj(remote, file, _CHUNK)


def version(url: str) -> str:
    """Return what the store calls the version of an object, or nothing when it tells none.

    Raises:
        InputError: There is no such object or store, or access is denied.
        UnreachableError: The store does not answer.
    """
    with _faults(url.rpartition("@")[2]):
        filesystem, path = _fsspec.core.url_to_fs(url)
        told = filesystem.info(path)
    found = next((told[name] for name in _VERSIONS if told.get(name)), None)
    return "" if found is None else f"{found} {told.get('size', '')}".strip()


@contextmanager
def _faults(uri: str) -> Iterator[None]:
    where = f"source '{uri}'"
    try:
        yield
    except (FileNotFoundError, IsADirectoryError) as error:
        raise InputError("The store has no such object", where, "Check the address.") from error
    except PermissionError as error:
        raise InputError("The store denies access", where, "Check the credentials that it reads.") from error
    except ImportError as error:
        raise InputError(f"{error}", where, "Install the package that it names.") from error
    except ValueError as error:
        near = nearest(uri.partition(":")[0], _fsspec.available_protocols())
        fix = f"Did you mean '{near}://'?" if near else "Check the address."
        raise InputError(f"fsspec does not open it: {error}", where, fix) from error
    except Exception as error:  # stores raise errors of their own libraries when they cannot be reached
        said = getattr(error, "strerror", None) or str(error)
        raise UnreachableError(f"{type(error).__name__}: {said}" if said else type(error).__name__) from error
