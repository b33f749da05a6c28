"""Losses by row: what a prediction costs, given what came of it. Less is better, and none is below zero."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np

from mainspring.errors import DefinitionError, StatisticsError, nearest
from mainspring.package import Signature
from mainspring.quality.holdout import Array, Named
from mainspring.quality.predicted import Predicted, classification, quantiles, regression
from mainspring.stats import pinball_losses

__all__ = ["LOSSES", "Loss", "loss_named", "losses_of", "predicted_named"]

Loss = Callable[[Named, Named], Array]
LOSSES: Final = ("pinball", "absolute", "squared", "zero-one", "log")
_LEAST: Final = 1e-15


def loss_named(name: str, signature: Signature, config: Mapping[str, Any]) -> Loss:
    """Return a loss: from outcomes and predictions, by name, to one number a row.

    `pinball` is the mean over the quantiles of the model: `config["quantiles"]`, from output to level, or outputs such
    as `q0.5`; `absolute` and `squared` are of each outcome and the output of its name, or of the only outcome and the
    only output, and their mean; `zero-one` and `log` are of a class: the output is a label, or for both a vector of
    probabilities with the classes as its categories.

    Args:
        name: One of `LOSSES`.
        signature: What the model gives.
        config: What its package knows for inference.

    Raises:
        DefinitionError: There is no loss of that name.
    """
    if name == "pinball":
        levels = _levels(signature, config)
        return lambda outcomes, made: _pinball(outcomes, made, levels)
    if name in ("absolute", "squared"):
        power = 1 if name == "absolute" else 2
        return lambda outcomes, made: _distance(outcomes, made, power)
    if name in ("zero-one", "log"):
        classes = {one.name: one.categories for one in signature.outputs if one.categories}
        return lambda outcomes, made: _of_class(outcomes, made, classes, log=name == "log")
    near = nearest(name, LOSSES)
    fix = f"Did you mean '{near}'?" if near else f"Losses are {', '.join(LOSSES)}, or FILE.py:FUNCTION."
    raise DefinitionError(f"There is no loss '{name}'", "[gates] loss", fix)


def losses_of(loss: Loss, outcomes: Named, made: Named, who: str) -> Array:
    """Return the loss of each row, which is a number that is not below zero.

    Raises:
        StatisticsError: It is not one number a row, or some of them are none.
    """
    found = np.asarray(loss(outcomes, made), np.float64)
    rows = len(next(iter(outcomes.values())))
    if found.shape != (rows,):
        raise StatisticsError(f"The loss of {who} has the shape {found.shape}, not ({rows},)", fix="Return one a row.")
    bad = int((~(np.isfinite(found) & (found >= 0))).sum())
    if bad:
        raise StatisticsError(
            f"The loss of {who} is no number, or below zero, in {bad:,} of {rows:,} rows",
            fix="Look at its predictions there; NaN and infinite ones have no loss.",
        )
    return found


def predicted_named(
    name: str, outcomes: Named, made: Named, signature: Signature, config: Mapping[str, Any]
) -> Predicted:
    """Return what a model says of rows with one outcome, for error analysis, by the name of a loss.

    Raises:
        DefinitionError: The loss is one of the project's own, or there are several outcomes.
        StatisticsError: Outputs and outcome do not fit.
    """
    if name not in LOSSES or len(outcomes) != 1:
        raise DefinitionError(
            f"Errors of {', '.join(outcomes)} by the loss '{name}' cannot be analysed",
            "[gates] loss",
            f"That takes one outcome and one of the losses {', '.join(LOSSES)}.",
        )
    [actual] = outcomes.values()
    if name == "pinball":
        levels = sorted(_levels(signature, config).items(), key=lambda one: one[1])
        forecast = np.stack([np.asarray(made[output], np.float64) for output, _ in levels], axis=1)
        return quantiles(actual, forecast, [level for _, level in levels])
    if name in ("absolute", "squared"):
        [(_, said)] = _pairs(outcomes, made)
        return regression(actual, said)
    vector = next((output for output in made if made[output].ndim > 1), None)
    if vector is None:
        [said] = made.values()
        return classification(actual, said, np.unique(np.concatenate([actual, said])))
    classes = next(one.categories for one in signature.outputs if one.name == vector)
    return classification(actual, made[vector], np.array(classes))


def _levels(signature: Signature, config: Mapping[str, Any]) -> dict[str, float]:
    said = config.get("quantiles")
    if isinstance(said, Mapping):
        return {str(name): float(level) for name, level in said.items()}
    found = {}
    for output in signature.outputs:
        try:
            found[output.name] = float(output.name.removeprefix("q"))
        except ValueError:
            continue
    if not found:
        raise DefinitionError(
            "The loss is 'pinball', and no output is known to be a quantile",
            "[gates] loss",
            'Say in the package\'s config which level each output is: "quantiles": {"q0.5": 0.5}.',
        )
    return found


def _pinball(outcomes: Named, made: Named, levels: Mapping[str, float]) -> Array:
    names = sorted(levels, key=lambda name: levels[name])
    missing = [name for name in names if name not in made]
    if missing:
        raise StatisticsError(f"There are no outputs {', '.join(missing)}", fix="Give all quantiles.")
    [actual] = outcomes.values()
    forecast = np.stack([np.asarray(made[name], np.float64) for name in names], axis=1)
    if not np.isfinite(forecast).all():
        return np.full(len(actual), np.nan)
    found: Array = pinball_losses(actual, forecast, [levels[name] for name in names]).mean(axis=1)
    return found


def _pairs(outcomes: Named, made: Named) -> list[tuple[Array, Array]]:
    if all(name in made for name in outcomes):
        return [(outcomes[name], made[name]) for name in outcomes]
    numbers = [values for values in made.values() if values.dtype.kind in "fiu" and values.ndim == 1]
    if len(outcomes) == len(numbers) == 1:
        return [(next(iter(outcomes.values())), numbers[0])]
    raise StatisticsError(
        f"Outcomes are {', '.join(outcomes)}, and outputs {', '.join(made)}", fix="Give them the same names."
    )


def _distance(outcomes: Named, made: Named, power: int) -> Array:
    parts = [np.abs(np.asarray(got, np.float64) - actual) ** power for actual, got in _pairs(outcomes, made)]
    found: Array = np.mean(parts, axis=0)
    return found


def _of_class(outcomes: Named, made: Named, classes: Mapping[str, tuple[Any, ...]], *, log: bool) -> Array:
    [actual] = outcomes.values()
    vectors = [name for name in made if made[name].ndim > 1]
    if not vectors and not log:
        [said] = made.values()
        return np.asarray(said != actual, np.float64)
    if len(vectors) != 1 or vectors[0] not in classes:
        raise StatisticsError(
            "The loss needs one output with a probability for each class", fix="Give it the classes as categories."
        )
    known = np.array(classes[vectors[0]])
    shares = made[vectors[0]]
    if not log:
        return np.asarray(known[shares.argmax(axis=1)] != actual, np.float64)
    matches = actual[:, np.newaxis] == known[np.newaxis, :]
    likely = np.where(matches.any(axis=1), (shares * matches).sum(axis=1), 0.0)
    found: Array = -np.log(np.clip(likely, _LEAST, 1.0))
    return found
