"""The data and the configuration of a recorded run, where a re-run finds them."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from mainspring.digest import Artifact, digest_file, digest_folder
from mainspring.digest.texts import from_json
from mainspring.errors import InputError
from mainspring.store.trees import materialise
from mainspring.tracking import RunRow
from mainspring.workspace.homes import Home

__all__ = ["INPUT", "Restored", "restore_inputs", "toml", "write_config"]

INPUT = "input "


class Restored(Struct, frozen=True):
    """Inputs of a run, where they are now.

    Attributes:
        kept: What the store had a copy of: the name on record, and where the copy was put.
        referenced: What was read where it lies, after its digest was checked.
    """

    kept: dict[str, str]
    referenced: tuple[str, ...]


def restore_inputs(home: Home, row: RunRow, record: Mapping[str, Any], folder: Path) -> Restored:
    """Put the inputs of a run where its configuration names them, in a folder that stands for the project's.

    Kept files come from the store. The others are read where they lie, once their digest is found to be the one on
    record.

    Raises:
        InputError: Some of the others are gone, or have changed.
    """
    original = Path(record.get("folder") or home.path.parent)
    wanted = dict(_read_inputs(home, row))
    copies = {artifact.digest: artifact for artifact in _kept(home, row)}
    names = {artifact.name.removeprefix(INPUT): artifact for artifact in _kept(home, row)}
    kept, referenced, problems = {}, [], []
    for number, (name, artifact) in enumerate(names.items()):
        if name in wanted and wanted[name][0] != artifact.digest:
            continue
        kept[name] = _copied(home, artifact, name, number, folder)
    for number, (name, (digest, kind)) in enumerate(wanted.items(), len(names)):
        if name in kept:
            continue
        if digest in copies:
            kept[name] = _copied(home, copies[digest], name, number, folder)
            continue
        place = original / name
        problem = _problem(place, digest, kind)
        if problem is None:
            referenced.append(name)
            _link(place, folder, name)
        else:
            problems.append(problem)
    if problems:
        raise InputError(
            f"Inputs of run {row.id} are not what they were: {'; '.join(problems)}",
            str(original),
            "Restore them from where they came from. A larger keep_inputs in [workspace] keeps a copy from now on.",
        )
    for name in _texts(record.get("config", {}).get("values", {})):
        if not Path(name).is_absolute() and ".." not in Path(name).parts and (original / name).exists():
            _link(original / name, folder, name)
    return Restored(kept, tuple(referenced))


def _read_inputs(home: Home, row: RunRow) -> Iterator[tuple[str, tuple[str, str]]]:
    """Yield name, digest and kind of every file and folder that a step of a run was given."""
    for step in home.facts.steps.of(row.id):
        for part in from_json(step.inputs).get("params", {}).values():
            if part["kind"] in ("file", "folder"):
                yield part["show"], (part["digest"], part["kind"])


def _kept(home: Home, row: RunRow) -> Iterator[Artifact]:
    """Yield the kept inputs of the runs that made the results of a run, its own last."""
    runs = {result.run for result in home.facts.results.of_run(row.id).values()} - {row.id}
    found = home.facts.runs.list(1000)
    known = [home.facts.runs.get(one.id) for one in reversed(found) if one.id in runs]
    for run in (*known, row):
        yield from (one for one in run.artifacts if one.name.startswith(INPUT))


def _copied(home: Home, artifact: Artifact, name: str, number: int, folder: Path) -> str:
    """Lay a kept input out at its name in the project's folder; one from outside of it apart."""
    outside = Path(name).is_absolute() or ".." in Path(name).parts
    target = folder / f".inputs/{number}" if outside else (folder / name).parent
    target.mkdir(parents=True, exist_ok=True)
    return str(materialise(artifact, home.blobs, target))


def _problem(place: Path, digest: str, kind: str) -> str | None:
    if not place.exists():
        return f"'{place}' is gone, and no copy was kept"
    try:
        now = digest_file(place, allow_empty=True) if kind == "file" else digest_folder(place)
    except InputError as error:
        return str(error)
    return None if now == digest else f"'{place}' has changed ({digest[:12]} → {now[:12]}), and no copy was kept"


def _link(place: Path, folder: Path, name: str) -> None:
    target = folder / name
    if Path(name).is_absolute() or ".." in Path(name).parts or target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    target.symlink_to(place.resolve())


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str) and value:
        yield value.partition("#")[0]
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)


def write_config(record: Mapping[str, Any], restored: Restored, path: Path) -> None:
    """Write the recorded configuration as a file, with inputs from outside the project where they were put."""
    outside = {
        name: place for name, place in restored.kept.items() if Path(name).is_absolute() or name.startswith("..")
    }
    values = record.get("config", {}).get("values", {})
    path.write_text(toml(values, outside), encoding="utf-8")


def toml(values: Mapping[str, Any], places: Mapping[str, str]) -> str:
    """Return values by dotted key as a configuration file; texts that are keys of `places` are replaced.

    >>> print(toml({"rate": 0.1, "plan.days": [1, 2], "none": None}, {}), end="")
    "rate" = 0.1
    "plan"."days" = [1, 2]
    [workspace]
    keep_inputs = 0.0
    """
    lines = [
        f"{'.'.join(map(json.dumps, key.split('.')))} = {_written(value, places)}"
        for key, value in values.items()
        if value is not None
    ]
    return "\n".join([*lines, "[workspace]", "keep_inputs = 0.0", ""])


def _written(value: Any, places: Mapping[str, str]) -> str:
    if isinstance(value, dict):
        pairs = [f"{json.dumps(key)} = {_written(item, places)}" for key, item in value.items() if item is not None]
        return f"{{{', '.join(pairs)}}}"
    if isinstance(value, list):
        return f"[{', '.join(_written(item, places) for item in value)}]"
    if isinstance(value, str):
        return json.dumps(places.get(value, value), ensure_ascii=False)
    return repr(value) if isinstance(value, float) else json.dumps(value)
