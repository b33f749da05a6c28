"""The ML Test Score: 28 tests in four sections, what each asks for, and how a point is earned here.

After E. Breck, S. Cai, E. Nielsen, M. Salib and D. Sculley, "The ML Test Score: A Rubric for ML Production Readiness
and Technical Debt Reduction", IEEE Big Data 2017. The tests and the way of counting are theirs, the words are ours.
"""

from typing import Final

from msgspec import Struct

__all__ = ["BANDS", "RUBRIC", "SECTIONS", "Test", "band"]

SECTIONS: Final = ("data", "model", "infrastructure", "monitoring")


class Test(Struct, frozen=True):
    """One test.

    Attributes:
        id: Section and name, as `mainspring.evidence` takes it.
        title: What holds when it is done.
        earn: What would be evidence.
    """

    id: str
    title: str
    earn: str

    @property
    def section(self) -> str:
        """Its section."""
        return self.id.partition(".")[0]


RUBRIC: Final = (
    Test(
        "data.expectations",
        "What is expected of each feature is written down and checked",
        "check the table against its contract in a step, with planted rows that break it",
    ),
    Test(
        "data.benefit",
        "Each feature is worth having",
        "check that the model uses each feature, or loses without it, with a planted feature of noise",
    ),
    Test(
        "data.cost",
        "No feature costs more than it is worth",
        "check the time that features take against a limit, with a planted slow one",
    ),
    Test(
        "data.policy",
        "Features keep to what is allowed for them: sources, columns, what is known when",
        "check which columns, and which times, features may read, with a planted one that reads more",
    ),
    Test(
        "data.privacy",
        "Personal data is kept where it belongs, all along the pipeline",
        "check that nothing marked sensitive is in artifacts, packages and reports, with a planted leak",
    ),
    Test(
        "data.new-features",
        "A new feature reaches production quickly",
        "have somebody say how long the last one took: mainspring testscore attest data.new-features",
    ),
    Test(
        "data.feature-code",
        "All code that makes features is tested",
        "check features against values worked out by another way, with planted errors in the code",
    ),
    Test(
        "model.review",
        "Each change of the model's specification is reviewed and kept under version control",
        "have somebody say how changes are reviewed: mainspring testscore attest model.review",
    ),
    Test(
        "model.online-offline",
        "What is measured offline goes with what matters in use",
        "compare offline losses with costs or figures in use over several periods, with a planted unrelated loss",
    ),
    Test(
        "model.tuning",
        "Hyperparameters are tuned",
        "check that the settings are the best of those that were tried, with planted worse ones",
    ),
    Test(
        "model.staleness",
        "It is known what an old model costs",
        "measure models of older data on the same days, with a planted model that is far too old",
    ),
    Test(
        "model.baseline",
        "A simpler model is not as good",
        "compare the model with simple baselines on data that it has not seen, with a planted useless model",
    ),
    Test(
        "model.slices",
        "Quality suffices on every slice that matters",
        "check the metric of each slice against a limit, with a planted bad slice",
    ),
    Test(
        "model.inclusion",
        "Different groups of people, or of what stands for them, are treated alike",
        "check errors by group against each other, with a planted group that is treated worse",
    ),
    Test(
        "infrastructure.reproducible",
        "Training twice gives the same model",
        "mainspring reproduce the run, or train twice in a test, with planted randomness",
    ),
    Test(
        "infrastructure.model-code",
        "The code that specifies and trains the model is unit tested",
        "check in a test that the loss falls and that one batch can be learned by heart, with a planted frozen model",
    ),
    Test(
        "infrastructure.integration",
        "The whole pipeline is tested from end to end, often and automatically",
        "mainspring ci: its smoke run, with a planted step that returns nothing",
    ),
    Test(
        "infrastructure.quality-gate",
        "A model is validated before it may serve",
        "decide about the model in a step or by gates, with a planted bad model",
    ),
    Test(
        "infrastructure.debugging",
        "What the model does with one example can be followed step by step",
        "check in a test that the stages can be followed on one row, with a planted wrong stage",
    ),
    Test(
        "infrastructure.canary",
        "A model is tried as it will be served before it answers everyone",
        "load the package as the service does and replay its golden samples, with a planted damaged package",
    ),
    Test(
        "infrastructure.rollback",
        "Serving can go back to the model before, fast and safely",
        "rehearse a rollback in a test, with a planted one that does not happen",
    ),
    Test(
        "monitoring.dependencies",
        "Whoever consumes the data is told when something upstream changes",
        "check that a change upstream is noticed and told, with a planted change",
    ),
    Test(
        "monitoring.invariants",
        "What holds for the inputs in training is checked on those in use",
        "check requests against the signature as the service does, with planted rows that break it",
    ),
    Test(
        "monitoring.skew",
        "Features in training and in use are the same",
        "compute the features of the same rows both ways, with a planted difference",
    ),
    Test(
        "monitoring.staleness",
        "Models that serve are not too old",
        "check the age of what serves, with a planted old version",
    ),
    Test(
        "monitoring.numerics",
        "Training and serving stay clear of NaN, infinity and nonsense",
        "check parameters and predictions for what is not finite or out of range, with a planted NaN",
    ),
    Test(
        "monitoring.performance",
        "Speed, throughput, latency and memory do not get worse unnoticed",
        "compare them with those of the version before, with a planted slow one",
    ),
    Test(
        "monitoring.quality",
        "Predictions in use do not get worse unnoticed",
        "join labels with predictions and compare with the reference, with planted wrong predictions",
    ),
)

# The paper's bands of the final score: to, inclusive, and what it means in our words.
BANDS: Final = (
    (0.0, "a research project rather than a system for production"),
    (1.0, "not untested altogether, but expect serious holes"),
    (2.0, "a first pass at production; more has to be put into it"),
    (3.0, "reasonably tested; more of it could be automatic"),
    (5.0, "strong automatic testing and monitoring, fit for what must not fail"),
    (7.0, "exceptional automatic testing and monitoring"),
)


def band(score: float) -> str:
    """Return what a final score means.

    >>> band(3.0)
    'reasonably tested; more of it could be automatic'
    """
    return next((meaning for highest, meaning in BANDS if score <= highest), BANDS[-1][1])
