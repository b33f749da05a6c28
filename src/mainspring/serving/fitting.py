"""Whether what a person has set can ever hold: its columns and outputs are there, and their values can be."""

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import msgspec
import numpy as np
from msgspec import Struct

from mainspring.disk import write_whole
from mainspring.errors import ServingError, nearest
from mainspring.package.fields import Field, Signature
from mainspring.serving.overrides import Override

__all__ = ["SERVED", "Known", "keep", "known", "misfits", "refuse_unfit"]

SERVED: Final = "serving/served"


class Known(Struct, frozen=True):
    """What is served, or was, from a home.

    Attributes:
        name: The name of the model.
        version: Its version.
        signature: What it takes and gives.
    """

    name: str
    version: str
    signature: Signature


def keep(folder: Path, one: Known) -> None:
    """Note what is served, for the commands that change what is answered."""
    write_whole(folder / f"{quote(one.name, safe='')}.json", msgspec.json.encode(one), private=True)


def known(folder: Path) -> list[Known]:
    """Return what is served from a home, or was last.

    Raises:
        ServingError: A file does not have the form that it should have.
    """
    found = []
    for path in sorted(folder.glob("[!.]*.json")):
        try:
            found.append(msgspec.json.decode(path.read_bytes(), type=Known))
        except msgspec.DecodeError as error:
            raise ServingError(f"What was served cannot be read: {error}", str(path), "Remove the file.") from None
    return found


def refuse_unfit(one: Override, models: list[Known]) -> None:
    """Refuse an override that would hold for none of the models.

    Raises:
        ServingError: It names what none of them has; the message tells it for each.
    """
    unfit = {f"{model.name} {model.version}": misfits(one, model.signature) for model in models}
    if models and all(unfit.values()):
        said = "; ".join(f"{name}: {', '.join(problems)}" for name, problems in unfit.items())
        raise ServingError(
            f"The override would never hold: {said}",
            fix="Name inputs and outputs as the page of the service does, or start the service that has them first.",
        )


def misfits(one: Override, signature: Signature) -> tuple[str, ...]:
    """Return why an override never holds for a model; nothing: it may."""
    inputs = {field.name: field for field in signature.fields}
    outputs = {field.name: field for field in signature.outputs}
    return (
        *_wrong(one.when, {**outputs, **inputs}, "input or output"),
        *_wrong(one.values, outputs, "output"),
    )


def _wrong(values: Mapping[str, Any], fields: Mapping[str, Field], kind: str) -> Iterator[str]:
    for name, value in values.items():
        if name not in fields:
            near = nearest(name, fields)
            yield f"there is no {kind} '{name}'" + (f" (did you mean '{near}'?)" if near else "")
        elif fields[name].shape and kind != "output":
            yield f"'{name}' is a vector, which equals no one value"
        elif not _can_be(value, fields[name]):
            yield f"'{name}' is a {fields[name].type}, and never {value!r}"


def _can_be(value: Any, field: Field) -> bool:
    """Whether a column of a field can have a value, as `Overrides.apply` compares and sets it."""
    if field.type == "string":
        return not field.categories or str(value) in field.categories
    if field.type in ("date", "datetime"):
        return isinstance(value, str) and _is_moment(value)
    if field.type == "bool":
        return isinstance(value, bool)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return False
    if field.type.startswith("float"):
        return True
    return value == int(value) and (not field.categories or field.shape != () or int(value) in field.categories)


def _is_moment(text: str) -> bool:
    try:
        return not np.isnat(np.datetime64(text))
    except ValueError:
        return False
