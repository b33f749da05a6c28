"""The `[gates]` table: what a version has to pass before it becomes champion. None of it is part of a cache key."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from msgspec import Meta

from mainspring.config.convert import INVALID, Place, convert
from mainspring.config.document import Document, read_document
from mainspring.digest.plain import Plain
from mainspring.errors import ConfigError

__all__ = ["GATES", "Gates", "check_gates", "read_gates"]

GATES = "gates"
Goal = Literal["non-inferior", "superior"]


class Gates(Plain):
    """What a version of a model has to pass.

    Attributes:
        holdout: The step that returns the rows to score on, such as `holdout`; empty: nothing is scored.
        loss: `pinball`, `absolute`, `squared`, `zero-one`, `log`, or `FILE.py:FUNCTION`; smaller is better.
        goal: Against the champion: not worse by more than the margin, or better.
        margin: How much worse, as a share of the champion's loss, is still as good.
        level: The confidence of each decision, one-sided.
        baseline: Against the simple baseline of the holdout: better, not worse by more than the margin, or not asked.
        slices: Names of divisions of the holdout, each part of which is judged; nothing said: all that it has.
        slice_margin: How much worse, as a share, a part of the rows may be.
        slice_series: A part with fewer series is shown and not judged.
        properties: The file of the project that declares `PROPERTIES`; empty: none are checked.
        budget: On how many rows each property is searched.
        signature: `unchanged`, or only as the fields in `changes` allow.
        changes: Fields, or `policy`, that may differ from the champion's signature.
        size: The greatest size of the package in MiB.
        latency: The longest time of one row, in ms: the least of several calls.
        refit: Whether a model trained anew after its evaluation may be promoted.
        sign_off: Whether a person has to stand for the version.
    """

    holdout: str = ""
    loss: str = ""
    goal: Goal = "non-inferior"
    margin: Annotated[float, Meta(ge=0, lt=1)] = 0.05
    level: Annotated[float, Meta(gt=0.5, lt=1)] = 0.95
    baseline: Literal["superior", "non-inferior", "none"] = "superior"
    slices: tuple[str, ...] | None = None
    slice_margin: Annotated[float, Meta(ge=0, lt=1)] = 0.25
    slice_series: Annotated[int, Meta(ge=2)] = 10
    properties: str = ""
    budget: Annotated[int, Meta(ge=100)] = 10_000
    signature: Literal["unchanged", "declared"] = "unchanged"
    changes: tuple[str, ...] = ()
    size: Annotated[float, Meta(gt=0)] | None = None
    latency: Annotated[float, Meta(gt=0)] | None = None
    refit: Literal["refused", "allowed"] = "refused"
    sign_off: bool = False


def read_gates(path: Path, name: str) -> Gates:
    """Return what a model has to pass by a configuration file: `[gates]`, and over it `[gates.NAME]`.

    Args:
        path: The file; one that is not there says nothing.
        name: The model.

    Raises:
        ConfigError: The table does not fit; `problems` has every reason.
    """
    document = read_document(path)
    problems: list[ConfigError] = []
    found = check_gates(document, problems)
    if problems:
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        raise ConfigError(f"{count} in the table [{GATES}]", document.shown, problems=tuple(problems))
    return found.get(name, found[""])


def check_gates(document: Document, problems: list[ConfigError]) -> dict[str, Gates]:
    """Return the gates by model, those of all others under the empty name; what does not fit is reported."""
    raw = document.tables.get(GATES, {})
    if not isinstance(raw, Mapping):
        return {"": Gates()}  # reported where all reserved tables are
    place = Place(GATES, (GATES,), document.path.parent, document.where, problems)
    every = {key: value for key, value in raw.items() if not isinstance(value, Mapping)}
    shared = _gates(every, place)
    found = {"": shared}
    for model, own in raw.items():
        if not isinstance(own, Mapping):
            continue
        made = _gates(own, place.inside(model))
        said = {key: getattr(made, key) for key in own if hasattr(made, key)}
        found[model] = Gates(**{**vars(shared), **said})
    return found


def _gates(raw: Mapping[str, Any], place: Place) -> Gates:
    made = convert(dict(raw), Gates, place)
    if made is INVALID or not isinstance(made, Gates):
        return Gates()
    if made.holdout and not made.loss and place.key == GATES:
        place.report("'gates.holdout' names rows to score on, and no loss is named", 'Add, such as, loss = "absolute".')
    return made
