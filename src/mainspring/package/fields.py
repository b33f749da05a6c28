"""What a pipeline takes and gives: typed fields, and what happens with values that are missing or strange."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, get_args

from mainspring.errors import DefinitionError, nearest

__all__ = ["Field", "FieldType", "Policy", "Signature"]

FieldType = Literal["bool", "int32", "int64", "float32", "float64", "string", "date", "datetime"]
_TYPES: Final[tuple[str, ...]] = get_args(FieldType)
_NUMBERS: Final = ("int32", "int64", "float32", "float64")


@dataclass(frozen=True, slots=True)
class Policy:
    """What happens with values that are not plain numbers or texts, and with columns that nobody declared.

    `refuse` refuses the row; `keep` passes the value on as it is; `mark` does so too, and says so in the answer and in
    the log; `impute` puts the field's `impute` in its place, and says so as well.

    Attributes:
        missing: A row that lacks the field: `refuse`, or `null`, which makes a null of it.
        null: `refuse`, `keep`, `mark` or `impute`. It is kept as NaN in a float, None in a string, NaT in a date or
            time; other types cannot.
        nan: `refuse`, `keep`, `mark` or `impute`, in a float.
        infinite: `refuse`, `keep`, `mark` or `impute`, in a float.
        range: A number outside the range of its field: `refuse`, `keep`, `mark`, `impute`, or `clip` to the bound.
        wrong: A value that is not of the type: `refuse`, or `null`, which makes a null of it, and says so.
        extra: `refuse`, `drop` or `mark` (dropped, and said): a column that is no field.
        unknown: `refuse`, `keep`, `mark`, `null` or `impute`: a value that is not among the categories of its field.
    """

    null: Literal["refuse", "keep", "mark", "impute"] = "refuse"
    nan: Literal["refuse", "keep", "mark", "impute"] = "refuse"
    infinite: Literal["refuse", "keep", "mark", "impute"] = "refuse"
    extra: Literal["refuse", "drop", "mark"] = "refuse"
    unknown: Literal["refuse", "keep", "mark", "null", "impute"] = "refuse"
    missing: Literal["refuse", "null"] = "refuse"
    range: Literal["refuse", "keep", "mark", "impute", "clip"] = "refuse"
    wrong: Literal["refuse", "null"] = "refuse"


@dataclass(frozen=True, slots=True)
class Field:
    """One column.

    Attributes:
        name: Its name.
        type: Its type; a `datetime` is UTC and has no time zone.
        shape: The shape of one value: () for a single one, (20,) for a vector. Only numbers have one.
        unit: What its numbers count, for people.
        minimum: Least value that is accepted.
        maximum: Greatest value that is accepted.
        categories: All values that it may have, for texts and integers; of a vector of probabilities, the classes.
        sensitive: Whether its values may never reach golden samples, profiles, logs or pages.
        policy: Where it departs from the policy of the signature.
        impute: What stands for a value where the policy says `impute`; dates and times as ISO text.
    """

    name: str
    type: FieldType = "float64"
    shape: tuple[int, ...] = ()
    unit: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    categories: tuple[str | int, ...] = ()
    sensitive: bool = False
    policy: Policy | None = None
    impute: bool | int | float | str | None = None


@dataclass(frozen=True, slots=True)
class Signature:
    """The fields that a pipeline takes, and, once it is packaged, those that it gives.

    Args:
        fields: What it takes, in order.
        policy: For all fields that have none of their own.
        outputs: What it gives; `build` fills them in.

    Raises:
        DefinitionError: Something in it cannot be; the message tells all.
    """

    fields: tuple[Field, ...]
    policy: Policy = Policy()
    outputs: tuple[Field, ...] = ()

    def __post_init__(self) -> None:
        problems = [*_duplicates(self.fields), *(said for field in self.fields for said in _problems(field))]
        problems += [said for field in self.fields for said in _policy_problems(field, self.policy_of(field))]
        if not self.fields:
            problems.append("it has no fields")
        if problems:
            raise DefinitionError(f"A signature cannot be: {'; '.join(problems)}", fix="Correct its fields.")

    def policy_of(self, field: Field) -> Policy:
        """Return what holds for a field."""
        return field.policy or self.policy

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its fields, in order."""
        return tuple(field.name for field in self.fields)

    @property
    def sensitive(self) -> frozenset[str]:
        """The names of its sensitive fields."""
        return frozenset(field.name for field in self.fields if field.sensitive)


def _duplicates(fields: Iterable[Field]) -> Iterator[str]:
    seen: set[str] = set()
    for field in fields:
        if field.name in seen:
            yield f"two fields have the name '{field.name}'"
        seen.add(field.name)


def _problems(field: Field) -> Iterator[str]:
    if not field.name:
        yield "a field has no name"
    if field.type not in _TYPES:
        near = nearest(field.type, _TYPES)
        hint = f"did you mean '{near}'?" if near else f"types are {', '.join(_TYPES)}"
        yield f"'{field.name}' has the type '{field.type}': {hint}"
        return
    if field.shape and (field.type not in _NUMBERS or any(size < 1 for size in field.shape)):
        yield f"'{field.name}' cannot have the shape {field.shape}"
    if (field.minimum is not None or field.maximum is not None) and field.type not in _NUMBERS:
        yield f"'{field.name}' is a {field.type}, which has no range"
    if field.minimum is not None and field.maximum is not None and field.minimum > field.maximum:
        yield f"'{field.name}' has the minimum {field.minimum} above its maximum {field.maximum}"
    expected = {"string": str, "int32": int, "int64": int}.get(field.type)
    if field.categories and (expected is None or any(type(one) is not expected for one in field.categories)):
        yield f"'{field.name}' is a {field.type}, and not all its categories are"


_CHOICES: Final[dict[str, tuple[str, ...]]] = {name: get_args(kind) for name, kind in Policy.__annotations__.items()}
_HOLDERS: Final = {
    "bool": bool,
    "int32": int,
    "int64": int,
    "float32": (int, float),
    "float64": (int, float),
}


def _policy_problems(field: Field, policy: Policy) -> Iterator[str]:
    for name, choices in _CHOICES.items():
        if (chosen := getattr(policy, name)) not in choices:
            near = nearest(str(chosen), choices)
            hint = f"did you mean '{near}'?" if near else f"it is one of {', '.join(choices)}"
            yield f"the policy '{name}' of '{field.name}' is {chosen!r}: {hint}"
    if field.impute is None:
        asked = [name for name in _CHOICES if getattr(policy, name) == "impute" and _applies(name, field)]
        if asked:
            yield f"'{field.name}' is to be imputed ({', '.join(asked)}) and has no 'impute'"
        return
    kinds: Any = _HOLDERS.get(field.type, str)
    if field.shape or not isinstance(field.impute, kinds) or (kinds is not bool and isinstance(field.impute, bool)):
        yield f"'{field.name}' cannot be imputed by {field.impute!r}"
    elif field.type in ("date", "datetime") and not _is_moment(str(field.impute)):
        yield f"'{field.name}' cannot be imputed by {field.impute!r}, which is no ISO date or time"


def _applies(rule: str, field: Field) -> bool:
    """Whether a rule of a policy can come up in a field at all."""
    if rule in ("nan", "infinite"):
        return field.type in ("float32", "float64")
    if rule == "range":
        return field.minimum is not None or field.maximum is not None
    return rule != "unknown" or bool(field.categories)


def _is_moment(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True
