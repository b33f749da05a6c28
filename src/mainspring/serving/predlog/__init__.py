"""The prediction log: every answer, in append-only files of checksummed frames."""

from typing import TYPE_CHECKING

from mainspring.lazy import offer

if TYPE_CHECKING:
    from mainspring.serving.predlog.erasing import Erased, blanked, erase, held, places_of, prune
    from mainspring.serving.predlog.frames import (
        PREDICTIONS,
        AnswerRow,
        ColumnRow,
        GlanceRow,
        ModelRow,
        column_of,
        packed,
    )
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

# Where each name lives. It is imported when it is first asked for: what answers only writes.
_PLACES = {
    "Answer": "mainspring.serving.predlog.reading",
    "AnswerRow": "mainspring.serving.predlog.frames",
    "ColumnRow": "mainspring.serving.predlog.frames",
    "Erased": "mainspring.serving.predlog.erasing",
    "GlanceRow": "mainspring.serving.predlog.frames",
    "ModelRow": "mainspring.serving.predlog.frames",
    "PREDICTIONS": "mainspring.serving.predlog.frames",
    "PredictionLog": "mainspring.serving.predlog.writer",
    "Segment": "mainspring.serving.predlog.reading",
    "blanked": "mainspring.serving.predlog.erasing",
    "column_of": "mainspring.serving.predlog.frames",
    "erase": "mainspring.serving.predlog.erasing",
    "find": "mainspring.serving.predlog.reading",
    "glance_segment": "mainspring.serving.predlog.reading",
    "held": "mainspring.serving.predlog.erasing",
    "is_whole": "mainspring.serving.predlog.reading",
    "packed": "mainspring.serving.predlog.frames",
    "place_of": "mainspring.serving.predlog.reading",
    "places_of": "mainspring.serving.predlog.erasing",
    "prune": "mainspring.serving.predlog.erasing",
    "read_segment": "mainspring.serving.predlog.reading",
    "rows_of_segment": "mainspring.serving.predlog.reading",
    "segments": "mainspring.serving.predlog.reading",
}

__getattr__, __dir__ = offer(__name__, _PLACES)
