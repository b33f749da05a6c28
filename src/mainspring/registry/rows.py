"""What the registry says, as frozen rows. Times are seconds since 1970 UTC, by the database's clock."""

from pathlib import Path

from msgspec import Struct

from mainspring.tracking.models import Model, Move

__all__ = ["Model", "Move", "Version"]


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
    """

    name: str
    number: int
    digest: str
    path: Path
    run: str | None
    created: float
    note: str
    trusted: tuple[str, ...] = ()
