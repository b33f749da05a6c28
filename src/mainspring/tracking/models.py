"""Models, their versions and their aliases. Names are not looked at here, and packages not opened."""

import builtins
from typing import Final

from msgspec import Struct

from mainspring.tracking.database import Database, Named, Value, storable

__all__ = ["HOLD", "Model", "Models", "Move", "TrainingRow", "VersionRow", "moved", "shift"]

_MODEL: Final = """
    INSERT INTO models (name, versions, created) VALUES (:name, 0, :now) ON CONFLICT (name) DO NOTHING
"""
HOLD: Final = "UPDATE models SET versions = versions + :added WHERE name = :name"
_VERSION: Final = """
    SELECT v.name, v.number, v.digest, v.run, v.created, v.note, v.trusted, t.record
    FROM versions AS v LEFT JOIN training AS t ON t.name = v.name AND t.number = v.number WHERE v.name = :name
"""
_ADD: Final = """
    INSERT INTO versions (name, number, digest, run, created, note, trusted)
    VALUES (:name, :number, :digest, :run, :now, :note, :trusted)
"""
_TRAINED: Final = """
    INSERT INTO training (name, number, until, refit, record) VALUES (:name, :number, :until, :refit, :record)
    ON CONFLICT (name, number) DO NOTHING
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
        training: What it was trained on, as JSON; None when its package did not say.
    """

    name: str
    number: int
    digest: str
    run: str | None
    created: float
    note: str
    trusted: str
    training: str | None = None


class TrainingRow(Struct, frozen=True):
    """What a version was trained on.

    Attributes:
        until: The last moment that training knew, ISO 8601.
        refit: It is no model that was evaluated, but one trained anew in the same way on more rows.
        record: All that its package says of its training, as JSON.
    """

    until: str
    refit: bool
    record: str


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

    def add(self, version: VersionRow, training: TrainingRow | None = None) -> int:
        """Return the number of the version of a digest, new or not; the run that made it is pinned.

        Args:
            version: Its name, digest, run, note and what is trusted; the rest is not looked at.
            training: What it was trained on; what was said first stays.
        """
        database, name, run = self._database, version.name, version.run
        with database.transaction(full=True):
            database.write(_MODEL, [{"name": name, "now": database.now()}])
            database.write(HOLD, [{"name": name, "added": 0}])
            if run is not None:
                database.write(_PIN, [{"run": run}])
            found = database.read(f"{_VERSION} AND v.digest = :digest", name=name, digest=version.digest)
            if found:
                number = VersionRow(*found[0]).number
            else:
                database.write(HOLD, [{"name": name, "added": 1}])
                [(number,)] = database.read("SELECT versions FROM models WHERE name = :name", name=name)
                row: Named = {"name": name, "number": number, "digest": version.digest, "run": run}
                more: Named = {"now": database.now(), "note": storable(version.note), "trusted": version.trusted}
                database.write(_ADD, [{**row, **more}])
            if training is not None:
                said: Named = {
                    "until": training.until,
                    "refit": int(training.refit),
                    "record": storable(training.record),
                }
                database.write(_TRAINED, [{"name": name, "number": number, **said}])
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
        return [VersionRow(*row) for row in self._database.read(f"{_VERSION} ORDER BY v.number DESC", name=name)]

    def version(self, name: str, number: int) -> VersionRow | None:
        """Return one version."""
        rows = self._database.read(f"{_VERSION} AND v.number = :number", name=name, number=number)
        return VersionRow(*rows[0]) if rows else None

    def aliases(self, name: str) -> dict[str, int]:
        """Return the version that each alias stands for."""
        rows = self._database.read("SELECT alias, number FROM aliases WHERE name = :name ORDER BY alias", name=name)
        return {alias: int(number) for alias, number in rows}

    def move(self, move: Move) -> Move | None:
        """Return the move after which the alias stands for a version; None when there is no such version.

        An alias that stands for it already is not moved: then it is the last move.

        Args:
            move: Whose alias, to which version, and what is said of it; the rest of it is not looked at.
        """
        with self._database.transaction(full=True):
            self._database.write(HOLD, [{"name": move.name, "added": 0}])
            if self.version(move.name, move.target) is None:
                return None
            shift(self._database, move, move.alias, move.target)
            return self.history(move.name, move.alias)[0]

    def history(self, name: str, alias: str | None = None) -> builtins.list[Move]:
        """Return the moves of a model's aliases, or of one alias, newest first."""
        return moved(self._database, name, alias)

    def generation(self, name: str, alias: str) -> int:
        """Return how often an alias was moved; one read by the primary key."""
        rows = self._database.read(
            "SELECT generation FROM aliases WHERE name = :name AND alias = :alias", name=name, alias=alias
        )
        return int(rows[0][0]) if rows else 0


def moved(database: Database, name: str, alias: str | None = None) -> list[Move]:
    """Return the moves of a model's aliases, or of one alias, newest first."""
    if alias is None:
        return [Move(*row) for row in database.read(f"{_MOVES} ORDER BY id DESC", name=name)]
    rows = database.read(f"{_MOVES} AND alias = :alias ORDER BY generation DESC", name=name, alias=alias)
    return [Move(*row) for row in rows]


def shift(database: Database, said: Move, alias: str, number: int) -> int:
    """Return how often an alias was moved after it was made to stand for a version; the caller holds the model.

    Args:
        database: In a transaction.
        said: Of which model, who moves it, why, and on which evidence; the rest is not looked at.
        alias: The alias.
        number: The version, which is there. When the alias stands for it already, nothing is done.
    """
    rows = database.read(
        "SELECT number, generation FROM aliases WHERE name = :name AND alias = :alias", name=said.name, alias=alias
    )
    source, generation = rows[0] if rows else (None, 0)
    if source == number:
        return int(generation)
    place: dict[str, Value] = {"name": said.name, "alias": alias, "target": number, "generation": generation + 1}
    database.write(_SET, [place])
    words = {"who": storable(said.who), "why": storable(said.why)}
    evidence = None if said.evidence is None else storable(said.evidence)
    now = database.now()
    database.write(_RECORD, [{**place, **words, "source": source, "evidence": evidence, "moved": now}])
    return int(generation) + 1
