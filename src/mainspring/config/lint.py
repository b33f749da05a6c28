"""`lint`: what should be in the configuration and is not, and what is there and need not be.

It stands apart from the unit's other names, since no run needs it.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mainspring.config.advice import Finding
from mainspring.config.fields import fields_of
from mainspring.config.literals import RULES, Literal, existing_paths, repeated_values
from mainspring.config.load import Config
from mainspring.config.reached import Source, parse, reached
from mainspring.config.unused import always_default, never_read, never_varied

__all__ = ["lint"]

_SHOWN = 60
_PLACES = 3


def lint(
    sources: Iterable[tuple[str, str]],
    names: Collection[str],
    *,
    config: Config | None = None,
    history: Sequence[Mapping[str, Any]] = (),
    base: Path | None = None,
) -> list[Finding]:
    """Return advice: first literals in the code of steps, the most repeated ones first, then keys of the configuration.

    Args:
        sources: Path and text of each file of the project.
        names: Functions of its steps and pipelines; what they mention of the project is looked at too.
        config: The configuration; without it only literals are looked at.
        history: For each recorded run, its values by dotted key, as `to_record` gives them. Fewer than 5 say nothing.
        base: Folder below which a text may name a file; by default that of the configuration.

    >>> code = "def train(table): return Forest(n_estimators=200).fit(table)"
    >>> lint([("pipeline.py", code)], ["train"])[0].message
    "'n_estimators' is the literal 200 in 'train'"
    """
    parsed = parse(sources)
    where = base or (config.base if config else None)
    advice = list(_literal_advice(_literals(parsed, names, where), config))
    if config is None or config.value is None:
        return advice
    rules = (
        never_read(config, parsed),
        always_default(config, parsed, history),
        never_varied(config, parsed, history),
    )
    return advice + [finding for rule in rules for finding in rule]


def _literals(sources: Sequence[Source], names: Collection[str], base: Path | None) -> list[Literal]:
    bodies = reached(sources, names)
    found = [literal for body in bodies for rule in RULES for literal in rule(body)]
    if base is not None:
        found += [literal for body in bodies for literal in existing_paths(body, base)]
    known = {(literal.path, literal.line, literal.value) for literal in found}
    return list(dict.fromkeys([*found, *repeated_values(bodies, known)]))


def _literal_advice(literals: Iterable[Literal], config: Config | None) -> Iterator[Finding]:
    """Yield one finding for each literal, however often it stands in the code, the most repeated ones first."""
    groups: dict[tuple[str, str, str], list[Literal]] = {}
    for literal in literals:
        groups.setdefault((literal.rule, literal.name, literal.value), []).append(literal)
    fields = [] if config is None or config.value is None else list(fields_of(config.value.__class__))
    for places in sorted(groups.values(), key=len, reverse=True):
        first = places[0]
        others = ", ".join(f"{one.path}:{one.line}" for one in places[1 : 1 + _PLACES])
        more = f", and {len(places) - 1} more: {others}" if others else ""
        message = f"{_subject(first)} in '{first.body}'{more}"
        yield Finding(_NAMES[first.rule], message, first.path, first.line, _fix(first, fields))


_NAMES = {
    "hyperparameter": "literal-hyperparameter",
    "seed": "literal-seed",
    "path": "literal-path",
    "repeated": "literal-repeated",
}


def _subject(literal: Literal) -> str:
    value = literal.value if len(literal.value) <= _SHOWN else f"{literal.value[:_SHOWN]}…"
    return f"'{literal.name}' is the literal {value}" if literal.name else f"The literal {value} stands"


def _fix(literal: Literal, fields: Sequence[str]) -> str:
    if literal.rule == "seed":
        return "Use mainspring.seed(), or a field of the configuration."
    if literal.rule == "path":
        return "Make it a File or Folder of the configuration, and pass it to the step."
    if literal.rule == "repeated":
        return "Make it a field of the configuration, or one constant of a module."
    known = literal.name.lower() in fields
    return (
        f"Pass the field '{literal.name.lower()}' that the configuration has."
        if known
        else (f"Make '{literal.name.lower()}' a field of the configuration, and pass it to the step.")
    )
