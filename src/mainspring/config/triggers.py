"""The `[triggers]` table: when a model is trained anew, and what a new champion has to prove in service.

None of it is part of a cache key.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from msgspec import Meta

from mainspring.config.by_model import ByModel
from mainspring.config.convert import Place
from mainspring.config.spans import seconds_of
from mainspring.digest.plain import Plain

__all__ = ["TRIGGERS", "Triggers", "read_triggers", "triggered_models"]

_SPANS: Final = ("cooldown", "retry_after", "budget_time", "probation_block")


class Triggers(Plain):
    """When a model is trained anew, and what becomes of the result.

    Attributes:
        pipeline: The pipeline, as `FILE.py` or `FILE.py:PIPELINE`, relative to `config.toml`.
        package: The step that returns the package, as `STEP` or `STEP.OUTPUT`.
        profile: The table `[profile.NAME]` that runs are configured with.
        sets: `KEY=VALUE` texts over it.
        validation: Steps that validate data: what fails there alerts, and never trains.
        schedule: Five fields of cron, such as `"0 3 * * 1"`; empty: no schedule.
        zone: The time zone of the schedule.
        data: Files, or folders as partitions, whose coming starts a run: a pattern relative to `config.toml`.
        files: At least so many of them have to be new or changed.
        rows: At least so many rows have to be new in them (Parquet, CSV, JSON lines).
        quality: The mean loss above which the model is trained anew; nothing said: no such line.
        windows: Over how many of the latest windows with labels that mean is taken.
        drift: Columns whose drift starts a run, outputs as `output.NAME`; `errors` for those of labels; `*` for all.
        cooldown: How long after a run none starts by itself: `90m`, `12h`, `1d`, `2w`.
        retries: So often a run that fails other than in `validation` is tried again, and gates that could not run.
        retry_after: How long after it failed, the first time; each time twice as long.
        labels: So many labels have to have come since the last run.
        budget_runs: So many runs may start by themselves in `budget_days`; 0: no limit.
        budget_time: They may take so long in all; 0 seconds: no limit.
        budget_days: The days that the budget is for.
        release: What becomes champion: the version that was `evaluated`, or, when it passes, a `refit` of another run.
        refit: `KEY=VALUE` texts over `sets` for that run, such as `plan.locked=0`.
        probation_labels: So many labelled predictions a new champion is judged on first; 0: no probation.
        probation_margin: By how much more, as a share, it may surely lose than the one before.
        probation_level: The confidence of that, one-sided, over all looks together.
        probation_series: The input by which predictions belong together, such as `store`.
        probation_block: Predictions within this time are not independent either.
    """

    pipeline: str = "pipeline.py"
    package: str = "package"
    profile: str = ""
    sets: tuple[str, ...] = ()
    validation: tuple[str, ...] = ("validate",)
    schedule: str = ""
    zone: str = "UTC"
    data: str = ""
    files: Annotated[int, Meta(ge=1)] = 1
    rows: Annotated[int, Meta(ge=0)] = 0
    quality: Annotated[float, Meta(ge=0)] | None = None
    windows: Annotated[int, Meta(ge=1)] = 3
    drift: tuple[str, ...] = ()
    cooldown: str = "1d"
    retries: Annotated[int, Meta(ge=0)] = 2
    retry_after: str = "15m"
    labels: Annotated[int, Meta(ge=0)] = 0
    budget_runs: Annotated[int, Meta(ge=0)] = 0
    budget_time: str = "0s"
    budget_days: Annotated[int, Meta(ge=1)] = 30
    release: Literal["evaluated", "refit"] = "evaluated"
    refit: tuple[str, ...] = ()
    probation_labels: Annotated[int, Meta(ge=0)] = 500
    probation_margin: Annotated[float, Meta(ge=0, lt=1)] = 0.05
    probation_level: Annotated[float, Meta(gt=0.5, lt=1)] = 0.95
    probation_series: str = ""
    probation_block: str = "1d"

    def __post_init__(self) -> None:
        """Check the spans of time."""
        for name in _SPANS:
            seconds_of(getattr(self, name))

    def refitting(self) -> "Triggers":
        """Return these settings for the run that makes a refit."""
        return Triggers(**{**vars(self), "sets": (*self.sets, *self.refit)})

    def span(self, name: str) -> float:
        """Return a span of time in seconds."""
        return seconds_of(getattr(self, name))


def read_triggers(path: Path, name: str) -> Triggers:
    """Return when a model is trained anew by a configuration file: `[triggers]`, and over it `[triggers.NAME]`.

    Args:
        path: The file; one that is not there says nothing.
        name: The model.

    Raises:
        ConfigError: The table does not fit; `problems` has every reason.
    """
    return TRIGGERS.of(path, name)


def triggered_models(path: Path) -> list[str]:
    """Return the models that have a table of their own, `[triggers.NAME]`.

    Raises:
        ConfigError: The table does not fit.
    """
    return sorted(name for name in TRIGGERS.read(path) if name)


def _data_is_a_pattern_beside(made: Triggers, raw: Mapping[str, Any], place: Place) -> None:
    if "data" not in raw or not made.data:
        return
    try:
        list(Path(__file__).glob(made.data))  # in what is no folder it is only read, and nothing searched
    except (NotImplementedError, ValueError) as error:
        fix = 'Write what is beside this file, such as "sales/*.parquet".'
        place.inside("data").report(f"'{place.key}.data' is '{made.data}', which is no pattern: {error}", fix)


TRIGGERS: Final = ByModel("triggers", Triggers, (_data_is_a_pattern_beside,))
