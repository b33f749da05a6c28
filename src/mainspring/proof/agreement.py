"""Which rung two values of one step are on.

**Within tolerance**: everything that is no floating-point number is equal, and each number differs by at most
`TOLERANCES` of its type times the largest of both numbers and the root mean square of all numbers at its place.

**Inside seed noise**: the distance of the value on record from that of the re-run is at most the largest distance
between any two re-runs, of which all but one have other seeds. The distance of two values is the root mean square of
their differences over that of their numbers, averaged over all places; what is no number has to be equal.
"""

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np

from mainspring.proof.flattening import Flat, flatten
from mainspring.proof.ladder import BYTES, DIFFERENT, NOISE, PREDICTIONS, TOLERANCE
from mainspring.proof.predicting import Golden

__all__ = ["TOLERANCES", "agree", "distance", "noise_covers"]

TOLERANCES = {"float64": 1e-9, "complex128": 1e-9, "float32": 1e-5, "complex64": 1e-5, "float16": 1e-2}


def agree(before: Any, after: Any, golden: Golden) -> tuple[str, str]:
    """Return the rung of two values whose digests differ, and what differs, in words."""
    golden.learn(before)
    one, two = flatten(before, golden.predict), flatten(after, golden.predict)
    unlike = _unlike(one, two)
    if unlike is not None:
        return DIFFERENT, unlike
    worst, place, exact = _differences(one, two)
    if exact is not None:
        return DIFFERENT, exact
    if worst == 0.0:
        if one.models:
            return PREDICTIONS, "models differ inside, and predict the same"
        return TOLERANCE, "the numbers are equal, the bytes are not"
    if worst <= 1.0:
        return TOLERANCE, f"numbers differ by at most {worst:.2g} of the tolerance{_at(place)}"
    return DIFFERENT, f"numbers differ by {worst:.3g} times the tolerance{_at(place)}"


def _unlike(one: Flat, two: Flat) -> str | None:
    for (path, before), (other, after) in zip(one.texts, two.texts, strict=False):
        if path != other or type(before) is not type(after) or before != after:
            return f"{_shown(before)} is {_shown(after)} now{_at(path)}"
    if len(one.texts) != len(two.texts):
        return f"it has {len(two.texts):,} parts instead of {len(one.texts):,}"
    return None


def _differences(one: Flat, two: Flat) -> tuple[float, str, str | None]:
    """Return the greatest difference in tolerances, where it is, and what has to be equal and is not."""
    worst, place = 0.0, ""
    for before, after in zip(one.leaves, two.leaves, strict=True):
        a, b = before.numbers, after.numbers
        if before.exact:
            if not np.array_equal(a, b):
                count = int((a != b).sum())
                return 0.0, "", f"{count:,} of {len(a):,} whole numbers differ{_at(before.path)}"
            continue
        found = _in_tolerances(a, b)
        if found > worst:
            worst, place = found, before.path
    return worst, place, None


def _in_tolerances(a: Any, b: Any) -> float:
    same = (a == b) | (np.isnan(a) & np.isnan(b))
    if same.all():
        return 0.0
    one, two = (values.astype(np.complex128 if a.dtype.kind == "c" else np.float64) for values in (a, b))
    with np.errstate(invalid="ignore", over="ignore"):
        scale = np.maximum(np.maximum(np.abs(one), np.abs(two)), _size(one))
        share = np.abs(one - two) / (scale * TOLERANCES.get(str(a.dtype), 1e-9))
    share = np.where(same, 0.0, np.nan_to_num(share, nan=np.inf))
    return float(share.max())


def _size(values: Any) -> float:
    finite = np.abs(values[np.isfinite(values)]).astype(np.float64)
    return float(np.sqrt(np.mean(finite**2))) if len(finite) else 0.0


def distance(one: Flat, two: Flat) -> float:
    """Return how far two values are apart, as a share of their size; infinite when more than numbers differs."""
    if _unlike(one, two) is not None:
        return float("inf")
    found = []
    for before, after in zip(one.leaves, two.leaves, strict=True):
        a, b = before.numbers.astype(np.float64), after.numbers.astype(np.float64)
        if not np.array_equal(np.isnan(a), np.isnan(b)):
            return float("inf")
        with np.errstate(invalid="ignore"):
            difference = _size(np.where(a == b, 0.0, a - b))
        found.append(difference / (np.sqrt((_size(a) ** 2 + _size(b) ** 2) / 2) or 1.0))
    return float(np.mean(found)) if found else 0.0


def noise_covers(before: Any, after: Any, others: Sequence[Any], golden: Golden) -> tuple[str, str]:
    """Return whether the noise of seeds covers a difference: the rung, and the two distances in words.

    Args:
        before: The value on record.
        after: That of the re-run.
        others: Those of re-runs with other seeds.
        golden: Who asks models.
    """
    flat = [flatten(value, golden.predict) for value in (before, after, *others)]
    mine = distance(flat[0], flat[1])
    spread = max((distance(one, two) for one, two in combinations(flat[1:], 2)), default=0.0)
    covered = 0.0 < mine <= spread < float("inf")
    says = f"it is {mine:.3g} off, and {len(others)} other seeds spread by {spread:.3g}"
    return (NOISE if covered else DIFFERENT), says


def same_digest(before: str, after: str) -> str | None:
    """Return the highest rung when two digests are equal."""
    return BYTES if before == after else None


def _at(path: str) -> str:
    names = [name for name in path.split("\x1f") if name]
    return f" (at {' / '.join(names)})" if names else ""


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:59]}…"
