"""What findings have to tell: for each check one sentence, the numbers, a chart and rows that show it."""

import re
from collections.abc import Mapping, Sequence
from math import exp, inf
from typing import Any, Final

import msgspec

from mainspring.monitoring.checking import Check, Finding, Measure
from mainspring.monitoring.labels import Quality
from mainspring.monitoring.skewing import Skew
from mainspring.monitoring.streams import Figured, Moved
from mainspring.stats import Cusum
from mainspring.tracking.alert_rows import Raised

__all__ = ["raised_by_check", "raised_by_errors", "raised_by_figures", "raised_by_finding", "raised_by_skew"]

Examples = Mapping[tuple[str, str], Sequence[Mapping[str, Any]]]

_DRAWN: Final = 48  # windows of a chart
_SLOW: Final = 72  # windows of a chart of what leaks, out of all that say so
_LAST: Final = 12  # and those that may show a jump as well
_COLUMNS: Final = 6  # columns of a chart
_NOTHING: Final = 1e-12
_ROW: Final = re.compile(r"(.+) row (\d+)")
_SIZED: Final = ("drift", "correlation")  # of which the size is drawn; of others the value
_UNITS: Final = {"drift": "size", "correlation": "size", "volume": "rows", "latency": "ms"}


def raised_by_check(check: Check, before: Sequence[Check] = (), examples: Examples | None = None) -> tuple[Raised, ...]:
    """Return what a window has to tell: what each check found in it, with all its columns together.

    Args:
        check: What came of the window.
        before: The checks of the windows before it, the latest last, for the chart.
        examples: Rows that show a finding, by its check and column: `id`, `row` and `values` of each. They are kept
            beside the alert and never sent.
    """
    grouped: dict[str, list[Finding]] = {}
    for finding in check.findings:
        grouped.setdefault(finding.check, []).append(finding)
    recent = [*before[-(_DRAWN - 1) :], check]
    return tuple(_raised(findings, check.window.segment, recent, examples or {}) for findings in grouped.values())


def raised_by_finding(finding: Finding) -> Raised:
    """Return what a finding has to tell that no window was compared for, such as that of `stale`."""
    segment = finding.windows[-1].segment if finding.windows else ""
    return _raised([finding], segment, [], {})


def raised_by_errors(windows: Sequence[Quality], found: Cusum) -> tuple[Raised, ...]:
    """Return what the errors of labelled windows have to tell; nothing while their sums are within the limit.

    Args:
        windows: Those that were followed, the latest last.
        found: What `ErrorStream.follow` said of them.
    """
    if not windows or max(float(found.up[-1]), float(found.down[-1])) <= found.limit:
        return ()
    recent, earlier = windows[found.since :], windows[: found.since]
    value, usual = _mean_loss(recent), _mean_loss(earlier)
    higher = float(found.up[-1]) >= float(found.down[-1])
    than = "" if usual is None else f" where {usual:.4g} was usual before"
    says = (
        f"The mean loss has been {'higher' if higher else 'lower'} for {len(recent):,} windows: {value or 0:.4g}{than}"
    )
    known = [one for one in windows[-_DRAWN:] if one.loss is not None]
    labelled = sum(one.labelled for one in recent)
    finding = {
        "check": "errors",
        "column": "",
        "value": value,
        "expected": usual,
        "since": recent[0].window.start if recent else None,
        "labelled": labelled,
        "predictions": sum(one.predictions for one in recent),
    }
    chart = {
        "what": "mean loss",
        "starts": [one.window.start for one in known],
        "series": [{"name": "loss", "values": [one.loss for one in known], "low": [], "high": []}],
    }
    record = _encoded({"findings": [finding], "chart": chart})
    size = 0.0 if value is None or usual is None else value - usual
    return (Raised("errors", (), windows[-1].window.segment, size, says, record),)


def raised_by_skew(found: Skew, files: Sequence[str] = ()) -> tuple[Raised, ...]:
    """Return what skew has to tell; nothing where serving and training agree.

    Args:
        found: What `skew` said.
        files: The tables of what was computed later, as people know them.
    """
    if not found:
        return ()
    columns = tuple(sorted(found.differing, key=lambda name: -found.differing[name]))
    worst = max(found.differing.values(), default=0)
    parts = [f"'{name}' differs in {found.differing[name]:,}" for name in columns[:_COLUMNS]]
    said = f"Of {found.rows:,} rows {', '.join(parts)} from what was served" if parts else "Serving and training differ"
    lacks = f"; only one side has {', '.join(found.missing)}" if found.missing else ""
    findings = [
        {
            "check": "skew",
            "column": name,
            "unit": "rows",
            "value": found.differing[name],
            "expected": 0,
            "rows": found.rows,
        }
        for name in columns
    ]
    examples = [
        {
            "column": one.column,
            **_row_of(one.key),
            "values": {"served": one.served, "expected": one.expected, "time": one.time},
        }
        for one in found.examples
    ]
    record = _encoded({"findings": findings, "examples": examples, "links": {"files": list(files)} if files else {}})
    size = worst / found.rows if found.rows else 0.0
    return (Raised("skew", (*columns, *found.missing), "", size, f"{said}{lacks}", record),)


def _row_of(key: str) -> dict[str, Any]:
    """The prediction, and its row, of a key such as `019c… row 3`."""
    found = _ROW.fullmatch(key)
    return {"id": found[1], "row": int(found[2])} if found else {"id": key, "row": 0}


def raised_by_figures(check: str, figures: Sequence[Figured]) -> tuple[Raised, ...]:
    """Return what figures of a service or of training have to tell; nothing while none has moved.

    The size is how many times further from what is usual the worst of them is than its band reaches.

    Args:
        check: What they are figures of: `service` or `training`.
        figures: The figures over time.
    """
    found = [(one, one.moved) for one in figures if one.moved is not None and one.found]
    if not found:
        return ()
    findings = [_finding(check, one, moved) for one, moved in found]
    says = "; ".join(f"'{one.name}' {one.told}" for one, _ in found)
    record = _encoded({"findings": findings, "chart": _over_time(check, found)})
    size = max(one["size"] / one["threshold"] for one in findings)
    return (Raised(check, tuple(one.name for one, _ in found), "", size, says, record),)


def _finding(check: str, one: Figured, moved: Moved) -> dict[str, Any]:
    reach = abs(moved.band[moved.value > moved.expected] - moved.expected)
    return {
        "check": check,
        "column": one.name,
        "unit": one.unit,
        "value": moved.value,
        "expected": moved.expected,
        "size": abs(moved.value - moved.expected),
        "threshold": max(reach, _NOTHING),
        "band": moved.band,
        "adjusted": moved.p if moved.jump else moved.trend.p,
        "kind": "jump" if moved.jump else "leak",
        "a_day": moved.trend.slope,
        "says": one.told,
    }


def _over_time(check: str, found: Sequence[tuple[Figured, Moved]]) -> dict[str, Any]:
    """Figures beside their bands: the last of them, and what leaks over all the time in which it does."""
    known: list[dict[float, tuple[float, ...]]] = []
    for one, moved in found[:_COLUMNS]:
        count = len(moved.bands)
        figures = ((value, *band) for value, band in zip(one.values[-count:], moved.bands, strict=True))
        drawn = [tuple(float(f"{figure:.6g}") for figure in row) for row in figures]
        known.append(dict(zip(one.times[-count:], drawn, strict=True)))
    starts = sorted({at for rows in known for at in rows})
    leaks = any(moved.leak for _, moved in found)
    apart = -(-len(starts) // _SLOW)
    starts = sorted({*starts[::-apart], *starts[-_LAST:]}) if leaks else starts[-_DRAWN:]
    series = []
    for (one, _), rows in zip(found, known, strict=False):
        values, low, high = zip(*(rows.get(at, (None, None, None)) for at in starts), strict=True)
        series.append({"name": one.name, "unit": one.unit, "values": values, "low": low, "high": high})
    each = "run" if check == "training" else "window"
    return {"what": found[0][0].unit, "each": each, "starts": starts, "series": series}


def _raised(findings: Sequence[Finding], segment: str, recent: Sequence[Check], examples: Examples) -> Raised:
    first = findings[0]
    columns = tuple(one.column for one in findings if one.column)
    others = columns[1:]
    more = f"; likewise {', '.join(others[:_COLUMNS])}" if others else ""
    more += f" and {len(others) - _COLUMNS:,} more" if len(others) > _COLUMNS else ""
    of = f" (of {segment})" if segment else ""
    rows = [{"column": one.column, **row} for one in findings for row in examples.get((one.check, one.column), ())]
    record = {"findings": [_recorded(one) for one in findings], "examples": rows, "chart": _chart(findings, recent)}
    size = max((one.measure.size for one in findings), key=abs)
    windows = tuple(sorted({window.start for one in findings for window in one.windows}))
    return Raised(first.check, columns, segment, size, f"{first.says}{of}{more}", _encoded(record), windows)


def _recorded(one: Finding) -> dict[str, Any]:
    measure = one.measure
    return {
        "check": one.check,
        "column": one.column,
        "size": measure.size,
        "value": _said(one.check, measure.value),
        "expected": _said(one.check, measure.expected),
        "threshold": measure.threshold,
        "p": measure.p,
        "by": measure.by,
        "adjusted": one.adjusted,
        "band": [_said(one.check, end) for end in one.band],
        "windows": [window.start for window in one.windows],
        "says": one.says,
        "values": one.values,
    }


def _chart(findings: Sequence[Finding], recent: Sequence[Check]) -> dict[str, Any]:
    """The figures of the columns over the last windows, with the band that would have been unremarkable in each."""
    if not recent:
        return {}
    check = findings[0].check
    series = []
    for column in [one.column for one in findings[:_COLUMNS]]:
        found = [_measured(one, check, column) for one in recent]
        drawn = [(None, None, None) if one is None else _drawn(one) for one in found]
        values, low, high = zip(*drawn, strict=True)
        series.append({"name": column, "values": values, "low": low, "high": high})
    return {
        "what": _UNITS.get(check, "share"),
        "starts": [one.window.start for one in recent],
        "series": series,
    }


def _measured(check: Check, name: str, column: str) -> Measure | None:
    return next((one for one in check.measures if (one.check, one.column) == (name, column)), None)


def _drawn(one: Measure) -> tuple[float, ...]:
    """What is drawn of a measure: a figure as people say it, and its band."""
    if one.check in _SIZED:
        return one.size, 0.0, one.threshold
    low = one.expected - one.threshold if one.check == "volume" else -inf if one.check == "latency" else 0.0
    return tuple(_said(one.check, figure) for figure in (one.value, low, one.expected + one.threshold))


def _said(check: str, figure: float) -> float:
    """A figure as people say it: rows and milliseconds, where checks go by logarithms of rows and microseconds."""
    if check == "latency":
        return exp(figure) / 1000
    return exp(figure) if check == "volume" else figure


def _mean_loss(windows: Sequence[Quality]) -> float | None:
    labelled = sum(one.labelled for one in windows if one.loss is not None)
    if not labelled:
        return None
    return sum((one.loss or 0.0) * one.labelled for one in windows) / labelled


def _encoded(record: Mapping[str, Any]) -> str:
    return msgspec.json.encode({name: value for name, value in record.items() if value}, enc_hook=str).decode()
