"""The `[workspace]` table: where and how a pipeline runs. None of it is part of a cache key."""

from pathlib import Path
from typing import Annotated

from msgspec import Meta

from mainspring.config.secret import Secret
from mainspring.digest.plain import Plain

__all__ = ["Settings"]


class Settings(Plain):
    """Where and how a pipeline runs.

    Attributes:
        home: Folder of runs and results, relative to the configuration file; None is `.mainspring` beside it.
        database: URL of a Postgres database, best as a secret; None is SQLite in the home.
        workers: Slots for steps that run at the same time; None is one a CPU.
        keep_inputs: MiB of file inputs that each run keeps; what is larger is only referenced.
        cost_per_hour: Price of an hour of this machine, for the cost of each step; None leaves it out.
        allow_pickle: Values without a codec are pickled, in a private local store.
    """

    home: str | None = None
    database: str | Secret | None = None
    workers: Annotated[int, Meta(ge=1)] | None = None
    keep_inputs: Annotated[float, Meta(ge=0)] = 64.0
    cost_per_hour: Annotated[float, Meta(ge=0)] | None = None
    allow_pickle: bool = True

    def database_at(self, home: Path) -> Path | str:
        """Return where the facts of a home are: the home, for SQLite, or the URL of a server."""
        if self.database is None:
            return home
        return self.database.reveal() if isinstance(self.database, Secret) else self.database
