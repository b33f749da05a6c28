"""What checks find: frozen, with the rows that show it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, Literal, get_args

import polars as pl

from mainspring.charts import Column, Table
from mainspring.data.frames import quoted
from mainspring.errors import ContractError, DefinitionError, nearest

__all__ = ["ROW", "RULES", "Finding", "Severity", "checked_severity", "findings_table", "require"]

Severity = Literal["fail", "quarantine", "warn"]

ROW: Final = "_row"
RULES: Final = "_rules"
_MOST_CHARACTERS: Final = 300


@dataclass(frozen=True, slots=True, eq=False)
class Finding:
    """What came of one rule.

    Attributes:
        rule: Its name.
        severity: `fail` stops, `quarantine` sets rows aside, `warn` only tells.
        holds: Whether the data keep the rule.
        says: One sentence with the numbers.
        failing: How many rows break it; 0 for a rule about the frame as a whole.
        rows: How many rows were looked at.
        examples: The first rows that break it, whole, with their position in the column `_row`.
        fix: What to do about it.
    """

    rule: str
    severity: Severity
    holds: bool
    says: str
    failing: int = 0
    rows: int = 0
    examples: pl.DataFrame = field(default_factory=pl.DataFrame, repr=False)
    fix: str = ""

    @property
    def stops(self) -> bool:
        """Whether the data must not be used."""
        return not self.holds and self.severity == "fail"

    def __str__(self) -> str:
        such = f", such as {_shown(self.examples)}" if self.examples.height else ""
        return f"{self.says}{such}"


def checked_severity(severity: str, rule: str) -> Severity:
    """Return a severity that is one.

    Raises:
        DefinitionError: It is none.
    """
    for known in get_args(Severity):
        if severity == known:
            chosen: Severity = known
            return chosen
    close = nearest(severity, get_args(Severity))
    raise DefinitionError(
        f"There is no severity {severity!r}",
        f"rule '{rule}'",
        f"Did you mean '{close}'?" if close else "Choose 'fail', 'quarantine' or 'warn'.",
    )


def require(*findings: Finding, where: str | None = None) -> tuple[Finding, ...]:
    """Return the findings, when none of them stops.

    Args:
        findings: What `freshness`, `volume`, `duplicates` and the feature tests found.
        where: What was checked, for the message.

    Raises:
        ContractError: One or more of severity `fail` do not hold; `findings` has those.

    >>> require(Finding("fresh", "warn", False, "The data are old"))[0].holds
    False
    """
    broken = tuple(finding for finding in findings if finding.stops)
    if not broken:
        return findings
    advice = "Correct the data, or change the rule or its severity."
    if len(broken) == 1:
        (only,) = broken
        raise ContractError(f"Rule '{only.rule}' is broken: {only}", where, only.fix or advice, broken)
    named = quoted([finding.rule for finding in broken])
    raise ContractError(f"{len(broken)} rules are broken: {named}", where, advice, broken)


def findings_table(findings: Iterable[Finding]) -> Table:
    """Return the findings as a table for `mainspring.log`: what is broken first, the worst on top."""
    order = [*get_args(Severity)]
    ranked = sorted(findings, key=lambda one: (one.holds, order.index(one.severity)))
    columns = [Column("rule"), Column("result"), Column("rows"), Column("share", format=".3%"), Column("what")]
    rows = [
        (
            one.rule,
            "holds" if one.holds else one.severity,
            one.failing,
            one.failing / one.rows if one.rows else 0.0,
            str(one),
        )
        for one in ranked
    ]
    return Table(columns, rows)


def _shown(examples: pl.DataFrame) -> str:
    row = examples.row(0, named=True)
    text = ", ".join(f"{name}={value!s}" for name, value in row.items() if name != ROW)
    place = f"row {row[ROW]}: " if ROW in row else ""
    return f"{place}{text if len(text) <= _MOST_CHARACTERS else text[:_MOST_CHARACTERS] + '…'}"
