"""The inference pipeline and its package: one code for training and service, and no library of training to load it."""

import json
import subprocess
import sys
from dataclasses import replace

import inference
import numpy as np
import pytest
from calibration import Calibration
from folds import locked_fold, train_origins
from model import Job, Settings, train
from panel import arrange
from sales_sample import DAILY, LEVELS, PLAN, daily
from samples import sample

from mainspring import evidence
from mainspring.errors import ParityError, SignatureError
from mainspring.package import Models, Pipeline, build, check_parity, convert_models, load, parity
from mainspring.registry import Registry
from mainspring.testing import check_conversion
from mainspring.tracking import open_database

SMALL = Settings(
    rounds=8, rate=0.3, stride=14, least=20, start="usual", units=(0, 0, 0, 0.5, 1, 0.5), smoothed=(0, 0, 0, 0, 0, 0.3)
)
LEARNED = Calibration(tuple(LEVELS), (0.1,) * 6, (-0.1, 0.0, 0.0, 0.0, 0.1, 0.1), 100)


@pytest.fixture(scope="module")
def panel():
    return arrange(daily(shops=5, items=5), DAILY)


@pytest.fixture(scope="module")
def origin(panel):
    return locked_fold(panel.periods, PLAN, panel.season).origin


@pytest.fixture(scope="module")
def fitted(panel, origin):
    origins = sorted({origin, *train_origins(origin, PLAN, SMALL.stride)})
    samples = sample(panel, origins, PLAN, LEVELS, scales=SMALL.scales)
    fit = train(Job(origin, PLAN.train, SMALL, keep=True), panel, samples, PLAN, LEVELS)
    return inference.assemble(fit, LEARNED, panel, PLAN, "units")


@pytest.fixture(scope="module")
def raw(panel, origin):
    return inference.many_rows(panel, origin, PLAN, 10_000)


@pytest.fixture(scope="module")
def converted(fitted, raw):
    return convert_models(fitted, raw)


@pytest.fixture(scope="module")
def expected(fitted, raw):
    return fitted.predict(raw)


@pytest.fixture(scope="module")
def built(converted, panel, origin, tmp_path_factory):
    spec = inference.spec(converted, panel, origin, PLAN, "units")
    rows = inference.many_rows(panel, origin, PLAN, 1)
    return build(converted, spec, rows, tmp_path_factory.mktemp("package") / "retail")


def test_the_converted_pipeline_says_the_same_on_ten_thousand_rows(converted, raw, expected):
    found = check_conversion(lambda _: expected, converted.predict, raw, rule=inference.RULE)
    assert all(one.rows >= 10_000 for one in found.outputs)


def test_a_planted_perturbation_of_one_model_is_caught(fitted, converted, raw, expected):
    """The model that was packaged is not the one that was evaluated: it says one per cent more."""

    class Shifted:
        def __init__(self, model):
            self.model = model

        def predict(self, matrix):
            return self.model.predict(matrix) * 1.01 + 0.1

    models = fitted.stages["models"]
    wrong = dict(models.models) | {"model 0.5, 0": Shifted(models.models["model 0.5, 0"])}
    shifted = Pipeline(fitted.signature, {**fitted.stages, "models": Models(models.inputs, wrong)})
    few = {name: values[:2000] for name, values in raw.items()}
    with pytest.raises(ParityError, match="Predictions differ by more than the rule allows"):
        check_parity(shifted.predict(few), converted.predict(few), inference.RULE, "the converted models")
    assert any(
        "'q0.5'" in fault for fault in parity(shifted.predict(few), converted.predict(few), inference.RULE).faults
    )
    assert all(len(values) >= 10_000 for values in expected.values())


def test_a_row_is_forecast_alone_as_among_others(converted, raw, expected):
    for place in (0, 5, 399):
        one = converted.predict({name: values[place : place + 1] for name, values in raw.items()})
        assert {name: values[0] for name, values in one.items()} == {
            name: values[place] for name, values in expected.items()
        }
    mixed = np.random.default_rng(0).permutation(500)
    shuffled = converted.predict({name: values[mixed] for name, values in raw.items()})
    for name, values in shuffled.items():
        assert np.array_equal(values, expected[name][mixed])


def test_no_row_is_no_forecast_and_a_new_series_has_one(converted, raw):
    none = converted.predict({name: values[:0] for name, values in raw.items()})
    assert {len(values) for values in none.values()} == {0}
    new = {name: values[:1].copy() for name, values in raw.items()}
    new["units"][:] = np.nan
    new["kind"][:] = "a kind that there was not"
    assert all(np.isfinite(values).all() for values in converted.predict(new).values())


def test_rows_that_cannot_be_are_refused(converted, raw):
    wrong = {name: values[:2].copy() for name, values in raw.items()}
    wrong["ahead"][:] = 99
    wrong["price"] = wrong["price"][:, :10]
    with pytest.raises(SignatureError, match="does not fit the signature: 2 violations"):
        converted.predict(wrong)


LOADER = """
import sys

GONE = {"sklearn", "lightgbm", "polars", "pandas", "scipy", "onnx", "skl2onnx", "onnxmltools"}

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in GONE:
            raise ModuleNotFoundError(f"there is no {name} here", name=name)

sys.meta_path.insert(0, Blocked())
import json
import numpy as np
from mainspring.package import load

loaded = load(sys.argv[1], trust=[sys.argv[2]])
given = np.load(sys.argv[3], allow_pickle=True)
made = loaded.predict({name: given[name] for name in given.files})
print(json.dumps({name: values.tolist() for name, values in made.items()}, default=str))
"""


def test_it_loads_and_forecasts_without_the_libraries_of_training(built, raw, expected, tmp_path):
    rows = {name: values[:60] for name, values in raw.items()}
    np.savez(tmp_path / "rows.npz", **rows)
    call = [sys.executable, "-c", LOADER, str(built.package.path), built.package.digest, str(tmp_path / "rows.npz")]
    done = subprocess.run(call, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    said = json.dumps({name: values[:60].tolist() for name, values in expected.items()}, default=str)
    assert json.loads(done.stdout) == json.loads(said)


def test_it_holds_what_a_service_and_a_monitor_need(built):
    loaded = load(built.package.path, trust=built.sources)
    assert loaded.parity.ok
    assert loaded.config["quantiles"]["q0.95"] == 0.95
    assert len(loaded.references) >= 12
    assert set(loaded.config["quantiles"]) < set(loaded.references[0].columns)
    assert {reference.season for reference in loaded.references} <= {f"{month:02}" for month in range(1, 13)}
    assert loaded.manifest.rule == inference.RULE


def test_equal_pipelines_are_one_package(built, converted, panel, origin, tmp_path):
    spec = replace(inference.spec(converted, panel, origin, PLAN, "units"))
    again = build(converted, spec, inference.many_rows(panel, origin, PLAN, 1), tmp_path / "again.zip")
    assert again.package.digest == built.package.digest


def test_a_forecast_can_be_followed_stage_by_stage(fitted, raw):
    one = {name: values[:1] for name, values in raw.items()}
    whole = fitted.predict(one)

    def leads_there(stages):
        columns = dict(one)
        for stage in stages.values():
            columns |= stage.transform(columns)
        return all(np.array_equal(columns[name], values) for name, values in whole.items())

    def without_calibration(stages):
        finish = stages["calibration"]
        raised = replace(finish, calibration=replace(finish.calibration, shift=(1.0,) * 6))
        return {**stages, "calibration": raised}

    assert evidence(
        "infrastructure.debugging",
        "the stages, one after the other, lead to the forecast of one row",
        leads_there,
        fitted.stages,
        faults={"a stage that is not the one that serves": without_calibration},
    )


def test_an_alias_goes_back_to_the_version_before(built, converted, panel, origin, tmp_path):
    other = replace(inference.spec(converted, panel, origin, PLAN, "units"), config={"newer": True})
    newer = build(converted, other, inference.many_rows(panel, origin, PLAN, 1), tmp_path / "newer")
    with Registry(open_database(tmp_path / "home"), tmp_path / "packages") as registry:

        def move(number):
            registry.set_alias("retail", "live", number, who="test", why="rehearsal")

        for made in (built, newer):
            registry.register(made.package.path, "retail", trust=made.sources)

        def serves_the_one_before(go_back):
            move(1)
            move(2)
            go_back()
            found = registry.resolve("retail@live")
            loaded = load(found.path, trust=built.sources, digest=found.digest)
            return loaded.package.digest == built.package.digest and loaded.parity.ok

        assert evidence(
            "infrastructure.rollback",
            "an alias goes back to the version before, which loads and repeats its golden samples",
            serves_the_one_before,
            lambda: move(1),
            faults={"a rollback that does not happen": lambda _: lambda: None},
        )
