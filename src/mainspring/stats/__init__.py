"""Profiles of data, losses, calibration and intervals: frozen results of NumPy arrays."""

from mainspring.stats.answers import NotApplicable
from mainspring.stats.bins import Bins, common_bins
from mainspring.stats.columns import MEASURED, Column, Kind
from mainspring.stats.frames import columns_of
from mainspring.stats.profiles import (
    ColumnProfile,
    FrameProfile,
    decode_profile,
    encode_profile,
    merge_profiles,
    profile_column,
    profile_frame,
)
from mainspring.stats.tallies import Tallies

__all__ = [
    "MEASURED",
    "Bins",
    "Column",
    "ColumnProfile",
    "FrameProfile",
    "Kind",
    "NotApplicable",
    "Tallies",
    "columns_of",
    "common_bins",
    "decode_profile",
    "encode_profile",
    "merge_profiles",
    "profile_column",
    "profile_frame",
]
