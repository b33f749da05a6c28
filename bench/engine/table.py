"""The report as Markdown, from raw figures alone."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from statistics import median
from typing import Any

from budgets import budgets
from peer import Peer

__all__ = ["render"]

Report = Mapping[str, Any]
Titles = Mapping[str, str]

_CHAINS = [
    "Cold: nothing done before, but for the tool's own set-up command, which has its own column. Unchanged: the same",
    "command again. Shortcut: again, with the tool's option to skip what exists, whatever has changed since.",
    "",
]
_EDITS = [
    "What the next run did with the step concerned. **STALE**: it returned the old result. *In italics*: it did again",
    "what could not have changed. The oracle is plain Python; the steps themselves report when they run.",
    "",
]
_PAIRS = [
    "Of a chain of six steps that take a quarter of a second each, in a project in which nothing ran before.",
    "",
]


def render(report: Report, peers: Sequence[Peer]) -> str:
    """The whole page."""
    titles = {peer.name: peer.title for peer in peers}
    sections: dict[str, Callable[[Report, Titles], list[str]]] = {
        "startup": _startup,
        "chains": _chains,
        "scale": _scale,
        "edits": _edits,
        "pairs": _pairs,
    }
    lines = ["# The engine beside other tools", "", *_preface(report, titles)]
    lines += budgets(report["sections"])
    for name, draw in sections.items():
        if name in report["sections"]:
            lines += ["", *draw(report["sections"][name], titles)]
    lines += ["", "## How each tool is used", ""]
    lines += [
        f"- **{peer.title}**: {'; '.join(peer.remarks)}."
        for peer in peers
        if peer.remarks and peer.name in report["tools"]
    ]
    return "\n".join(lines) + "\n"


def _preface(report: Report, titles: Titles) -> list[str]:
    machine = report["machine"]
    dates = sorted({section["date"] for section in report["sections"].values()})
    tools = ", ".join(f"{titles[name]} {version}" for name, version in report["tools"].items())
    return [
        f"Measured {' and '.join(dates)} by `python bench/engine/run.py` on {machine['cores']} cores of "
        f"{machine['cpu']}, {machine['system']}: {tools}.",
        "",
        "Figures are CPU seconds, user and system, of the whole process tree: medians, and the tools take turns.",
    ]


def grid(head: Sequence[str], rows: Iterable[Sequence[str]], *, words: bool = False) -> list[str]:
    """A Markdown table; the first column is text, the others are figures, or words."""
    marks = ["---", *("---" if words else "---:" for _ in head[1:])]
    return [f"| {' | '.join(row)} |" for row in (head, marks, *rows)]


def _startup(section: Report, titles: Titles) -> list[str]:
    figures = [row for row in section["rows"] if not row["error"]]
    base = next((median(row["cpu"]) for row in figures if row["peer"] == "python"), 0.0)
    rows = [
        (f"{titles[row['peer']]}: `{row['what']}`", f"{median(row['cpu']):.3f}", f"{median(row['cpu']) - base:.3f}", "")
        for row in figures
    ]
    rows += [
        (f"{titles[row['peer']]}: `{row['what']}`", "", "", row["error"]) for row in section["rows"] if row["error"]
    ]
    head = ("Import and help", "CPU s", "over bare Python", "")
    return [f"## Starting up, {section['runs']} runs", "", *grid(head, rows)]


def _chains(section: Report, titles: Titles) -> list[str]:
    lines = [f"## A chain of trivial steps with durable results, {section['runs']} runs", ""]
    lines += _CHAINS
    head = (
        "Tool",
        "Steps",
        "Cold",
        "Unchanged",
        "Shortcut",
        "Cold ÷ steps, ms",
        "Cold ÷ plain Python",
        "Set-up, once",
        "",
    )
    plain = {lane["steps"]: _middle(lane, "cold") for lane in section["lanes"] if lane["peer"] == "python"}
    rows = [_lane(lane, titles[lane["peer"]], plain.get(lane["steps"])) for lane in section["lanes"]]
    return lines + grid(head, rows)


def _lane(lane: Report, title: str, plain: float | None) -> tuple[str, ...]:
    if lane["error"]:
        return (title, str(lane["steps"]), *[""] * 6, lane["error"])
    cold = _middle(lane, "cold") or 0.0
    return (
        title,
        str(lane["steps"]),
        _seconds(cold),
        _seconds(_middle(lane, "unchanged")),
        _seconds(_middle(lane, "shortcut")),
        f"{1000 * cold / lane['steps']:.1f}",
        f"{cold / plain:.1f}" if plain else "",
        _seconds(_middle(lane, "setup")),
        "",
    )


def _middle(lane: Report, what: str) -> float | None:
    return median(one["cpu"] for one in lane[what]) if lane.get(what) else None


def _seconds(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _scale(section: Report, _titles: Titles) -> list[str]:
    lines = [f"## Mainspring at size, {section['runs']} runs", ""]
    if section["error"]:
        return [*lines, section["error"]]
    cpu = {name: median(values) for name, values in section["cpu"].items()}
    sizes = section["sizes"]
    a_call = (cpu["metrics"] - cpu["no metrics"]) / sizes["metrics"]
    rows = [
        (f"{sizes['few_steps']:,} steps", f"{cpu['few steps']:.2f} s"),
        (f"{sizes['many_steps']:,} steps", f"{cpu['many steps']:.2f} s"),
        ("ratio", f"{cpu['many steps'] / cpu['few steps']:.1f}"),
        (f"`mainspring runs list --json` over {sizes['runs']:,} runs", f"{cpu['runs list']:.3f} s"),
        (f"`mainspring.log`, a call, of {sizes['metrics']:,}", f"{1e6 * a_call:.1f} µs"),
    ]
    return lines + grid(("What", "CPU"), rows)


def _edits(section: Report, _titles: Titles) -> list[str]:
    lines = ["## Ten edits after a first run", "", *_EDITS]
    columns = [column for column in section["columns"] if column["peer"] != "python"]
    rows = [
        (edit, *(_verdict(column, edit, needed=section["needed"][edit]) for column in columns))
        for edit in section["edits"]
    ]
    lines += grid(("Edit", *(column["title"] for column in columns)), rows, words=True)
    return lines + [f"\n{column['title']}: {column['error']}" for column in columns if column["error"]]


def _verdict(column: Report, edit: str, *, needed: bool) -> str:
    verdict = column["verdicts"].get(edit, "error")
    if verdict == "STALE":
        return "**STALE**"
    return f"*{verdict}*" if verdict == "re-ran" and not needed else str(verdict)


def _pairs(section: Report, titles: Titles) -> list[str]:
    lines = [f"## Two first runs at once, {section['runs']} trials", ""]
    lines += _PAIRS
    rows = [
        (titles[row["peer"]], "after set-up" if row["prepared"] else "empty", _pair(row)) for row in section["rows"]
    ]
    return lines + grid(("Tool", "Store", "What happened"), rows, words=True)


def _pair(row: Report) -> str:
    if row["error"]:
        return str(row["error"])
    trials = row["trials"]
    crashes = [message for trial in trials for message in trial["crashed"]]
    parts = []
    if crashes:
        parts.append(f"{len(crashes)} of {2 * len(trials)} runs crashed ({crashes[0]})")
    if wrong := sum(trial["wrong"] for trial in trials):
        parts.append(f"{wrong} of {2 * len(trials)} runs returned a wrong result")
    if twice := sum(trial["twice"] for trial in trials):
        parts.append(f"{twice} of {row['steps'] * len(trials)} steps computed twice")
    return "; ".join(parts) or "right: each step computed once, both runs returned it"
