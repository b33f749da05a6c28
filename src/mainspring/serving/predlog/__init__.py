"""The prediction log: every answer, in append-only files of checksummed frames."""

from mainspring.serving.predlog.erasing import erase, prune
from mainspring.serving.predlog.frames import AnswerRow, ModelRow
from mainspring.serving.predlog.reading import Answer, Segment, find, read_segment, segments
from mainspring.serving.predlog.writer import PredictionLog

__all__ = [
    "Answer",
    "AnswerRow",
    "ModelRow",
    "PredictionLog",
    "Segment",
    "erase",
    "find",
    "prune",
    "read_segment",
    "segments",
]
