"""Sources: where data come from, as one frozen value with an identity."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from glob import has_magic
from importlib.util import find_spec
from pathlib import Path, PurePosixPath
from typing import Final, Literal
from urllib.parse import urlsplit

from mainspring.digest import File
from mainspring.errors import InputError, nearest

__all__ = ["Kind", "Source", "WheelMember", "resolved", "source_of", "wheel_member"]

Kind = Literal["path", "glob", "http", "wheel", "sql", "synthetic", "object"]

_SCHEMES: Final = ("file", "http", "https", "sql", "synthetic", "wheel")
_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):")
_PIN: Final = re.compile(r"#sha256=([^#]*)$")
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_PASSWORD: Final = re.compile(r"://[^/@\s]*:[^/@\s]+@")
_NAMED: Final = re.compile(r"\{env:([A-Za-z_]\w*)\}")
_WHEEL: Final = re.compile(r"wheel:([A-Za-z0-9][A-Za-z0-9._-]*)==([^!\s=]+)!(.+)")
_SQL: Final = re.compile(r"sql:([a-z][a-z0-9+]*://[^!]*)!(.+)", re.DOTALL)
_SQLITE: Final = re.compile(r"sqlite(?:\+\w+)?:///([^?!:]+)")
_SYNTHETIC: Final = re.compile(r"synthetic:([A-Za-z_][\w.]*):([A-Za-z_]\w*)(\?.*)?")
_FORMS: Final = {
    "wheel": (_WHEEL, "wheel:NAME==VERSION!path/in/the/wheel.csv"),
    "sql": (_SQL, "sql:postgresql://USER:{env:PASSWORD}@HOST/DATABASE!select …"),
    "synthetic": (_SYNTHETIC, "synthetic:module:function?days=90"),
}


@dataclass(frozen=True, slots=True, repr=False)
class Source:
    """Where data come from. In `config.toml` it is a text: the URI, with `#sha256=…` at its end where it is pinned.

    A URI is a path or a glob, relative to the folder of `config.toml`, or in Python to the current one; `http://…` or
    `https://…`; `wheel:NAME==VERSION!member`; `sql:URL!query`; `synthetic:module:function?argument=value`; or the URL
    of any store that fsspec knows, such as `s3://bucket/key`. `{env:NAME}` in it stands for a secret.

    Args:
        uri: Where the data are.
        sha256: What the bytes that are read must hash to; of a member of a wheel those of the member.
        retries: How often an unreachable source is tried again.
        timeout: Seconds without an answer after which a try has failed.
        stamp: The version that `current` found, or one of your own; data of another stamp are other data.
        files: The local files that it rests on; found by the URI.

    Raises:
        InputError: The URI has no known form, holds a password, or is a glob that no file matches.

    >>> Source("sales.csv#sha256=" + "0" * 64).sha256[:4]
    '0000'
    """

    uri: str
    sha256: str | None = None
    retries: int = 3
    timeout: float = 60.0
    stamp: str = ""
    files: tuple[File, ...] = ()

    def __post_init__(self) -> None:
        pinned = _PIN.search(self.uri)
        if pinned:
            object.__setattr__(self, "uri", self.uri[: pinned.start()])
            object.__setattr__(self, "sha256", pinned[1])
        problem = next(_problems(self), None)
        if problem is not None:
            raise InputError(problem[0], f"source '{self.uri}'", problem[1])
        if not self.files:
            object.__setattr__(self, "files", _files(self.uri, Path()))

    @classmethod
    def __from_config__(cls, text: str, base: Path) -> "Source":
        """Return the source of a text in `config.toml`, whose paths are relative to `base`."""
        return cls(text, files=_files(_PIN.sub("", text), base))

    def __to_config__(self) -> str:
        """Return the text that stands for it in `config.toml`, with its pin."""
        return f"{self.uri}#sha256={self.sha256}" if self.sha256 else self.uri

    def __identity__(self) -> tuple[object, ...]:
        """What data these are: by their pin, else by the content of files, else by the URI and its stamp."""
        if self.sha256:
            return ("source/1", "pinned", self.name, self.sha256)
        if self.kind in ("path", "glob"):
            return ("source/1", "files", self.stamp, self.files)
        return ("source/1", self.kind, self.uri, self.stamp, self.files)

    def __str__(self) -> str:
        return self.uri

    def __repr__(self) -> str:
        pin = f", sha256='{self.sha256[:8]}…'" if self.sha256 else ""
        stamp = f", stamp={self.stamp!r}" if self.stamp else ""
        return f"Source({self.uri!r}{pin}{stamp})"

    @property
    def kind(self) -> Kind:
        """What the URI names."""
        return _kind(self.uri)

    @property
    def is_local(self) -> bool:
        """Whether nothing has to be fetched."""
        return self.kind in ("path", "glob")

    @property
    def name(self) -> str:
        """Base name of what is read; its ending says the format."""
        if self.kind in ("sql", "synthetic"):
            return f"{self.kind}.parquet"
        path = self.uri
        if self.kind == "wheel":
            path = wheel_member(self).member
        elif self.kind in ("http", "object"):
            path = urlsplit(self.uri).path
        name = PurePosixPath(path).name
        return "download" if name in ("", "..") else name


@dataclass(frozen=True, slots=True)
class WheelMember:
    """A file in a wheel of a package index."""

    name: str
    version: str
    member: str


def source_of(value: "str | os.PathLike[str] | Source") -> Source:
    """Return the source that a text, a path or a `File` names; a source is one."""
    return value if isinstance(value, Source) else Source(os.fspath(value))


def wheel_member(source: Source) -> WheelMember:
    """Return the parts of a `wheel:` URI."""
    found = _WHEEL.fullmatch(source.uri)
    name, version, member = found.groups() if found else ("", "", "")
    return WheelMember(name, version, member)


def resolved(source: Source) -> str:
    """Return the URI with its secrets, which only the environment holds.

    Raises:
        InputError: A variable is not set.
    """
    for name in _NAMED.findall(source.uri):
        if name not in os.environ:
            near = nearest(name, os.environ)
            raise InputError(
                f"The environment variable '{name}' is not set",
                f"source '{source.uri}'",
                f"Did you mean '{near}'?" if near else f"Set it: export {name}=…",
            )
    return _NAMED.sub(lambda found: os.environ[found[1]], source.uri)


def _kind(uri: str) -> Kind:
    found = _SCHEME.match(uri)
    scheme = found[1].lower() if found else ""
    if scheme in ("http", "https"):
        return "http"
    for known in ("wheel", "sql", "synthetic"):
        if scheme == known:
            kind: Kind = known
            return kind
    if scheme and scheme != "file" and uri[len(scheme) :].startswith("://"):
        return "object"
    return "glob" if has_magic(uri) else "path"


def _problems(source: Source) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with a source, and what to do."""
    uri, kind = source.uri, source.kind
    if not uri:
        yield "The URI of a source is empty", "Give a path or a URL."
    scheme = _SCHEME.match(uri)
    if kind in ("path", "glob") and scheme and scheme[1].lower() != "file":
        near = nearest(scheme[1], _SCHEMES)
        advice = f"Did you mean '{near}:'?" if near else f"For a file of that name write './{uri}'."
        yield f"There is no kind of source '{scheme[1]}:'", advice
    if kind in _FORMS and not _FORMS[kind][0].fullmatch(uri):
        yield f"'{uri}' is no {kind} source", f"Write {_FORMS[kind][1]}."
    if _PASSWORD.search(_NAMED.sub("", uri)):
        yield "The URI holds a password, which would be recorded", "Write {env:NAME} in its place, and set NAME."
    if source.sha256 is not None and not _SHA256.fullmatch(source.sha256):
        yield f"'{source.sha256}' is no SHA-256", "Give its 64 hexadecimal digits, in lower case."
    if source.sha256 is not None and kind in ("sql", "synthetic"):
        yield f"A {kind} source has no bytes to pin", "Remove sha256; a stamp of your own tells versions apart."
    if source.sha256 is not None and kind == "glob":
        yield "A glob names several files, and one SHA-256 pins one", "Name one file, or remove sha256."
    last = PurePosixPath(uri).name
    if kind in ("path", "glob") and last not in ("", "..") and not all(one.path.match(last) for one in source.files):
        yield "The files are not those of the URI", "Make a new Source: replace(source, uri=…) keeps the old files."
    if source.retries < 0 or source.timeout <= 0:
        yield f"retries={source.retries}, timeout={source.timeout}", "Give retries from 0 and a timeout above 0."


def _files(uri: str, base: Path) -> tuple[File, ...]:
    """Return the local files that a source rests on."""
    kind = _kind(uri)
    if kind == "synthetic":
        return (_module_file(uri),)
    if kind == "sql":
        database = _SQLITE.match(uri.removeprefix("sql:"))
        return (File(base / Path(database[1]).expanduser()),) if database else ()
    if kind not in ("path", "glob"):
        return ()
    path = base / Path(uri.removeprefix("file://")).expanduser()
    if kind == "path":
        return (File(path),)
    fixed = next(place for place, part in enumerate(path.parts) if has_magic(part))
    folder, pattern = Path(*path.parts[:fixed]), str(Path(*path.parts[fixed:]))
    found = sorted(one for one in folder.glob(pattern) if one.is_file())
    if not found:
        raise InputError("No file matches", f"source '{uri}'", "Check the folder and the pattern.")
    return tuple(File(one) for one in found)


def _module_file(uri: str) -> File:
    found = _SYNTHETIC.fullmatch(uri)
    module = found[1] if found else ""
    try:
        spec = find_spec(module)
    except (ImportError, ValueError):
        spec = None
    if spec is None or spec.origin is None or not Path(spec.origin).is_file():
        raise InputError(
            f"There is no module '{module}' with a source file", f"source '{uri}'", "Check its name and sys.path."
        )
    return File(spec.origin)
