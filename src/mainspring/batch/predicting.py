"""One part of a batch: validated as the service does, predicted, and its refused rows with the reasons."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import numpy as np

from mainspring.batch.inputs import Part, Source, typed
from mainspring.batch.polars import polars, series_of
from mainspring.errors import BatchError, MainspringError, SignatureError
from mainspring.package import Loaded, Signature
from mainspring.package.dtypes import DTYPES
from mainspring.package.fields import Field
from mainspring.package.frames import Array
from mainspring.package.prepared import Prepared
from mainspring.package.validating import Examined, Violation, examine, refused

__all__ = ["FILE", "MARKS", "ROW", "Predicted", "Predictor", "can_mark"]

FILE: Final = "file"
ROW: Final = "row"
MARKS: Final = "marks"
_FATES: Final = {"mark": "kept", "impute": "imputed", "null": "made null", "clip": "clipped"}


@dataclass(frozen=True, slots=True)
class Predicted:
    """What became of a part.

    Attributes:
        frame: The predictions of the rows that fit, with their places.
        rejects: A line of JSON for each row that does not.
        rows: How many rows there were.
        rejected: How many did not fit.
        marked: How many were changed, or kept with a mark, as the policy says.
    """

    frame: Any
    rejects: bytes
    rows: int
    rejected: int
    marked: int


def can_mark(signature: Signature) -> bool:
    """Return whether a row can pass with a mark: whether the policy of any field allows it."""
    policies = [signature.policy_of(field) for field in signature.fields]
    named = {getattr(policy, name) for policy in policies for name in type(policy).__dataclass_fields__}
    fates = {"mark", "impute", "clip"} | ({"null"} if any(policy.unknown == "null" for policy in policies) else set())
    return bool(named & fates) or any(policy.wrong == "null" for policy in policies)


class Predictor:
    """Predicts parts with one package; called from several threads at once.

    Args:
        loaded: The package.
        sources: The files that parts are of.
        keep: Input columns that are written beside the predictions.
        root: What paths of files begin with, and what is left out of them; None when there is one file, which no row
            needs to name.
    """

    def __init__(self, loaded: Loaded, sources: tuple[Source, ...], keep: tuple[str, ...], root: str | None) -> None:
        self._loaded, self._sources, self._keep, self._root = loaded, sources, keep, root
        self._marks = can_mark(loaded.signature)
        self._prepared = Prepared(loaded.signature)
        taken = [*([FILE] if root is not None else []), ROW, *([MARKS] if self._marks else [])]
        for name in (*keep, *(field.name for field in loaded.signature.outputs)):
            if name in taken:
                raise BatchError(
                    f"Two columns of the output would have the name '{name}'",
                    fix=f"Rename it where it is made; a batch writes {', '.join(taken)} and all outputs itself.",
                )
            taken.append(name)

    def __call__(self, part: Part) -> Predicted:
        """Return what became of a part.

        Raises:
            SignatureError: A column as a whole does not fit: it is missing, or is of another type.
        """
        source = self._sources[part.file]
        examined = self._examined(part, source)
        bad = examined.bad_rows if examined.refused else None
        columns, places = examined.columns, np.arange(part.start, part.start + part.frame.height)
        frame = part.frame
        if bad is not None:
            columns = {name: values[~bad] for name, values in columns.items()}
            frame, places = frame.filter(~bad), places[~bad]
        # The types are those that the package declares: they must not depend on a part.
        made = self._loaded.pipeline.run(columns) if len(places) else _nothing(self._loaded.signature.outputs)
        marks = [one for one in examined.violations if one.fate != "refuse"]
        words = _marked(marks, part.frame.height) if self._marks else None
        if words is not None and bad is not None:
            words = words[~bad]
        return Predicted(
            self._frame(frame, source, places, made, words),
            b"" if bad is None else b"".join(self._lines(part, source, examined.refused, bad)),
            part.frame.height,
            0 if bad is None else int(bad.sum()),
            0 if words is None else sum(word is not None for word in words.tolist()),
        )

    def _frame(self, frame: Any, source: Source, places: Array, made: dict[str, Array], words: Array | None) -> Any:
        pl = polars()
        columns = [pl.Series(ROW, places, pl.Int64)]
        if self._root is not None:
            columns.insert(0, pl.Series(FILE, [self._name(source)], pl.String).new_from_index(0, len(places)))
        columns += [frame[name] for name in self._keep]
        for field in self._loaded.signature.outputs:
            values = made[field.name]
            if values.shape[1:] != field.shape:
                raise BatchError(
                    f"Output '{field.name}' has the shape {values.shape[1:]}, and the package declares {field.shape}",
                    fix="Build the package again.",
                )
            columns.append(series_of(field, values))
        if words is not None:
            columns.append(pl.Series(MARKS, words.tolist(), pl.String))
        return pl.DataFrame(columns)

    def _lines(self, part: Part, source: Source, wrong: tuple[Violation, ...], bad: Array) -> Iterator[bytes]:
        """What is said of each refused row; values of sensitive columns are left out."""
        hidden = self._loaded.signature.sensitive
        shown = part.frame.select([name for name in part.frame.columns if name not in hidden]).filter(bad)
        reasons = [(one, one.rows) for one in wrong if one.rows is not None]
        for row, values in zip(np.flatnonzero(bad).tolist(), shown.iter_rows(named=True), strict=True):
            why = [
                {"column": one.column, "rule": one.rule, "what": f"'{one.column}' {one.what}"}
                for one, rows in reasons
                if rows[row]
            ]
            line = {FILE: self._name(source), ROW: part.start + row, "why": why, "input": values}
            yield msgspec.json.encode(line, enc_hook=str) + b"\n"

    def _examined(self, part: Part, source: Source) -> Examined:
        signature, rows = self._loaded.signature, part.frame.height
        if rows == 0 and set(signature.names) <= set(part.frame.columns):
            return Examined({field.name: np.empty((0, *field.shape)) for field in signature.fields}, (), 0)
        columns = typed(part.frame, source, signature)
        plain = _plain(columns)
        taken = None if plain is None else self._prepared.columns(plain)
        return _examined(signature, columns, part, source) if taken is None else Examined(taken, (), rows)

    def _name(self, source: Source) -> str:
        return source.path.removeprefix(self._root or source.path.rpartition("/")[0] + "/")


def _examined(signature: Signature, columns: dict[str, Any], part: Part, source: Source) -> Examined:
    try:
        examined = examine(signature, columns)
        whole = tuple(one for one in examined.refused if _is_whole(one, source))
        if whole:
            raise refused(whole)
    except SignatureError as error:
        problems: tuple[MainspringError, ...] = error.problems
        raise SignatureError(error.what, f"{source.path}, from row {part.start}", error.fix, problems) from error
    return examined


def _plain(columns: dict[str, Any]) -> dict[str, Array] | None:
    """The columns as arrays, when no value is null and no time could have a zone."""
    for values in columns.values():
        if isinstance(values, list) or values.null_count() or values.dtype.is_temporal():
            return None
    return {name: values.to_numpy() for name, values in columns.items()}


def _is_whole(one: Violation, source: Source) -> bool:
    """Whether it is the column that does not fit, and not some of its rows; columns of text files have no type."""
    return one.rows is None or (one.rule == "type" and source.kind != "csv" and bool(one.rows.all()))


def _nothing(outputs: tuple[Field, ...]) -> dict[str, Array]:
    return {field.name: np.empty((0, *field.shape), DTYPES[field.type]) for field in outputs}


def _marked(marks: list[Violation], rows: int) -> Array:
    """For each row, what was done with its values in words; None where nothing was."""
    words = np.full(rows, None, object)
    for one in marks:
        for row in np.flatnonzero(one.rows).tolist() if one.rows is not None else range(rows):
            said = f"'{one.column}' {one.what}: {_FATES.get(one.fate, one.fate)}"
            words[row] = said if words[row] is None else f"{words[row]}; {said}"
    return words
