"""What models predict on golden rows: two that predict the same are the same to whoever asks them."""

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

from mainspring.errors import MainspringError
from mainspring.package import Package, Pipeline
from mainspring.package.content import read_content
from mainspring.package.loading import golden_samples, open_content

__all__ = ["Golden", "golden_rows"]

_ROWS = 512


def golden_rows(features: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return the rows that a model without golden samples is asked: the same in every process.

    Half are standard normal, half are of either sign and any size from 0.001 to a million.
    """
    drawn = np.random.default_rng(20_260_000 + features)
    near = drawn.normal(size=(_ROWS // 2, features))
    sizes = 10 ** drawn.uniform(-3, 6, size=(_ROWS // 2, features))
    return np.concatenate([near, sizes * drawn.choice([-1.0, 1.0], size=sizes.shape)])


class Golden:
    """Asks models. Packages and pipelines are asked the golden samples of the package that was met first."""

    def __init__(self) -> None:
        self._samples: list[Mapping[str, Any]] = []

    def learn(self, value: Any) -> None:
        """Take the golden samples of a package, for it and for others that take the same."""
        if isinstance(value, Package):
            try:
                content = read_content(value.path, value.digest)
                self._samples.append(golden_samples(content, open_content(content, trust=(value.digest,)).signature)[0])
            except MainspringError:
                return  # it cannot be loaded here: then it is told by its files

    def predict(self, value: Any) -> Mapping[str, Any] | None:
        """Return what a value predicts; None when it is no model, or there is nothing to ask it."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of columns without names, mostly
            if isinstance(value, Package):
                return self._package(value)
            if isinstance(value, Pipeline):
                return self._asked(value)
            return _estimator(value)

    def _package(self, value: Package) -> Mapping[str, Any] | None:
        try:
            loaded = open_content(read_content(value.path, value.digest), trust=(value.digest,))
        except MainspringError:
            return None
        return self._asked(loaded.pipeline)

    def _asked(self, pipeline: Pipeline) -> Mapping[str, Any] | None:
        names = {field.name for field in pipeline.signature.fields}
        for samples in self._samples:
            if set(samples) == names:
                return pipeline.run(dict(samples))
        return None


def _estimator(value: Any) -> Mapping[str, Any] | None:
    """What a fitted model of LightGBM, XGBoost or in the manner of scikit-learn says to golden rows."""
    library = type(value).__module__.partition(".")[0]
    if library == "lightgbm" and hasattr(value, "num_feature"):
        return {"predictions": value.predict(golden_rows(value.num_feature()))}
    if library == "xgboost" and hasattr(value, "inplace_predict"):
        return {"predictions": value.inplace_predict(golden_rows(value.num_features()))}
    features = getattr(value, "n_features_in_", None)
    if not isinstance(features, int) or isinstance(value, type):
        return None
    found = {}
    for name in ("predict_proba", "predict", "transform"):
        ask = getattr(value, name, None)
        if ask is not None:
            try:
                found[name] = ask(golden_rows(features))
            except (
                ValueError,
                TypeError,
                ArithmeticError,
            ):  # it takes no such rows: texts, say
                return None
            break
    return found or None
