"""Each of twelve planted faults is caught by the property that is meant for it, and the right pipeline passes all."""

import inference
import pytest
from calibration import Calibration
from expected import Subject, examine
from folds import locked_fold, train_origins
from model import Job, Settings, train
from panel import arrange
from planted import FAULTS
from priced_sample import PLAN, PRICED, priced
from samples import sample

from mainspring.package import convert_models

LEVELS = [0.25, 0.5, 0.75, 0.95, 0.99]
SMALL = Settings(rounds=30, rate=0.2, leaves=15, stride=28, columns=0.5, rows=0.5)
BUDGET = 700


@pytest.fixture(scope="module")
def subject():
    panel = arrange(priced(), PRICED)
    origin = locked_fold(panel.periods, PLAN, panel.season).origin
    origins = sorted({origin, *train_origins(origin, PLAN, SMALL.stride)})
    samples = sample(panel, origins, PLAN, LEVELS, scales=SMALL.scales)
    fit = train(Job(origin, PLAN.train, SMALL, keep=True), panel, samples, PLAN, LEVELS)
    learned = Calibration(tuple(LEVELS), (0.0,) * 5, (0.0,) * 5, 100)
    fitted = inference.assemble(fit, learned, panel, PLAN, "units")
    fitted = convert_models(fitted, inference.many_rows(panel, origin, PLAN, 100))
    return Subject(fitted, panel, samples, PLAN, origin, PRICED)


def test_the_right_pipeline_passes_every_property(subject):
    verdicts = examine(subject, BUDGET, subject.fitted.predict)
    assert [f"{one.name}: {one.says}" for one in verdicts if not one.passed] == []
    assert {meant.format(slice="kind") for _, meant in FAULTS.values()} <= {one.name for one in verdicts}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_caught_by_the_property_that_is_meant_for_it(subject, fault):
    plant, meant = FAULTS[fault]
    (verdict,) = examine(plant(subject), BUDGET // 4, only=meant.format(slice="kind"))
    assert verdict.answer == "broken", verdict.says


def test_there_are_twelve():
    assert len(FAULTS) == 12
