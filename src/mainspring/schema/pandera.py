"""Frames with a pandera schema. Loaded when such an annotation is met."""

from typing import Any

from pandera.errors import SchemaErrors

from mainspring.errors import SchemaError

__all__ = ["check"]

_SHOWN = 5


def check(frame: Any, schema: Any, where: str) -> Any:
    """Return the frame as pandera gives it back: coerced where the schema says so. A lazy frame is computed once.

    Raises:
        SchemaError: A column is missing or of another type, or rows break a check.
    """
    lazy = hasattr(frame, "collect")
    try:
        checked = schema.validate(frame.collect() if lazy else frame, lazy=True)
    except SchemaErrors as error:
        raise _failure(error.failure_cases, len(error.data), schema.__name__, where) from None
    return checked.lazy() if lazy else checked


def _failure(cases: Any, height: int, name: str, where: str) -> SchemaError:
    records = cases.to_dicts() if hasattr(cases, "to_dicts") else cases.to_dict("records")
    rows = [record for record in records if record["index"] is not None]
    columns = [record for record in records if record["index"] is None]
    said = [f"{record['check']} of '{record['column']}' ({record['failure_case']})" for record in columns]
    failing = len({record["index"] for record in rows})
    if rows:
        shown = "; ".join(
            f"{record['column']} = {record['failure_case']} in row {record['index']} ({record['check']})"
            for record in rows[:_SHOWN]
        )
        said.append(f"{failing:,} of {height:,} rows, such as {shown}")
    return SchemaError(
        f"The frame breaks schema '{name}': {'; '.join(said)}",
        where,
        "Change the step that made it or the schema.",
        failing=failing,
    )
