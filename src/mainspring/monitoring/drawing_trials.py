"""Trials of two versions as sentences, tables and a page."""

import time
from typing import Final

from mainspring.charts import Axis, Column, ForestChart, Html, Table, draw_chart, draw_page, draw_table, el
from mainspring.charts.numbers import change, count, number
from mainspring.monitoring.trials import Trial

__all__ = ["arms_table", "checks_table", "draw_trial", "effect_figures", "forest_of_trial", "says_of_trial"]

_STATES: Final = {"broken": "failed", "worse": "failed", "better": "ran", "no difference": "hit"}
_MOST: Final = 28


def says_of_trial(trial: Trial, names: tuple[str, str]) -> str:
    """Return what came of a trial, in a sentence."""
    first, second = names
    said = {
        "broken": "the split is broken: what was found says nothing about the versions",
        "too few": "there are too few labels to say anything: at least 30 units on each side have to have some",
        "better": f"{second} is better than {first}",
        "worse": f"{second} is worse than {first}",
        "no difference": f"{first} and {second} do not differ by what matters",
        "open": "it is open which is better",
    }[trial.answer]
    if trial.answer == "open" and trial.needed > 1:
        said += f": to find the change that matters takes {trial.needed:.1f} times as many labels"
    return said


def arms_table(trial: Trial, names: tuple[str, str]) -> Table:
    """Return a row for each side."""
    columns = [Column("version"), *(Column(name) for name in ("predictions", "units", "labelled", "loss"))]
    rows = [
        (name, arm.predictions, arm.units, arm.labelled, arm.loss if arm.loss == arm.loss else None)
        for name, arm in zip(names, trial.arms, strict=True)
    ]
    return Table(columns, rows)


def effect_figures(trial: Trial) -> list[tuple[str, str]]:
    """Return the effect, its interval, and what could have been found, each with its name; nothing where none is."""
    effect = trial.effect
    if effect is None:
        return []
    loss = abs(trial.arms[0].loss)

    def signed(value: float) -> str:
        return change(value, 0.0) + (f" ({change(100 * value / loss, 0.0)}%)" if loss else "")

    return [
        ("effect", signed(effect.estimate)),
        ("interval", f"{signed(effect.low)} to {signed(effect.high)}, at {effect.level:.0%}; p = {number(trial.p)}"),
        ("power", f"{trial.power:.0%} to find {signed(trial.relevant)}, the least that matters"),
        ("findable", f"{signed(trial.detectable)}, with a chance of 80%"),
        ("clusters", count(effect.clusters, "unit")),
    ]


def checks_table(trial: Trial) -> Table:
    """Return a row for each check of the split."""
    columns = [Column("check"), Column("answer"), Column("p"), Column("what")]
    rows = [(one.name, "broken" if one.broken else "holds", one.p, one.says) for one in trial.checks]
    return Table(columns, rows)


def forest_of_trial(trial: Trial) -> ForestChart | None:
    """Return the effect, of all days and of each, in per cent of the loss of the first version."""
    loss = abs(trial.arms[0].loss)
    if trial.effect is None or not loss > 0:
        return None
    named = [("all days", trial.effect)]
    named += [(time.strftime("%Y-%m-%d", time.gmtime(one.day)), one.effect) for one in trial.days[-_MOST:]]
    figures = [
        tuple(100 * value / loss for value in (one.estimate, one.low, one.high, trial.relevant)) for _, one in named
    ]
    title = "Loss of the second version against the first, with its interval; the bar is the least change that matters"
    return ForestChart(title, Axis("more loss", "%"), [name for name, _ in named], *zip(*figures, strict=True))


def draw_trial(trial: Trial, names: tuple[str, str], title: str, bundle: str | None = None) -> Html:
    """Return a trial as a page.

    Args:
        trial: What came of it.
        names: What the versions are called.
        title: The heading.
        bundle: The script that draws charts; without it their numbers are shown.
    """
    chart = forest_of_trial(trial)
    drawn = []
    if chart is not None:
        drawn = [el("p", chart.title, class_="note"), draw_chart(chart, drawn=bundle is not None)]
    figures = effect_figures(trial)
    effect = Table([Column(""), Column(f"{trial.trying.loss} loss")], figures)
    said = says_of_trial(trial, names)
    body = (
        el("h1", title),
        el("p", f"{said[0].upper()}{said[1:]}."),
        draw_table(arms_table(trial, names)),
        [el("h2", "Effect"), draw_table(effect), drawn] if figures else [],
        el("h2", "Does the split hold?"),
        draw_table(checks_table(trial)),
    )
    return draw_page(title, *body, state=_STATES.get(trial.answer, "skipped"), bundle=bundle)
