"""Real tables watched: alerts where nothing was planted beside what the tables' records say, then planted changes.

python real.py ROSSMANN.csv M5.parquet FILE.json [quick]    `-` in place of M5.parquet: without it
"""

import json
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import forecasting
import numpy as np
import planting
import polars as pl
from rates import usual
from tables import Case, Record, Watched, m5, rossmann, watch

from mainspring.monitoring import Check, Finding, check_windows, stacked

_DRAWS = 3
WORKERS = 4
CASES = (
    ("every", "Rossmann, days", {"reference": 365}, True),
    ("every", "Rossmann, days, seasons declared", {"reference": 365, "declared": True}, True),
    ("open", "Rossmann, open stores, days", {"reference": 365}, False),
    ("open", "Rossmann, open stores, days, seasons declared", {"reference": 365, "declared": True}, True),
    ("open", "Rossmann, open stores, weeks", {"reference": 700, "step": 7}, False),
    ("every", "Rossmann, days, after 28 of them", {"reference": 28}, False),
    ("M5", "M5, days", {"reference": 730}, True),
    ("M5", "M5, days, seasons declared", {"reference": 730, "declared": True}, False),
    ("M5", "M5, days, a year of reference", {"reference": 365}, False),
    ("M5", "M5, weeks", {"reference": 735, "step": 7}, True),
    ("M5", "M5, days, after 28 of them", {"reference": 28}, False),
)
SHOPS = 6  # of them are of Rossmann's table


@dataclass
class Alert:
    """What was found of one check of one column, until for so many windows as are looked back on it is no more."""

    check: str
    column: str
    first: int
    last: int
    findings: list[Finding] = field(default_factory=list)


def main() -> None:
    shops, sample, into, *quick = sys.argv[1:]
    count = 2 if quick else len(CASES) if sample != "-" else SHOPS
    # Processes that know nothing of each other: a thread pool of Polars does not survive being forked.
    with ProcessPoolExecutor(WORKERS, mp_context=get_context("spawn")) as pool:
        told = list(pool.map(_told, range(count), [shops] * count, [sample] * count))
    Path(into).write_text(json.dumps(told, indent=1) + "\n")


def _told(place: int, shops: str, sample: str) -> dict:
    name, title, options, planted = CASES[place]
    table = m5(Path(sample)) if name == "M5" else rossmann(Path(shops), only_open=name == "open")
    return _measured(Case(title, table, **options), planted)


def _measured(case: Case, planted: bool) -> dict:
    print(case.title, file=sys.stderr, flush=True)
    watched = watch(case)
    checks = check_windows(watched.live, watched.fitted)
    alerts = alerts_of(checks, case.rules.of)
    found = {
        "title": case.title,
        "table": case.table.name,
        "rows": int(np.median([one.rows for one in watched.live])),
        "columns": len(case.table.columns),
        "reference": len(watched.reference),
        "checked": len(checks),
        "months": len(checks) * case.step / 30,
        "cold": watched.fitted.cold,
        "seasons": watched.fitted.seasons,
        "alone": _alone(checks),
        "usual": _others(watched),
        "alerts": _matched(watched, checks, alerts),
        "records": {kind: _share(watched, record) for kind, record in case.table.records.items() if record.days},
    }
    if planted:
        wanted = {
            "Rossmann": planting.faults("Sales", "StoreType", "Promo", ("State", "NW")),
            "M5 sample": planting.faults("units", "dept_id", "snap", ("state_id", "WI")),
        }[case.table.name]
        found["planted"] = list(planting.episodes(watched, checks, wanted))
    if case.step == 1 and case.reference > 100:
        found["errors"] = forecasting.told(case)
    return found


def alerts_of(checks: Sequence[Check], of: int) -> list[Alert]:
    found: list[Alert] = []
    latest: dict[tuple[str, str], Alert] = {}
    for place, check in enumerate(checks):
        for finding in check.findings:
            key = finding.check, finding.column
            if key not in latest or place - latest[key].last > of:
                latest[key] = Alert(*key, place, place)
                found.append(latest[key])
            latest[key].last = place
            latest[key].findings.append(finding)
    return found


def _matched(watched: Watched, checks: list[Check], alerts: list[Alert]) -> list[dict]:
    """Each alert with the records without which it is not raised."""
    kinds = watched.case.table.records if alerts else {}
    without = {kind: _without(watched, record) for kind, record in kinds.items()}
    chance = [_without(watched, Record((), others=partial(_drawn, watched, seed))) for seed in range(_DRAWS)]
    found = []
    for one in alerts:
        begun = min(window.start for window in one.findings[0].windows)
        ended = checks[one.last].window.end
        span = one.check, one.column, begun, ended
        mine = [
            kind
            for kind, others in without.items()
            if (not kinds[kind].columns or one.column in kinds[kind].columns) and not _raised(others(), span)
        ]
        rows = any(kinds[kind].others is not None for kind in mine)
        found.append(
            {
                "check": one.check,
                "column": one.column,
                "first": str(watched.date(one.findings[0].windows[0])),
                "last": str(watched.date(checks[one.last].window)),
                "windows": len(one.findings),
                "size": one.findings[0].measure.size,
                "values": one.findings[0].values[:3],
                "records": mine,
                "by chance": [sum(not _raised(others(), span) for others in chance), _DRAWS] if rows else None,
            }
        )
    return found


def _raised(alerts: list[Alert], span: tuple[str, str, int, int]) -> bool:
    """Whether there is an alert of a check and column in a time."""
    check, column, begun, ended = span
    return any(
        (one.check, one.column) == (check, column)
        and one.findings[0].windows[0].start < ended
        and one.findings[-1].windows[-1].end > begun
        for one in alerts
    )


def _drawn(watched: Watched, seed: int, whole: pl.DataFrame, reference: int) -> pl.Series:
    """As many stores, or products in stores, as the records of the table leave, but drawn by chance."""
    keys = pl.concat_str([pl.col(name).cast(pl.String) for name in watched.case.table.series[0]], separator="|")
    named = whole.select(keys.alias("key"))["key"]
    record = next(one for one in watched.case.table.records.values() if one.others is not None)
    kept = named.filter(record.others(whole, reference)).n_unique()
    every = sorted(named.unique())
    chosen = np.random.default_rng(seed).permutation(len(every))[:kept]
    return named.is_in([every[place] for place in chosen])


def _without(watched: Watched, record: Record) -> Callable[[], list[Alert]]:
    """The alerts when what a record speaks of is taken out; worked out when first asked for."""
    kept: list[list[Alert]] = []

    def found() -> list[Alert]:
        if not kept:
            other = watched if record.others is None else watch(watched.case, record)
            live = [one for place, one in enumerate(other.live) if not _speaks(watched, record, place)]
            kept.append(alerts_of(check_windows(live, other.fitted), watched.case.rules.of))
        return kept[0]

    return found


def _speaks(watched: Watched, record: Record, place: int) -> bool:
    """Whether a record speaks of a day of a window."""
    day = watched.begun + place * watched.case.step
    return any(one in record.days for one in range(day, day + watched.case.step))


def _share(watched: Watched, record: Record) -> float:
    return float(np.mean([_speaks(watched, record, place) for place in range(len(watched.live))]))


def _alone(checks: list[Check]) -> float:
    """The share of checks that are remarkable on their own, of all checks of all columns."""
    return float(np.mean([measure.p <= 0.01 for check in checks for measure in check.measures]))


def _others(watched: Watched) -> dict[str, float]:
    """What KS at p < 0.05 flags of numbers, and PSI > 0.1 of all columns, against the whole reference."""
    live, pooled = (stacked(part, watched.layout) for part in (watched.live, watched.reference))
    flags = usual(live, pooled.counts.sum(0), watched.layout)
    ordered = ~np.isnan(watched.layout.widths[:, 0])
    return {
        "KS p < 0.05": float(flags["KS p < 0.05"][:, ordered].mean()),
        "PSI > 0.1": float(flags["PSI > 0.1"].mean()),
    }


if __name__ == "__main__":
    main()
