"""A resolved configuration as rows, as a JSON record, and its keys for completion."""

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import date, time
from enum import Enum
from pathlib import Path
from typing import Any

from msgspec import Struct

from mainspring.config.document import WORKSPACE
from mainspring.config.fields import fields_of, is_table, table_of
from mainspring.config.layers import known_fields
from mainspring.config.load import Config
from mainspring.digest import File, Folder

__all__ = ["Row", "as_json", "complete_keys", "flatten", "listing", "to_record"]


class Row(Struct, frozen=True):
    """One line of `config show`: a dotted key, its value as JSON has it, and where that comes from."""

    key: str
    value: Any
    origin: str


def listing(config: Config) -> tuple[Row, ...]:
    """Return every key with its value and origin, the `[workspace]` table last. Of secrets only the names are shown."""
    values = {**flatten(config.value, config.base), **_prefixed(WORKSPACE, flatten(config.settings, config.base))}
    return tuple(Row(key, _value_of(key, values), origin) for key, origin in config.origins.items())


def to_record(config: Config) -> dict[str, Any]:
    """Return what the run record keeps, as JSON has it: values and origins by dotted key, and the profile.

    Secrets are recorded by name. The reserved tables say where and how a pipeline runs and are left out.
    """
    origins = {key: origin for key, origin in config.origins.items() if not key.startswith(f"{WORKSPACE}.")}
    return {"values": flatten(config.value, config.base), "origins": origins, "profile": config.profile}


def flatten(value: Any, base: Path) -> dict[str, Any]:
    """Return the fields of a configuration by dotted key, as JSON has them; files are relative to `base`."""
    found: dict[str, Any] = {}
    for one in fields(value) if value is not None else ():
        held = getattr(value, one.name)
        if is_dataclass(held) and is_table(type(held)):
            found |= _prefixed(one.name, flatten(held, base))
        else:
            found[one.name] = as_json(held, base)
    return found


def complete_keys(schema: type | None) -> list[str]:
    """Return every key that `--set` takes, tables after plain ones."""
    keys = list(_keys(schema))
    return sorted(keys, key=lambda key: "." in key)


def _keys(schema: type | None) -> Iterator[str]:
    for one in known_fields(schema).values():
        inner = table_of(one.annotation)
        if is_table(inner):
            yield from (f"{one.name}.{name}" for name in fields_of(inner))
        else:
            yield one.name


def _prefixed(name: str, values: Mapping[str, Any]) -> dict[str, Any]:
    return {f"{name}.{key}": value for key, value in values.items()}


def _value_of(key: str, values: Mapping[str, Any]) -> Any:
    """Return the value of a dotted key, which may be one key of a table of free keys."""
    name, _, inner = key.partition(".")
    return values[key] if key in values else values[name][inner]


def as_json(value: Any, base: Path) -> Any:
    """Return a value of a configuration as JSON has it; files are relative to `base`, secrets are their names."""
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, File | Folder):
        return (value.path.relative_to(base) if value.path.is_relative_to(base) else value.path).as_posix()
    if isinstance(value, Mapping):
        return {_text(key): as_json(item, base) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        items = [as_json(item, base) for item in value]
        return items if isinstance(value, list | tuple) else sorted(items, key=repr)
    if is_dataclass(value) and is_table(type(value)):
        return flatten(value, base)
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if value - value == 0 else str(value)
    return _text(value)


def _text(value: Any) -> str:
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, date | time):
        return value.isoformat()
    written = getattr(type(value), "__to_config__", None)
    return str(value) if written is None else str(written(value))
