"""Finding artifacts by name, and giving their values back."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mainspring.digest import Artifact
from mainspring.errors import NotFoundError, nearest
from mainspring.tracking import ResultRow
from mainspring.workspace.homes import Home
from mainspring.workspace.opening import open_existing
from mainspring.workspace.views import load_verified

__all__ = ["Found", "find_artifact", "load_artifact", "made_in"]

_DIGEST = re.compile(r"[0-9a-f]{6,64}")
_RUNS = 1000


@dataclass(frozen=True, slots=True)
class Found:
    """What a name stands for.

    Attributes:
        name: The name that was asked for.
        artifacts: One artifact; of a mapped step, that of each element in order.
        mapped: Whether it is a mapped step as a whole.
        result: The result that the first of them is part of: who made it and when.
    """

    name: str
    artifacts: tuple[Artifact, ...]
    mapped: bool
    result: ResultRow

    @property
    def artifact(self) -> Artifact:
        """The first artifact: the only one unless it is a mapped step."""
        return self.artifacts[0]


def load_artifact(name: str, *, home: str | os.PathLike[str] | None = None) -> Any:
    """Return the value of an artifact; of a mapped step, the list of its values.

    Args:
        name: `STEP` or `STEP.OUTPUT` of the newest run that has it, `RUN/STEP.OUTPUT`, or the beginning of a digest.
        home: The home; by default that of the project around the working directory.

    Raises:
        NotFoundError: There is no such artifact, or no home.
        CorruptBlobError: Its bytes are damaged or gone; the next run makes them anew.
    """
    with open_existing(None if home is None else Path(home)) as opened:
        found = find_artifact(opened, name)
        values = [load_verified(artifact, opened.blobs) for artifact in found.artifacts]
        return values if found.mapped else values[0]


def find_artifact(home: Home, name: str) -> Found:
    """Return the artifact that a name stands for.

    Raises:
        NotFoundError: There is none, or more than one.
    """
    run, slash, rest = name.rpartition("/")
    if slash:
        made = home.facts.results.of_run(home.facts.runs.get(run).id)
        found = _in_results(name, rest, made)
        if found is not None:
            return found
        raise _unknown(name, f"run {run}", _names(made))
    newest = _newest_with(home, _step_of(name))
    found = None if newest is None else _in_results(name, name, newest)
    if found is not None:
        return found
    if _DIGEST.fullmatch(name):
        return _by_digest(home, name)
    raise _unknown(name, None, _names(newest) if newest is not None else _all_names(home))


def made_in(home: Home, run: str) -> Iterator[tuple[str, ResultRow, Artifact]]:
    """Yield step, result and artifact of everything that the steps of a run returned, in no order."""
    for step, result in home.facts.results.of_run(run).items():
        for artifact in result.artifacts:
            yield step, result, artifact


def _step_of(name: str) -> str:
    return name.partition(".")[0]


def _newest_with(home: Home, step: str) -> dict[str, ResultRow] | None:
    """Return the results of the newest run that has one of a step, or of an element of it."""
    if not any(home.facts.steps.history(name, 1) for name in (step, f"{step}{{0}}")):
        return None
    for run in home.facts.runs.list(_RUNS):
        made = home.facts.results.of_run(run.id)
        if any(_is_of(name, step) for name in made):
            return made
    return None


def _is_of(name: str, step: str) -> bool:
    """Return whether a step run is the one that is named, or an element of it."""
    return name == step or (name.startswith(f"{step}{{") and name.endswith("}"))


def _in_results(name: str, wanted: str, made: dict[str, ResultRow]) -> Found | None:
    step, _, output = wanted.partition(".")
    if step in made:
        result = made[step]
        artifact = _output(result, output)
        return None if artifact is None else Found(name, (artifact,), mapped=False, result=result)
    elements = sorted((one for one in made if _is_of(one, step)), key=_place)
    if not elements or output:
        return None
    artifacts = tuple(made[one].artifacts[0] for one in elements)
    return Found(name, artifacts, mapped=True, result=made[elements[0]])


def _place(name: str) -> int:
    return int(name[name.rindex("{") + 1 : -1])


def _output(result: ResultRow, output: str) -> Artifact | None:
    if output:
        return next((artifact for artifact in result.artifacts if artifact.name == output), None)
    if len(result.artifacts) == 1:
        return result.artifacts[0]
    names = ", ".join(f"{result.step}.{artifact.name}" for artifact in result.artifacts)
    what = f"Step '{result.step}' returned {len(result.artifacts)} artifacts"
    raise NotFoundError(what, None, f"Name one of {names}.")


def _by_digest(home: Home, prefix: str) -> Found:
    digests = home.facts.results.digests(prefix)
    if not digests:
        raise NotFoundError(
            f"There is no artifact '{prefix}'",
            None,
            "`mainspring artifacts show` lists those of the newest run.",
        )
    if len(digests) > 1:
        raise NotFoundError(
            f"More than one artifact begins with '{prefix}'", ", ".join(digests), "Write more of the digest."
        )
    result = home.facts.results.by_digest(digests[0])[0]
    artifact = next(one for one in result.artifacts if one.digest == digests[0])
    return Found(prefix, (artifact,), mapped=False, result=result)


def _names(made: dict[str, ResultRow]) -> list[str]:
    """Return every name that stands for an artifact among results."""
    names: dict[str, None] = {}
    for step, result in made.items():
        several = len(result.artifacts) > 1
        for artifact in result.artifacts:
            names[f"{step}.{artifact.name}" if several else step.partition("{")[0]] = None
    return [name for name in names if ":" not in name]


def _all_names(home: Home) -> list[str]:
    rows = home.facts.runs.list(1)
    return _names(home.facts.results.of_run(rows[0].id)) if rows else []


def _unknown(name: str, where: str | None, names: list[str]) -> NotFoundError:
    near = nearest(name.rpartition("/")[2], names)
    listed = ", ".join(sorted(names)[:20])
    advice = f"Did you mean '{near}'?" if near else f"There are: {listed}." if names else "Run the pipeline first."
    return NotFoundError(f"There is no artifact '{name}'", where, advice)
