"""The layers of a configuration: the file, the chosen profile of the same file, and what `--set` says."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from mainspring.config import positions, toml
from mainspring.config.convert import INVALID, Place, convert, unknown_key
from mainspring.config.document import RESERVED, WORKSPACE, Document
from mainspring.config.fields import Field, fields_of, table_of, values_of
from mainspring.config.settings import Settings
from mainspring.errors import ConfigError

__all__ = ["Layer", "Leaf", "file_layers", "known_fields", "read_layer", "set_layers"]

_DEEPEST = 2
_SEARCHED = "x"


class Leaf(Struct, frozen=True):
    """One converted value of a layer, or INVALID, and where it comes from."""

    value: Any
    origin: str


class Layer(Struct, frozen=True):
    """One source of values.

    Attributes:
        tables: Values as TOML has them.
        prefix: Where they stand in the file.
        where: Gives `file:line` of a path.
        origin: Gives the origin of a path, as it is recorded.
        text: What stands after `key=` on the command line, for a value that TOML reads as something else.
    """

    tables: Mapping[str, Any]
    prefix: positions.Path
    where: Callable[[positions.Path], str]
    origin: Callable[[positions.Path], str]
    text: str | None = None


def file_layers(document: Document, problems: list[ConfigError]) -> dict[str | None, Layer]:
    """Return the layers that a file holds: its own, by None, and those of its profiles, by name."""
    own = {key: value for key, value in document.tables.items() if key == WORKSPACE or key not in RESERVED}
    layers: dict[str | None, Layer] = {None: Layer(own, (), document.where, document.origin)}
    profiles = document.tables.get("profile", {})
    for name, values in profiles.items() if isinstance(profiles, dict) else ():
        path = ("profile", name)
        if isinstance(values, dict):
            layers[name] = _profile(name, values, document)
        else:
            problems.append(
                ConfigError(
                    f"'profile.{name}' is no table", document.where(path), f"Write [profile.{name}] and keys below it."
                )
            )
    return layers


def _profile(name: str, values: Mapping[str, Any], document: Document) -> Layer:
    return Layer(values, ("profile", name), document.where, lambda path: f"profile.{name} {document.origin(path)}")


def set_layers(sets: Sequence[str], problems: list[ConfigError]) -> Iterator[Layer]:
    """Yield one layer for each `key=value`."""
    for text in sets:
        key, equals, value = text.partition("=")
        parts = [part.strip() for part in key.split(".")]
        where = f"--set {text}"
        if not equals or not all(parts):
            problems.append(ConfigError(f"'{text}' sets nothing", "--set", "Write --set key=value."))
            continue
        tables: Any = _read_value(value)
        for part in reversed(parts):
            tables = {part: tables}
        yield Layer(tables, (), _always(where), _always("--set"), value)


def _always(text: str) -> Callable[[positions.Path], str]:
    return lambda _: text


def _read_value(text: str) -> Any:
    """Return what TOML makes of a value, or the text itself."""
    try:
        read = toml.parse(f"{_SEARCHED} = {text}")
    except ValueError:
        return text
    return read[_SEARCHED] if list(read) == [_SEARCHED] else text


def known_fields(schema: type | None) -> dict[str, Field]:
    """Return the fields of the file: those of the dataclass, and the settings of the workspace."""
    known = {} if schema is None else dict(fields_of(schema))
    return {**known, WORKSPACE: Field(WORKSPACE, Settings, Settings)}


def read_layer(
    layer: Layer, schema: type | None, base: Path, problems: list[ConfigError]
) -> dict[tuple[str, ...], Leaf]:
    """Return the values of a layer by key, and by key of a table, all converted; misfits are reported."""
    top = Place("", layer.prefix, base, layer.where, problems)
    known = known_fields(schema)
    found: dict[tuple[str, ...], Leaf] = {}
    for name, raw in layer.tables.items():
        place = top.inside(name)
        if name in RESERVED and name != WORKSPACE:
            place.report(f"'{name}' cannot be set here", f"Write a table [{name}] at the top of the file.")
        elif name not in known:
            unknown_key(schema, name, place)
        else:
            found |= _read_field(known[name], raw, place, layer)
    return found


def _read_field(known: Field, raw: Any, place: Place, layer: Layer) -> dict[tuple[str, ...], Leaf]:
    table = table_of(known.annotation)
    if table is not None and raw == {}:
        return {(known.name,): Leaf({}, layer.origin(place.path))}
    if table is None or not isinstance(raw, dict):
        return {(known.name,): _leaf(raw, known.annotation, place, layer)}
    found: dict[tuple[str, ...], Leaf] = {}
    for key, value in raw.items():
        inner = place.inside(key)
        if table is dict:
            found[known.name, key] = _leaf(value, values_of(known.annotation), inner, layer)
        elif key in fields_of(table):
            found[known.name, key] = _leaf(value, fields_of(table)[key].annotation, inner, layer)
        else:
            unknown_key(table, key, inner)
    return found


def _leaf(raw: Any, annotation: Any, place: Place, layer: Layer) -> Leaf:
    """Convert one value; one of the command line that does not fit is tried again as the text that it is."""
    deep = _too_deep(raw, place, len(place.path) - len(layer.prefix))
    if deep is not None:
        fix = "Keep to two levels: tables and their keys."
        return Leaf(deep.report(f"'{deep.key}' is more than two levels deep", fix), "")
    attempt = replace(place, problems=[])
    value = convert(raw, annotation, attempt)
    if value is INVALID and layer.text is not None and raw != layer.text:
        value = convert(layer.text, annotation, replace(place, problems=[]))
    if value is INVALID:
        place.problems.extend(attempt.problems)
    return Leaf(value, layer.origin(place.path))


def _too_deep(raw: Any, place: Place, depth: int) -> Place | None:
    """Return the first place that is too deep; elements of lists are as deep as their list."""
    if depth > _DEEPEST:
        return place
    items = raw.items() if isinstance(raw, dict) else enumerate(raw) if isinstance(raw, list) else ()
    deeper = (_too_deep(value, place.inside(key), depth + isinstance(raw, dict)) for key, value in items)
    return next((found for found in deeper if found is not None), None)
