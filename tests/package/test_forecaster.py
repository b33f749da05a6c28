"""The whole way of a demand forecast: six quantile models between two source stages, packaged, loaded, served."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import package_samples
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from package_samples import NAMES, QUANTILES, RULE, SIGNATURE, demand

from mainspring.errors import ParityError, SensitiveDataError, SignatureError, StageError
from mainspring.package import (
    Decision,
    Field,
    Graph,
    Models,
    Pipeline,
    Reference,
    Signature,
    convert_models,
    load,
    parity,
    read_input,
)


def same(one, two):
    assert list(one) == list(two)
    for name in one:
        np.testing.assert_array_equal(one[name], two[name])


def test_the_package_agrees_with_the_pipeline_on_ten_thousand_rows(forecaster, built):
    raw = demand(10_000, 3)
    expected, got = forecaster.predict(raw), built.pipeline.predict(raw)
    found = parity(expected, got, RULE)
    assert found.ok, found.faults
    # Before rounding, where float32 shows.
    models, graph = forecaster.stages["quantiles"], built.pipeline.stages["quantiles"]
    assert isinstance(graph, Graph)
    made = {**raw, **forecaster.stages["calendar"].transform(raw)}
    bare = parity(models.transform(made), graph.transform(made), replace(RULE, quantiles=((0.5, 2e-6), (1, 1e-5))))
    assert bare.ok, bare.faults
    assert all(0 < one.maximum < 1e-5 for one in bare.outputs)


def test_quantiles_never_cross_and_are_whole_numbers_that_are_not_negative(built):
    made = np.column_stack(list(built.pipeline.predict(demand(5000, 4)).values()))
    assert (np.diff(made, axis=1) >= 0).all()
    assert (made >= 0).all()
    assert (made == np.rint(made)).all()
    assert list(built.pipeline.predict(demand(3, 4))) == list(NAMES)


def test_quantiles_mean_something(forecaster):
    raw = demand(4000, 5)
    made = forecaster.predict(raw)
    for name, quantile in zip(NAMES, QUANTILES, strict=True):
        assert abs((raw["units"] <= made[name]).mean() - quantile) < 0.12


def test_models_are_converted_as_they_are_when_it_is_built(forecaster, built, tmp_path):
    converted = convert_models(forecaster, demand(10, 2))
    assert converted.stages["quantiles"] == built.pipeline.stages["quantiles"]
    assert converted.stages["calibrate"] is forecaster.stages["calibrate"]
    again = package_samples.build_forecaster(converted, tmp_path / "p")
    assert again.package.digest == built.package.digest


def test_a_vector_has_no_rows_as_well():
    vector = Signature((Field("week", "float32", (7,), minimum=0),))
    assert read_input(vector, {"week": np.zeros((0, 7), np.float32)})["week"].shape == (0, 7)


def test_every_kind_of_input_gives_the_same(built):
    raw = demand(50, 6)
    expected = built.pipeline.predict(raw)
    rows = [
        {
            name: None if isinstance(value, float) and value != value else value
            for name, value in zip(raw, row, strict=True)
        }
        for row in zip(*(column.tolist() for column in raw.values()), strict=True)
    ]
    assert rows[0]["date"].isoformat().startswith("201")
    texts = [{**row, "date": row["date"].isoformat()} for row in rows]
    table = pl.DataFrame(rows)
    for given in (
        rows,
        texts,
        table,
        pd.DataFrame(rows),
        pd.DataFrame(raw),
        table.to_arrow(),
        pa.Table.from_pylist(rows),
    ):
        same(built.pipeline.predict(given), expected)


def test_one_row_and_no_row(built):
    raw = demand(7, 8)
    whole = built.pipeline.predict(raw)
    one = built.pipeline.predict({name: values[3:4] for name, values in raw.items()})
    assert {name: values[0] for name, values in one.items()} == {name: values[3] for name, values in whole.items()}
    none = built.pipeline.predict({name: values[:0] for name, values in raw.items()})
    assert {len(values) for values in none.values()} == {0}


def test_the_signature_of_the_package_has_the_outputs(built):
    signature = built.pipeline.signature
    assert signature.fields == SIGNATURE.fields
    assert [(field.name, field.type, field.shape) for field in signature.outputs] == [(n, "float64", ()) for n in NAMES]


def test_what_else_is_in_it_comes_back(built):
    loaded = load(built.package.path, trust=built.sources)
    assert loaded.config == {"horizon_days": 28, "quantiles": list(QUANTILES)}
    (reference,) = loaded.references
    assert (reference.window, reference.season, reference.columns) == ("2015-06", "summer", ("price", "lag_28"))
    assert reference.profile == b"\x81\xa1x\xcb"
    assert loaded.parity.ok
    assert loaded.manifest.rule == RULE
    assert loaded.package == built.package
    assert len(loaded.signature.fields) == 7


def test_a_zip_is_the_same_package(forecaster, built, tmp_path):
    zipped = package_samples.build_forecaster(forecaster, tmp_path / "package.zip")
    assert zipped.package.digest == built.package.digest
    raw = demand(20, 9)
    same(load(tmp_path / "package.zip", trust=zipped.sources).predict(raw), built.pipeline.predict(raw))
    again = package_samples.build_forecaster(forecaster, tmp_path / "again.zip")
    assert again.package.path.read_bytes() == (tmp_path / "package.zip").read_bytes()


def test_it_is_built_again_in_the_same_place(forecaster, built, tmp_path):
    for _ in range(2):
        assert package_samples.build_forecaster(forecaster, tmp_path / "p").package.digest == built.package.digest
    assert [path.name for path in tmp_path.iterdir()] == ["p"]


def test_an_equal_fit_in_another_process_is_the_same_package(built, tmp_path):
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); import package_samples as s;"
        "print(s.build_forecaster(s.forecaster(), sys.argv[2]).package.digest)"
    )
    place = str(package_samples.__file__).rpartition("/")[0]
    done = subprocess.run(
        [sys.executable, "-c", code, place, str(tmp_path / "p")], capture_output=True, text=True, check=True
    )
    assert done.stdout.split()[-1] == built.package.digest


LOADER = """
import sys, json
from mainspring.package import load
loaded = load(sys.argv[1], trust=sys.argv[2:])
made = loaded.predict([{"date": "2014-03-03", "store": 3, "promotion": True, "price": None, "lag_28": 200.0,
                        "mean_56": 210.5, "manager": "x"}])
print(json.dumps({"made": {name: values.tolist() for name, values in made.items()}, "modules": sorted(sys.modules)}))
"""
NEVER = {"polars", "pandas", "sklearn", "lightgbm", "pyarrow", "scipy", "onnx", "skl2onnx", "onnxmltools"}
OURS = {"engine", "graph", "workspace", "store", "tracking", "config", "cli", "events", "testing"}


def test_loading_imports_nothing_of_training_and_nothing_of_running(built):
    import json

    call = [sys.executable, "-c", LOADER, str(built.package.path), *built.sources]
    said = json.loads(subprocess.run(call, capture_output=True, text=True, check=True).stdout)
    modules = set(said["modules"])
    assert not modules & NEVER
    assert not modules & {f"mainspring.{unit}" for unit in OURS}
    assert {"numpy", "onnxruntime", "nanoarrow", "msgspec"} <= modules
    row = {"date": ["2014-03-03"], "store": [3], "promotion": [True], "price": [None], "lag_28": [200.0]}
    expected = built.pipeline.predict(row | {"mean_56": [210.5], "manager": ["x"]})
    assert said["made"] == {name: values.tolist() for name, values in expected.items()}


def test_a_planted_perturbation_of_one_model_is_caught(forecaster, tmp_path):
    """The model that is packaged predicts one per cent more than the one that was evaluated."""
    models = forecaster.stages["quantiles"]

    class Shifted:
        def __init__(self, model):
            self.model = model

        def predict(self, matrix):
            return self.model.predict(matrix) * 1.01

    wrong = {**models.models, "q0.5": Shifted(models.models["q0.5"])}
    graph = package_samples.build_forecaster(forecaster, tmp_path / "right").pipeline.stages["quantiles"]
    expected = Pipeline(SIGNATURE, {**forecaster.stages, "quantiles": Models(models.inputs, wrong)})
    packaged = Pipeline(SIGNATURE, {**forecaster.stages, "quantiles": graph})
    found = parity(expected.predict(demand(1000, 2)), packaged.predict(demand(1000, 2)), RULE)
    assert not found.ok
    assert all("'q0.5'" in fault or "'q0.75'" in fault or "'q0.25'" in fault for fault in found.faults)


def test_a_stage_whose_state_does_not_say_all_is_caught(forecaster, tmp_path, monkeypatch):
    calibrate = type(forecaster.stages["calibrate"])
    monkeypatch.setattr(calibrate, "state", lambda self: {"names": self.names, "offsets": self.offsets * 0})
    with pytest.raises(ParityError, match=r"Predictions differ by more than the rule allows \(package 'demand'\)"):
        package_samples.build_forecaster(forecaster, tmp_path / "p")
    assert not list(tmp_path.iterdir())


def test_an_order_up_to_decision_is_part_of_the_rule(forecaster, tmp_path):
    rule = replace(RULE, decisions=(Decision("q0.95", threshold=300.0, margin=1.0),))
    built = package_samples.build_forecaster(forecaster, tmp_path / "p", rule=rule)
    assert built.parity.ok
    assert load(built.package.path, trust=[built.package.digest]).manifest.rule == rule


def test_nothing_sensitive_is_in_the_package(built):
    for path in built.package.path.rglob("*"):
        assert path.is_dir() or b"Secretname" not in path.read_bytes()
    assert {b"input:store", b"input:price"} <= {
        part for part in (b"input:store", b"input:price") if part in (built.package.path / "golden.arrow").read_bytes()
    }
    assert b"input:manager" not in (built.package.path / "golden.arrow").read_bytes()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"references": (Reference("w", "s", b"", ("manager",)),)},
            "The profile of window 'w' has values of manager, which is sensitive",
        ),
        (
            {"config": {"example": "Zoltana-3-Secretname"}},
            r"A value of the sensitive column 'manager' is in config\.json",
        ),
        (
            {"references": (Reference("w", "s", b"top: Zoltana-3-Secretname", ("price",)),)},
            r"A value of the sensitive column 'manager' is in reference\.arrow",
        ),
    ],
)
def test_a_planted_leak_of_a_sensitive_column_is_caught(forecaster, tmp_path, changes, said):
    with pytest.raises(SensitiveDataError, match=said):
        package_samples.build_forecaster(forecaster, tmp_path / "p", **changes)
    assert not list(tmp_path.iterdir())


def test_bad_rows_are_refused_with_every_violation_and_no_sensitive_value(built):
    raw = demand(4, 1)
    raw["store"] = np.array([1, 0, 2, -3])
    raw["mean_56"][2] = np.inf
    raw["manager"] = [7, "a", "b", None]
    del raw["lag_28"]
    with pytest.raises(SignatureError) as caught:
        built.pipeline.predict(raw)
    said = [str(problem) for problem in caught.value.problems]
    assert said == [
        "column 'lag_28' is missing. Add the column.",
        "'store' is below 1: 0, in 2 of 4 rows, first in row 1.",
        "'mean_56' is infinite, in 1 of 4 rows, first in row 2.",
        "'manager' is a int, not a string, in row 0.",
        "'manager' is null, in 1 of 4 rows, first in row 3.",
    ]


def test_a_stage_that_breaks_its_contract_is_named(forecaster):
    class Short:
        def transform(self, columns):
            return {"q": np.zeros(2)}

    with pytest.raises(StageError, match=r"Column 'q' is \(2,\), not an array of 5 rows \(stage 'short'\)"):
        Pipeline(SIGNATURE, {**forecaster.stages, "short": Short()}).predict(demand(5, 1))


def test_a_fitted_pipeline_can_be_kept_between_steps(forecaster, tmp_path):
    from mainspring.store import LocalStore, load, save

    blobs = LocalStore(tmp_path)
    artifact = save("pipeline", forecaster, blobs, pickle=False)
    back = load(artifact, blobs)
    raw = demand(100, 4)
    same(back.predict(raw), forecaster.predict(raw))
    assert save("pipeline", back, blobs, pickle=False).digest == artifact.digest
