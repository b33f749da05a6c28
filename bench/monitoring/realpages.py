"""The part of the page on real tables, from raw figures alone."""

from typing import Any

Case = dict[str, Any]


def lines(cases: list[Case]) -> list[str]:
    return [
        "## On real tables, nothing planted",
        "",
        "Rossmann: 100 stores a day, 2013-01-01 to 2015-07-31; M5: 28 products in 10 stores a day, 2011-01-29 to "
        "2016-04-24. Each window holds the rows of its days, sales among them; the first windows are the reference. An "
        "alert is what is found of one check of one column, until it is no more for as many windows as are looked back "
        "on. It is matched to a record of the table when it is not raised once the days, or the rows, of that record "
        "are taken out, and is when as many rows drawn by chance are, in two of three draws at least; what is left is "
        "unexplained. *Declared*: days carry a key that is known ahead (promotion, "
        "holiday, the weeks before Christmas, events). After 28 days of reference it is a cold start.",
        "",
        "| windows | rows | reference | checked | alerts | matched | unexplained | alone | KS p < 0.05 | PSI > 0.1 |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
        *(_counted(one) for one in cases),
        "",
        "Alone: the share of all checks that are remarkable by themselves at 1%, of which nobody is told. KS and PSI: "
        "the share of columns in windows that they flag, KS of numbers.",
        "",
        "By chance: in how many of three draws the alert is not raised either, when as many stores, or products in "
        "stores, are left as the record leaves, but drawn by chance.",
        "",
        "| windows | alert | from | to | windows | size | record | by chance |",
        "| --- | --- | --- | --- | ---: | ---: | --- | ---: |",
        *(line for one in cases for line in _alerts(one)),
        "",
        *_shares(cases),
        *_planted([one for one in cases if "planted" in one]),
        *_errors([one for one in cases if "errors" in one]),
    ]


def _counted(one: Case) -> str:
    matched = sum(_is_matched(alert) for alert in one["alerts"])
    count = len(one["alerts"])
    title = one["title"] + (" (cold start)" if one["cold"] else "")
    usual = one["usual"]
    return (
        f"| {title} | {one['rows']:,} | {one['reference']} | {one['checked']:,}, {one['months']:.0f} months | "
        f"{count} | "
        f"{matched} | {count - matched} | {one['alone']:.2%} | {usual['KS p < 0.05']:.1%} | {usual['PSI > 0.1']:.1%} |"
    )


def _alerts(one: Case) -> list[str]:
    return [
        f"| {one['title']} | {alert['check']} {alert['column']}{_values(alert)} | {alert['first']} | {alert['last']} | "
        f"{alert['windows']} | {alert['size']:.2f} | {_record(alert)} | {_chance(alert)} |"
        for alert in one["alerts"]
    ]


def _is_matched(alert: dict[str, Any]) -> bool:
    """Whether it goes with a record, and with as much by chance in no more than half of the draws."""
    gone, draws = alert["by chance"] or (0, 1)
    return bool(alert["records"]) and 2 * gone <= draws


def _record(alert: dict[str, Any]) -> str:
    told = "; ".join(alert["records"])
    if _is_matched(alert):
        return told
    return f"**unexplained**: {told} no more than by chance" if told else "**unexplained**"


def _chance(alert: dict[str, Any]) -> str:
    return "{} of {}".format(*alert["by chance"]) if alert["by chance"] else ""


def _values(alert: dict[str, Any]) -> str:
    return f" ({', '.join(alert['values'])})" if alert["values"] else ""


def _shares(cases: list[Case]) -> list[str]:
    """How much of the time records speak of: the more, the less a match says."""
    found: dict[str, dict[str, float]] = {}
    for one in cases:
        found.setdefault(one["table"], one["records"])
    said = [
        f"{table}: " + ", ".join(f"{kind} {share:.0%}" for kind, share in shares.items())
        for table, shares in found.items()
    ]
    return [f"Share of checked days that such records speak of. {'; '.join(said)}.", ""]


def _planted(cases: list[Case]) -> list[str]:
    if not cases:
        return []
    titles = [one["title"] for one in cases]
    names = {(fault["kind"], fault["size"]): None for one in cases for fault in one["planted"]}
    rows = []
    for kind, size in names:
        cells = []
        for one in cases:
            fault = next(fault for fault in one["planted"] if (fault["kind"], fault["size"]) == (kind, size))
            delay = f", {fault['days'][len(fault['days']) // 2]} d" if fault["days"] else ""
            others = f" ({fault['elsewhere']})" if fault["elsewhere"] else ""
            cells.append(f"{fault['found']}/{fault['episodes']}{delay}{others}")
        rows.append(f"| {kind} {size} | {' | '.join(cells)} |")
    return [
        "## On real tables, changes planted",
        "",
        "Each change at twelve moments, for 28 days (42 in weeks): found at the column where it is, of so many, with "
        "the median delay in days; in brackets in how many another column was named as well by then. What is found "
        "without the change does not count. Sales, units: jumps, growth and another unit; nulls in them; categories of "
        "store or department; the flag is the promotion or SNAP; rows twice or lost are of the window as a whole.",
        "",
        f"| planted | {' | '.join(titles)} |",
        f"| --- | {' | '.join('---:' for _ in titles)} |",
        *rows,
        "",
    ]


def _errors(cases: list[Case]) -> list[str]:
    found = [
        "## On real tables, errors of a forecast",
        "",
        "The mean of the last four days of the same weekday and promotion; cumulative sums of its mean absolute error, "
        "which begin again after an alarm. Matched: one of the seven days up to the alarm is on record; in brackets "
        "the share of all days of which that is so. Planted: the level is higher for 28 days.",
        "",
        "| windows | alarms | matched | unexplained | +10 % | +20 % | +40 % |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for one in cases:
        told = one["errors"]
        matched = {alarm for alarms in told["records"].values() for alarm in alarms}
        cells = []
        for fault in told["planted"]:
            delay = f", {fault['days'][len(fault['days']) // 2]} d" if fault["days"] else ""
            cells.append(f"{len(fault['days'])}/{fault['episodes']}{delay}")
        count = len(told["alarms"])
        cells = [f"{len(matched)} ({told['chance']:.0%})", str(count - len(matched)), *cells]
        found.append(f"| {one['title']} | {count} | {' | '.join(cells)} |")
    return [*found, ""]
