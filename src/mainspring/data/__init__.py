"""Data: sources, contracts, profiles, splits and the selection of features."""

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
