"""The page, from raw figures alone."""

from typing import Any

import realpages

TITLES = {"mainspring": "Mainspring", "evidently": "Evidently", "nannyml": "NannyML", "scipy": "SciPy, KS p < 0.05"}
KINDS = ("stationary", "season", "jitter")
BUDGETS = {
    "1M x 20 rows against a stored reference, s": 2,
    "a window from its profile, ms": 5,
    "upkeep, a prediction in batches of 10,000, µs": 10,
    "1M labels joined, s": 5,
}


def render(report: dict[str, Any]) -> str:
    machine = report["machine"]
    tools = ", ".join(f"{TITLES[name].split(',')[0]} {version}" for name, version in report["tools"].items())
    lines = [
        "# Checks of windows",
        "",
        f"Measured {report['date']} by `python bench/monitoring/run.py` on {machine['cores']} cores of "
        f"{machine['cpu']}, {machine['system']}, Python {machine['python']}: {tools}.",
        "",
        "Hourly windows of 20 columns, 28 days of reference. *Season*: means move by 0.2 sd over a day and 0.1 sd over "
        "a week; *jitter*: besides, by 0.02 sd from window to window, of which 0.7 is left after an hour. Nulls are up "
        "to 5% and move as well. KS and PSI compare a window with the whole reference, on the same bins.",
        "",
        *_false_alarms(report["rates"]),
        *_power(report["rates"]),
        *_peers(report),
        *_speeds(report["speeds"]),
        *_year(report["year"]),
        *realpages.lines(report["real"]),
    ]
    return "\n".join(lines) + "\n"


def _false_alarms(rates: list) -> list[str]:
    lines = [
        "## When nothing changes",
        "",
        "Share of feature-windows that one check flags on its own, the mean over references with its one-sided 95% "
        "bound (asked for: at most 1.5%); and alerts a month over all checks, after false-discovery control and "
        "persistence, with the exact bound of a Poisson rate (asked for: at most 1).",
        "",
        "| traffic | rows | drift | nulls | KS p < 0.05 | PSI > 0.1 | alerts a month | months | |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |",
    ]
    for one in rates:
        raw, alerts = one["raw"], one["alerts"]
        cells = [f"{raw[name]['mean']:.2%} (≤ {raw[name]['upper']:.2%})" for name in ("drift", "nulls")]
        cells += [f"{raw[name]['mean']:.1%}" for name in ("KS p < 0.05", "PSI > 0.1")]
        met = max(raw["drift"]["upper"], raw["nulls"]["upper"]) <= 0.015 and alerts["upper"] <= 1
        cells += [
            f"{alerts['mean']:.2f} (≤ {alerts['upper']:.2f})",
            str(alerts["months"]),
            "met" if met else "**not met**",
        ]
        lines.append(f"| {one['kind']} | {one['rows']:,} | {' | '.join(cells)} |")
    return [*lines, ""]


def _power(rates: list) -> list[str]:
    lines = [
        "## When something does",
        "",
        "Found within six windows, of so many episodes of one column, as an alert; the median delay in windows; and "
        "the share of windows that are flagged on their own.",
        "",
        "| traffic | rows | change | episodes found | median delay | by window | KS p < 0.05 | PSI > 0.1 |",
        "| --- | ---: | --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    names = {"shift": "0.15 sd shift", "nulls": "5 points more nulls", "new category": "new category at 1%"}
    for one in rates:
        for fault, found in one["power"].items():
            usual = [f"{one['usual'][name]:.1%}" if fault == "shift" else "" for name in ("KS p < 0.05", "PSI > 0.1")]
            delay = "none found" if found["median delay"] is None else f"{found['median delay']:g}"
            cells = (
                names[fault],
                f"{found['within']} of {found['episodes']}",
                delay,
                f"{found['by window']:.1%}",
                *usual,
            )
            lines.append(f"| {one['kind']} | {one['rows']:,} | {' | '.join(cells)} |")
    return [*lines, ""]


def _peers(report: dict) -> list[str]:
    lines = [
        "## The same rows through each tool",
        "",
        "Feature-windows flagged, of windows drawn as rows from the same traffic: without a change, and with a shift "
        "of 0.15 sd. Each tool with its defaults; the reference of the others is rows of all its hours.",
        "",
        "| tool | rows | stationary | season | jitter | shift found: stationary | season | jitter |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for tool in report["tools"]:
        for rows in (500, 10_000):
            mine = {one["kind"]: one for one in report["rows"] if (one["tool"], one["rows"]) == (tool, rows)}
            cells = [mine[kind][what] for what in ("clean", "shifted") for kind in KINDS]
            lines.append(f"| {TITLES[tool]} | {rows:,} | {' | '.join(_said(cell) for cell in cells)} |")
    lines += [f"- {TITLES[name]} could not be installed: {said}" for name, said in report["errors"].items()]
    lines += [
        "",
        f"One window of {report['large rows']:,} rows and 20 columns, against as many rows of reference (for "
        "Mainspring the profiles of 672 windows); CPU of the check, and the peak of the process.",
        "",
        "| tool | CPU s | peak, MiB |",
        "| --- | ---: | ---: |",
    ]
    lines += [
        f"| {TITLES[one['tool']]} | {one['error'] or format(one['cpu'], '.2f')} | {one['peak'] / 2**20:,.0f} |"
        for one in report["large"]
    ]
    return [*lines, ""]


def _said(share) -> str:
    return share if isinstance(share, str) else f"{share:.1%}"


def _speeds(speeds: dict) -> list[str]:
    lines = ["## What a check costs", "", "CPU, one process.", "", "| what | | asked for |", "| --- | ---: | --- |"]
    for name, value in speeds.items():
        most = BUDGETS.get(name)
        asked = "" if most is None else f"at most {most}: {'met' if value <= most else '**not met**'}"
        lines.append(f"| {name} | {value:.4g} | {asked} |")
    return [*lines, ""]


def _found(year: dict) -> str:
    found = year["windows with findings"]
    return "findings were not counted" if found is None else f"{found} windows with findings"


def _year(year: dict) -> list[str]:
    if not year:
        return ["The year could not be simulated.", ""]
    resident = year["resident, MiB"]
    return [
        f"A year of {year['windows']:,} hourly windows of 20 columns and {year['rows']} rows, each counted, kept, read "
        f"and checked: {year['ms a window']:.1f} ms of CPU a window, {year['MiB on disk']:.0f} MiB on disk, "
        f"{_found(year)}. In memory in the middle of each month, MiB: "
        f"{', '.join(f'{one:.0f}' for one in resident)}; at most {year['peak, MiB']:.0f}.",
        "",
    ]
