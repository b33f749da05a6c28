"""XGBoost and torch in a package: the parity rule holds, and what cannot be exported is refused by name."""

import numpy as np
import pandas as pd
import pytest
import torch
import xgboost

from mainspring.errors import NotExportableError, ParityError, StageError
from mainspring.package import Field, Models, Pipeline, Policy, Rule, Signature, Spec, build

NAMES = ("a", "b", "c", "d")
SIGNATURE = Signature(tuple(Field(name) for name in NAMES), Policy(null="keep", nan="keep"))
STRICT = Rule(((0.5, 1e-6), (1.0, 1e-4)), maximum=1e-4)


def table(rows: int, *, missing: float = 0.0) -> dict[str, np.ndarray]:
    random = np.random.default_rng(5)
    made = {name: np.round(random.normal(0, 2, rows), 3) for name in NAMES}
    for values in made.values():
        values[random.random(rows) < missing] = np.nan
    return made


def matrix(columns) -> np.ndarray:
    return np.column_stack([columns[name] for name in NAMES])


def target(columns) -> np.ndarray:
    return np.nan_to_num(columns["a"]) * 2 + np.nan_to_num(columns["b"]) ** 2


def packaged(model, samples, out, rule=STRICT, **more):
    return build(
        Pipeline(SIGNATURE, {"model": Models(NAMES, {"y": model}, **more)}), Spec("m", rule=rule), samples, out
    )


TREES = {"n_estimators": 25, "max_depth": 4, "n_jobs": 1}
XGBOOST = {
    "squared": xgboost.XGBRegressor(**TREES),
    "base": xgboost.XGBRegressor(**TREES, base_score=3.0),
    "absolute": xgboost.XGBRegressor(**TREES, objective="reg:absoluteerror"),
    "quantile": xgboost.XGBRegressor(**TREES, objective="reg:quantileerror", quantile_alpha=0.9),
    "poisson": xgboost.XGBRegressor(**TREES, objective="count:poisson"),
    "two": xgboost.XGBClassifier(**TREES),
    "three": xgboost.XGBClassifier(**TREES),
}
TARGETS = {
    "poisson": lambda y: np.abs(np.round(y)),
    "two": lambda y: (y > 3).astype(int),
    "three": lambda y: np.digitize(y, [0, 5]),
}


@pytest.mark.parametrize("kind", XGBOOST)
def test_xgboost_predicts_the_same_from_its_package(kind, tmp_path):
    fitted, fresh = table(600, missing=0.1), table(3000, missing=0.1)
    model = XGBOOST[kind].fit(matrix(fitted), TARGETS.get(kind, lambda y: y)(target(fitted)))
    built = packaged(model, fresh, tmp_path / "package")
    expected = getattr(model, "predict_proba", model.predict)(matrix(fresh))
    assert np.abs(built.pipeline.predict(fresh)["y"] - expected).max() < 1e-4
    (output,) = built.pipeline.signature.outputs or built.pipeline.signature.fields[:1]
    if kind == "three":
        assert (output.shape, output.categories) == ((3,), (0, 1, 2))
    assert packaged(model, fresh, tmp_path / "again").package.digest == built.package.digest


def test_a_model_of_named_columns_keeps_its_names(tmp_path):
    fitted = table(400)
    model = xgboost.XGBRegressor(**TREES).fit(pd.DataFrame(fitted), target(fitted))
    packaged(model, fitted, tmp_path / "package")
    assert model.get_booster().feature_names == list(NAMES)


@pytest.mark.parametrize(
    ("model", "cause"),
    [
        (xgboost.XGBRegressor(**TREES, booster="dart"), "cannot be exported"),
        (xgboost.XGBRegressor(**TREES, missing=-1.0), "takes -1.0 for a missing value"),
    ],
)
def test_what_xgboost_cannot_export_is_refused(model, cause, tmp_path):
    fitted = table(200)
    model.fit(matrix(fitted), target(fitted))
    with pytest.raises(NotExportableError, match=cause):
        packaged(model, fitted, tmp_path / "package")


def network(*, last: int = 1) -> torch.nn.Module:
    torch.manual_seed(3)
    layers = [torch.nn.Linear(4, 16), torch.nn.BatchNorm1d(16), torch.nn.ReLU(), torch.nn.Dropout(0.5)]
    return torch.nn.Sequential(*layers, torch.nn.Linear(16, last)).eval()


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_torch_predicts_the_same_from_its_package(precision, tmp_path):
    samples = table(2000)
    model = network().to(getattr(torch, precision))
    built = packaged(model, samples, tmp_path / "package", precision=precision)
    with torch.inference_mode():
        expected = model(torch.from_numpy(matrix(samples)).to(getattr(torch, precision))).numpy()[:, 0]
    assert np.abs(built.pipeline.predict(samples)["y"] - expected).max() < 1e-5
    assert packaged(model, samples, tmp_path / "again", precision=precision).package.digest == built.package.digest


def test_torch_gives_vectors(tmp_path):
    model = torch.nn.Sequential(network(last=3), torch.nn.Softmax(dim=1)).eval()
    made = packaged(model, table(50), tmp_path / "package").pipeline.predict(table(50))["y"]
    assert made.shape == (50, 3)
    assert np.allclose(made.sum(axis=1), 1, atol=1e-6)


def test_a_module_in_training_mode_is_refused(tmp_path):
    with pytest.raises(StageError, match="is in training mode"):
        packaged(network().train(), table(50), tmp_path / "package")


class Unlike(torch.nn.Module):
    """Gives other numbers for one row than for many, which a graph of two rows does not show."""

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        return rows[:, :1] * float(rows.shape[0])


def test_a_module_that_looks_at_the_number_of_rows_is_caught_by_parity(tmp_path):
    with pytest.raises(ParityError, match="differ by more than the rule allows"):
        packaged(Unlike().eval(), table(50), tmp_path / "package")


class Branching(torch.nn.Module):
    def forward(self, rows: torch.Tensor) -> list[torch.Tensor]:
        return [rows]


def test_a_module_that_returns_no_tensor_is_refused(tmp_path):
    with pytest.raises(StageError, match="returned a list, not a tensor"):
        packaged(Branching().eval(), table(50), tmp_path / "package")
