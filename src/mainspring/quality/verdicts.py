"""What a check found, as frozen data that serialises to JSON."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import msgspec

from mainspring.errors import InputError

__all__ = ["Answer", "Counterexample", "Tally", "Verdict", "decode_verdicts", "encode_verdicts"]

Answer = Literal["holds", "broken", "inconclusive"]
FORMAT: Final = 1
WITHHELD: Final = "withheld"


@dataclass(frozen=True, slots=True)
class Tally:
    """What came of some of the rows.

    Attributes:
        of: Which rows: `real` or `domain`, a slice, a case, a way of asking.
        checked: How many real rows, or rows of the domain: those that were changed several times count once.
        violations: How many of them break the property.
        upper: One-sided 95% upper bound of the share that does (Clopper and Pearson).
        worst: The largest size.
        p95: The size that 95% of the rows do not exceed.
        p99: The size that 99% do not exceed.
        flips: How many decisions turn; None where nothing is decided.
    """

    of: str
    checked: int
    violations: int
    upper: float
    worst: float
    p95: float
    p99: float
    flips: int | None = None


@dataclass(frozen=True, slots=True)
class Counterexample:
    """A row that breaks a property, as near to a real row as it could be brought.

    Values are plain: numbers, texts, lists; dates are ISO texts. Sensitive columns are in none of them.

    Attributes:
        property: The name of the property.
        source: Whether it was found from `real` rows or in the `domain`.
        row: The real row that it is nearest to, whole.
        context: For each column in which the row that is asked first is not the real row: what the real row has, and
            what it has. Empty where a real row itself is asked first.
        changed: For each column that is changed then, before and after.
        before: What the model says first.
        after: What it says of the changed row.
        size: By how much the property is broken.
        amount: By how much the row was changed, where that is one number.
    """

    property: str
    source: str
    row: dict[str, Any]
    context: dict[str, tuple[Any, Any]]
    changed: dict[str, tuple[Any, Any]]
    before: dict[str, Any]
    after: dict[str, Any]
    size: float
    amount: float | None = None

    def columns(self) -> tuple[str, ...]:
        """Return the columns that matter: those in which anything differs from the real row."""
        return tuple(dict.fromkeys([*self.context, *self.changed]))


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a property.

    Attributes:
        name: What is said of the model.
        kind: The kind of property.
        answer: `holds`; `broken`; or `inconclusive`: too few rows to show it.
        passed: Whether it holds.
        checked: How many rows were looked at, of the sources that decide.
        violations: How many of them break it.
        upper: One-sided upper bound of the share that breaks it, the larger one of the sources.
        worst: The largest size.
        p95: The size that 95% of the rows do not exceed.
        p99: The size that 99% do not exceed.
        flips: How many decisions turn; None where nothing is decided.
        sources: Real rows and those of the domain, apart.
        slices: By slice, of real rows.
        parts: By case, or by way of asking.
        limit: The share that may break it; None: none of those asked.
        size: Above which size a row breaks it.
        most: The largest size that is allowed.
        p: The chance of so few violations, were the share at its limit; None where no share is shown.
        adjusted: That after Holm's correction over all properties that were checked together.
        replayed: How many counterexamples that were kept were asked again.
        still: How many of them still break it.
        counterexamples: The worst that were found, shrunk.
        says: It all in one sentence.
    """

    name: str
    kind: str
    answer: Answer
    passed: bool
    checked: int
    violations: int
    upper: float
    worst: float
    p95: float
    p99: float
    flips: int | None
    sources: tuple[Tally, ...]
    slices: tuple[Tally, ...]
    parts: tuple[Tally, ...]
    limit: float | None
    size: float
    most: float
    p: float | None
    adjusted: float | None
    replayed: int
    still: int
    counterexamples: tuple[Counterexample, ...]
    says: str

    def row(self) -> dict[str, str | float | int | bool | None]:
        """Return the verdict as a row of a table."""
        return {
            "property": self.name,
            "kind": self.kind,
            "answer": self.answer,
            "rows": self.checked,
            "break it": self.violations,
            "share at most": self.upper if self.checked else None,
            "allowed": self.limit,
            "p95": told(self.p95),
            "p99": told(self.p99),
            "worst": told(self.worst),
            "worst allowed": told(self.most),
            "decisions turned": self.flips,
            "adjusted p": self.adjusted,
            "says": self.says,
        }


def told(size: float) -> float | str:
    """Return a size as a table shows it."""
    return size if math.isfinite(size) else "not finite"


class _Kept(msgspec.Struct):
    format: int
    verdicts: tuple[Verdict, ...]


def plain(value: Any) -> Any:
    """Return a value without numbers that JSON has not: infinite ones become texts."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, Mapping):
        return {name: plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return value


def encode_verdicts(verdicts: Iterable[Verdict]) -> bytes:
    """Return verdicts as JSON."""
    made = msgspec.to_builtins(_Kept(FORMAT, tuple(verdicts)))
    return msgspec.json.format(msgspec.json.encode(plain(made)), indent=1)


def decode_verdicts(data: bytes | str) -> tuple[Verdict, ...]:
    """Return the verdicts of a JSON text.

    Raises:
        InputError: It is none, or of a format that is not known.
    """
    try:
        found = msgspec.json.decode(data)
        if isinstance(found, dict) and found.get("format") != FORMAT:
            raise InputError(
                f"Verdicts of the format {found.get('format')!r} are not known",
                fix="Upgrade Mainspring, or check again.",
            )
        return msgspec.convert(found, _Kept, strict=False).verdicts
    except msgspec.MsgspecError as error:
        raise InputError(f"These are no verdicts: {error}", fix="Give what `encode_verdicts` returned.") from error
