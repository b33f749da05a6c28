"""`mainspring models ab`: two versions on what turned out for what they have predicted."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from msgspec import Struct

from mainspring.charts import Table
from mainspring.charts.numbers import moment, number, short
from mainspring.charts.vl_convert import vega_bundle
from mainspring.cli.completing import models, versions
from mainspring.cli.failing import Exit
from mainspring.cli.options import AsJson, HomePath, flat
from mainspring.cli.printing import coloured, mark, numbers, put, put_json, put_pairs, put_table, stamp
from mainspring.config.homes import home_and_settings
from mainspring.errors import InputError
from mainspring.monitoring import Trial, Trying, draw_trial, says_of_trial
from mainspring.monitoring.drawing_trials import arms_table, checks_table, effect_figures
from mainspring.registry import Version, open_registry
from mainspring.stats import Estimate
from mainspring.workspace.monitors import monitor_of
from mainspring.workspace.trials import AB, Drawn, compare_answers

__all__ = ["compare_outcomes"]

Which = Annotated[
    str, typer.Argument(metavar="VERSION", help="A number, `newest`, or an alias.", autocompletion=versions)
]
_NEWEST = "newest"


class Trialling(Struct, frozen=True):
    """Which predictions are compared, and how."""

    unit: Annotated[
        str,
        typer.Option("--unit", metavar="COLUMN", help="The input that the split was made by, if not the answer."),
    ] = ""
    share: Annotated[
        float, typer.Option("--share", metavar="SHARE", help="The share that the first version was to answer.")
    ] = 0.5
    relevant: Annotated[
        float, typer.Option("--relevant", metavar="SHARE", help="The least change that matters, of the loss.")
    ] = 0.05
    output: Annotated[
        str | None, typer.Option("--output", metavar="COLUMN", help="What labels are of; by default as [monitor] says.")
    ] = None
    loss: Annotated[
        str | None, typer.Option("--loss", metavar="LOSS", help="What is compared; by default as [monitor] says.")
    ] = None
    since: Annotated[str, typer.Option("--since", metavar="TIME", help="Only what was predicted from then on.")] = ""
    until: Annotated[str, typer.Option("--until", metavar="TIME", help="Only what was predicted before.")] = ""
    page: Annotated[
        Path | None, typer.Option("--page", metavar="FILE", help="Write the report as a page with its chart.")
    ] = None
    home: HomePath = None

    def compare(self, pair: tuple[Version, Version]) -> AB:
        """Return what came of two versions."""
        monitor = monitor_of(pair[0].name, self.home)
        output = monitor.output if self.output is None else self.output
        span = (_moment(self.since, 0.0), _moment(self.until, float("inf")))
        trying = Trying(self.loss or monitor.loss, self.share, self.relevant, split=bool(self.unit))
        return compare_answers(*pair, self.home, drawn=Drawn(output, self.unit, *span), trying=trying)


def _moment(text: str, otherwise: float) -> float:
    if not text:
        return otherwise
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise InputError(f"'{text}' is no time", None, "Write one such as 2026-01-31 or 2026-01-31T12:00.") from error
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


@flat
def compare_outcomes(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A model.", autocompletion=models)],
    first: Which,
    second: Which,
    *,
    trialling: Trialling,
    as_json: AsJson = False,
) -> None:
    """Compare two versions on what turned out: the effect with its interval, its power, and whether the split holds.

    They have to have predicted at the same time: each a part of the requests, or the second as shadow of the first.
    The interval is for one look at a size that was chosen before. Exit code 1: the split is broken.
    """
    with open_registry(trialling.home) as registry:
        a, b = (registry.resolve(name if one == _NEWEST else f"{name}@{one}") for one in (first, second))
    if a.digest == b.digest:
        both = f"version {a.number}" if a.number == b.number else f"the package {short(a.digest)}"
        fix = f"Name two that differ; see: mainspring models show {name}."
        raise InputError(
            f"'{first}' and '{second}' of '{name}' are both {both}, which has nothing to differ by", None, fix
        )
    found = trialling.compare((a, b))
    names = (f"version {a.number}", f"version {b.number}")
    title = f"{name}: {names[1]} against {names[0]}"
    if trialling.page is not None:
        drawn = draw_trial(found.trial, names, title, vega_bundle(home_and_settings(trialling.home)[0] / "cache"))
        trialling.page.write_text(str(drawn), encoding="utf-8")
    if as_json:
        put_json(_record(found, (a, b)))
    else:
        _print(found, title, names)
    if found.trial.answer == "broken":
        raise typer.Exit(Exit.FAILED)


def _print(found: AB, title: str, names: tuple[str, str]) -> None:
    trial = found.trial
    put(title)
    put()
    kind = "both predicted the same rows" if trial.paired else "each answered a part of the requests"
    put_pairs(
        [
            ("time", f"{moment(found.begun)} to {moment(found.ended)}; {kind}"),
            ("judged", f"'{found.output}' by its {trial.trying.loss} loss"),
            *effect_figures(trial),
        ]
    )
    put()
    put(f"{_glyph(trial)} {says_of_trial(trial, names)}")
    put()
    _put(arms_table(trial, names))
    put()
    _put(checks_table(trial))


def _glyph(trial: Trial) -> str:
    marks = {"better": mark("ok"), "no difference": mark("ok"), "worse": mark("fail"), "broken": mark("fail")}
    return marks.get(trial.answer, coloured("?", "yellow"))


def _put(table: Table) -> None:
    rows = [tuple(_cell(cell) for cell in row) for row in table.rows]
    heads = tuple(column.name for column in table.columns)
    put_table(heads, rows, right=[head for head in heads if head in ("predictions", "units", "labelled", "loss", "p")])


def _cell(cell: Any) -> str:
    if isinstance(cell, int):
        return f"{cell:,}"
    return "" if cell is None else cell if isinstance(cell, str) else number(cell)


def _record(found: AB, pair: tuple[Version, Version]) -> dict[str, Any]:
    trial = found.trial
    arms = [
        {
            "version": version.number,
            "package": short(version.digest),
            "predictions": arm.predictions,
            "units": arm.units,
            "labelled": arm.labelled,
            "loss": numbers(arm.loss),
        }
        for version, arm in zip(pair, trial.arms, strict=True)
    ]
    figures = {name: numbers(getattr(trial, name)) for name in ("p", "relevant", "power", "detectable", "needed")}
    return {
        "name": pair[0].name,
        "answer": trial.answer,
        "paired": trial.paired,
        "output": found.output,
        "loss": trial.trying.loss,
        "begun": stamp(found.begun),
        "ended": stamp(found.ended),
        "arms": arms,
        "effect": _estimate(trial.effect),
        **figures,
        "checks": [{"name": one.name, "p": one.p, "broken": one.broken, "says": one.says} for one in trial.checks],
        "days": [{"day": stamp(one.day), "effect": _estimate(one.effect)} for one in trial.days],
    }


def _estimate(one: Estimate | None) -> dict[str, Any] | None:
    if one is None:
        return None
    return {
        "estimate": one.estimate,
        "low": numbers(one.low),
        "high": numbers(one.high),
        "level": one.level,
        "rows": one.rows,
        "clusters": one.clusters,
    }
