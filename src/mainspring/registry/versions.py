"""The registry: versions are only added, aliases move in transactions that say why."""

import re
from collections.abc import Collection
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from mainspring.errors import NotFoundError, RegistryError, UntrustedStageError, nearest
from mainspring.package.content import read_content
from mainspring.registry.rows import Model, Move, Version
from mainspring.registry.shelf import Shelf
from mainspring.tracking import Database
from mainspring.tracking.models import Models, VersionRow

__all__ = ["CHAMPION", "PREVIOUS", "Registry"]

CHAMPION: Final = "champion"
PREVIOUS: Final = "previous"

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_ALIAS: Final = re.compile(r"[a-z][a-z0-9_-]{0,31}")


class Registry:
    """Versions and aliases of models, in a database, and their packages, in a folder.

    A version is added once and never changes or goes. An alias stands for one version; each move is one transaction
    with its record, survives a power cut, and moves of one model happen one after the other.

    Threads and errors are those of `Database`; whoever opened the registry closes it.

    Args:
        database: Where the facts are.
        packages: The folder that packages are copied to.
    """

    def __init__(self, database: Database, packages: Path) -> None:
        self._database = database
        self._models = Models(database)
        self._shelf = Shelf(packages)

    def register(
        self, package: Path, name: str, *, run: str | None = None, note: str = "", trust: Collection[str] = ()
    ) -> Version:
        """Return the version of a model that a package is; the same package is one version, however often it comes.

        Args:
            package: The folder or zip; it is verified and copied, and no longer needed then.
            name: The model.
            run: The run that made it, which is pinned: `gc` keeps it and what it needs.
            note: What is to be said of it.
            trust: Digests of source in it that may run wherever this version is loaded, or the digest of the package.

        Raises:
            RegistryError: The name cannot be one.
            UntrustedStageError: The package has source that `trust` does not name.
            PackageError: It is no package, or is damaged.
        """
        if not _NAME.fullmatch(name):
            raise RegistryError(
                f"'{name}' cannot be the name of a model", fix="Use letters, digits, '.', '-' and '_', at most 64."
            )
        content = read_content(package)
        trusted = _trusted(content.manifest.sources, content.digest, trust, str(package))
        # Before the row: a version whose package is not there yet is never seen.
        self._shelf.put(content)
        return self.version(name, self._models.add(name, content.digest, run=run, note=note, trusted=" ".join(trusted)))

    def models(self) -> list[Model]:
        """Return all models, by name."""
        return self._models.list()

    def versions(self, name: str) -> list[Version]:
        """Return the versions of a model, newest first.

        Raises:
            NotFoundError: There is no such model.
        """
        rows = self._models.versions(name)
        if rows:
            return [self._made(row) for row in rows]
        near = nearest(name, [model.name for model in self.models()])
        fix = f"Did you mean '{near}'?" if near else "Register a package: mainspring packages register PATH --as NAME."
        raise NotFoundError(f"There is no model '{name}'", fix=fix)

    def version(self, name: str, number: int) -> Version:
        """Return one version of a model.

        Raises:
            NotFoundError: There is no such version.
        """
        row = self._models.version(name, number)
        if row is not None:
            return self._made(row)
        newest = self.versions(name)[0].number
        raise NotFoundError(f"'{name}' has no version {number}", fix=f"Its versions are 1 to {newest}.")

    def aliases(self, name: str) -> dict[str, int]:
        """Return the version that each alias of a model stands for."""
        return self._models.aliases(name)

    def resolve(self, target: str) -> Version:
        """Return the version that `NAME@ALIAS`, `NAME@NUMBER` or `NAME` stands for; a name alone is its newest version.

        Raises:
            NotFoundError: There is no such model, version or alias.
        """
        name, _, which = target.partition("@")
        if not which:
            return self.versions(name)[0]
        if which.isdecimal() and which.isascii():
            return self.version(name, int(which))
        aliases = self.aliases(name)
        if which not in aliases:
            self.versions(name)  # says so when it is the model that is unknown
            near = nearest(which, aliases)
            fix = f"Did you mean '{name}@{near}'?" if near else f"Set it: mainspring alias set {name} {which} VERSION."
            raise NotFoundError(f"'{name}' has no alias '{which}'", fix=fix)
        return self.version(name, aliases[which])

    def set_alias(self, name: str, alias: str, number: int, *, who: str, why: str, evidence: str | None = None) -> Move:
        """Return the move that made an alias stand for a version; when it did already, the last move.

        When `champion` moves, `previous` is moved to what it stood for, in the same transaction.

        Args:
            name: The model.
            alias: The alias; it is made when it is new.
            number: The version.
            who: Who decides.
            why: The reason; it may not be empty.
            evidence: On which results.

        Raises:
            RegistryError: The alias cannot be one, or nobody or no reason is named.
            NotFoundError: There is no such model or version.
        """
        if not _ALIAS.fullmatch(alias):
            raise RegistryError(
                f"'{alias}' cannot be an alias", fix="Use lower-case letters, digits, '-' and '_', at most 32."
            )
        if not who.strip() or not why.strip():
            raise RegistryError(
                f"The move of '{name}@{alias}' does not say {'why' if who.strip() else 'who decides'}",
                fix="Name who decides, and the reason.",
            )
        move = Move(name, alias, 0, None, number, who, 0.0, why, evidence)
        made = self._models.move(move, PREVIOUS if alias == CHAMPION else None)
        if made is None:
            self.version(name, number)  # says what there is
            raise NotFoundError(f"'{name}' had no version {number} when its alias was to be moved", fix="Try again.")
        return made

    def history(self, name: str, alias: str | None = None) -> list[Move]:
        """Return the moves of a model's aliases, or of one alias, newest first."""
        return self._models.history(name, alias)

    def generation(self, name: str, alias: str) -> int:
        """Return how often an alias was moved: a number that grows when it stands for something else; one read."""
        return self._models.generation(name, alias)

    def close(self) -> None:
        """Close the database; again does nothing."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _made(self, row: VersionRow) -> Version:
        place = self._shelf.place(row.digest)
        return Version(
            row.name, row.number, row.digest, place, row.run, row.created, row.note, tuple(row.trusted.split())
        )


def _trusted(sources: tuple[str, ...], digest: str, trust: Collection[str], where: str) -> tuple[str, ...]:
    """The sources of a package, when all of them are approved."""
    missing = tuple(one for one in sources if one not in trust)
    if missing and digest not in trust:
        raise UntrustedStageError(
            f"The package runs source that was not approved: {', '.join(missing)}",
            where,
            "Read the source in stages/, then approve its digest, or the package's, when it is registered.",
            missing,
        )
    return sources
