"""Models of scikit-learn and LightGBM as graphs, and those that cannot be."""

import lightgbm
import numpy as np
import pandas as pd
import pytest
from forecast_stages import Logistic
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.ensemble import GradientBoostingRegressor, HistGradientBoostingRegressor, RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from mainspring.errors import DefinitionError, NotExportableError, ParityError, StageError
from mainspring.package import Decision, Field, Models, Pipeline, Rule, Signature, Spec, build, load, parity

INPUTS = ("a", "b", "c")
SIGNATURE = Signature(tuple(Field(name) for name in INPUTS))
RANDOM = np.random.default_rng(5)
X = RANDOM.normal(3, 2, (600, 3))
Y = (X[:, 0] - X[:, 1] + RANDOM.normal(size=600) > 0).astype(int)
RAW = {name: X[:, place] for place, name in enumerate(INPUTS)}


def pipeline(model, output="p", **options) -> Pipeline:
    return Pipeline(SIGNATURE, {"model": Models(INPUTS, {output: model}, **options)})


def classifier():
    return make_pipeline(StandardScaler(), LogisticRegression()).fit(X, Y)


def test_a_scaled_logistic_regression_with_probabilities(tmp_path):
    rule = Rule(((0.5, 1e-6), (0.99, 1e-6)), maximum=1e-5, decisions=(Decision("p", margin=1e-4),))
    built = build(pipeline(classifier()), Spec("churn", rule=rule), RAW, tmp_path / "p")
    assert built.sources == ()
    loaded = load(tmp_path / "p")
    made = loaded.predict(RAW)["p"]
    assert made.shape == (600, 2)
    np.testing.assert_allclose(made.sum(axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(made, classifier().predict_proba(X), atol=1e-6)
    (output,) = loaded.signature.outputs
    assert (output.name, output.shape, output.categories) == ("p", (2,), (0, 1))
    one = loaded.predict([{"a": 1, "b": 2.0, "c": 3.5}])["p"]
    np.testing.assert_allclose(one, classifier().predict_proba([[1, 2, 3.5]]), atol=1e-6)


def test_double_precision_for_a_linear_model(tmp_path):
    rule = Rule(((1.0, 1e-12),), maximum=1e-12)
    assert build(pipeline(classifier(), precision="float64"), Spec("churn", rule=rule), RAW, tmp_path / "p").parity.ok


def test_a_prepared_matrix_is_one_column(tmp_path):
    whole = Pipeline(Signature((Field("x", shape=(3,)),)), {"model": Models(("x",), {"p": classifier()})})
    built = build(whole, Spec("churn"), {"x": X}, tmp_path / "p")
    np.testing.assert_array_equal(
        built.pipeline.predict([{"x": row} for row in X.tolist()])["p"], built.pipeline.predict({"x": X})["p"]
    )


@pytest.mark.parametrize("reserve", [True, False])
def test_several_kinds_of_models_in_one_stage(tmp_path, reserve):
    settings = {"num_leaves": 7, "verbosity": -1, "num_threads": 1}
    models = {
        "forest": RandomForestClassifier(5, random_state=0).fit(X, Y),
        "line": LinearRegression().fit(X, Y),
        "binary": lightgbm.train({**settings, "objective": "binary"}, lightgbm.Dataset(X, Y), 5),
        "tweedie": lightgbm.train({**settings, "objective": "tweedie"}, lightgbm.Dataset(X, X[:, 0] ** 2), 5),
        "wrapped": lightgbm.LGBMClassifier(n_estimators=5, n_jobs=1, verbosity=-1).fit(X, Y),
        "multi": lightgbm.train({**settings, "objective": "multiclass", "num_class": 3}, lightgbm.Dataset(X, Y), 3),
    }
    if reserve:
        models = dict(reversed(models.items()))
    whole = Pipeline(SIGNATURE, {"models": Models(INPUTS, models)})
    built = build(whole, Spec("many"), RAW, tmp_path / "p")
    expected, got = whole.predict(RAW), built.pipeline.predict(RAW)
    assert {name: values.shape for name, values in got.items()} == {
        name: values.shape for name, values in expected.items()
    }
    assert got["binary"].shape == (600,)
    assert got["wrapped"].shape == (600, 2)


def test_texts_into_an_encoder(tmp_path):
    raw = {"city": np.array(["Rome", "Oslo", "Rome", "Bern"] * 20, object)}
    model = make_pipeline(OneHotEncoder(), LogisticRegression()).fit(raw["city"][:, None], [0, 1, 1, 0] * 20)
    whole = Pipeline(
        Signature((Field("city", "string", categories=("Rome", "Oslo", "Bern")),)),
        {"model": Models(("city",), {"p": model})},
    )
    built = build(whole, Spec("cities"), raw, tmp_path / "p")
    assert parity(whole.predict(raw), built.pipeline.predict(raw), Rule()).ok


class Odd(RegressorMixin, BaseEstimator):
    def predict(self, matrix):
        return matrix[:, 0]


@pytest.mark.parametrize(
    ("model", "cause"),
    [
        (Odd(), r"'p' \(Odd\) cannot be exported to ONNX: MissingShapeCalculator: "),
        (HistGradientBoostingRegressor(max_iter=3).fit(X, Y), r"HistGradientBoostingRegressor\) cannot be exported"),
        (
            lightgbm.train({"linear_tree": True, "verbosity": -1, "num_threads": 1}, lightgbm.Dataset(X, Y), 3),
            "its leaves are linear models",
        ),
        (
            lightgbm.train({"zero_as_missing": True, "verbosity": -1, "num_threads": 1}, lightgbm.Dataset(X, Y), 3),
            "it was trained with zero_as_missing",
        ),
    ],
    ids=["unknown", "histogram", "linear-tree", "zero-as-missing"],
)
def test_a_model_that_cannot_be_exported_is_refused_with_the_cause(tmp_path, model, cause):
    with pytest.raises(NotExportableError, match=cause) as caught:
        build(pipeline(model), Spec("odd"), RAW, tmp_path / "p")
    assert caught.value.where == "stage 'model'"
    assert "instead=" in caught.value.fix
    assert not list(tmp_path.iterdir())


def test_trees_have_no_double_precision(tmp_path):
    model = GradientBoostingRegressor(n_estimators=3).fit(X, Y)
    with pytest.raises(NotExportableError, match=r"The graph of the models cannot run: .*tensor\(double\)"):
        build(pipeline(model, precision="float64"), Spec("odd"), RAW, tmp_path / "p")


class OddClassifier:
    def __init__(self, model):
        self.model = model

    def predict_proba(self, matrix):
        return self.model.predict_proba(matrix)


def test_such_a_model_is_packaged_as_source_when_the_project_says_so(tmp_path):
    inner = LogisticRegression().fit(X, Y)
    instead = Logistic(list(INPUTS), "p", inner.coef_[0], float(inner.intercept_[0]))
    built = build(pipeline(OddClassifier(inner), instead=instead), Spec("odd"), RAW, tmp_path / "p")
    assert len(built.sources) == 1
    made = load(tmp_path / "p", trust=built.sources).predict(RAW)["p"]
    np.testing.assert_allclose(made, inner.predict_proba(X), atol=1e-12)
    wrong = Logistic(list(INPUTS), "p", inner.coef_[0] * 1.01, float(inner.intercept_[0]))
    with pytest.raises(ParityError, match="differ by more than the rule allows"):
        build(pipeline(OddClassifier(inner), instead=wrong), Spec("odd"), RAW, tmp_path / "q")


def test_a_stage_that_is_not_numpy_alone_is_refused(tmp_path):
    class Local:
        def transform(self, columns):
            return columns

        def state(self):
            return {}

        @classmethod
        def from_state(cls, state):
            return cls()

    with pytest.raises(StageError, match=r"Local is not at the top level of its module \(stage 'local'\)"):
        build(Pipeline(SIGNATURE, {"local": Local()}), Spec("x"), RAW, tmp_path / "p")
    with pytest.raises(
        StageError, match=r"The source of a stage imports '\w+' \(stage 'here', test_scikit_learn.py:\d+\)"
    ):
        build(Pipeline(SIGNATURE, {"here": Here()}), Spec("x"), RAW, tmp_path / "p")
    with pytest.raises(StageError, match="A Silent has no 'state' and 'from_state'"):
        build(Pipeline(SIGNATURE, {"silent": Silent()}), Spec("x"), RAW, tmp_path / "p")


class Silent:
    def transform(self, columns):
        return {"a": columns["a"]}


class Here(Silent):
    def state(self):
        return {}

    @classmethod
    def from_state(cls, state):
        return cls()


def test_models_of_other_columns_are_refused_where_they_are_defined():
    model = LinearRegression().fit(pd.DataFrame(X, columns=["a", "b", "c"]), Y)
    assert pipeline(model).predict(RAW)["p"].shape == (600,)
    with pytest.raises(DefinitionError, match=r"was fitted on \['a', 'b', 'c'\], and gets \['b', 'a', 'c'\]"):
        Models(("b", "a", "c"), {"p": model})
    booster = lightgbm.train(
        {"verbosity": -1, "num_threads": 1}, lightgbm.Dataset(X, Y, feature_name=["a", "b", "c"]), 2
    )
    with pytest.raises(DefinitionError, match="was fitted on"):
        Models(("a", "b"), {"p": booster})


def test_no_samples_no_package(tmp_path):
    with pytest.raises(DefinitionError, match="needs samples"):
        build(pipeline(classifier()), Spec("churn"), {name: X[:0, 0] for name in INPUTS}, tmp_path / "p")
