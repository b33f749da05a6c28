"""What the registry says, as frozen rows. Times are seconds since 1970 UTC, by the database's clock."""

from pathlib import Path

from msgspec import Struct

from mainspring.package.training import Training
from mainspring.tracking.models import Model, Move
from mainspring.tracking.promotions import Decision, GateAnswer, GateReport, SignOff

__all__ = ["Decision", "GateAnswer", "GateReport", "Model", "Move", "SignOff", "Version"]


class Version(Struct, frozen=True):
    """One version of a model; it never changes.

    Attributes:
        name: The model.
        number: From 1, without gaps.
        digest: The digest of its package.
        path: Where its package lies; nobody writes there.
        run: The run that made it, where that is known.
        created: When it was registered.
        note: What was said of it then.
        trusted: Digests of source in the package that were approved when it was registered.
        training: What it was trained on, as its package says; None when it does not.
    """

    name: str
    number: int
    digest: str
    path: Path
    run: str | None
    created: float
    note: str
    trusted: tuple[str, ...] = ()
    training: Training | None = None
