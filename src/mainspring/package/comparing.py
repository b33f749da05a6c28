"""How two packages differ, without running either."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from mainspring.package.content import Content
from mainspring.package.fields import Field
from mainspring.package.manifest import CONFIG, SIGNATURE, read_json, read_signature

__all__ = ["Change", "compare", "describe"]


@dataclass(frozen=True, slots=True)
class Change:
    """One difference.

    Attributes:
        about: `name`, `input`, `output`, `policy`, `stage`, `config`, `rule` or `file`.
        name: What it is about.
        before: What the first package has, None where it has nothing.
        after: What the second has.
    """

    about: str
    name: str
    before: str | None
    after: str | None


def compare(before: Content, after: Content) -> tuple[Change, ...]:
    """Return every difference between two packages; none when their digests are equal."""
    one, two = before.manifest, after.manifest
    signatures = [read_signature(content.files[SIGNATURE], SIGNATURE) for content in (before, after)]
    configs = [read_json(content.files[CONFIG], dict[str, Any], CONFIG) for content in (before, after)]
    return (
        *_changes("name", {"name": one.name}, {"name": two.name}),
        *_changes("input", *(_fields(signature.fields) for signature in signatures)),
        *_changes("output", *(_fields(signature.outputs) for signature in signatures)),
        *_changes("policy", *(asdict(signature.policy) for signature in signatures)),
        *_changes("stage", *({row.name: row.kind for row in content.manifest.stages} for content in (before, after))),
        *_changes("config", configs[0], configs[1]),
        *_changes("rule", asdict(one.rule), asdict(two.rule)),
        *_changes("file", *({name: row.blob for name, row in part.files.items()} for part in (one, two))),
    )


def _fields(fields: tuple[Field, ...]) -> dict[str, str]:
    return {field.name: describe(field) for field in fields}


def describe(field: Field) -> str:
    """Return a field in one line."""
    parts = [field.type + (f" {list(field.shape)}" if field.shape else "")]
    if field.unit:
        parts.append(field.unit)
    if field.minimum is not None or field.maximum is not None:
        low, high = ("" if bound is None else f"{bound:g}" for bound in (field.minimum, field.maximum))
        parts.append(f"{low}..{high}")
    if field.categories:
        shown = ", ".join(str(one) for one in field.categories[:4])
        parts.append(f"one of {shown}{', …' if len(field.categories) > 4 else ''} ({len(field.categories)})")
    if field.sensitive:
        parts.append("sensitive")
    if field.policy is not None:
        parts.append("own policy")
    return ", ".join(parts)


def _changes(about: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
    for name in dict.fromkeys([*before, *after]):
        old, new = before.get(name), after.get(name)
        if old != new:
            yield Change(about, name, None if name not in before else str(old), None if name not in after else str(new))
