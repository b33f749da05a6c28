"""Mainspring's own budgets, against what was measured."""

from collections.abc import Mapping
from statistics import median
from typing import Any

__all__ = ["budgets"]

Section = Mapping[str, Any]


def budgets(sections: Mapping[str, Section]) -> list[str]:
    """A table of the budgets whose figures are there; nothing when there are none."""
    rows = [
        f"| {what} | {figure:.3g} {unit} | {limit:g} {unit} | {'yes' if figure <= limit else '**no**'} |"
        for what, figure, limit, unit in [*_startup(sections), *_chain(sections), *_scale(sections)]
    ]
    if not rows:
        return []
    return ["", "## Budgets", "", "| What | Measured | At most | Kept |", "| --- | ---: | ---: | --- |", *rows]


def _starts(sections: Mapping[str, Section]) -> dict[str, float]:
    rows = sections.get("startup", {}).get("rows", [])
    return {row["what"]: median(row["cpu"]) for row in rows if row["cpu"]}


def _startup(sections: Mapping[str, Section]) -> list[tuple[str, float, float, str]]:
    starts = _starts(sections)
    bare = starts.get("pass", 0.0)
    limits = {"import mainspring": 0.1, "mainspring --help": 0.2}
    return [
        (f"`{what}`, over bare Python", starts[what] - bare, limit, "s")
        for what, limit in limits.items()
        if what in starts
    ]


def _chain(sections: Mapping[str, Section]) -> list[tuple[str, float, float, str]]:
    lanes = sections.get("chains", {}).get("lanes", [])
    found = [lane for lane in lanes if lane["peer"] == "mainspring" and lane["steps"] == 100 and not lane["error"]]
    if not found or "mainspring --help" not in (starts := _starts(sections)):
        return []
    over = starts["mainspring --help"]
    cold, unchanged = (median(one["cpu"] for one in found[0][what]) for what in ("cold", "unchanged"))
    return [
        ("100 steps, cold, over `mainspring --help`", cold - over, 0.6, "s"),
        ("100 steps, unchanged, over `mainspring --help`", unchanged - over, 0.15, "s"),
    ]


def _scale(sections: Mapping[str, Section]) -> list[tuple[str, float, float, str]]:
    section = sections.get("scale", {})
    if not section or section["error"]:
        return []
    cpu = {name: median(values) for name, values in section["cpu"].items()}
    sizes = section["sizes"]
    a_call = 1e6 * (cpu["metrics"] - cpu["no metrics"]) / sizes["metrics"]
    ratio = cpu["many steps"] / cpu["few steps"]
    return [
        (f"{sizes['many_steps']:,} steps, times {sizes['few_steps']:,} steps", ratio, 110, ""),
        (f"`mainspring runs list` over {sizes['runs']:,} runs", cpu["runs list"], 0.3, "s"),
        ("`mainspring.log`, a call", a_call, 20, "µs"),
    ]
