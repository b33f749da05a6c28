"""Profiles of data, losses, calibration and intervals: frozen results of NumPy arrays."""

from mainspring.stats.answers import NotApplicable
from mainspring.stats.bins import Bins, common_bins
from mainspring.stats.calibration import (
    Coverage,
    Reliability,
    coverage,
    pit_bounds,
    pit_histogram,
    randomised_pit,
    reliability,
)
from mainspring.stats.columns import MEASURED, Column, Kind
from mainspring.stats.costs import StockCost, stock_cost
from mainspring.stats.discoveries import benjamini_hochberg, benjamini_yekutieli, partial_conjunction
from mainspring.stats.distances import DISTANCES, Distances, distances
from mainspring.stats.frames import columns_of
from mainspring.stats.intervals import (
    Clusters,
    Interval,
    blocks,
    crossed_weeks,
    paired_bootstrap,
    ratio_interval,
    series_weeks,
)
from mainspring.stats.losses import (
    NaiveScales,
    PointErrors,
    ScaledPinball,
    naive_scales,
    pinball,
    pinball_losses,
    point_errors,
    scaled_losses,
    scaled_pinball,
    weighted_pinball,
)
from mainspring.stats.profiles import (
    ColumnProfile,
    FrameProfile,
    decode_profile,
    encode_profile,
    merge_profiles,
    profile_column,
    profile_frame,
)
from mainspring.stats.relations import (
    Correlation,
    LeakageRule,
    Relation,
    Suspect,
    correlation,
    leakage_suspects,
    predictive_power,
    relations,
)
from mainspring.stats.tails import Tails, count_above, fit_tails, normal_above
from mainspring.stats.tallies import Tallies
from mainspring.stats.trends import Cusum, Trend, cusum, cusum_limit, trend

__all__ = [
    "DISTANCES",
    "MEASURED",
    "Bins",
    "Clusters",
    "Column",
    "ColumnProfile",
    "Correlation",
    "Coverage",
    "Cusum",
    "Distances",
    "FrameProfile",
    "Interval",
    "Kind",
    "LeakageRule",
    "NaiveScales",
    "NotApplicable",
    "PointErrors",
    "Relation",
    "Reliability",
    "ScaledPinball",
    "StockCost",
    "Suspect",
    "Tails",
    "Tallies",
    "Trend",
    "benjamini_hochberg",
    "benjamini_yekutieli",
    "blocks",
    "columns_of",
    "common_bins",
    "correlation",
    "count_above",
    "coverage",
    "crossed_weeks",
    "cusum",
    "cusum_limit",
    "decode_profile",
    "distances",
    "encode_profile",
    "fit_tails",
    "leakage_suspects",
    "merge_profiles",
    "naive_scales",
    "normal_above",
    "paired_bootstrap",
    "partial_conjunction",
    "pinball",
    "pinball_losses",
    "pit_bounds",
    "pit_histogram",
    "point_errors",
    "predictive_power",
    "profile_column",
    "profile_frame",
    "randomised_pit",
    "ratio_interval",
    "relations",
    "reliability",
    "scaled_losses",
    "scaled_pinball",
    "series_weeks",
    "stock_cost",
    "trend",
    "weighted_pinball",
]
