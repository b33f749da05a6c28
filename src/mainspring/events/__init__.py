"""Typed events of a run, and the verbs that a step speaks to its surroundings with."""

from mainspring.events.evidence import TESTS, Finding, Planted, evidence, examine
from mainspring.events.kinds import (
    BlobRecomputed,
    Event,
    Listener,
    RunFinished,
    RunStarted,
    StepEnded,
    StepRetried,
    StepsAdded,
    StepStarted,
    StepWaiting,
)
from mainspring.events.scope import Scope, checkpoint, log, scope, seed

__all__ = [
    "TESTS",
    "BlobRecomputed",
    "Event",
    "Finding",
    "Listener",
    "Planted",
    "RunFinished",
    "RunStarted",
    "Scope",
    "StepEnded",
    "StepRetried",
    "StepStarted",
    "StepWaiting",
    "StepsAdded",
    "checkpoint",
    "evidence",
    "examine",
    "log",
    "scope",
    "seed",
]
