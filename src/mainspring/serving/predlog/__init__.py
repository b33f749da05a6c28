"""The prediction log: every answer, in append-only files of checksummed frames."""

from mainspring.serving.predlog.erasing import Erased, blanked, erase, held, places_of, prune
from mainspring.serving.predlog.frames import PREDICTIONS, AnswerRow, ColumnRow, GlanceRow, ModelRow, column_of, packed
from mainspring.serving.predlog.reading import (
    Answer,
    Segment,
    find,
    glance_segment,
    is_whole,
    place_of,
    read_segment,
    rows_of_segment,
    segments,
)
from mainspring.serving.predlog.writer import PredictionLog

__all__ = [
    "PREDICTIONS",
    "Answer",
    "AnswerRow",
    "ColumnRow",
    "Erased",
    "GlanceRow",
    "ModelRow",
    "PredictionLog",
    "Segment",
    "blanked",
    "column_of",
    "erase",
    "find",
    "glance_segment",
    "held",
    "is_whole",
    "packed",
    "place_of",
    "places_of",
    "prune",
    "read_segment",
    "rows_of_segment",
    "segments",
]
