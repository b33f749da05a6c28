"""One row at a time: it is predicted in memory that is bound once, and as it is among others, bit for bit."""

from concurrent.futures import ThreadPoolExecutor

import lightgbm
import numpy as np
import pytest

from mainspring.errors import SignatureError
from mainspring.package import Field, Models, Pipeline, Signature, Spec, build, load

NAMES = ("a", "b", "c")
RANDOM = np.random.default_rng(8)
X = RANDOM.normal(size=(400, 3))
Y = X[:, 0] * 3 + np.sin(X[:, 1])
COLUMNS = dict(zip(NAMES, X.T.copy(), strict=True))


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    settings = {"num_leaves": 7, "verbosity": -1, "num_threads": 1}
    models = {
        name: lightgbm.train(settings, lightgbm.Dataset(X, target), 9) for name, target in (("y", Y), ("twice", 2 * Y))
    }
    signature = Signature(tuple(Field(name, minimum=-50) for name in NAMES))
    out = tmp_path_factory.mktemp("rows") / "package"
    build(Pipeline(signature, {"model": Models(NAMES, models)}), Spec("rows"), COLUMNS, out)
    return load(out)


@pytest.fixture(scope="module")
def vectors(tmp_path_factory):
    settings = {"num_leaves": 7, "verbosity": -1, "num_threads": 1}
    models = {"y": lightgbm.train(settings, lightgbm.Dataset(X, Y), 9)}
    out = tmp_path_factory.mktemp("vectors") / "package"
    signature = Signature((Field("x", "float32", (3,), maximum=50),))
    build(Pipeline(signature, {"model": Models(("x",), models)}), Spec("rows"), {"x": X.astype("f4")}, out)
    return load(out)


def one(row: int) -> dict[str, np.ndarray]:
    return {name: values[row : row + 1] for name, values in COLUMNS.items()}


def test_each_row_alone_is_predicted_as_among_others(loaded, vectors):
    together = loaded.predict(COLUMNS)
    alone = [loaded.predict(one(row)) for row in range(400)]
    assert {name: values.tobytes() for name, values in loaded.pipeline.run(COLUMNS).items()} == {
        name: values.tobytes() for name, values in together.items()
    }
    unread = [loaded.pipeline.run(one(row)) for row in range(400)]
    for name in ("y", "twice"):
        assert [made[name].tobytes() for made in alone] == [value.tobytes() for value in together[name]]
        assert [made[name].tobytes() for made in unread] == [value.tobytes() for value in together[name]]
        assert (alone[0][name].shape, alone[0][name].dtype) == ((1,), np.float64)
    matrix = X.astype("f4")
    expected = vectors.predict({"x": matrix})["y"]
    assert [vectors.predict({"x": matrix[row : row + 1]})["y"][0] for row in range(400)] == expected.tolist()


def test_threads_do_not_share_the_memory_of_a_row(loaded):
    expected = loaded.predict(COLUMNS)["y"].tolist()
    rows = [row for row in range(400) for _ in range(5)]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda row: loaded.predict(one(row))["y"], rows))
    assert [float(values[0]) for values in found] == [expected[row] for row in rows]


def test_a_row_that_does_not_fit_is_refused(loaded, vectors):
    for bad in (-51.0, np.nan, np.inf):
        with pytest.raises(SignatureError, match="'b'"):
            loaded.predict({**one(0), "b": np.array([bad])})
        with pytest.raises(SignatureError, match="'x'"):
            vectors.predict({"x": np.array([[0, 0, 51 if bad < 0 else bad]], "f4")})
    with pytest.raises(SignatureError, match="different numbers of rows"):
        loaded.predict({**one(0), "b": np.zeros(2)})
    with pytest.raises(SignatureError, match="'c' is missing"):
        loaded.predict({name: values for name, values in one(0).items() if name != "c"})


def test_a_number_beyond_float32_is_infinite_in_the_graph_as_among_others(loaded):
    far = {**one(0), "a": np.array([1e300])}
    alone = loaded.predict(far)["y"]
    with pytest.warns(RuntimeWarning, match="overflow"):
        together = loaded.predict({name: np.repeat(values, 2) for name, values in far.items()})["y"]
    assert alone.tolist() == together[:1].tolist()
