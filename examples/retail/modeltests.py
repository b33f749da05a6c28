"""Tests of features, of the forecaster and of its quality: tables for the report, and what stops a run."""

from collections.abc import Sequence

import evaluation
import numpy as np
from choosing import Chosen
from evaluation import DEFAULT, Scored
from folds import Plan
from inference import forecast_at
from leakage import leaks
from model import Fit, Settings
from panel import Panel
from samples import Samples

from mainspring.package import Pipeline

Floats = np.ndarray
Row = dict[str, str | float | int | bool | None]


def before_training(samples: Samples) -> list[Row]:
    """For each feature its range and its nearest twin, at the newest origin."""
    values = samples.values[-1].reshape(-1, len(samples.names)).astype(np.float64)
    filled = np.where(np.isnan(values), np.nanmean(np.where(np.isfinite(values), values, np.nan), axis=0), values)
    with np.errstate(invalid="ignore", divide="ignore"):
        related = np.abs(np.nan_to_num(np.corrcoef(filled, rowvar=False)))
    np.fill_diagonal(related, 0)
    rows: list[Row] = []
    for place, name in enumerate(samples.names):
        known = values[:, place][~np.isnan(values[:, place])]
        twin = int(related[place].argmax())
        rows.append(
            {
                "feature": name,
                "missing": float(np.isnan(values[:, place]).mean()),
                "least": float(known.min()) if known.size else None,
                "most": float(known.max()) if known.size else None,
                "finite": bool(np.isfinite(known).all()),
                "constant": bool(known.size == 0 or known.min() == known.max()),
                "most like": samples.names[twin],
                "correlation": float(related[place, twin]),
            }
        )
    return rows


def after_training(fits: Sequence[Fit], samples: Samples, plan: Plan) -> list[Row]:
    """For each feature its importance over all models, and whether any model uses it."""
    gain = np.sum([fit.gain.sum(axis=0) for fit in fits if fit.job.train == plan.train], axis=0)
    share = gain / max(float(gain.sum()), 1e-12)
    order = np.argsort(-share)
    return [{"feature": samples.names[p], "share of gain": float(share[p]), "used": bool(gain[p] > 0)} for p in order]


def calibrations(chosen: Sequence[Chosen]) -> list[Row]:
    return [
        {"fold": one.fold.name, "level": level, "shift, in spreads": shift, "share of the simple forecast": share}
        for one in chosen
        for level, shift, share in zip(
            one.calibration.levels, one.calibration.shift, one.calibration.share, strict=True
        )
    ]


def choice(chosen: Chosen, settings: Settings, loss: float) -> Row:
    told = {"leaves": settings.leaves, "rate": settings.rate, "rounds": settings.rounds}
    return {"fold": chosen.fold.name, **told, "inner loss": loss, "chosen": settings == chosen.settings}


def structure(chosen: Sequence[Chosen], fitted: Pipeline, panel: Panel, plan: Plan) -> list[Row]:
    """What holds for any forecast that is not broken."""
    crossing = sum(int((np.diff(one.forecast, axis=-1) < 0).sum()) for one in chosen)
    odd = sum(int((one.forecast != np.rint(one.forecast)).sum() + (one.forecast < 0).sum()) for one in chosen)
    closed = sum(int(one.forecast[~panel.open[:, one.fold.start : one.fold.end]].any()) for one in chosen)
    found = leaks(panel, [one.fold for one in chosen], plan)
    last = chosen[-1]
    again = forecast_at(fitted, panel, last.fold.origin, plan)
    apart = int((again != last.forecast).sum())
    return [
        _row("quantiles do not cross", crossing == 0, f"{crossing} pairs cross"),
        _row("forecasts are whole and not negative", odd == 0, f"{odd} are not"),
        _row("nothing is forecast for closed days", closed == 0, f"{closed} folds have such forecasts"),
        _row("features do not see the future", not found, ", ".join(found) or "none changes when it is cut off"),
        _row("the inference pipeline says what was evaluated", apart == 0, f"{apart} of {again.size} quantiles differ"),
    ]


def quality(scored: Scored, panel: Panel) -> list[Row]:
    """What a good model passes: calibration, and a loss below that of every baseline."""
    rows = [
        _row(
            f"quantile {row['level']:g} is calibrated",
            bool(row["calibrated"]),
            f"P(y < q) = {row['P(y < q)']:.3f}, P(y ≤ q) = {row['P(y <= q)']:.3f}, tolerance {row['tolerance']:g}",
        )
        for row in evaluation.coverage(scored)
    ]
    for row in evaluation.differences(scored, panel):
        high = row["difference, high"]
        passed = not isinstance(high, str) and high < 0
        rows.append(_row(f"better than {row['against']}", passed, f"difference at most {_short(high)}"))
    for row in evaluation.ratios(scored, panel):
        high = row["ratio, high"]
        passed = not isinstance(high, str) and high <= 1.02
        rows.append(
            _row(
                f"quantile {row['level']:g} is no worse than {row['best baseline']}",
                passed,
                f"ratio at most {_short(high)}",
            )
        )
    return rows


def _short(value: str | float) -> str:
    return value if isinstance(value, str) else f"{value:.4g}"


def _row(name: str, passed: bool, says: str) -> Row:
    return {"test": name, "passed": passed, "says": says}


def telling_series(scored: Scored, panel: Panel) -> dict[str, int]:
    """Series worth looking at: by loss over that of rolling quantiles, by size, and the one with the least history."""
    size = len(panel.series)
    count = np.bincount(scored.series, minlength=size)
    sums = {
        name: np.bincount(scored.series, scored.losses(name).mean(axis=1), size)
        for name in (DEFAULT, "rolling quantiles")
    }
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.where(count > 0, sums[DEFAULT] / sums["rolling quantiles"], np.nan)
        sold = np.where(count > 0, np.bincount(scored.series, scored.actual, size) / count, np.nan)
    history = np.where(count > 0, (panel.open & ~np.isnan(panel.units)).sum(axis=1), np.inf)
    return {
        "best series": int(np.nanargmin(ratio)),
        "worst series": int(np.nanargmax(ratio)),
        "largest series": int(np.nanargmax(sold)),
        "smallest series": int(np.nanargmin(sold)),
        "shortest history": int(np.argmin(history)),
    }
