"""Facts: runs, step runs, results, leases, measures, and what files held."""

from mainspring.tracking.alerts import Alert, Alerts, Change, Origin, Raised
from mainspring.tracking.database import Database
from mainspring.tracking.evidence import Attestation, EvidenceRow, Seen
from mainspring.tracking.facts import Facts, open_database, open_facts
from mainspring.tracking.owners import alive, this_process
from mainspring.tracking.rows import (
    FileRow,
    Lease,
    LoggedRow,
    MetricRow,
    Owner,
    ProofRow,
    ResultRow,
    RunRow,
    StepRow,
)

__all__ = [
    "Alert",
    "Alerts",
    "Attestation",
    "Change",
    "Database",
    "EvidenceRow",
    "Facts",
    "FileRow",
    "Lease",
    "LoggedRow",
    "MetricRow",
    "Origin",
    "Owner",
    "ProofRow",
    "Raised",
    "ResultRow",
    "RunRow",
    "Seen",
    "StepRow",
    "alive",
    "open_database",
    "open_facts",
    "this_process",
]
