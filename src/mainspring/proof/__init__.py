"""Proof: the ML Test Score from evidence, and what continuous integration says of a project."""

from mainspring.proof.pieces import Limits, Piece, Reading
from mainspring.proof.records import SOURCES, row_of
from mainspring.proof.rubric import RUBRIC, SECTIONS, Test, band
from mainspring.proof.scoring import Score, Scored, limits_of, record, score, total

__all__ = [
    "RUBRIC",
    "SECTIONS",
    "SOURCES",
    "Limits",
    "Piece",
    "Reading",
    "Score",
    "Scored",
    "Test",
    "band",
    "limits_of",
    "record",
    "row_of",
    "score",
    "total",
]
