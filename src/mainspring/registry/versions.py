"""The registry: versions are only added, aliases move in transactions that say why."""

import re
from collections.abc import Collection
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from mainspring.errors import NotFoundError, RegistryError, UntrustedStageError, nearest
from mainspring.package.content import read_content
from mainspring.package.training import decode_training, training_of
from mainspring.registry.rows import Decision, GateReport, Model, Move, SignOff, Version
from mainspring.registry.shelf import Shelf
from mainspring.tracking import Database
from mainspring.tracking.models import Models, TrainingRow, VersionRow
from mainspring.tracking.promotions import CHAMPION, PREVIOUS, Promotions

__all__ = ["CHAMPION", "PREVIOUS", "Registry"]

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
        self._promotions = Promotions(database)
        self._shelf = Shelf(packages)

    def register(
        self, package: Path, name: str, *, run: str | None = None, note: str = "", trust: Collection[str] = ()
    ) -> Version:
        """Return the version of a model that a package is; the same package is one version, however often it comes.

        What it was trained on, see `attest_training`, is recorded with it.

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
        said = training_of(package)
        training = None if said is None else TrainingRow(said.until, said.refit, said.encode().decode())
        row = VersionRow(name, 0, content.digest, run, 0.0, note, " ".join(trusted))
        return self.version(name, self._models.add(row, training))

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
            fix = f"Did you mean '{name}@{near}'?" if near else _how_to_set(name, which)
            raise NotFoundError(f"'{name}' has no alias '{which}'", fix=fix)
        return self.version(name, aliases[which])

    def set_alias(self, name: str, alias: str, number: int, *, who: str, why: str, evidence: str | None = None) -> Move:
        """Return the move that made an alias stand for a version; when it did already, the last move.

        `champion` and `previous` cannot be set: they move by `promote` and `rollback` alone.

        Args:
            name: The model.
            alias: The alias; it is made when it is new.
            number: The version.
            who: Who decides.
            why: The reason; it may not be empty.
            evidence: On which results.

        Raises:
            RegistryError: The alias cannot be one, or is one of those two, or nobody or no reason is named.
            NotFoundError: There is no such model or version.
        """
        if alias in (CHAMPION, PREVIOUS):
            raise RegistryError(
                f"'{name}@{alias}' cannot be set: it moves only when a version is promoted or rolled back",
                fix=f"Run: mainspring promote {name} {number} --why TEXT, or: mainspring rollback {name} --why TEXT.",
            )
        if not _ALIAS.fullmatch(alias):
            raise RegistryError(
                f"'{alias}' cannot be an alias", fix="Use lower-case letters, digits, '-' and '_', at most 32."
            )
        _check_words(f"The move of '{name}@{alias}'", who, why)
        move = Move(name, alias, 0, None, number, who, 0.0, why, evidence)
        made = self._models.move(move)
        if made is None:
            self.version(name, number)  # says what there is
            raise NotFoundError(f"'{name}' had no version {number} when its alias was to be moved", fix="Try again.")
        return made

    def record_gates(self, report: GateReport) -> None:
        """Keep what the gates said of a version, whatever it is; the same report is kept once."""
        self._promotions.record(report)

    def promote(self, name: str, number: int, *, gates: GateReport, who: str, why: str) -> Decision:
        """Return the decision that made a version the champion; `previous` is then what was champion before.

        The report, the decision and the moves are one transaction, and decisions about one model follow each other.
        Where the version is the champion already nothing is done, and the decision is the one that made it so.

        Args:
            name: The model.
            number: The version.
            gates: What the gates said of it.
            who: Who decides.
            why: The reason; it may not be empty.

        Raises:
            PromotionRefusedError: A gate did not pass, or the champion is not the one that they compared it with.
            RegistryError: Nobody or no reason is named, or the report is about another version.
            NotFoundError: There is no such model or version.
        """
        _check_words(f"The promotion of '{name}' version {number}", who, why)
        self.version(name, number)
        if (gates.name, gates.number) != (name, number):
            raise RegistryError(
                f"The gates were run for '{gates.name}' version {gates.number}, not for '{name}' version {number}",
                fix=f"Run: mainspring gates run {name} {number}.",
            )
        return self._promotions.promote(gates, who=who, why=why)

    def rollback(self, name: str, *, who: str, why: str, against: int | None = None) -> Decision:
        """Return the decision that made `previous` the champion again, and what was champion `previous`.

        Args:
            name: The model.
            who: Who decides.
            why: The reason; it may not be empty.
            against: The version that is to be champion no more; whichever is, where nothing is said. Said twice, it
                goes back once.

        Raises:
            PromotionRefusedError: There is no previous champion, or another version is champion by now.
            RegistryError: Nobody or no reason is named.
            NotFoundError: There is no such model.
        """
        _check_words(f"The rollback of '{name}'", who, why)
        self.versions(name)
        return self._promotions.rollback(name, who=who, why=why, against=against)

    def gate_reports(self, name: str, number: int | None = None) -> list[GateReport]:
        """Return what gates said of the versions of a model, or of one, newest first."""
        return self._promotions.reports(name, number)

    def decisions(self, name: str) -> list[Decision]:
        """Return why the champion of a model moved, newest first."""
        return self._promotions.decisions(name)

    def sign(self, name: str, number: int, *, who: str, note: str) -> SignOff:
        """Return the sign-off of a person who looked at a version and stands for it, which is kept.

        Raises:
            RegistryError: Nobody, or nothing that was looked at, is named.
            NotFoundError: There is no such model or version.
        """
        _check_words(f"The sign-off of '{name}' version {number}", who, note)
        self.version(name, number)
        return self._promotions.sign(name, number, who=who, note=note)

    def signed(self, name: str, number: int) -> list[SignOff]:
        """Return who stands for a version, newest first."""
        return self._promotions.signed(name, number)

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
        trusted = tuple(row.trusted.split())
        training = None if row.training is None else decode_training(row.training, f"'{row.name}' version {row.number}")
        return Version(row.name, row.number, row.digest, place, row.run, row.created, row.note, trusted, training)


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


def _check_words(what: str, who: str, why: str) -> None:
    if not who.strip() or not why.strip():
        raise RegistryError(
            f"{what} does not say {'why' if who.strip() else 'who decides'}", fix="Name who decides, and the reason."
        )


def _how_to_set(name: str, alias: str) -> str:
    if alias in (CHAMPION, PREVIOUS):
        return f"Promote a version: mainspring promote {name} VERSION --why TEXT."
    return f"Set it: mainspring alias set {name} {alias} VERSION."
