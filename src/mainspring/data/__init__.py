"""Data: sources, contracts, profiles, splits and the selection of features."""

from typing import TYPE_CHECKING

from mainspring.lazy import offer

if TYPE_CHECKING:
    from mainspring.data.checks import duplicates, freshness, volume
    from mainspring.data.contracts import Contract, Outcome, check, examine
    from mainspring.data.fetching import current, fetch
    from mainspring.data.findings import Finding, Severity, findings_table, require
    from mainspring.data.folds import Parts, group_folds, stratified_folds
    from mainspring.data.reading import read, scan
    from mainspring.data.rules import (
        Rule,
        aggregate,
        column,
        finite,
        group,
        in_range,
        matches,
        no_gaps,
        not_null,
        null_share,
        one_of,
        ordered,
        references,
        row,
        series_length,
        unique,
    )
    from mainspring.data.selecting import Keep, feature_tests, importance_test, logged_cost, select_columns
    from mainspring.data.selection import Dropped, Selection
    from mainspring.data.sources import Source
    from mainspring.data.splits import Fold, Period, Rolling, locked_fold, rolling_origin

__all__ = [
    "Contract",
    "Dropped",
    "Finding",
    "Fold",
    "Keep",
    "Outcome",
    "Parts",
    "Period",
    "Rolling",
    "Rule",
    "Selection",
    "Severity",
    "Source",
    "aggregate",
    "check",
    "column",
    "current",
    "duplicates",
    "examine",
    "feature_tests",
    "fetch",
    "findings_table",
    "finite",
    "freshness",
    "group",
    "group_folds",
    "importance_test",
    "in_range",
    "locked_fold",
    "logged_cost",
    "matches",
    "no_gaps",
    "not_null",
    "null_share",
    "one_of",
    "ordered",
    "read",
    "references",
    "require",
    "rolling_origin",
    "row",
    "scan",
    "select_columns",
    "series_length",
    "stratified_folds",
    "unique",
    "volume",
]

# Where each name lives. It is imported when it is first asked for.
_PLACES = {
    "Contract": "mainspring.data.contracts",
    "Dropped": "mainspring.data.selection",
    "Finding": "mainspring.data.findings",
    "Fold": "mainspring.data.splits",
    "Keep": "mainspring.data.selecting",
    "Outcome": "mainspring.data.contracts",
    "Parts": "mainspring.data.folds",
    "Period": "mainspring.data.splits",
    "Rolling": "mainspring.data.splits",
    "Rule": "mainspring.data.rules",
    "Selection": "mainspring.data.selection",
    "Severity": "mainspring.data.findings",
    "Source": "mainspring.data.sources",
    "aggregate": "mainspring.data.rules",
    "check": "mainspring.data.contracts",
    "column": "mainspring.data.rules",
    "current": "mainspring.data.fetching",
    "duplicates": "mainspring.data.checks",
    "examine": "mainspring.data.contracts",
    "feature_tests": "mainspring.data.selecting",
    "fetch": "mainspring.data.fetching",
    "findings_table": "mainspring.data.findings",
    "finite": "mainspring.data.rules",
    "freshness": "mainspring.data.checks",
    "group": "mainspring.data.rules",
    "group_folds": "mainspring.data.folds",
    "importance_test": "mainspring.data.selecting",
    "in_range": "mainspring.data.rules",
    "locked_fold": "mainspring.data.splits",
    "logged_cost": "mainspring.data.selecting",
    "matches": "mainspring.data.rules",
    "no_gaps": "mainspring.data.rules",
    "not_null": "mainspring.data.rules",
    "null_share": "mainspring.data.rules",
    "one_of": "mainspring.data.rules",
    "ordered": "mainspring.data.rules",
    "read": "mainspring.data.reading",
    "references": "mainspring.data.rules",
    "require": "mainspring.data.findings",
    "rolling_origin": "mainspring.data.splits",
    "row": "mainspring.data.rules",
    "scan": "mainspring.data.reading",
    "select_columns": "mainspring.data.selecting",
    "series_length": "mainspring.data.rules",
    "stratified_folds": "mainspring.data.folds",
    "unique": "mainspring.data.rules",
    "volume": "mainspring.data.checks",
}

__getattr__, __dir__ = offer(__name__, _PLACES)
