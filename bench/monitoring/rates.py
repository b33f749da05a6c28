"""How often checks alarm when nothing changes, and how soon they find what does: simulated, in NumPy."""

import math
from dataclasses import dataclass, field, replace

import numpy as np
from worlds import COLUMNS, KINDS, MONTH, REFERENCE, SHIFT, SIZES, World, layout, part, stack, world

from mainspring.monitoring import Rules, adjusted, fit_stack
from mainspring.stats import distances

MONTHS = 2  # for each reference
EPISODES = 6  # for each reference: 50 references give 300
LOOK = 6  # windows within which a change is to be found
LENGTH = 30  # windows of an episode
FAULTS = ("shift", "nulls", "new category")
CHECK = {"shift": "drift", "nulls": "nulls", "new category": "new_category"}
_RAW = 0.01


@dataclass
class Rates:
    """What one kind of traffic and size of window gave."""

    kind: str
    rows: int
    raw: dict[str, list[float]] = field(default_factory=dict)  # by check: a share of feature-windows for each reference
    alerts: list[int] = field(default_factory=list)  # for each month
    by_check: dict[str, int] = field(default_factory=dict)
    windows: dict[str, list[float]] = field(default_factory=dict)  # by fault: a share of windows flagged on their own
    delays: dict[str, list[float]] = field(default_factory=dict)  # by fault: windows to the alert; infinity: never
    seasons: set[str] = field(default_factory=set)

    def told(self) -> dict[str, object]:
        return {
            "kind": self.kind,
            "rows": self.rows,
            "raw": {name: {"mean": float(np.mean(one)), "upper": upper_mean(one)} for name, one in self.raw.items()},
            "alerts": {
                "months": len(self.alerts),
                "mean": float(np.mean(self.alerts)),
                "upper": upper_rate(self.alerts),
            },
            "by check": self.by_check,
            "seasons": sorted(self.seasons),
            "usual": {name: float(np.mean(self.windows[name])) for name in ("KS p < 0.05", "PSI > 0.1")},
            "power": {
                fault: {
                    "by window": float(np.mean(self.windows[fault])),
                    "episodes": len(found),
                    "within": int(np.sum(np.array(found) <= LOOK)),
                    "median delay": None if math.isinf(np.median(found)) else float(np.median(found)),
                }
                for fault, found in self.delays.items()
            },
        }


def upper_mean(values) -> float:
    """The one-sided 95% bound of a mean over independent references, normal."""
    spread = np.std(values, ddof=1) if len(values) > 1 else math.nan
    return float(np.mean(values) + 1.677 * spread / math.sqrt(len(values)))


def upper_rate(counts) -> float:
    """The exact one-sided 95% bound of a Poisson rate (Garwood 1936)."""
    total, low, high = int(np.sum(counts)), 0.0, 10.0 * (np.sum(counts) + 5)
    for _ in range(100):
        middle = (low + high) / 2
        terms = [math.exp(-middle + k * math.log(middle) - math.lgamma(k + 1)) for k in range(total + 1)]
        low, high = (middle, high) if sum(terms) > 0.05 else (low, middle)
    return high / len(counts)


def measure(kind: str, rows: int, references: int, *, seed: int = 0, months: int = MONTHS) -> Rates:
    found = Rates(kind, rows)
    axes = layout()
    known = replace(axes.axes[0], known=frozenset(), unseen=1 / (REFERENCE * rows + 1))
    axes = replace(axes, axes=tuple(replace(known, name=axis.name) for axis in axes.axes))
    for reference in range(references):
        rng = np.random.default_rng([seed, KINDS.index(kind), rows, reference])
        _one(found, axes, rng, months)
    return found


def _one(found: Rates, axes, rng, months: int) -> None:
    made = world(found.kind, REFERENCE + months * MONTH, rng)
    whole = stack(made, found.rows, rng)
    fitted = fit_stack(part(whole, slice(REFERENCE)), axes, Rules())
    found.seasons |= set(fitted.seasons.values())
    pooled = whole.counts[:REFERENCE].sum(0)
    raw: dict[str, list[float]] = {}
    for month in range(months):
        first = REFERENCE + month * MONTH
        live = part(whole, slice(first, first + MONTH))
        judged = fitted.judge(live)
        for one in judged:
            if one.check in ("drift", "nulls"):
                raw.setdefault(one.check, []).append(float((one.p <= _RAW).mean()))
        for name, flags in usual(live, pooled, axes).items():
            raw.setdefault(name, []).append(float(flags.mean()))
        adjusted_p = adjusted(judged, fitted.rules)
        begun = {check: _begun(p <= fitted.rules.discovery) for check, p in adjusted_p.items()}
        found.alerts.append(sum(begun.values()))
        for check, count in begun.items():
            if count:
                found.by_check[check] = found.by_check.get(check, 0) + count
        if month == 0:
            for fault in FAULTS:
                _episodes(found, fitted, fault, (made, judged, pooled), rng)
    for name, shares in raw.items():
        found.raw.setdefault(name, []).append(float(np.mean(shares)))


def _begun(flags) -> int:
    """How many alerts: what shows again within a day is the same alert."""
    count = 0
    for column in flags.T:
        at = np.flatnonzero(column)
        count += 0 if not at.size else 1 + int((np.diff(at) > 24).sum())
    return count


def usual(live, pooled, axes):
    """What KS at p < 0.05 and PSI > 0.1 flag, against the whole reference."""
    far = distances(live.counts, np.broadcast_to(pooled, live.counts.shape), axes.widths)
    rows, others = live.counts.sum(-1), pooled.sum(-1)
    size = np.sqrt(rows * others / (rows + others))
    signs = [(-1) ** (k - 1) * np.exp(-2 * (k * size * far.ks) ** 2) for k in range(1, 20)]
    ks = np.clip(2 * np.sum(signs, axis=0), 0, 1)
    ks[size * far.ks < 0.2] = 1.0
    return {"KS p < 0.05": ks < 0.05, "PSI > 0.1": far.psi > 0.1}


def _episodes(found: Rates, fitted, fault: str, traffic, rng) -> None:
    made, quiet, pooled = traffic
    for episode in range(EPISODES):
        start = REFERENCE + 50 + 100 * episode + int(rng.integers(24))
        hours = slice(start, start + LENGTH)
        means, nulls = made.means[hours], made.nulls[hours]
        moved = World(means + SHIFT * (fault == "shift"), nulls + 0.05 * (fault == "nulls"))
        fresh = rng.binomial(found.rows, 0.01, means.shape).astype(float) if fault == "new category" else None
        changed = stack(moved, found.rows, rng, start, fresh)
        planted = {one.check: one for one in fitted.judge(changed)}[CHECK[fault]]
        found.windows.setdefault(fault, []).append(float((planted.p <= _RAW).mean()))
        if fault == "shift":
            for name, flags in usual(changed, pooled, fitted.layout).items():
                found.windows.setdefault(name, []).append(float(flags.mean()))
        column = int(rng.integers(COLUMNS))
        hours = slice(start - REFERENCE - 12, start - REFERENCE + LENGTH)
        judged = [_joined(_cut(one, hours), planted, column) for one in quiet]
        seen = adjusted(judged, fitted.rules)[CHECK[fault]][12:, column] <= fitted.rules.discovery
        found.delays.setdefault(fault, []).append(float(seen.argmax() + 1) if seen.any() else math.inf)


def _cut(one, hours):
    return replace(one, p=one.p[hours], size=one.size[hours])


def _joined(one, planted, column: int):
    """The check of quiet windows, with the change in one column of the later ones."""
    if one.check != planted.check:
        return one
    p, size = one.p.copy(), one.size.copy()
    p[12:, column], size[12:, column] = planted.p[:, column], planted.size[:, column]
    return replace(one, p=p, size=size)


def everything(references: int, say, kinds=KINDS):
    for kind in kinds:
        for rows in SIZES:
            say(f"{kind}, {rows:,} rows a window")
            yield measure(kind, rows, references).told()
