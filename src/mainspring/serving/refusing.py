"""What is answered to a request that cannot be: a status, a sentence, and the path of every field that is wrong."""

from collections.abc import Iterable, Iterator

import numpy as np
from msgspec import Struct

from mainspring.package.validating import Violation

__all__ = ["MOST_PROBLEMS", "Problem", "RefusedError", "marks_of", "problems_of"]

MOST_PROBLEMS = 100


class Problem(Struct, frozen=True):
    """One field of one row.

    Attributes:
        path: Where it is: `rows[3].price`.
        rule: Which rule it breaks.
        message: What is wrong, in words.
    """

    path: str
    rule: str
    message: str


class RefusedError(Exception):
    """A request that is not answered.

    Attributes:
        status: The HTTP status.
        what: Why, in one sentence.
        problems: The fields that are wrong; at most `MOST_PROBLEMS`.
        total: How many are wrong.
        retry: Seconds after which the request may be sent again, where that helps.
        absent: Whether all that is wrong is that values are absent, so that a model that needs fewer may answer.
    """

    def __init__(self, status: int, what: str, problems: Iterable[Problem] = (), *, retry: int | None = None) -> None:
        super().__init__(status, what)
        self.status = status
        self.what = what
        self.problems = tuple(problems)
        self.total = len(self.problems)
        self.retry = retry
        self.absent = False

    @classmethod
    def of_violations(cls, violations: tuple[Violation, ...], rows: int, path: str) -> "RefusedError":
        """Return the refusal of an input that does not fit the signature.

        Args:
            violations: What refuses it.
            rows: How many rows it has.
            path: How a field is told, with `{row}` and `{column}`.
        """
        problems = list(problems_of(violations, rows, path, MOST_PROBLEMS))
        made = cls(422, "The input does not fit the signature of the model", problems)
        made.total = sum(rows if one.rows is None else int(one.rows.sum()) for one in violations)
        made.absent = all(one.rule in ("missing", "null", "nan") for one in violations)
        return made


def problems_of(violations: Iterable[Violation], rows: int, path: str, most: int) -> Iterator[Problem]:
    """Yield the fields that violate something, at most so many."""
    left = most
    for one in violations:
        places = range(min(rows, left)) if one.rows is None else np.flatnonzero(one.rows)[:left].tolist()
        for number, row in enumerate(places):
            value = "" if one.value is None or number else f": {_short(one.value)}"
            hint = f". {one.fix}" if one.fix and one.rule == "missing" and "Is it" in one.fix else ""
            yield Problem(path.format(row=row, column=one.column), one.rule, f"{one.what}{value}{hint}")
        left -= len(places)
        if left <= 0:
            return


def marks_of(violations: Iterable[Violation], rows: int, path: str) -> tuple[Problem, ...]:
    """Return what is told of values that passed: their rule, and what became of them."""
    fates = {"mark": "passed as it is", "impute": "imputed", "null": "read as null", "clip": "clipped"}
    told = [
        one._replace(what=f"{one.what}; {'dropped' if one.rule == 'extra' else fates[one.fate]}", fix=None)
        for one in violations
        if one.fate in fates
    ]
    return tuple(problems_of(told, rows, path, MOST_PROBLEMS))


def _short(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= 40 else f"{shown[:40]}…"
