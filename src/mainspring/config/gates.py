"""The `[gates]` table: what a version has to pass before it becomes champion. None of it is part of a cache key."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from msgspec import Meta

from mainspring.config.by_model import ByModel
from mainspring.config.convert import Place
from mainspring.digest.plain import Plain

__all__ = ["GATES", "Gates", "read_gates"]

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
    return GATES.of(path, name)


def _a_holdout_has_a_loss(made: Gates, raw: Mapping[str, Any], place: Place) -> None:
    if made.holdout and not made.loss and "holdout" in raw:
        fix = 'Add, such as, loss = "absolute".'
        place.report(f"'{place.key}.holdout' names rows to score on, and no loss is named", fix)


GATES: Final = ByModel("gates", Gates, (_a_holdout_has_a_loss,))
