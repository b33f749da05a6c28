"""Cache keys: what a step run depends on, as one digest, with a record of its parts for `why`."""

import sys
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

from msgspec import Struct
from msgspec.json import encode

from mainspring.digest import Artifact, File, Folder, canonical, class_name, digest_of, tagged
from mainspring.engine.environment import Environment
from mainspring.engine.files import InputFiles
from mainspring.engine.messages import Plain, path_out
from mainspring.engine.schedule import Job
from mainspring.errors import UnstorableError
from mainspring.graph import Many, Step, Value
from mainspring.graph.code import Code, CodeIndex
from mainspring.store import BlobStore, digest_value, save

__all__ = ["PYTHON", "Key", "Keys"]

PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
_SHOWN = 80


class Key(Struct, frozen=True):
    """The cache key of a step run, and what it was made of.

    Attributes:
        digest: The cache key.
        code: What the step's code reaches.
        inputs: JSON record of the parts, for `why` and the report.
        args: Arguments as a worker takes them.
        files: Files and folders among the arguments.
        artifacts: Artifacts among the arguments.
    """

    digest: str
    code: Code
    inputs: str
    args: dict[str, Any]
    files: tuple[File | Folder, ...]
    artifacts: tuple[Artifact, ...]


class Keys:
    """Makes cache keys. Code and environment of a step are worked out once."""

    def __init__(
        self, index: CodeIndex, environment: Environment, files: InputFiles, blobs: BlobStore, seed: int
    ) -> None:
        self._index = index
        self._environment = environment
        self._files = files
        self._blobs = blobs
        self._seed = seed
        self._codes: dict[str, tuple[Code, str, dict[str, str]]] = {}

    @property
    def codes(self) -> dict[str, Code]:
        """Code by step, of every step that has had a key."""
        return {name: code for name, (code, _, _) in self._codes.items()}

    def of(self, job: Job) -> Key:
        """Return the cache key of a job whose arguments are resolved.

        Raises:
            InputError: A file among the arguments cannot be read.
            SourceError: The step's code cannot be identified.
            UnstorableError: An argument has no identity.
        """
        code, environment, versions = self._code(job.node.step) if not job.splits else (_SPLIT, "", {})
        parts = {name: self._part(arg) for name, arg in job.args.items()}
        pre_image = [code.digest, environment, PYTHON, str(self._seed)]
        for name in sorted(parts):
            pre_image += [name, parts[name]["kind"], parts[name]["digest"]]
        digest = tagged("key/1", *pre_image)
        record = {"params": parts, "versions": versions, "python": PYTHON, "seed": self._seed}
        return Key(
            digest,
            code,
            encode(record).decode(),
            {name: self._sent(name, arg) for name, arg in job.args.items()},
            tuple(item for arg in job.args.values() for item in files_in(arg)),
            tuple(item for arg in job.args.values() for item in artifacts_in(arg)),
        )

    def _code(self, step: Step[..., Any]) -> tuple[Code, str, dict[str, str]]:
        known = self._codes.get(step.name)
        if known is None:
            code = self._index.code_of(step.fn)
            environment, versions = self._environment.versions_for(code.imports)
            known = self._codes[step.name] = (code, environment, versions)
        return known

    def _part(self, arg: Any) -> dict[str, str]:
        if isinstance(arg, Artifact):
            return {"kind": "artifact", "digest": arg.digest, "show": arg.summary}
        if isinstance(arg, Many):
            items = [self._part(item) for item in arg.items]
            pre_image = [piece for item in items for piece in (item["kind"], item["digest"])]
            kind = ".".join(class_name(arg.kind))
            keys = canonical(arg.keys)
            return {"kind": "many", "digest": tagged("many/1", kind, keys, *pre_image), "show": f"{len(items)} values"}
        value = arg.value
        if isinstance(value, File | Folder):
            kind = "file" if isinstance(value, File) else "folder"
            return {"kind": kind, "digest": self._files.digest(value), "show": self._files.shown(str(value))}
        # What a value carries may be more than what it is: how often to try a download again, say.
        identity = getattr(type(value), "__identity__", None)
        what = value if identity is None else identity(value)
        return {
            "kind": "value",
            "digest": digest_of(what, self._identity),
            "show": _cut(self._files.shown(repr(value))),
        }

    def _identity(self, value: object) -> bytes:
        """Return what identifies a value inside another that has no canonical form of its own."""
        if isinstance(value, File | Folder):
            return f"{type(value).__name__} {self._files.digest(value)}".encode()
        return digest_value(value).encode()

    def _sent(self, name: str, arg: Any) -> Any:
        if isinstance(arg, Artifact):
            return arg
        if isinstance(arg, Many):
            return Many(arg.kind, tuple(self._sent(name, item) for item in arg.items), arg.keys)
        try:
            return Plain(canonical(arg.value, path_out))
        except UnstorableError:
            return save(name, arg.value, self._blobs, pickle=False)


_SPLIT = Code(tagged("split/1"), (), (), (), ())


def files_in(arg: Any) -> Iterator[File | Folder]:
    """Yield the files and folders inside an argument."""
    if isinstance(arg, Many):
        for item in arg.items:
            yield from files_in(item)
    elif isinstance(arg, Value):
        yield from _files_inside(arg.value)


def _files_inside(value: Any) -> Iterator[File | Folder]:
    if isinstance(value, File | Folder):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _files_inside(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _files_inside(item)
    elif is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            yield from _files_inside(getattr(value, field.name))


def artifacts_in(arg: Any) -> Iterator[Artifact]:
    """Yield the artifacts inside an argument."""
    if isinstance(arg, Artifact):
        yield arg
    elif isinstance(arg, Many):
        for item in arg.items:
            yield from artifacts_in(item)


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
