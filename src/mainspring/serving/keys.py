"""API keys: made here, shown once, kept as hashes, compared in constant time."""

import hmac
import secrets
import time
from hashlib import sha256
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from mainspring.disk import write_whole
from mainspring.errors import NotFoundError, ServingError, nearest

__all__ = ["KeyRow", "Keys", "make_key", "read_keys", "revoke_key"]

_PREFIX: Final = "ms_"


class KeyRow(Struct, frozen=True):
    """A key as it is kept. A key has 256 random bits, so its plain hash tells nothing about it.

    Attributes:
        name: Whose it is.
        hash: SHA-256 of the key, in hex.
        created: When it was made, in seconds since 1970 UTC.
    """

    name: str
    hash: str
    created: float


class Keys:
    """The keys in a file, read again when it has changed. Without a key in it, a service is open."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int] | None = None
        self._hashes: tuple[tuple[bytes, str], ...] = ()
        self._ever = False
        self.refresh()

    @property
    def needed(self) -> bool:
        """Whether requests need a key. Once there was one they do: removing the last key opens nothing."""
        return self._ever

    def refresh(self) -> None:
        """Read the file again if it has changed."""
        try:
            found = self._path.stat()
        except FileNotFoundError:
            self._hashes, self._seen = (), None
            return
        seen = (found.st_mtime_ns, found.st_ino)
        if seen != self._seen:
            self._hashes = tuple((bytes.fromhex(row.hash), row.name) for row in read_keys(self._path))
            self._seen = seen
            self._ever = self._ever or bool(self._hashes)

    def owner(self, key: str) -> str | None:
        """Return whose key this is; None when it is nobody's. All keys are compared, each in constant time."""
        given, found = sha256(key.encode("utf-8", "surrogateescape")).digest(), None
        for known, name in self._hashes:
            if hmac.compare_digest(given, known):
                found = name
        return found


def make_key(path: Path, name: str) -> str:
    """Return a new key; only its hash is kept.

    Raises:
        ServingError: There is a key of that name.
    """
    rows = read_keys(path)
    if any(row.name == name for row in rows):
        raise ServingError(f"There is a key '{name}' already", str(path), "Revoke it first, or choose another name.")
    key = _PREFIX + secrets.token_urlsafe(32)
    _write(path, [*rows, KeyRow(name, sha256(key.encode()).hexdigest(), time.time())])
    return key


def revoke_key(path: Path, name: str) -> None:
    """Remove a key; a running service refuses it within seconds.

    Raises:
        NotFoundError: There is none of that name.
    """
    rows = read_keys(path)
    kept = [row for row in rows if row.name != name]
    if len(kept) == len(rows):
        near = nearest(name, [row.name for row in rows])
        raise NotFoundError(f"There is no key '{name}'", str(path), f"Did you mean '{near}'?" if near else None)
    _write(path, kept)


def read_keys(path: Path) -> list[KeyRow]:
    """Return the keys in a file; nothing when there is none.

    Raises:
        ServingError: It does not have the form that it should have.
    """
    if not path.exists():
        return []
    try:
        return msgspec.json.decode(path.read_bytes(), type=list[KeyRow])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ServingError(f"The API keys cannot be read: {error}", str(path), "Correct or remove the file.") from None


def _write(path: Path, rows: list[KeyRow]) -> None:
    write_whole(path, msgspec.json.format(msgspec.json.encode(rows), indent=2) + b"\n", private=True)
