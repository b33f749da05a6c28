"""Typed events of a run, and the verbs that a step speaks to its surroundings with."""

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
    "BlobRecomputed",
    "Event",
    "Listener",
    "RunFinished",
    "RunStarted",
    "Scope",
    "StepEnded",
    "StepRetried",
    "StepStarted",
    "StepWaiting",
    "StepsAdded",
    "checkpoint",
    "log",
    "scope",
    "seed",
]
