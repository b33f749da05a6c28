"""What is wrong with a request is told, field by field; it is no fault of the service, and never passes silently."""

import json

import pytest
from serving_samples import ROW, ask

NAN = float("nan")


def rows(*changes) -> bytes:
    return json.dumps({"rows": [ROW | change for change in changes]}).encode()


def without(name: str) -> bytes:
    return json.dumps({"rows": [{key: value for key, value in ROW.items() if key != name}]}).encode()


def raw(name: str, text: str) -> bytes:
    """A row with one value written as it is."""
    return json.dumps({"rows": [ROW | {name: "@"}]}).replace('"@"', text).encode()


def shared(row, *changes, rows=None) -> bytes:
    return json.dumps({"shared": row, "rows": list(changes or [{}]) if rows is None else rows}).encode()


NESTED = "[" * 100 + "]" * 100
# The body, the status, and what the answer says: the path and message of a field, or the sentence as a whole.
BAD = [
    # No JSON, or not of the form.
    (b"", 400, "The body is no JSON"),
    (b"{", 400, "The body is no JSON"),
    (b"rows", 400, "The body is no JSON"),
    (b"\xff\xfe", 400, "The body is no JSON"),
    (b'{"rows": [{}]} extra', 400, "The body is no JSON"),
    (b"\xef\xbb\xbf{}", 400, "The body is no JSON"),
    (b'{"rows": [{"price": 1,}]}', 400, "The body is no JSON"),
    (b"{'rows': []}", 400, "The body is no JSON"),
    (raw("price", "NaN"), 400, "The body is no JSON"),
    (raw("price", "Infinity"), 400, "The body is no JSON"),
    (raw("price", "-Infinity"), 400, "The body is no JSON"),
    (raw("price", "1e400"), 400, "The body is no JSON"),
    (raw("price", "01"), 400, "The body is no JSON"),
    (raw("price", "+1"), 400, "The body is no JSON"),
    (raw("price", "0x10"), 400, "The body is no JSON"),
    (raw("price", "1."), 400, "The body is no JSON"),
    (raw("units", "9" * 400), 422, "rows[0].units is beyond int64"),
    (raw("sku", '"\\ud800"'), 400, "The body is no JSON"),
    (raw("sku", '"a\x01b"'), 400, "The body is no JSON"),
    (raw("sku", '"\\q"'), 400, "The body is no JSON"),
    (raw("sku", '"open'), 400, "The body is no JSON"),
    (raw("price", NESTED), 400, "The body is nested deeper than 16 levels"),
    (b"[" * 50_000, 400, "The body is nested deeper than 16 levels"),
    (b'{"rows":' * 20_000, 400, "The body is nested deeper than 16 levels"),
    (b"null", 422, "is null, not an object with 'rows'"),
    (b"[]", 422, "is an array, not an object with 'rows'"),
    (b"3", 422, "is a number, not an object with 'rows'"),
    (b'"rows"', 422, "is a string, not an object with 'rows'"),
    (b"{}", 422, "rows is missing"),
    (b'{"row": [{}]}', 422, "row is not known; there are 'rows' and 'shared'"),
    (b'{"rows": []}', 422, "rows is empty"),
    (b'{"rows": {}}', 422, "rows is an object, not an array of objects"),
    (b'{"rows": null}', 422, "rows is null, not an array of objects"),
    (b'{"rows": [null]}', 422, "rows[0] is null, not an object"),
    (b'{"rows": [[1, 2]]}', 422, "rows[0] is an array, not an object"),
    (json.dumps({"rows": [ROW, 5]}).encode(), 422, "rows[1] is a number, not an object"),
    (json.dumps({"rows": [ROW], "id": 1}).encode(), 422, "id is not known"),
    # A row that the others share.
    (shared({}, rows=7), 422, "rows is a number, not an array"),
    (shared([ROW]), 422, "shared is an array, not an object"),
    (shared(None), 422, "shared is null, not an object"),
    (shared({"price": 1.0}), 422, "shared.units is missing"),
    (shared(ROW | {"price": -1.0}, {"price": 2.0}), 422, "shared.price is below 0"),
    (shared(ROW, {}, {"price": -1.0}), 422, "rows[1].price is below 0"),
    (shared(ROW, {"colour": "red"}), 422, "rows[0].colour is no field"),
    (shared(ROW | {"memo": "m" * 30_000}, *[{}] * 40), 413, "The rows have more than"),
    # Columns.
    (b'{"rows": [{}]}', 422, "rows[0].price is missing"),
    (without("price"), 422, "rows[0].price is missing"),
    (without("memo"), 422, "rows[0].memo is missing"),
    (json.dumps({"rows": [ROW, {}]}).encode(), 422, "rows[1].tier is missing"),
    (rows({"colour": "red"}), 422, "rows[0].colour is no field"),
    (rows({}, {"colour": "red"}), 422, "rows[1].colour is no field"),
    (rows({"": 1}), 422, "rows[0]. is no field"),
    (rows({"Price": 1}), 422, "rows[0].Price is no field"),
    # Numbers.
    (rows({"price": None}), 422, "rows[0].price is null"),
    (rows({"price": "12.5"}), 422, "rows[0].price is a str, not a float64: '12.5'"),
    (rows({"price": True}), 422, "rows[0].price is a bool, not a float64: True"),
    (rows({"price": [1.0]}), 422, "rows[0].price is a list, not a float64: [1.0]"),
    (rows({"price": {"value": 1}}), 422, "rows[0].price is a dict, not a float64"),
    (rows({"price": -0.01}), 422, "rows[0].price is below 0: -0.01"),
    (rows({"price": 1000000.5}), 422, "rows[0].price is above 1e+06: 1000000.5"),
    (rows({"price": 1e300}), 422, "rows[0].price is above 1e+06: 1e+300"),
    (rows({"price": 2**53 + 1}), 422, "rows[0].price is an integer that float64 cannot hold exactly: 9007199254740993"),
    (raw("price", "9" * 30), 422, "rows[0].price is an integer that float64 cannot hold exactly"),
    (rows({"ratio": 1e39}), 422, "rows[0].ratio is infinite"),
    (rows({"ratio": 2**24 + 1}), 422, "rows[0].ratio is an integer that float32 cannot hold exactly: 16777217"),
    (rows({"units": 2.5}), 422, "rows[0].units is no whole number: 2.5"),
    (rows({"units": "3"}), 422, "rows[0].units is a str, not a int64: '3'"),
    (rows({"units": False}), 422, "rows[0].units is a bool, not a int64: False"),
    (rows({"units": None}), 422, "rows[0].units is null"),
    (rows({"units": -1}), 422, "rows[0].units is below 0: -1"),
    (rows({"units": 1001}), 422, "rows[0].units is above 1000: 1001"),
    (rows({"units": 2**63}), 422, "rows[0].units is beyond int64: 9223372036854775808"),
    (rows({"units": 1e300}), 422, "rows[0].units is beyond int64: 1e+300"),
    (rows({"tier": 2**31}), 422, "rows[0].tier is beyond int32: 2147483648"),
    (rows({"tier": 4}), 422, "rows[0].tier is none of its categories: 4"),
    # Flags, texts, times, vectors.
    (rows({"open": 1}), 422, "rows[0].open is a int, not a bool: 1"),
    (rows({"open": "true"}), 422, "rows[0].open is a str, not a bool: 'true'"),
    (rows({"open": None}), 422, "rows[0].open is null"),
    (rows({"sku": "cherry"}), 422, "rows[0].sku is none of its categories: 'cherry'"),
    (rows({"sku": "Apple"}), 422, "rows[0].sku is none of its categories: 'Apple'"),
    (rows({"sku": ""}), 422, "rows[0].sku is none of its categories: ''"),
    (rows({"sku": 5}), 422, "rows[0].sku is a int, not a string: 5"),
    (rows({"sku": None}), 422, "rows[0].sku is null"),
    (rows({"sku": "x" * 500}), 422, "…"),
    (rows({"day": "yesterday"}), 422, "rows[0].day is no ISO date or time: 'yesterday'"),
    (rows({"day": "2026-02-30"}), 422, "rows[0].day is no ISO date or time: '2026-02-30'"),
    (rows({"day": "01/03/2026"}), 422, "rows[0].day is no ISO date or time: '01/03/2026'"),
    (rows({"day": "2026-03-01T05:00"}), 422, "rows[0].day has a time of day: '2026-03-01T05:00'"),
    (rows({"day": 20260301}), 422, "rows[0].day is a int, not a date: 20260301"),
    (rows({"at": "2026-03-01T12:30:00Z"}), 422, "rows[0].at has a time zone: convert it to UTC"),
    (rows({"at": "2026-03-01T12:30:00+02:00"}), 422, "rows[0].at has a time zone: convert it to UTC"),
    (rows({"at": "25:00"}), 422, "rows[0].at is no ISO date or time: '25:00'"),
    (rows({"at": 1.5}), 422, "rows[0].at is a float, not a datetime: 1.5"),
    (rows({"spread": [1, 2]}), 422, "rows[0].spread does not have the shape (3,): [1, 2]"),
    (rows({"spread": [1, 2, 3, 4]}), 422, "rows[0].spread does not have the shape (3,)"),
    (rows({"spread": [[1, 2, 3]]}), 422, "rows[0].spread does not have the shape (3,)"),
    (rows({"spread": [1, 2, "3"]}), 422, "rows[0].spread holds values that are no float64"),
    (rows({"spread": [1, None, 3]}), 422, "rows[0].spread is NaN"),
    (rows({"spread": [1, None, True]}), 422, "rows[0].spread holds values that are no float64"),
    (rows({"spread": [1, None, 2**60]}), 422, "rows[0].spread holds values that are no float64"),
    (rows({"spread": 1}), 422, "rows[0].spread is a int, not a float64: 1"),
    (rows({"spread": "abc"}), 422, "rows[0].spread is a str, not a float64"),
    (rows({"spread": None}), 422, "rows[0].spread is null"),
    (rows({"spread": {}}), 422, "rows[0].spread does not have the shape (3,)"),
    # What is sensitive is not told.
    (rows({"memo": 5}), 422, "rows[0].memo is a int, not a string"),
    (rows({"memo": ["Zoltana"]}), 422, "rows[0].memo is a list, not a string"),
    # Too much.
    (json.dumps({"rows": [ROW] * 51}).encode(), 413, "The body has 51 rows, and at most 50 are accepted"),
    (b" " * 200_001, 413, "The body has more than 200,000 bytes"),
]


def test_there_are_many():
    assert len(BAD) >= 60
    assert len({body for body, _, _ in BAD}) == len(BAD)


@pytest.mark.parametrize(
    ("body", "status", "said"), BAD, ids=[f"{n}-{said[:40]}" for n, (_, _, said) in enumerate(BAD)]
)
def test_bad_input_is_refused(app, body, status, said):
    reply = ask(app, "POST", "/predict", content=body, headers={"content-type": "application/json"})
    error = reply.json()["error"]
    told = [error["what"], *(f"{one['path']} {one['message']}".strip() for one in error.get("problems", []))]
    assert reply.status_code == status, reply.text
    assert error["status"] == status
    assert any(one.startswith(said) if said != "…" else one.endswith("…") for one in told), told
    assert "Zoltana" not in reply.text
    assert "Traceback" not in reply.text


def test_every_field_that_is_wrong_is_told_with_its_path(app):
    reply = ask(
        app,
        "POST",
        "/predict",
        content=rows({"price": -1, "units": "x"}, {}, {"sku": "cherry", "spread": []}),
        headers={"content-type": "application/json"},
    )
    error = reply.json()["error"]
    assert {one["path"] for one in error["problems"]} == {
        "rows[0].price",
        "rows[0].units",
        "rows[2].sku",
        "rows[2].spread",
    }
    assert error["total"] == 4


def test_many_problems_are_counted_and_the_first_hundred_told(app):
    body = json.dumps({"rows": [ROW | {"price": -1, "units": -1, "sku": "x"}] * 50}).encode()
    error = ask(app, "POST", "/predict", content=body, headers={"content-type": "application/json"}).json()["error"]
    assert (len(error["problems"]), error["total"]) == (100, 150)


HEADERS = [
    ({"content-type": "text/plain"}, 415),
    ({"content-type": "application/x-www-form-urlencoded"}, 415),
    ({"content-type": "multipart/form-data; boundary=x"}, 415),
    ({}, 415),
    ({"content-type": "application/json", "content-encoding": "gzip"}, 415),
    ({"content-type": "application/json", "origin": "http://elsewhere.example"}, 403),
    ({"content-type": "application/json", "origin": "null"}, 403),
]


@pytest.mark.parametrize(("headers", "status"), HEADERS)
def test_requests_of_another_kind_are_refused(app, headers, status):
    assert ask(app, "POST", "/predict", content=rows({}), headers=headers).status_code == status


def tensor(name="price", shape=(1,), datatype="FP64", **more) -> dict:
    return {"name": name, "shape": list(shape), "datatype": datatype, **more}


GOOD = [
    tensor("price", data=[12.5]),
    tensor("units", datatype="INT64", data=[3]),
    tensor("sku", datatype="BYTES", data=["apple"]),
    tensor("open", datatype="BOOL", data=[True]),
    tensor("day", datatype="BYTES", data=["2026-03-01"]),
    tensor("at", datatype="BYTES", data=["2026-03-01T12:30:00"]),
    tensor("spread", shape=(1, 3), data=[0.5, 1, 1.5]),
    tensor("memo", datatype="BYTES", data=["x"]),
    tensor("ratio", datatype="FP32", data=[0.25]),
    tensor("tier", datatype="INT32", data=[2]),
]


def swapped(**change) -> bytes:
    return json.dumps({"inputs": [GOOD[0] | change, *GOOD[1:]]}).encode()


PROTOCOL = [
    (b"", 400, "The body is no JSON"),
    (b'{"inputs":[{"name":"a","shape":[1],"datatype":"FP64","data":' + b"[" * 50_000, 400, "nested too deep"),
    (b"{}", 422, "missing required field `inputs`"),
    (b'{"inputs": []}', 422, "inputs is empty"),
    (b'{"inputs": [{}]}', 422, "missing required field `name`"),
    (b'{"inputs": 5}', 422, "Expected `array`"),
    (swapped(datatype="FLOAT"), 422, "has the datatype 'FLOAT'"),
    (swapped(datatype="BYTES", data=["12.5"]), 422, "inputs.price[0] is a str, not a float64"),
    (swapped(shape=[2]), 422, "has 1 values, and its shape [2] says 2"),
    (swapped(shape=[-1]), 422, "has the shape [-1]"),
    (swapped(shape=[]), 422, "has the shape []"),
    (swapped(shape=[0], data=[]), 422, "has the shape [0]"),
    (swapped(shape=[1 << 40, 1 << 40]), 422, "which is too large"),
    (swapped(shape=[51], data=[1.0] * 51), 413, "at most 50 are accepted"),
    (swapped(shape=[1, 2], data=[1, 2]), 422, "inputs.price[0] has values of shape (2,), not ()"),
    (swapped(data=None), 422, "has no data"),
    (swapped(data=["x"]), 422, "has a str among its data"),
    (swapped(data=[True]), 422, "has a bool among its data"),
    (swapped(data=[NAN]), 422, "inputs.price[0] is NaN"),
    (swapped(data=[float("inf")]), 422, "inputs.price[0] is infinite"),
    (swapped(data=[-1]), 422, "inputs.price[0] is below 0"),
    (swapped(datatype="INT8", data=[300]), 422, "has a value that INT8 cannot hold"),
    (swapped(name="prize"), 422, "inputs.price[0] is missing"),
    (swapped(name="units"), 422, "is there twice"),
    (swapped(parameters={"binary_data_size": 8}), 422, "0 bytes are left"),
    (json.dumps({"inputs": GOOD, "outputs": [{"name": "middle"}]}).encode(), 422, "has no output 'middle'"),
    (json.dumps({"inputs": GOOD[:-1]}).encode(), 422, "inputs.tier[0] is missing"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "status", "said"), PROTOCOL, ids=[said[:40] for _, _, said in PROTOCOL])
def test_bad_tensors_are_refused(app, body, status, said):
    reply = ask(app, "POST", "/v2/models/shop/infer", content=body)
    assert reply.status_code == status, reply.text
    assert said in reply.json()["error"]


def test_those_tensors_are_right_otherwise(app):
    reply = ask(app, "POST", "/v2/models/shop/infer", content=json.dumps({"inputs": GOOD, "id": "mine"}))
    assert reply.status_code == 200, reply.text
    assert reply.json()["id"] == "mine"


BINARY = [
    ({"binary_data_size": 8}, b"1234", "0", 400, "The body is no JSON"),
    ({"binary_data_size": 8}, b"1234", None, 422, "4 bytes are left"),
    ({"binary_data_size": 4}, b"1234", None, 422, "has 4 bytes, and its shape [1] says 8"),
    ({"binary_data_size": 8}, b"123456789", None, 400, "1 bytes that belong to no input"),
    ({"binary_data_size": -1}, b"", None, 422, "has binary_data_size -1"),
    ({"binary_data_size": True}, b"1", None, 422, "has binary_data_size True"),
    ({"binary_data_size": 8}, b"12345678", "99999", 400, "Inference-Header-Content-Length is 99,999"),
    ({"binary_data_size": 8}, b"12345678", "-5", 400, "Inference-Header-Content-Length is no number"),
    ({"binary_data_size": 8}, b"12345678", "x", 400, "Inference-Header-Content-Length is no number"),
]


@pytest.mark.parametrize(("parameters", "tail", "head", "status", "said"), BINARY)
def test_bad_binary_tensors_are_refused(app, parameters, tail, head, status, said):
    one = {key: value for key, value in GOOD[0].items() if key != "data"} | {"parameters": parameters}
    text = json.dumps({"inputs": [one, *GOOD[1:]]}).encode()
    headers = {"inference-header-content-length": head or str(len(text))}
    reply = ask(app, "POST", "/v2/models/shop/infer", content=text + tail, headers=headers)
    assert reply.status_code == status, reply.text
    assert said in reply.json()["error"]
