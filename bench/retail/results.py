"""The report as Markdown, from raw figures alone."""

from collections.abc import Mapping, Sequence
from typing import Any

Report = Mapping[str, Any]

_PREFACE = [
    "Every method forecasts the same folds, is told which days are closed, and is scored on the same days: those on",
    "which a store was open, or a product on sale; all days beside them. Loss is the pinball loss, mean over quantiles",
    "and rows. Intervals are 95 %, paired, of blocks of a series and a calendar week, a date with all its folds; after",
    "a semicolon stands the interval that draws series and weeks apart: it allows for what all series of a week share.",
]
_BEYOND = [
    "The best baseline is the best of the four that the pipeline itself compares with. The same against every method",
    "of this page, the plain script and mlforecast too:",
]


def render(report: Report) -> str:
    lines = [
        "# Retail forecasts beside other methods",
        "",
        "Measured by `python bench/retail/run.py`; `results.json` beside this page has the raw figures.",
        "",
    ]
    lines += _PREFACE
    for name, found in report["sets"].items():
        lines += ["", *_data_set(name, found)]
    return "\n".join(lines) + "\n"


def _data_set(name: str, found: Report) -> list[str]:
    plan, titles = found["config"], found["titles"]
    lines = [
        f"## {name}",
        "",
        f"{plan['folds']} folds of {plan['horizon']} periods, with a delay of {plan['delay']}; {found['rows']:,} rows "
        f"are scored; loss in {plan['unit']}; mlforecast {found['versions']['mlforecast']}; measured {found['date']}.",
        "",
    ]
    against = {row["against"]: row for row in found["differences"]}
    simple = next(row["pinball"] for row in found["board"] if row["method"] == "rolling quantiles")
    rows = []
    for row in found["board"]:
        other = against.get(row["method"])
        rows.append(
            [
                titles[row["method"]],
                _number(row["pinball"]),
                f"{row['pinball'] / simple:.3f}",
                _number(row["pinball, all days"]),
                _number(row["WAPE"]),
                "" if other is None else _interval(other, "difference"),
                "" if other is None else _interval(other, "ratio"),
                f"{found['seconds'][row['method']]:.0f}" if row["method"] in found["seconds"] else "",
            ]
        )
    head = ["Method", "Loss", "÷ rolling", "All days", "WAPE", "Example less method", "Example ÷ method", "CPU seconds"]
    lines += [*_grid(head, rows), "", "Loss at each quantile:", ""]
    levels = [f"{level:g}" for level in found["levels"]]
    rows = [[titles[row["method"]], *(_number(row[level]) for level in levels)] for row in found["levels of loss"]]
    for best, ratios in (("best baseline", found["ratios"]), ("best other method", found["ratios of all"])):
        rows.append([best, *(titles[row["best baseline"]] for row in ratios)])
        rows.append([f"example ÷ {best}", *(_interval(row, "ratio") for row in ratios)])
    said = "Share of scored days below the quantile, and at most at it:"
    lines += [*_grid(["Method", *levels], rows), "", said, ""]
    rows = [
        [titles[method], *(f"{row['P(y < q)']:.3f} to {row['P(y <= q)']:.3f}" for row in one)]
        for method, one in found["coverage"].items()
    ]
    lines += [*_grid(["Method", *levels], rows), "", "What the example is to reach:", ""]
    lines += [*_met("Aim", found["aims"]), "", *_BEYOND, ""]
    return lines + _met("Beyond the aims", found["beyond"])


def _met(head: str, rows: Sequence[Report]) -> list[str]:
    said = [[row["aim"], row["reached"], "yes" if row["met"] else "**no**"] for row in rows]
    return _grid([head, "Reached", "Met"], said)


def _number(value: Any) -> str:
    return value if isinstance(value, str) else f"{value:.4g}"


def _interval(row: Report, name: str) -> str:
    if isinstance(row[name], str):
        return str(row[name])
    said = f"{row[name]:.4g} ({row[f'{name}, low']:.4g} to {row[f'{name}, high']:.4g}"
    wide = f"; {row['weeks apart, low']:.3g} to {row['weeks apart, high']:.3g}" if name == "ratio" else ""
    return f"{said}{wide})"


def _grid(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    marks = ["---", *("---:" for _ in head[1:])]
    return [f"| {' | '.join(row)} |" for row in (head, marks, *rows)]
