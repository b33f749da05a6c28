"""Contracts: rules that data keep, checked in one pass, with the whole rows that break them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import polars as pl

from mainspring.charts import Table
from mainspring.data.findings import ROW, RULES, Finding, Severity, findings_table, require
from mainspring.data.frames import Frame, columns_of, frame_of, no_column, quoted
from mainspring.data.rules import Rule
from mainspring.errors import DefinitionError, InputError, NotFoundError, nearest

__all__ = ["Contract", "Outcome", "check", "examine"]

_SHOWN: Final = 5
_HIDDEN: Final = "•••"
_MASK: Final = "__rule_"


@dataclass(frozen=True, slots=True, eq=False, init=False)
class Contract:
    """Rules that a frame keeps.

    Args:
        rules: The rules; their names differ.
        sensitive: Columns whose values never appear in findings and messages.

    Raises:
        DefinitionError: Two rules have one name.

    >>> [rule.name for rule in Contract(Rule("some", pl.len() > 0)).rules]
    ['some']
    """

    rules: tuple[Rule, ...]
    sensitive: frozenset[str]

    def __init__(self, *rules: Rule, sensitive: Sequence[str] = ()) -> None:
        names = [rule.name for rule in rules]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise DefinitionError(f"Two rules are called '{twice}'", "contract", "Rename one: replace(rule, name=…).")
        object.__setattr__(self, "rules", rules)
        object.__setattr__(self, "sensitive", frozenset(sensitive))


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What a contract says about a frame.

    Attributes:
        passed: The rows that are not set aside, in their order; rows that break `fail` or `warn` rules are among them.
        quarantined: The rows that break a rule of severity `quarantine`, whole, with their position in `_row` and the
            rules they break in `_rules`, a semicolon between them.
        findings: One a rule, in the order of the contract.
        rows: How many rows were checked.
    """

    passed: pl.DataFrame
    quarantined: pl.DataFrame
    findings: tuple[Finding, ...]
    rows: int
    _frame: pl.DataFrame = field(default_factory=pl.DataFrame, repr=False)
    _masks: Mapping[str, pl.Series] = field(default_factory=dict, repr=False)

    @property
    def broken(self) -> tuple[Finding, ...]:
        """The findings of rules that do not hold."""
        return tuple(finding for finding in self.findings if not finding.holds)

    def failing(self, rule: str | None = None) -> pl.DataFrame:
        """Return all rows that break a rule, or any rule, whole, with `_row` and `_rules`; nothing in them is hidden.

        Raises:
            NotFoundError: The contract has no such rule.
        """
        names = [finding.rule for finding in self.findings]
        if rule is not None and rule not in names:
            close = nearest(rule, names)
            fix = f"Did you mean '{close}'?" if close else f"It has {quoted(names)}."
            raise NotFoundError(f"The contract has no rule '{rule}'", None, fix)
        chosen = self._masks if rule is None else {name: mask for name, mask in self._masks.items() if name == rule}
        return _marked(self._frame, _any(chosen, self._frame.height), self._masks)

    def table(self) -> Table:
        """Return the findings as a table for `mainspring.log`, what is broken first."""
        return findings_table(self.findings)


def check(frame: object, contract: Contract, *, where: str | None = None, show: int = _SHOWN) -> Outcome:
    """Return what a contract says about a frame that may be used.

    All rules are worked out together, in one pass. A lazy frame is computed once, by the streaming engine.

    Args:
        frame: A Polars frame, eager or lazy, or a pandas frame.
        contract: The rules.
        where: What the frame is, for the message.
        show: How many rows each finding shows.

    Raises:
        ContractError: A rule of severity `fail` is broken, or one of severity `quarantine` cannot be worked out;
            `findings` says which, with rows.
        InputError: It is no frame.

    >>> sold = pl.DataFrame({"units": [3, -1]})
    >>> outcome = check(sold, Contract(Rule("units are positive", pl.col("units") > 0, "quarantine")))
    >>> outcome.passed.height, outcome.quarantined["_rules"].to_list()
    (1, ['units are positive'])
    """
    outcome = examine(frame, contract, show=show)
    require(*outcome.findings, where=where)
    return outcome


def examine(frame: object, contract: Contract, *, show: int = _SHOWN) -> Outcome:
    """Return what a contract says about a frame, also when it must not be used: `check` without its error.

    Raises:
        InputError: It is no frame.
    """
    given = frame_of(frame)
    columns = columns_of(given)
    for name in (ROW, RULES):
        if name in columns:
            raise InputError(f"The frame has a column '{name}', which findings add", "contract", "Rename the column.")
    refused = {rule.name: said for rule in contract.rules if (said := _refused(rule, columns)) is not None}
    sound = [rule for rule in contract.rules if rule.name not in refused and rule.expression is not None]
    table, masks, failed = _masked(given, [rule for rule in sound if not rule.about_frame])
    whole, failed_whole = _answers(table, [rule for rule in sound if rule.about_frame])
    cannot = {**refused, **failed, **failed_whole}
    finder = _Finder(table, masks, whole, cannot, contract.sensitive & columns.keys(), show)
    findings = tuple(finder.finding(rule) for rule in contract.rules)
    aside = {one.rule: masks[one.rule] for one in findings if one.severity == "quarantine" and one.rule in masks}
    chosen = _any(aside, table.height)
    some = bool(chosen.any())
    passed = table.filter(~chosen) if some else table
    return Outcome(passed, _marked(table, chosen, masks), findings, table.height, table, masks)


def _refused(rule: Rule, columns: Mapping[str, pl.DataType]) -> tuple[str, str] | None:
    """Return why a rule cannot hold, or cannot be worked out, for columns of these types, and what to do."""
    for name in rule.needed():
        if name not in columns:
            return no_column(name, tuple(columns))
    if rule.expression is None:
        return _type_problem(rule, columns[rule.column])
    try:
        empty = pl.LazyFrame(schema=dict(columns))
        gives = empty.select(rule.expression.alias(_MASK)).collect_schema()[_MASK]
        empty.select(rule.broken.alias(_MASK)).collect_schema()
    except pl.exceptions.PolarsError as error:
        return _cannot(rule, columns, error)
    if gives not in (pl.Boolean, pl.Null):
        return f"The rule gives {gives}, and not a truth value", "Compare it with something."
    return None


def _type_problem(rule: Rule, found: pl.DataType) -> tuple[str, str] | None:
    zone = getattr(found, "time_zone", None)
    if not rule.types or any(_is(found, kind) for kind in rule.types):
        return None
    if zone and any(kind == pl.Datetime or kind == pl.Date for kind in rule.types):
        return (
            f"Column '{rule.column}' has the time zone {zone}, and may have none",
            "Convert it to local days: dt.convert_time_zone(…).dt.date().",
        )
    wanted = " or ".join(str(kind) for kind in rule.types)
    what = f"Column '{rule.column}' is of type {found}, not {wanted}"
    if found == pl.Int128:
        return f"{what}: it holds an integer of more than 64 bits", "Correct the number, or read the column as text."
    return what, f"Cast it, or name the type where it is read: types={{'{rule.column}': …}}."


def _is(found: pl.DataType, kind: Any) -> bool:
    """A class of types stands for all its types, and `Datetime` for those without a time zone."""
    if kind is pl.Datetime and getattr(found, "time_zone", None):
        return False
    return bool(found == kind)


def _cannot(rule: Rule, columns: Mapping[str, pl.DataType], error: Exception) -> tuple[str, str]:
    types = ", ".join(f"'{name}' is {columns[name]}" for name in rule.needed()[:_SHOWN] if name in columns)
    said = str(error).partition("\n")[0]
    return f"The rule cannot be worked out: {said}; {types}", "Change the types of the columns, or the rule."


def _masked(
    frame: Frame, rules: Sequence[Rule]
) -> tuple[pl.DataFrame, dict[str, pl.Series], dict[str, tuple[str, str]]]:
    """Return the frame, what rows break each rule, and why a rule could not be worked out."""
    named = {f"{_MASK}{place}": rule for place, rule in enumerate(rules)}
    broken = [rule.broken.alias(name) for name, rule in named.items()]
    try:
        if isinstance(frame, pl.LazyFrame):
            both = frame.with_columns(broken).collect(engine="streaming")
            table, masks = both.drop(list(named)), both.select(list(named))
        else:
            table, masks = frame, frame.lazy().select(broken).collect(engine="streaming")
    except pl.exceptions.PolarsError:
        return _one_by_one(frame.lazy().collect(), rules)
    return table, {rule.name: masks[name] for name, rule in named.items()}, {}


def _one_by_one(
    table: pl.DataFrame, rules: Sequence[Rule]
) -> tuple[pl.DataFrame, dict[str, pl.Series], dict[str, tuple[str, str]]]:
    """Some rules cannot be worked out on these values: find out which."""
    masks: dict[str, pl.Series] = {}
    failed: dict[str, tuple[str, str]] = {}
    for rule in rules:
        try:
            masks[rule.name] = table.select(rule.broken.alias(_MASK)).to_series()
        except pl.exceptions.PolarsError as error:
            failed[rule.name] = _cannot(rule, columns_of(table), error)
    return table, masks, failed


def _answers(table: pl.DataFrame, rules: Sequence[Rule]) -> tuple[dict[str, bool], dict[str, tuple[str, str]]]:
    """Return for each rule about the whole frame whether it is broken, and why one could not be worked out."""
    answers: dict[str, bool] = {}
    failed: dict[str, tuple[str, str]] = {}
    for rule in rules:
        given = table if rule.where is None else table.filter(rule.where)
        try:
            kept = given.select((rule.expression if rule.expression is not None else pl.lit(value=True)).alias(_MASK))
        except pl.exceptions.PolarsError as error:
            failed[rule.name] = _cannot(rule, columns_of(table), error)
        else:
            answers[rule.name] = kept.item() is False
    return answers, failed


@dataclass(frozen=True, slots=True)
class _Finder:
    """Puts into words what the rules gave."""

    table: pl.DataFrame
    masks: Mapping[str, pl.Series]
    whole: Mapping[str, bool]
    cannot: Mapping[str, tuple[str, str]]
    sensitive: frozenset[str]
    show: int

    def finding(self, rule: Rule) -> Finding:
        rows = self.table.height
        if rule.name in self.cannot:
            what, fix = self.cannot[rule.name]
            severity: Severity = "warn" if rule.severity == "warn" else "fail"
            return Finding(rule.name, severity, False, what, 0, rows, fix=fix)
        if rule.expression is None:
            return Finding(rule.name, rule.severity, True, f"Column '{rule.column}' is as it should be", 0, rows)
        if rule.about_frame:
            broken = self.whole[rule.name]
            says = f"The frame of {rows:,} rows {'breaks' if broken else 'keeps'} the rule"
            return Finding(rule.name, rule.severity, not broken, says, 0, rows)
        mask = self.masks[rule.name]
        count = int(mask.sum())
        if not count:
            return Finding(rule.name, rule.severity, True, f"All {rows:,} rows keep the rule", 0, rows)
        says = f"{count:,} of {rows:,} rows break the rule"
        return Finding(rule.name, rule.severity, False, says, count, rows, self._examples(mask))

    def _examples(self, mask: pl.Series) -> pl.DataFrame:
        places = mask.arg_true().head(self.show)
        found = self.table[places].insert_column(0, places.alias(ROW))
        return found.with_columns(pl.lit(_HIDDEN).alias(name) for name in sorted(self.sensitive))


def _any(masks: Mapping[str, pl.Series], height: int) -> pl.Series:
    if not masks:
        return pl.repeat(value=False, n=height, eager=True)
    return pl.DataFrame([mask.alias(str(place)) for place, mask in enumerate(masks.values())]).select(
        pl.any_horizontal(pl.all()).alias(_MASK)
    )[_MASK]


def _marked(table: pl.DataFrame, chosen: pl.Series, masks: Mapping[str, pl.Series]) -> pl.DataFrame:
    """Return the chosen rows with their position and the names of the rules that they break."""
    places = chosen.arg_true()
    found = table.filter(chosen) if len(places) else table.clear()
    marks = [pl.when(mask.gather(places)).then(pl.lit(name)) for name, mask in masks.items()]
    names = pl.concat_str(marks, separator="; ", ignore_nulls=True) if marks else pl.lit("")
    return found.insert_column(0, places.alias(ROW)).with_columns(names.alias(RULES))
