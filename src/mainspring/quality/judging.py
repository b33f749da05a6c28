"""From what was found to verdicts: the gate is on the upper bound of the share *and* on the worst case."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from mainspring.quality.kinds import Allow
from mainspring.quality.rows import Array
from mainspring.quality.searching import UNASKED, Sample
from mainspring.quality.verdicts import Answer, Counterexample, Tally, Verdict, told
from mainspring.stats import binomial_at_most, holm, share_upper

__all__ = ["Found", "judged"]

_BOUND: Final = 0.95
_LABELS: Final = 60


@dataclass(frozen=True)
class Found:
    """What came of a property, before it is judged.

    Attributes:
        name: Its name.
        kind: Its kind.
        allow: How much of it may be broken.
        samples: By source.
        replayed: Sizes of the counterexamples that were kept.
        counterexamples: New ones, shrunk.
        remark: What else is to be said.
        verdict: When it is judged by itself already.
    """

    name: str
    kind: str
    allow: Allow
    samples: tuple[Sample, ...] = ()
    replayed: Array | None = None
    counterexamples: tuple[Counterexample, ...] = ()
    remark: str = ""
    verdict: Verdict | None = None


def judged(found: Sequence[Found], slices: Mapping[str, Array], level: float) -> tuple[Verdict, ...]:
    """Return verdicts, with Holm's correction over all that show a share."""
    chances = {place: _chance(one) for place, one in enumerate(found) if one.verdict is None}
    shown = [(place, chance) for place, chance in chances.items() if chance is not None]
    adjusted = dict(zip((place for place, _ in shown), holm([chance for _, chance in shown]).tolist(), strict=True))
    return tuple(
        one.verdict or _verdict(one, slices, chances[place], adjusted.get(place), level)
        for place, one in enumerate(found)
    )


def _deciding(found: Found) -> list[Sample]:
    return [one for one in found.samples if one.of in found.allow.sources]


def _chance(found: Found) -> float | None:
    """The chance of so few violations, were the share at its limit; the larger one of the sources, which all decide."""
    limit = found.allow.share
    if limit is None:
        return None
    return max(
        binomial_at_most(int((one.sizes > found.allow.size).sum()), int(one.checked.sum()), limit)
        for one in _deciding(found)
    )


def _verdict(
    found: Found, slices: Mapping[str, Array], chance: float | None, adjusted: float | None, level: float
) -> Verdict:
    allow, deciding = found.allow, _deciding(found)
    tallies = [tally(one.of, one, allow.size) for one in deciding]
    whole = tally("all", _together(deciding), allow.size)
    replayed = np.zeros(0) if found.replayed is None else found.replayed
    worst = max(whole.worst, float(replayed.max(initial=0.0)))
    verdict = Verdict(
        name=found.name,
        kind=found.kind,
        answer=_answer(tallies, worst, allow, adjusted, level),
        passed=False,
        checked=whole.checked,
        violations=whole.violations,
        upper=max(one.upper for one in tallies),
        worst=worst,
        p95=whole.p95,
        p99=whole.p99,
        flips=whole.flips,
        sources=tuple(tally(one.of, one, allow.size) for one in found.samples),
        slices=_by_slice(found, slices),
        parts=_parts(found),
        limit=allow.share,
        size=allow.size,
        most=allow.most,
        p=chance,
        adjusted=adjusted,
        replayed=len(replayed),
        still=int((replayed > allow.size).sum()),
        counterexamples=found.counterexamples,
        says="",
    )
    return replace(verdict, passed=verdict.answer == "holds", says=_said(verdict, found.remark))


def _answer(tallies: Sequence[Tally], worst: float, allow: Allow, adjusted: float | None, level: float) -> Answer:
    if worst > allow.most:
        return "broken"
    if adjusted is None:
        return "holds" if all(one.checked for one in tallies) else "inconclusive"
    if adjusted <= level:
        return "holds"
    limit = allow.share or 0.0
    over = any(one.checked and one.violations / one.checked > limit for one in tallies)
    return "broken" if over else "inconclusive"


def tally(of: str, sample: Sample, size: float) -> Tally:
    """Return what came of rows as counts and sizes."""
    checked = sample.checked
    sizes = np.maximum(sample.sizes[checked], 0.0)
    count, broken = len(sizes), int((sizes > size).sum())
    p95, p99 = np.quantile(sizes, (0.95, 0.99), method="inverted_cdf").tolist() if count else (0.0, 0.0)
    flips = None if sample.flips is None else int(sample.flips[checked].sum())
    return Tally(of, count, broken, share_upper(broken, count, _BOUND), float(sizes.max(initial=0.0)), p95, p99, flips)


def _together(samples: Sequence[Sample]) -> Sample:
    flips = [one.flips for one in samples if one.flips is not None]
    sizes = np.concatenate([one.sizes for one in samples])
    both = np.concatenate(flips) if len(flips) == len(samples) else None
    return Sample("all", np.zeros(0, int), sizes, both, ())


def _by_slice(found: Found, slices: Mapping[str, Array]) -> tuple[Tally, ...]:
    real = next((one for one in found.samples if one.of == "real"), None)
    if real is None:
        return ()
    rows = []
    for name, labels in slices.items():
        here = np.asarray(labels)[real.places].astype(str)
        for label in np.unique(here)[:_LABELS].tolist():
            at = here == label
            flips = None if real.flips is None else real.flips[at]
            rows.append(
                tally(f"{name} = {label}", Sample("real", real.places[at], real.sizes[at], flips, ()), found.allow.size)
            )
    return tuple(rows)


def _parts(found: Found) -> tuple[Tally, ...]:
    """By case or way, over all sources that decide."""
    names = dict.fromkeys(part.of for one in _deciding(found) for part in one.parts)
    rows = []
    for name in names:
        sizes = [part.sizes for one in _deciding(found) for part in one.parts if part.of == name]
        whole = Sample(name, np.zeros(0, int), np.concatenate([*sizes, np.full(0, UNASKED)]), None, ())
        rows.append(tally(name, whole, found.allow.size))
    return tuple(rows)


def _said(verdict: Verdict, remark: str) -> str:
    parts = [f"{verdict.violations:,} of {verdict.checked:,} rows break it"]
    if verdict.checked and verdict.limit is not None:
        parts[0] += f", at most {verdict.upper:.2%} do ({verdict.limit:.2%} allowed)"
    if verdict.worst > 0:
        size = told(verdict.worst)
        shown = size if isinstance(size, str) else f"{size:.4g}"
        parts.append(f"the worst by {shown} ({verdict.most:.4g} allowed)")
    if verdict.still:
        parts.append(f"{verdict.still} of {verdict.replayed} kept counterexamples still break it")
    if verdict.answer == "inconclusive":
        parts.append("too few rows to show it")
    columns = [names for one in verdict.counterexamples if (names := one.columns())]
    if columns:
        least = min(columns, key=len)
        parts.append(f"only {_listed(least)} {'matters' if len(least) == 1 else 'matter'}")
    return "; ".join([*parts, *([remark] if remark else [])])


def _listed(names: Sequence[str]) -> str:
    quoted = [f"'{name}'" for name in names]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} and {quoted[-1]}"
