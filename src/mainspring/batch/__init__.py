"""Predictions for tables: in parts, larger than memory, resumable, with the rows that were refused and why."""

from mainspring.batch.running import Options, Progress, Report, predict_batch

__all__ = ["Options", "Progress", "Report", "predict_batch"]
