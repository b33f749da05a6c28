"""`artifacts export`: a stored value as a file that other programs read."""

import importlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mainspring.errors import InputError, MainspringError, ReadOnlyError, StorageFullError
from mainspring.store import BlobStore, materialise
from mainspring.workspace.artifacts import Found
from mainspring.workspace.views import load_verified

__all__ = ["export_value"]

_FULL = (28, 122)
_TREES = ("file/", "folder/")


def export_value(found: Found, blobs: BlobStore, target: Path, *, raw: bool = False) -> Path:
    """Write an artifact to a file, or a folder for a folder, and return where it is.

    The ending of the target says the format: `.json`, `.txt`, `.csv`, `.parquet`, `.npy`, and those of pictures. A file
    or folder artifact is written as it is, and so is the stored form of any value when `raw` is set.

    Raises:
        InputError: The target is there already, or the value has no such form.
        ReadOnlyError: The target cannot be written to.
        StorageFullError: The disk is full.
    """
    if target.exists() or target.is_symlink():
        raise InputError(f"'{target}' is there already", None, "Name a file that is new, or remove it.")
    draft = target.with_name(f".{target.name}.{os.urandom(4).hex()}{target.suffix}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _write(found, blobs, draft, target, raw=raw)
        draft.replace(target)
    except OSError as error:
        kind = StorageFullError if error.errno in _FULL else ReadOnlyError
        raise kind(f"'{target}' cannot be written: {error.strerror}", None, "Choose another place.") from error
    finally:
        if draft.is_dir():
            shutil.rmtree(draft, ignore_errors=True)
        elif draft.exists():
            draft.unlink()
    return target


def _write(found: Found, blobs: BlobStore, draft: Path, target: Path, *, raw: bool) -> None:
    artifact = found.artifact
    if raw:
        draft.write_bytes(blobs.get(artifact.blob))
    elif artifact.codec.startswith(_TREES) and not found.mapped:
        laid = materialise(artifact, blobs, draft)
        if laid != draft:  # a file, under its own name in a folder
            inner = draft.with_name(f"{draft.name}.file")
            laid.replace(inner)
            draft.rmdir()
            inner.chmod(0o644)
            inner.replace(draft)
    else:
        values = [load_verified(one, blobs) for one in found.artifacts]
        _write_value(values if found.mapped else values[0], draft, target)


def _write_value(value: Any, draft: Path, target: Path) -> None:
    suffix = target.suffix.lower()
    for writer in _WRITERS.get(suffix, ()):
        if writer(value, draft):
            return
    kind = type(value).__qualname__
    if suffix not in _WRITERS:
        what = f"There is no format for '{target.name}'"
        raise InputError(what, None, f"Use one of {', '.join(sorted(_WRITERS))}, or --raw for the stored bytes.")
    raise InputError(f"A {kind} cannot be written as {suffix}", None, "Use another ending, or --raw.")


def _json(value: Any, draft: Path) -> bool:
    try:
        text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return False
    draft.write_text(f"{text}\n", encoding="utf-8")
    return True


def _text(value: Any, draft: Path) -> bool:
    if isinstance(value, bytes):
        draft.write_bytes(value)
    else:
        draft.write_text(value if isinstance(value, str) else f"{value}\n", encoding="utf-8")
    return True


def _method(name: str, **options: Any) -> Callable[[Any, Path], bool]:
    """Return a writer that calls a method of the value with the path, if it has one."""

    def write(value: Any, draft: Path) -> bool:
        method = getattr(value, name, None)
        if not callable(method):
            return False
        try:
            method(str(draft), **options)
        except (TypeError, ValueError, ImportError) as error:
            raise MainspringError(
                f"{type(value).__qualname__}.{name} failed: {error}", None, "Use another ending, or --raw."
            ) from error
        return True

    return write


def _picture(value: Any, draft: Path) -> bool:
    content = getattr(value, draft.suffix[1:].lower(), None)
    if not isinstance(content, bytes):
        return False
    draft.write_bytes(content)
    return True


def _frame_csv(value: Any, draft: Path) -> bool:
    """Write a pandas frame or series; an index that only counts the rows is left out."""
    index = type(getattr(value, "index", None)).__name__ != "RangeIndex"
    return _method("to_csv", index=index)(value, draft)


def _array(value: Any, draft: Path) -> bool:
    if type(value).__module__.partition(".")[0] != "numpy":
        return False
    numpy: Any = importlib.import_module("numpy")
    with draft.open("wb") as file:
        numpy.save(file, value, allow_pickle=False)
    return True


_WRITERS: dict[str, tuple[Callable[[Any, Path], bool], ...]] = {
    ".json": (_json, _method("write_json"), _method("to_json")),
    ".txt": (_text,),
    ".csv": (_method("write_csv"), _frame_csv),
    ".parquet": (_method("write_parquet"), _method("to_parquet")),
    ".npy": (_array,),
    ".png": (_picture, _method("savefig"), _method("save")),
    ".svg": (_picture, _method("savefig"), _method("save")),
    ".pdf": (_method("savefig"), _method("save")),
    ".html": (_method("save"),),
}
