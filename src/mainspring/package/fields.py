"""What a pipeline takes and gives: typed fields, and what happens with values that are missing or strange."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

import numpy as np

from mainspring.errors import DefinitionError, nearest

__all__ = ["DTYPES", "Field", "FieldType", "Policy", "Signature", "stand_in"]

FieldType = Literal["bool", "int32", "int64", "float32", "float64", "string", "date", "datetime"]
_TYPES: Final[tuple[str, ...]] = get_args(FieldType)
_NUMBERS: Final = ("int32", "int64", "float32", "float64")
DTYPES: Final[dict[str, np.dtype[Any]]] = {
    name: np.dtype({"string": "O", "date": "<M8[D]", "datetime": "<M8[us]"}.get(name, name)) for name in _TYPES
}
"""The type of a column in NumPy, by the type of its field: text is Python's, dates are days, times microseconds."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What happens with values that are not plain numbers or texts, and with columns that nobody declared.

    Attributes:
        null: `refuse`, or `keep`: as NaN in a float, None in a string, NaT in a date or time. Other types cannot.
        nan: `refuse` or `keep`, in a float.
        infinite: `refuse` or `keep`, in a float.
        extra: `refuse` or `drop`: a column that is no field.
        unknown: `refuse`, `keep` or `null`: a value that is not among the categories of its field.
    """

    null: Literal["refuse", "keep"] = "refuse"
    nan: Literal["refuse", "keep"] = "refuse"
    infinite: Literal["refuse", "keep"] = "refuse"
    extra: Literal["refuse", "drop"] = "refuse"
    unknown: Literal["refuse", "keep", "null"] = "refuse"


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


def stand_in(field: Field, rows: int) -> np.ndarray[Any, Any]:
    """Return a column that stands for a sensitive one in golden samples; it follows from the declaration alone."""
    value: Any = {"string": "", "date": 0, "datetime": 0, "bool": False}.get(field.type, 0)
    bounds = [bound for bound in (field.minimum, field.maximum) if bound is not None]
    if field.categories:
        value = field.categories[0]
    elif bounds:
        value = bounds[0]
    column = np.empty((rows, *field.shape), DTYPES[field.type])
    column[...] = value
    return column


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
