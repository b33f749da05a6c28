"""Tables of settings for models: `[TABLE]` is said of all of them, and `[TABLE.NAME]` goes over it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from mainspring.config.convert import Place, convert
from mainspring.config.document import Document, read_document
from mainspring.digest.plain import Plain
from mainspring.errors import ConfigError

__all__ = ["ByModel"]

Settings = TypeVar("Settings", bound=Plain)


@dataclass(frozen=True, slots=True)
class ByModel(Generic[Settings]):
    """A reserved table whose keys are settings, and whose tables are models with settings of their own.

    Attributes:
        name: Of the table.
        kind: What it says.
        rules: Report what does not go together in a whole, given also what this table itself says, and its place.
        tables: Keys of `kind` that are tables themselves, and so no models.
    """

    name: str
    kind: type[Settings]
    rules: tuple[Callable[[Settings, Mapping[str, Any], Place], None], ...] = ()
    tables: tuple[str, ...] = ()

    def read(self, path: Path) -> dict[str, Settings]:
        """Return what a configuration file says of each model that it names, and under the empty name of all others.

        Args:
            path: The file; one that is not there says nothing.

        Raises:
            ConfigError: The table does not fit; `problems` has every reason.
        """
        document = read_document(path)
        problems: list[ConfigError] = []
        found = self.check(document, problems)
        if problems:
            count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
            raise ConfigError(f"{count} in the table [{self.name}]", document.shown, problems=tuple(problems))
        return found

    def of(self, path: Path, model: str) -> Settings:
        """Return what a configuration file says of one model; see `read`."""
        found = self.read(path)
        return found.get(model, found[""])

    def check(self, document: Document, problems: list[ConfigError]) -> dict[str, Settings]:
        """Return what a document says, as `read` does; what does not fit is reported."""
        raw = document.tables.get(self.name, {})
        if not isinstance(raw, Mapping):
            return {"": self.kind()}  # reported where all reserved tables are
        place = Place(self.name, (self.name,), document.path.parent, document.where, problems)
        models = {key: own for key, own in raw.items() if isinstance(own, Mapping) and key not in self.tables}
        every = {key: value for key, value in raw.items() if key not in models}
        found = {"": self._whole(every, self.kind(), place)}
        for model, own in models.items():
            found[model] = self._whole(own, found[""], place.inside(model))
        return found

    def _whole(self, raw: Mapping[str, Any], shared: Settings, place: Place) -> Settings:
        made = convert(dict(raw), self.kind, place)
        if not isinstance(made, self.kind):
            return shared
        whole = self.kind(**{**vars(shared), **{key: getattr(made, key) for key in raw}})
        for rule in self.rules:
            rule(whole, raw, place)
        return whole
