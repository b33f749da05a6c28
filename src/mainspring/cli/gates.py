"""`mainspring promote`, `rollback` and `gates`: who becomes champion, and why or why not."""

import getpass
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from mainspring.charts.numbers import moment, number
from mainspring.charts.vl_convert import vega_bundle
from mainspring.cli.completing import versions
from mainspring.cli.failing import Exit
from mainspring.cli.models import Deciding, ModelName
from mainspring.cli.options import AsJson, HomePath, flat
from mainspring.cli.printing import coloured, mark, put, put_json, put_table, stamp
from mainspring.config.homes import home_and_settings
from mainspring.quality import Compared, Report, decode_report, draw_gates
from mainspring.registry import Decision, open_registry
from mainspring.workspace.gating import Promotion, judge
from mainspring.workspace.gating import promote as promote_version

__all__ = ["GATES", "promote", "rollback"]

_WIDTH = 33
_NEWEST = "newest"
Which = Annotated[
    str,
    typer.Argument(metavar="VERSION", help="A number, `newest`, or an alias.", autocompletion=versions),
]


@flat
def promote(
    name: ModelName, version: Which, *, decision: Deciding, home: HomePath = None, as_json: AsJson = False
) -> None:
    """Make a version the champion if it passes its gates, those of [gates]; what was champion is then `previous`."""
    found = promote_version(
        name, _number(name, version, home), who=decision.by or getpass.getuser(), why=decision.why, home=home
    )
    if as_json:
        put_json(_promotion(found))
    else:
        _put_promotion(found)
    if found.decision is None:
        raise typer.Exit(Exit.FAILED)


@flat
def rollback(name: ModelName, *, decision: Deciding, home: HomePath = None, as_json: AsJson = False) -> None:
    """Make `previous` the champion again, and the champion `previous`."""
    with open_registry(home) as registry:
        made = registry.rollback(name, who=decision.by or getpass.getuser(), why=decision.why)
    if as_json:
        put_json(_decision(made))
        return
    put(f"{name}@champion is version {made.target} again, before version {made.source}")


def run(
    name: ModelName,
    version: Which = _NEWEST,
    *,
    page: Annotated[
        Path | None, typer.Option("--page", metavar="FILE", help="Write the report as a page with its chart.")
    ] = None,
    home: HomePath = None,
    as_json: AsJson = False,
) -> None:
    """Run the gates for a version, by default the newest, and say of each what it found. Nothing is promoted."""
    report = judge(name, _number(name, version, home), home)
    if page is not None:
        drawn = draw_gates(report, _title(report), vega_bundle(home_and_settings(home)[0] / "cache"))
        page.write_text(str(drawn), encoding="utf-8")
    _put_report(report, as_json=as_json)


def show(name: ModelName, version: Which = _NEWEST, *, home: HomePath = None, as_json: AsJson = False) -> None:
    """Show what the gates last said of a version, by default the newest."""
    number_of = _number(name, version, home)
    with open_registry(home) as registry:
        kept = registry.gate_reports(name, number_of)
        signed = registry.signed(name, number_of)
    if not kept:
        put(f"the gates have not run for version {number_of}; run: mainspring gates run {name} {number_of}")
        return
    if not as_json:
        put(f"run {moment(kept[0].made)}" + "".join(f"; signed by {one.who}: {one.note}" for one in signed))
    _put_report(decode_report(kept[0].record), as_json=as_json)


def sign(
    name: ModelName,
    version: Which,
    *,
    note: Annotated[str, typer.Option(metavar="TEXT", help="What was looked at; it stays on record.")],
    by: Annotated[str | None, typer.Option(metavar="WHO", help="Who stands for it; by default you.")] = None,
    home: HomePath = None,
    as_json: AsJson = False,
) -> None:
    """Stand for a version, where [gates] asks for a person's sign-off."""
    number_of = _number(name, version, home)
    with open_registry(home) as registry:
        made = registry.sign(name, number_of, who=by or getpass.getuser(), note=note)
    if as_json:
        put_json({"name": name, "number": number_of, "who": made.who, "note": made.note, "made": stamp(made.made)})
        return
    put(f"{made.who} stands for {name} version {number_of}")


def _number(name: str, version: str, home: Path | None) -> int:
    with open_registry(home) as registry:
        return registry.resolve(name if version == _NEWEST else f"{name}@{version}").number


def _put_report(report: Report, *, as_json: bool) -> None:
    if as_json:
        put_json(_report(report))
    else:
        _put_gates(report)
    if not report.passed:
        raise typer.Exit(Exit.FAILED)


def _put_promotion(found: Promotion) -> None:
    version = found.version
    if found.report is not None:
        _put_gates(found.report)
        put()
    if found.decision is None:
        put(f"{version.name} version {version.number} is not promoted")
        return
    said = "already" if found.already else "now"
    before = found.decision.source
    after = "" if found.already or before is None else f", before version {before}"
    put(f"{version.name}@champion is {said} version {version.number}{after}")


def _title(report: Report) -> str:
    other = "" if report.against is None else f" against the champion, version {report.against}"
    return f"{report.model} version {report.number}{other}: {report.answer}"


def _put_gates(report: Report) -> None:
    kind = {True: "; the package is a refit", False: "; the package is the evaluated model"}
    days = f"; scored on {report.rows:,} rows from {report.first} to {report.last}" if report.rows else ""
    said = "" if report.is_refit is None else kind[report.is_refit]
    put(f"{_title(report)}{said}{days}")
    put()
    put_table(
        ("", "gate", "answer", "says"),
        [(_glyph(one.answer), one.name, one.answer, one.says) for one in report.gates],
    )
    rows = [one for gate in report.gates for one in gate.compared]
    if rows:
        put()
        put_table(
            ("compared with", "loss", "its loss", "more", "from", "to", "limit", _scale(rows), "answer"),
            [_drawn(one, rows) for one in rows],
            right=("loss", "its loss", "more", "from", "to", "limit"),
        )
    for gate in report.gates:
        if gate.fix:
            put()
            put(f"to pass {gate.name}: {gate.fix}")


def _glyph(answer: str) -> str:
    return {"pass": mark("ok"), "fail": mark("fail")}.get(answer, coloured("?", "yellow"))


def _ends(rows: Sequence[Compared]) -> tuple[float, float]:
    ends = [0.0, *(value for one in rows for value in (one.low, one.high, one.limit))]
    low, high = min(ends), max(ends)
    return (low, high) if high > low else (low - 0.01, high + 0.01)


def _scale(rows: Sequence[Compared]) -> str:
    low, high = (f"{100 * end:+.0f} %".replace("-", "\N{MINUS SIGN}") for end in _ends(rows))
    return f"{low}{high:>{_WIDTH - len(low)}}"


def _drawn(one: Compared, rows: Sequence[Compared]) -> tuple[str, ...]:
    low, high = _ends(rows)

    def place(value: float) -> int:
        return min(_WIDTH - 1, max(0, round((value - low) / (high - low) * (_WIDTH - 1))))

    line = [" "] * _WIDTH
    line[place(0.0)] = "┊"
    for at in range(place(one.low), place(one.high) + 1):
        line[at] = "─"
    line[place(one.limit)] = "┃"
    line[place(one.estimate)] = "●" if one.answer == "pass" else "○"
    shares = (f"{100 * value:+.1f} %".replace("-", "\N{MINUS SIGN}") for value in (one.estimate, one.low, one.high))
    limit = f"{100 * one.limit:+.1f} %" if one.limit else "0 %"
    return (one.what, number(one.loss), number(one.other), *shares, limit, "".join(line), one.answer or "not judged")


def _report(report: Report) -> dict[str, Any]:
    made: dict[str, Any] = msgspec.to_builtins(report)
    return {"answer": report.answer, **made}


def _decision(made: Decision) -> dict[str, Any]:
    return {**msgspec.structs.asdict(made), "made": stamp(made.made)}


def _promotion(found: Promotion) -> dict[str, Any]:
    return {
        "name": found.version.name,
        "number": found.version.number,
        "promoted": found.decision is not None,
        "already": found.already,
        "decision": None if found.decision is None else _decision(found.decision),
        "gates": None if found.report is None else _report(found.report),
    }


GATES = {"run": run, "show": show, "sign": sign}
