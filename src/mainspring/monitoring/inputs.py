"""Inputs alone: windows and references without what a version brings with it, while it has no reference of its own."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from mainspring.monitoring.layouts import OUTPUT, Layout
from mainspring.monitoring.references import Reference, fit_reference
from mainspring.monitoring.rules import Rules
from mainspring.monitoring.windows import WindowProfile

__all__ = ["fit_inputs", "input_layout", "input_window"]

_BY_COLUMN: Final = ("nulls", "nan", "infinite", "below", "above", "fresh", "sums", "minimum", "maximum", "bits")
_OWN: Final = ("contract", "fallback")


def input_layout(layout: Layout) -> Layout:
    """Return a layout without the columns that are predicted."""
    return Layout(tuple(axis for axis in layout.axes if not axis.name.startswith(OUTPUT)))


def input_window(profile: WindowProfile, layout: Layout) -> WindowProfile:
    """Return what a window holds of the inputs; what is known of its requests stays.

    Args:
        profile: The window, as it was counted; outputs come after inputs.
        layout: What `input_layout` gave.
    """
    columns, numbers = len(layout.axes), layout.numbers.size
    parts: dict[str, Any] = {name: getattr(profile, name)[:columns] for name in _BY_COLUMN}
    return replace(
        profile,
        **parts,
        layout=layout.digest,
        counts=profile.counts[:columns, : layout.bins],
        products=profile.products[:numbers, :numbers],
        novel=tuple(one for one in profile.novel if one[0] < columns),
    )


def fit_inputs(profiles: Sequence[WindowProfile], layout: Layout, rules: Rules | None = None) -> Reference:
    """Return what inputs are judged by, fitted to traffic that other versions answered.

    What a version brings with it is not judged: what it predicts, who falls in for it, and what the policy of its
    signature marks; nor how long it takes, where the profiles do not say. All else is as in `fit_reference`.

    Raises:
        MonitoringError: As in `fit_reference`.
    """
    return replace(fit_reference(profiles, layout, rules), silent=_OWN)
