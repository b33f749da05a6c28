"""`load_config`: from a file, a profile and the command line to one typed value, or to every reason why not."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from mainspring.config.convert import INVALID, Place, table, with_keys
from mainspring.config.document import RESERVED, WORKSPACE, Document, read_document
from mainspring.config.fields import Field, fields_of, is_table, table_of
from mainspring.config.gates import GATES
from mainspring.config.layers import Leaf, file_layers, known_fields, read_layer, set_layers
from mainspring.config.monitor import MONITOR
from mainspring.config.settings import Settings
from mainspring.config.triggers import TRIGGERS
from mainspring.errors import ConfigError, nearest
from mainspring.schema import show

__all__ = ["Config", "config_of", "load_config"]

DEFAULT = "default"
PYTHON = "python"
_Leaves = dict[tuple[str, ...], Leaf]


class Config(Struct, frozen=True):
    """A resolved configuration.

    Attributes:
        value: An instance of the dataclass, or None when the pipeline takes none.
        origins: For each dotted key `default`, `config.toml:12`, `profile.smoke config.toml:30`, `--set` or `python`.
            Keys of the `[workspace]` table start with `workspace.`.
        settings: The `[workspace]` table.
        reserved: The other reserved tables, as they stand.
        path: The configuration file, which need not exist.
        base: Folder that relative files are looked for in.
        profile: Name of the chosen profile.
    """

    value: Any
    origins: dict[str, str]
    settings: Settings
    reserved: dict[str, dict[str, Any]]
    path: Path
    base: Path
    profile: str | None = None


def load_config(
    schema: type | None, path: Path, *, profile: str | None = None, sets: Sequence[str] = (), base: Path | None = None
) -> Config:
    """Return the configuration that a file, a profile of it and `key=value` texts make together.

    Later ones win: the defaults of the dataclass, the file, its table `[profile.NAME]`, `sets`. Tables are joined key
    by key. A file that does not exist is empty.

    Args:
        schema: The dataclass that says which keys there are; None allows the reserved tables alone.
        path: The file.
        profile: Name of a profile of the file.
        sets: `key=value` texts; values are TOML, or the text itself where that does not fit.
        base: Folder that relative files are looked for in; by default the file's.

    Raises:
        ConfigError: The file or what it says does not fit; `problems` has every reason.
        DefinitionError: The dataclass cannot be read.

    >>> load_config(Settings, Path("absent.toml"), sets=["workers=2"]).origins["workers"]
    '--set'
    """
    return _resolve(schema, read_document(path), profile, sets, (base or path.parent).absolute())


def config_of(value: Any, path: Path, *, base: Path | None = None) -> Config:
    """Return the configuration of a value made in Python; the reserved tables are those of the file, if there is one.

    Raises:
        ConfigError: The reserved tables do not fit.
    """
    document = read_document(path)
    tables = {key: held for key, held in document.tables.items() if key in RESERVED and key != "profile"}
    config = _resolve(None, replace(document, tables=tables), None, (), (base or path.parent).absolute())
    origins = dict.fromkeys(_keys(known_fields(type(value)), {}), PYTHON)
    return replace(config, value=value, origins={**origins, **config.origins})


def _resolve(schema: type | None, document: Document, profile: str | None, sets: Sequence[str], base: Path) -> Config:
    problems = _definition_problems(schema)
    reserved = _reserved(document, problems)
    layers = {name: read_layer(one, schema, base, problems) for name, one in file_layers(document, problems).items()}
    if profile is not None and profile not in layers:
        problems.append(_no_profile(profile, [name for name in layers if name], document))
    said = [read_layer(one, schema, base, problems) for one in set_layers(sets, problems)]
    leaves = _merged([layers[None], layers.get(profile, {}) if profile else {}, *said])
    top = Place("", (), base, document.where, problems)
    known = known_fields(schema)
    said_of = {path[0] for path in leaves}
    values = {name: _value(one, leaves, top) for name, one in known.items() if name in said_of or _has_to_be_made(one)}
    settings = values.pop(WORKSPACE, Settings())
    value = None if schema is None else table(schema, values, top)
    if problems:
        raise _error(schema, document, problems)
    return Config(value, _origins(known, leaves), settings, reserved, document.path, base, profile)


def _definition_problems(schema: type | None) -> list[ConfigError]:
    """Return what is wrong with the dataclass itself: it can hold no more than the file can say."""
    problems = []
    for one in fields_of(schema).values() if schema else ():
        inner = table_of(one.annotation)
        if one.name in RESERVED:
            what = f"Field '{one.name}' has the name of a reserved table"
            problems.append(ConfigError(what, _class_place(schema), "Rename the field."))
        for deep in fields_of(inner).values() if is_table(inner) else ():
            if is_table(table_of(deep.annotation)):
                what = f"Field '{one.name}.{deep.name}' is a dataclass more than two levels deep"
                problems.append(ConfigError(what, _class_place(schema), f"Move its fields to '{one.name}'."))
    return problems


def _class_place(schema: type | None) -> str:
    return f"class {show(schema)}" if schema else ""


def _reserved(document: Document, problems: list[ConfigError]) -> dict[str, dict[str, Any]]:
    found = {}
    for name in RESERVED:
        held = document.tables.get(name, {})
        if not isinstance(held, dict) and name != WORKSPACE:
            what = f"'{name}' is {held!r}, expected a table"
            problems.append(ConfigError(what, document.where((name,)), f"Write [{name}] and keys below it."))
        elif held and name not in ("profile", WORKSPACE):  # these two are read here
            found[name] = held
    for models in (GATES, MONITOR, TRIGGERS):
        if models.name in found:
            models.check(document, problems)
    return found


def _no_profile(name: str, names: list[str], document: Document) -> ConfigError:
    close = nearest(name, names)
    listed = ", ".join(f"'{one}'" for one in names)
    fix = f"Did you mean '{close}'?" if close else f"Choose {listed}." if names else f"Write a table [profile.{name}]."
    return ConfigError(f"There is no profile '{name}'", document.where(("profile",)), fix)


def _merged(layers: Sequence[_Leaves]) -> _Leaves:
    """Return the leaves of all layers, where the last one wins. Tables are joined key by key."""
    merged: _Leaves = {}
    for layer in layers:
        for path, leaf in layer.items():
            joins = len(path) > 1 or leaf.value == {}
            for other in [other for other in merged if other[0] == path[0] and len(other) != len(path)]:
                if not joins or len(other) == 1:
                    del merged[other]
            if len(path) > 1 or leaf.value != {} or not any(other[0] == path[0] for other in merged):
                merged[path] = leaf
    return merged


def _has_to_be_made(one: Field) -> bool:
    return one.make is None and is_table(table_of(one.annotation))


def _value(one: Field, leaves: _Leaves, top: Place) -> Any:
    """Return the value of a field from the leaves below it; an empty table is a table."""
    whole = leaves.get((one.name,))
    parts = {path[1]: leaf.value for path, leaf in leaves.items() if path[0] == one.name and len(path) > 1}
    inner = table_of(one.annotation)
    if whole is not None and not (whole.value == {} and is_table(inner)):
        return whole.value
    if not is_table(inner):
        return with_keys(parts, one.annotation, top.inside(one.name))
    default = INVALID if one.make is None else one.make()
    return table(inner, parts, top.inside(one.name), default if isinstance(default, inner) else INVALID)


def _keys(known: Mapping[str, Field], leaves: _Leaves) -> list[str]:
    """Return the dotted key of everything that has a value of its own, in the order of the dataclass."""
    found: list[str] = []
    for one in known.values():
        inner = table_of(one.annotation)
        below = [path[1] for path in leaves if path[0] == one.name and len(path) > 1]
        if is_table(inner) and (below or (one.make is None or one.make() is not None)):
            below = list(fields_of(inner))
        found += [f"{one.name}.{key}" for key in below] or [one.name]
    return found


def _origins(known: Mapping[str, Field], leaves: _Leaves) -> dict[str, str]:
    found = {}
    for key in _keys(known, leaves):
        table, _, inner = key.partition(".")
        leaf = leaves.get((table, inner)) or leaves.get((table,))
        found[key] = leaf.origin if leaf and not (inner and leaf.value == {}) else DEFAULT
    return found


def _error(schema: type | None, document: Document, problems: list[ConfigError]) -> ConfigError:
    count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
    asked = f" for '{show(schema)}'" if schema else ""
    there = "" if document.exists else "; the file does not exist"
    return ConfigError(f"{count} in the configuration{asked}{there}", document.shown, problems=tuple(problems))
