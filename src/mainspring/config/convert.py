"""TOML values turned into what a field is annotated with. Every misfit is reported; none stops the others."""

import re
from collections.abc import Callable, Mapping
from datetime import date, time
from enum import Enum
from functools import reduce
from operator import or_
from pathlib import Path
from types import GenericAlias
from typing import Any, Literal, get_args, get_origin

import msgspec
from msgspec import Struct, field
from msgspec.structs import replace

from mainspring.config import positions
from mainspring.config.fields import Field, fields_of, is_table, members, reads_text
from mainspring.config.secret import ENV, Secret
from mainspring.errors import ConfigError, MainspringError, nearest
from mainspring.schema import show
from mainspring.schema.fit import plain

__all__ = ["INVALID", "Place", "convert", "table", "unknown_key", "with_keys"]

INVALID: Any = object()
_SHOWN = 60
_INDEX = re.compile(r"\[(\d+)\]")
_WORDS = (("`", ""), (" | null", ""), ("array", "list"), ("object", "table"))


class Place(Struct, frozen=True):
    """Where a value stands, and who is told when it does not fit.

    Attributes:
        key: The key in the words of the user, such as `model.layers[0]`.
        path: The same as parts, from the top of the file.
        base: Folder that relative files are looked for in.
        where: Gives `file:line`, or what else names the place, of a path.
        problems: What did not fit, so far.
    """

    key: str
    path: positions.Path
    base: Path
    where: Callable[[positions.Path], str]
    problems: list[ConfigError] = field(default_factory=list)

    def inside(self, part: str | int) -> "Place":
        """Return the place of a key or an element inside this one."""
        key = f"{self.key}[{part}]" if isinstance(part, int) else f"{self.key}.{part}".lstrip(".")
        return replace(self, key=key, path=(*self.path, part))

    def report(self, what: str, fix: str) -> Any:
        """Keep a problem and return INVALID."""
        self.problems.append(ConfigError(what, self.where(self.path), fix))
        return INVALID


def convert(raw: Any, annotation: Any, place: Place) -> Any:
    """Return the value of a field, or INVALID with the reasons reported to the place."""
    choices = members(annotation)
    special = [choice for choice in choices if _is_special(choice)]
    if not special:
        return _plain(raw, annotation, place)
    if len(choices) > 1:
        annotation = _choose(raw, choices, special)
        if not _is_special(annotation):
            return _plain(raw, annotation, place)
    kind = plain(annotation if len(choices) > 1 else choices[0])
    if reads_text(kind):
        return _text(raw, kind, place)
    if is_table(kind):
        return _table(raw, kind, place)
    return _elements(raw, kind, place)


def table(schema: type, values: Mapping[str, Any], place: Place, default: Any = INVALID) -> Any:
    """Return an instance of a dataclass from values that are converted already; what is missing is reported.

    Args:
        schema: The dataclass.
        values: By field; INVALID for those that are reported already.
        place: Where it stands.
        default: An instance that gives what is not among the values.
    """
    filled = dict(values)
    for one in fields_of(schema).values():
        if one.name not in filled and default is not INVALID:
            filled[one.name] = getattr(default, one.name)
        elif one.name not in filled and one.make is None:
            filled[one.name] = _missing(one, schema, place)
    if any(value is INVALID for value in filled.values()):
        return INVALID
    try:
        return schema(**filled)
    except (ValueError, TypeError, LookupError, ArithmeticError, AssertionError) as error:
        shown = f"'{place.key}'" if place.key else f"'{show(schema)}'"
        return place.report(f"{shown} is refused by its own class: {error}", "Change the values.")


def with_keys(values: Mapping[str, Any], annotation: Any, place: Place) -> Any:
    """Return a table of free keys, whose values are converted already, with its keys converted too."""
    if any(value is INVALID for value in values.values()):
        return INVALID
    kinds = [kind for kind in map(plain, members(annotation)) if get_args(kind)]
    kind: Any = get_args(kinds[0])[0] if kinds else str
    found = {}
    for name, value in values.items():
        key = _plain({name: 0}, GenericAlias(dict, (kind, Any)), replace(place, problems=[]))
        if key is INVALID:
            return place.inside(name).report(
                f"The key '{name}' in '{place.key}' is no '{show(kind)}'", "Change the key."
            )
        found[next(iter(key))] = value
    return found


def unknown_key(schema: type | None, name: str, place: Place) -> Any:
    """Report a key that no field has."""
    known = [] if schema is None else list(fields_of(schema))
    close = nearest(name, known)
    if schema is None:
        fix = "Give the pipeline a parameter that is annotated with a dataclass, or remove the key."
    elif close:
        fix = f"Did you mean '{place.key.removesuffix(name)}{close}'?"
    else:
        fix = f"Remove it, or add it to '{show(schema)}', which has {_listed(known)}."
    return place.report(f"Unknown key '{place.key}'", fix)


def _missing(one: Field, schema: type, place: Place) -> Any:
    key = f"{place.key}.{one.name}".lstrip(".")
    return place.report(
        f"Missing key '{key}'",
        f"Add {one.name} = …, of type '{show(one.annotation)}', as '{show(schema)}' asks.",
    )


def _listed(names: list[str]) -> str:
    return ", ".join(f"'{name}'" for name in names) or "no keys"


def _is_special(annotation: Any) -> bool:
    """Return whether the annotation holds something that is read here and not by msgspec."""
    kind = plain(annotation)
    if reads_text(kind) or is_table(kind):
        return True
    return any(_is_special(part) for part in get_args(kind) if not isinstance(part, str))


def _choose(raw: Any, choices: tuple[Any, ...], special: list[Any]) -> Any:
    """Return the alternative of a union that a value is read as."""
    kinds = [plain(choice) for choice in special]
    if isinstance(raw, str) and Secret in kinds and ENV.fullmatch(raw):
        return Secret
    others = [choice for choice in choices if not _is_special(choice)]
    wanted = is_table if isinstance(raw, dict) else reads_text
    fitting = [kind for kind in kinds if wanted(kind) and kind is not Secret]
    if fitting and (isinstance(raw, dict) or (isinstance(raw, str) and str not in others)):
        return fitting[0]
    return reduce(or_, others) if others else special[0]


def _text(raw: Any, kind: Any, place: Place) -> Any:
    if kind is Secret:
        named = ENV.fullmatch(raw) if isinstance(raw, str) else None
        if named is None:
            return place.report(f"'{place.key}' is a secret, and its value stands here", 'Write "env:NAME" instead.')
        return Secret(named[1])
    from_config = getattr(kind, "__from_config__", None)
    if not isinstance(raw, str) or not raw:
        wanted = f"the path of a {kind.__name__}" if from_config is None else f"the text of a {kind.__name__}"
        return place.report(f"'{place.key}' is {_shown(raw)}, expected {wanted}", "Give a path.")
    if from_config is not None:
        return _from_config(raw, from_config, place)
    found = Path(raw).expanduser()
    return found if kind is Path else kind(place.base / found)


def _from_config(raw: str, from_config: Callable[[str, Path], Any], place: Place) -> Any:
    try:
        return from_config(raw, place.base)
    except MainspringError as error:
        return place.report(f"'{place.key}': {error.what}", error.fix or "Change the text.")


def _table(raw: Any, kind: type, place: Place) -> Any:
    if not isinstance(raw, dict):
        return place.report(f"'{place.key}' is {_shown(raw)}, expected a table", f"Write the keys of '{show(kind)}'.")
    known = fields_of(kind)
    values = {
        name: convert(value, known[name].annotation, place.inside(name))
        if name in known
        else unknown_key(kind, name, place.inside(name))
        for name, value in raw.items()
    }
    return table(kind, values, place)


def _elements(raw: Any, kind: Any, place: Place) -> Any:
    origin, args = get_origin(kind) or kind, get_args(kind)
    if isinstance(raw, dict) and issubclass(origin, Mapping):
        found = {name: convert(value, args[1], place.inside(name)) for name, value in raw.items()}
        return INVALID if any(item is INVALID for item in found.values()) else found
    if not isinstance(raw, list) or issubclass(origin, Mapping):
        return place.report(f"'{place.key}' is {_shown(raw)}, expected '{show(kind)}'", "Change the value.")
    fixed = origin is tuple and args[-1] is not Ellipsis
    if fixed and len(raw) != len(args):
        return place.report(f"'{place.key}' has {len(raw)} elements, expected {len(args)}", "Change the value.")
    kinds = args if fixed else args[:1] * len(raw)
    pairs = enumerate(zip(raw, kinds, strict=True))
    items = [convert(value, kind, place.inside(index)) for index, (value, kind) in pairs]
    builtin = origin if origin in (tuple, set, frozenset) else list
    return INVALID if any(item is INVALID for item in items) else builtin(items)


def _plain(raw: Any, annotation: Any, place: Place) -> Any:
    if isinstance(raw, str) and ENV.fullmatch(raw):
        return place.report(
            f"'{place.key}' names a secret, but is annotated '{show(annotation)}'",
            "Annotate it with mainspring.Secret.",
        )
    try:
        return msgspec.convert(raw, annotation, strict=True, str_keys=True, dec_hook=_foreign)
    except msgspec.ValidationError as error:
        return _misfit(raw, annotation, str(error), place)
    except (TypeError, _ForeignTypeError):
        return place.report(
            f"'{place.key}' is annotated '{show(annotation)}', which no TOML value can be read as",
            "Annotate it with a type that TOML has, an Enum, File, Folder or a dataclass of these.",
        )


class _ForeignTypeError(Exception):
    """A type that msgspec does not know."""


def _foreign(kind: Any, value: Any) -> Any:
    if kind is object:
        return value
    raise _ForeignTypeError(kind)


def _misfit(raw: Any, annotation: Any, said: str, place: Place) -> Any:
    """Report what msgspec says about a value, in the words of TOML and with the key."""
    said, _, inner = said.partition(" - at ")
    for part in _INDEX.findall(inner):
        place = place.inside(int(part))
        raw = raw[int(part)] if isinstance(raw, list) else raw
    allowed = _allowed(annotation)
    if said.startswith("Invalid enum value"):
        close = nearest(raw, [text for text in allowed if isinstance(text, str)]) if isinstance(raw, str) else None
        listed = ", ".join(repr(value) for value in allowed)
        hint = f"Did you mean {close!r}?" if close else "Choose one of these."
        return place.report(f"'{place.key}' is {_shown(raw)}, expected one of {listed}", hint)
    for theirs, ours in _WORDS:
        said = said.replace(theirs, ours)
    return place.report(f"'{place.key}' is {_shown(raw)}, {said[:1].lower()}{said[1:]}", "Change the value.")


def _allowed(annotation: Any) -> list[Any]:
    """Return the values of all enumerations and literals in an annotation."""
    kind = plain(annotation)
    if get_origin(kind) is Literal:
        return list(get_args(kind))
    if isinstance(kind, type) and issubclass(kind, Enum):
        return [member.value for member in kind]
    return [value for part in get_args(kind) for value in _allowed(part)]


def _shown(value: Any) -> str:
    plain_text = isinstance(value, bool | date | time)
    text = str(value).lower() if plain_text else repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
