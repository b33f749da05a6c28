"""Small texts by name, for what is costly to find out and cheap to check."""

from collections.abc import Mapping, Sequence

from mainspring.tracking.database import Database, pieces, storable

__all__ = ["Memo"]

SET = "INSERT INTO memo (name, value) VALUES (:name, :value) ON CONFLICT (name) DO UPDATE SET value = excluded.value"


class Memo:
    """Texts by name; the last writer wins. Names start with what they are about: `code/`, `requires/`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, name: str) -> str | None:
        """Return the text, or None."""
        return self.find([name]).get(name)

    def find(self, names: Sequence[str]) -> dict[str, str]:
        """Return the texts that there are."""
        return {
            name: value
            for piece in pieces(names)
            for name, value in self._database.read("SELECT name, value FROM memo WHERE name IN :names", names=piece)
        }

    def set(self, name: str, value: str) -> None:
        """Keep the text."""
        self.update({name: value})

    def update(self, values: Mapping[str, str]) -> None:
        """Keep several texts at once, or none of them."""
        self._database.write(SET, [{"name": name, "value": storable(values[name])} for name in sorted(values)])

    def forget(self, prefix: str) -> int:
        """Return how many texts whose names start with `prefix` were removed."""
        return self._database.write(
            "DELETE FROM memo WHERE substr(name, 1, :length) = :prefix", [{"length": len(prefix), "prefix": prefix}]
        )
