"""Two versions of a model on the same rows: where they disagree, and which of them is nearer to what came."""

from pathlib import Path

from mainspring.config.gates import read_gates
from mainspring.config.homes import config_file
from mainspring.errors import DefinitionError, PackageError
from mainspring.quality import Disagreement, Holdout, Predicted, Rows, disagreement
from mainspring.quality.contender import Contender
from mainspring.quality.scoring import predicted_named
from mainspring.registry import Version
from mainspring.stats import crossed_weeks
from mainspring.workspace.gating import contender_of, holdout_of

__all__ = ["confront"]


def confront(before: Version, after: Version, home: Path | None = None) -> Disagreement | None:
    """Return where two versions disagree on the holdout of the second; None where `[gates]` names no rows or loss.

    Rows that one of them was trained on count as well: this shows differences, it decides nothing.

    Raises:
        NotFoundError: The run of the second version has no such holdout.
        ConfigError: The `[gates]` table does not fit.
        PackageError: One of them cannot be loaded.
        DefinitionError: Errors cannot be analysed by the loss of the project.
        StatisticsError: Predictions and outcomes do not fit.
    """
    policy = read_gates(config_file(home), after.name)
    if not policy.holdout or not policy.loss:
        return None
    held, _ = holdout_of(after, policy, home)
    sensitive = [field.name for field in contender_of(after).signature.fields if field.sensitive]
    rows = Rows(
        held.slices,
        crossed_weeks(held.series, held.times),
        {"series": held.series, "time": held.times},
        sensitive,
    )
    said = [_said(contender_of(one), held, policy.loss) for one in (after, before)]
    return disagreement(rows, *said, names=(f"version {after.number}", f"version {before.number}"))


def _said(who: Contender, held: Holdout, loss: str) -> Predicted:
    if who.predict is None:
        raise PackageError(f"{who.name} {who.says} cannot be loaded: {who.fault}")
    if ":" in loss:
        raise DefinitionError(
            f"Errors by the loss '{loss}' of the project cannot be analysed",
            "[gates] loss",
            "Name a loss of Mainspring.",
        )
    made = who.predict(who.takes(held.inputs))
    return predicted_named(loss, held.outcomes, made, who.signature, who.config)
