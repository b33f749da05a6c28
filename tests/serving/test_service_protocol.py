"""One prediction, whichever way it is asked for: in process, plain JSON, tensors in JSON and in binary, bit for bit."""

import json
import urllib.request

import numpy as np
import pytest
import tritonclient.http as triton
from serving_samples import NUMBERS, columns, rows_of

from mainspring.package import load

ROWS = 10_000


@pytest.fixture(scope="module")
def expected(shop):
    return load(shop.package.path, trust=shop.sources).predict(columns(ROWS))


@pytest.fixture(scope="module")
def client(live):
    with triton.InferenceServerClient(live.removeprefix("http://")) as made:
        yield made


def inputs(given, *, binary: bool) -> list:
    made = []
    for name, values in given.items():
        if values.dtype.kind == "M":
            values = np.array([str(one) for one in values], object)
        if name == "memo":
            values = np.array([one or "" for one in values], object)
        kind = (
            "BYTES"
            if values.dtype.kind == "O"
            else {"b": "BOOL", "i": f"INT{values.itemsize * 8}", "f": f"FP{values.itemsize * 8}"}[values.dtype.kind]
        )
        one = triton.InferInput(name, list(values.shape), kind)
        if kind == "BYTES" and binary:
            values = np.array([text.encode() for text in values], object)
        one.set_data_from_numpy(values, binary_data=binary)
        made.append(one)
    return made


def test_the_server_tells_what_it_is(client):
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready("shop")
    assert client.get_server_metadata()["extensions"] == ["binary_tensor_data"]
    assert [one["state"] for one in client.get_model_repository_index()] == ["READY"]
    said = client.get_model_metadata("shop")
    assert [one["name"] for one in said["inputs"]] == list(columns(1))
    assert {one["name"]: (one["datatype"], one["shape"]) for one in said["inputs"]}["spread"] == ("FP64", [-1, 3])
    assert said["outputs"] == [{"name": name, "datatype": "FP64", "shape": [-1]} for name in ("low", "high")]
    assert client.is_model_ready("shop", said["versions"][0])


def test_what_is_not_served_is_not_found(client):
    assert not client.is_model_ready("other")
    with pytest.raises(triton.InferenceServerException, match="There is no such model"):
        client.infer("other", inputs(columns(1), binary=True))
    with pytest.raises(triton.InferenceServerException, match="not served in this version"):
        client.infer("shop", inputs(columns(1), binary=True), model_version="99")


@pytest.mark.parametrize("binary", [True, False], ids=["binary", "json"])
def test_tensors_are_predicted_bit_for_bit(client, expected, binary):
    outputs = None if binary else [triton.InferRequestedOutput(name, binary_data=False) for name in expected]
    answer = client.infer("shop", inputs(columns(ROWS), binary=binary), outputs=outputs)
    for name, values in expected.items():
        got = answer.as_numpy(name)
        assert got.dtype == values.dtype
        assert got.tobytes() == values.tobytes()


def test_rows_are_predicted_bit_for_bit(live, expected):
    body = json.dumps({"rows": rows_of(columns(ROWS))}).encode()
    request = urllib.request.Request(f"{live}/predict", body, {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as reply:
        predictions = json.loads(reply.read())["predictions"]
    for name, values in expected.items():
        assert np.array([one[name] for one in predictions]).tobytes() == values.tobytes()


def test_one_output_in_another_form_and_the_id_of_the_client(client, expected):
    outputs = [triton.InferRequestedOutput("high", binary_data=True)]
    answer = client.infer("shop", inputs(columns(5), binary=True), outputs=outputs, request_id="mine")
    said = answer.get_response()
    assert said["id"] == "mine"
    assert [one["name"] for one in said["outputs"]] == ["high"]
    assert answer.as_numpy("low") is None
    assert len(said["parameters"]["prediction_id"]) == 36


def test_a_number_that_is_missing_is_nan(client, shop):
    given = columns(3)
    given["ratio"] = np.full(3, np.nan, np.float32)
    loaded = load(shop.package.path, trust=shop.sources)
    for binary in (True, False):
        got = client.infer("shop", inputs(given, binary=binary)).as_numpy("low")
        assert got.tobytes() == loaded.predict(given)["low"].tobytes()
    given["price"] = np.array([1.0, np.nan, 2.0])
    with pytest.raises(triton.InferenceServerException, match=r"inputs.price\[1\] is NaN"):
        client.infer("shop", inputs(given, binary=True))


def test_a_column_may_have_the_shape_of_a_matrix(client, expected):
    given = {
        name: values if values.ndim > 1 else values[:, None]
        for name, values in columns(4).items()
        if name not in ("memo", "day", "at", "sku")
    }
    texts = {name: values for name, values in columns(4).items() if name not in given}
    answer = client.infer("shop", [*inputs(given, binary=True), *inputs(texts, binary=True)])
    assert len(NUMBERS) == 9
    assert answer.as_numpy("low").shape == (4,)
