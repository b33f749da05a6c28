"""Models, their versions and their aliases. Names are not looked at here, and packages not opened."""

import builtins
from typing import Final

from msgspec import Struct

from mainspring.tracking.database import Database, Named, Value, storable

__all__ = ["Model", "Models", "Move", "VersionRow"]

_MODEL: Final = """
    INSERT INTO models (name, versions, created) VALUES (:name, 0, :now) ON CONFLICT (name) DO NOTHING
"""
_HOLD: Final = "UPDATE models SET versions = versions + :added WHERE name = :name"
_VERSION: Final = "SELECT name, number, digest, run, created, note, trusted FROM versions WHERE name = :name"
_ADD: Final = """
    INSERT INTO versions (name, number, digest, run, created, note, trusted)
    VALUES (:name, :number, :digest, :run, :now, :note, :trusted)
"""
_PIN: Final = "UPDATE runs SET pinned = 1 WHERE id = :run"
_SET: Final = """
    INSERT INTO aliases (name, alias, number, generation) VALUES (:name, :alias, :target, :generation)
    ON CONFLICT (name, alias) DO UPDATE SET number = excluded.number, generation = excluded.generation
"""
_RECORD: Final = """
    INSERT INTO alias_moves (name, alias, generation, source, target, who, moved, why, evidence)
    VALUES (:name, :alias, :generation, :source, :target, :who, :moved, :why, :evidence)
"""
_MOVES: Final = """
    SELECT name, alias, generation, source, target, who, moved, why, evidence FROM alias_moves WHERE name = :name
"""


class VersionRow(Struct, frozen=True):
    """One version of a model; it never changes.

    Attributes:
        name: The model.
        number: From 1, without gaps.
        digest: The digest of its package.
        run: The run that made it, where that is known.
        created: When it was registered.
        note: What was said of it then.
        trusted: Digests of source in the package that were approved then, separated by blanks.
    """

    name: str
    number: int
    digest: str
    run: str | None
    created: float
    note: str
    trusted: str


class Move(Struct, frozen=True):
    """One move of an alias, on record for ever.

    Attributes:
        name: The model.
        alias: The alias.
        generation: How often the alias was moved by then: 1 for the first time.
        source: The version that it stood for before; None at first.
        target: The version that it stands for since.
        who: Who moved it.
        moved: When.
        why: The reason that was given.
        evidence: On which results; what it holds is up to whoever decided.
    """

    name: str
    alias: str
    generation: int
    source: int | None
    target: int
    who: str
    moved: float
    why: str
    evidence: str | None = None


class Model(Struct, frozen=True):
    """One model.

    Attributes:
        name: Its name.
        versions: How many versions it has; the newest has this number.
        created: When the first was registered.
        aliases: The version that each alias stands for.
    """

    name: str
    versions: int
    created: float
    aliases: dict[str, int]


class Models:
    """Models in one database. Whatever changes one holds its row in `models`, so that changes follow each other."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, name: str, digest: str, *, run: str | None, note: str, trusted: str) -> int:
        """Return the number of the version of a digest, new or not; the run that made it is pinned."""
        database = self._database
        with database.transaction(full=True):
            database.write(_MODEL, [{"name": name, "now": database.now()}])
            database.write(_HOLD, [{"name": name, "added": 0}])
            if run is not None:
                database.write(_PIN, [{"run": run}])
            found = database.read(f"{_VERSION} AND digest = :digest", name=name, digest=digest)
            if found:
                return VersionRow(*found[0]).number
            database.write(_HOLD, [{"name": name, "added": 1}])
            [(number,)] = database.read("SELECT versions FROM models WHERE name = :name", name=name)
            row: Named = {"name": name, "number": number, "digest": digest, "run": run, "now": database.now()}
            database.write(_ADD, [{**row, "note": storable(note), "trusted": trusted}])
            return int(number)

    def list(self) -> list[Model]:
        """Return all models, by name."""
        aliases: dict[str, dict[str, int]] = {}
        for name, alias, number in self._database.read("SELECT name, alias, number FROM aliases ORDER BY alias"):
            aliases.setdefault(name, {})[alias] = number
        rows = self._database.read("SELECT name, versions, created FROM models ORDER BY name")
        return [Model(name, versions, created, aliases.get(name, {})) for name, versions, created in rows]

    def versions(self, name: str) -> builtins.list[VersionRow]:
        """Return the versions of a model, newest first; none when there is no such model."""
        return [VersionRow(*row) for row in self._database.read(f"{_VERSION} ORDER BY number DESC", name=name)]

    def version(self, name: str, number: int) -> VersionRow | None:
        """Return one version."""
        rows = self._database.read(f"{_VERSION} AND number = :number", name=name, number=number)
        return VersionRow(*rows[0]) if rows else None

    def aliases(self, name: str) -> dict[str, int]:
        """Return the version that each alias stands for."""
        rows = self._database.read("SELECT alias, number FROM aliases WHERE name = :name ORDER BY alias", name=name)
        return {alias: int(number) for alias, number in rows}

    def move(self, move: Move, leaves: str | None = None) -> Move | None:
        """Return the move after which the alias stands for a version; None when there is no such version.

        An alias that stands for it already is not moved: then it is the last move.

        Args:
            move: Whose alias, to which version, and what is said of it; the rest of it is not looked at.
            leaves: An alias that is moved to what the other one stood for before, in the same transaction.
        """
        with self._database.transaction(full=True):
            self._database.write(_HOLD, [{"name": move.name, "added": 0}])
            if self.version(move.name, move.target) is None:
                return None
            source = self._move(move, move.alias, move.target)
            if leaves is not None and source not in (None, move.target):
                self._move(move, leaves, int(str(source)))
            return self.history(move.name, move.alias)[0]

    def history(self, name: str, alias: str | None = None) -> builtins.list[Move]:
        """Return the moves of a model's aliases, or of one alias, newest first."""
        if alias is None:
            return [Move(*row) for row in self._database.read(f"{_MOVES} ORDER BY id DESC", name=name)]
        rows = self._database.read(f"{_MOVES} AND alias = :alias ORDER BY generation DESC", name=name, alias=alias)
        return [Move(*row) for row in rows]

    def generation(self, name: str, alias: str) -> int:
        """Return how often an alias was moved; one read by the primary key."""
        rows = self._database.read(
            "SELECT generation FROM aliases WHERE name = :name AND alias = :alias", name=name, alias=alias
        )
        return int(rows[0][0]) if rows else 0

    def _move(self, said: Move, alias: str, number: int) -> int | None:
        """Return what an alias stood for before it was moved."""
        rows = self._database.read(
            "SELECT number, generation FROM aliases WHERE name = :name AND alias = :alias", name=said.name, alias=alias
        )
        source, generation = rows[0] if rows else (None, 0)
        if source == number:
            return number
        place: dict[str, Value] = {"name": said.name, "alias": alias, "target": number, "generation": generation + 1}
        self._database.write(_SET, [place])
        words = {"who": storable(said.who), "why": storable(said.why)}
        evidence = None if said.evidence is None else storable(said.evidence)
        moved = self._database.now()
        self._database.write(_RECORD, [{**place, **words, "source": source, "evidence": evidence, "moved": moved}])
        return None if source is None else int(source)
