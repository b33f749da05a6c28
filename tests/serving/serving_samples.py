"""Small packages with fields of every type, and ways to ask a service."""

import asyncio
import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from dataclasses import replace
from pathlib import Path

import httpx
import numpy as np
import onnx
from onnx import TensorProto, helper
from serving_stages import Encode, Fails

from mainspring.package import Field, Graph, Pipeline, Policy, Signature, Spec, build
from mainspring.serving import Limits, Settings
from mainspring.serving.building import open_service

COMMAND = str(Path(sys.executable).with_name("mainspring"))
SKUS = ("apple", "pear", "plum")
KEEP = Policy(null="keep", nan="keep")
FIELDS = (
    Field("price", unit="EUR", minimum=0, maximum=1_000_000),
    Field("units", "int64", minimum=0, maximum=1000),
    Field("sku", "string", categories=SKUS),
    Field("open", "bool"),
    Field("day", "date"),
    Field("at", "datetime"),
    Field("spread", shape=(3,)),
    Field("memo", "string", sensitive=True, policy=KEEP),
    Field("ratio", "float32", policy=KEEP),
    Field("tier", "int32", categories=(1, 2, 3)),
)
STRICT = Signature(FIELDS)
NUMBERS = (
    "price",
    "units",
    "sku_number",
    "day_number",
    "hour",
    "open_number",
    "spread_sum",
    "ratio_number",
    "tier_number",
)
ROW = {
    "price": 12.5,
    "units": 3,
    "sku": "apple",
    "open": True,
    "day": "2026-03-01",
    "at": "2026-03-01T12:30:00",
    "spread": [0.5, 1.0, 1.5],
    "memo": "call Zoltana",
    "ratio": 0.25,
    "tier": 2,
}


def linear(inputs, bias: float, outputs=("low", "high")) -> Graph:
    """A graph of weights, made by hand: it costs no training."""
    weights = np.random.default_rng(3).normal(size=(len(inputs), len(outputs))).astype(np.float32)
    nodes = [helper.make_node("MatMul", ["X", "W"], ["M"]), helper.make_node("Add", ["M", "B"], ["S"])]
    nodes.append(
        helper.make_node(
            "Split", ["S"], [f"o{place}" for place in range(len(outputs))], axis=1, num_outputs=len(outputs)
        )
    )
    made = helper.make_graph(
        nodes,
        "linear",
        [helper.make_tensor_value_info("X", TensorProto.FLOAT, [None, len(inputs)])],
        [helper.make_tensor_value_info(f"o{place}", TensorProto.FLOAT, [None, 1]) for place in range(len(outputs))],
        [
            helper.make_tensor("W", TensorProto.FLOAT, weights.shape, weights.tobytes(), raw=True),
            helper.make_tensor(
                "B", TensorProto.FLOAT, (len(outputs),), np.full(len(outputs), bias, np.float32).tobytes(), raw=True
            ),
        ],
    )
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.checker.check_model(model)
    return Graph(tuple(inputs), tuple(outputs), model.SerializeToString())


def columns(rows: int, seed: int = 1) -> dict[str, np.ndarray]:
    """Input that fits `STRICT`."""
    random = np.random.default_rng(seed)
    ratio = random.random(rows).astype(np.float32)
    ratio[random.random(rows) < 0.2] = np.nan
    return {
        "price": np.round(random.gamma(4, 3, rows), 2),
        "units": random.integers(0, 1000, rows),
        "sku": np.array(SKUS, object)[random.integers(0, 3, rows)],
        "open": random.random(rows) < 0.7,
        "day": np.datetime64("2026-01-01") + random.integers(0, 700, rows),
        "at": np.datetime64("2026-01-01T00:00", "us") + random.integers(0, 10**13, rows),
        "spread": random.normal(size=(rows, 3)),
        "memo": np.array([f"Zoltana-{row}" if row % 3 else None for row in range(rows)], object),
        "ratio": ratio,
        "tier": random.integers(1, 4, rows).astype(np.int32),
    }


def rows_of(given: dict[str, np.ndarray]) -> list[dict]:
    """Columns as rows of JSON: NaN becomes null, times ISO text."""
    listed = {name: values.tolist() for name, values in given.items()}
    rows = [dict(zip(listed, values, strict=True)) for values in zip(*listed.values(), strict=True)]
    for row in rows:
        row["day"], row["at"] = row["day"].isoformat(), row["at"].isoformat()
        row["ratio"] = None if row["ratio"] != row["ratio"] else row["ratio"]
    return rows


def package(out: Path, bias: float = 0.0, signature: Signature = STRICT, name: str = "shop"):
    """A package of a source stage and a graph."""
    stages = {"encode": Encode(SKUS), "model": linear(NUMBERS, bias)}
    return build(Pipeline(signature, stages), Spec(name), columns(40), out)


def plain_package(out: Path, bias: float = 0.0, fields=("price", "units"), name: str = "plain"):
    """A package of a graph alone; its fields are floats."""
    signature = Signature(tuple(Field(one) for one in fields))
    samples = {one: np.linspace(0, 9, 20) for one in fields}
    return build(Pipeline(signature, {"model": linear(fields, bias)}), Spec(name), samples, out)


def failing_package(out: Path, seconds: float = 1.0):
    """A package that fails at the price 666, and takes its time at 777."""
    signature = Signature((Field("price"), Field("units")))
    stages = {"fails": Fails(seconds), "model": linear(("price", "units"), 1.0)}
    samples = {one: np.linspace(0, 9, 20) for one in ("price", "units")}
    return build(Pipeline(signature, stages), Spec("plain"), samples, out)


@contextlib.contextmanager
def service(built, home: Path | None = None, **changes):
    """A service in this process."""
    limits = changes.pop("limits", Limits(body=200_000, rows=50, seconds=2.0))
    settings = Settings(
        target=str(built.package.path),
        home=str(home) if home else None,
        trust=built.sources,
        access_log=False,
        limits=limits,
    )
    for name, value in changes.items():
        settings = __import__("msgspec").structs.replace(settings, **{name: value})
    with open_service(settings) as opened:
        yield opened


def ask(app, method: str, path: str, **given) -> httpx.Response:
    """One request to an application in this process."""

    async def asked():
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://service") as client:
            return await client.request(method, path, **given)

    return asyncio.run(asked())


def predict(app, *rows, **given) -> httpx.Response:
    return ask(app, "POST", "/predict", json={"rows": list(rows)}, **given)


@contextlib.contextmanager
def running(*args: str, folder: Path, expect: int | None = 0, stdout=subprocess.DEVNULL, command=(COMMAND,), **more):
    """`mainspring serve` in a process of its own on a free port; yields the process and its address."""
    errors = folder / "serve.err"
    with errors.open("wb") as file:
        process = subprocess.Popen(
            [*command, "serve", *args, "--port", "0", "--home", str(folder / "home")],
            stderr=file,
            stdout=stdout,
            cwd=folder,
            env={**os.environ, **more},
        )
    try:
        yield process, address(process, errors)
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        code = process.wait(timeout=20)
        assert expect is None or code == expect, errors.read_text()
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def address(process, errors: Path) -> str:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        found = re.search(r"serving .* on (http://\S+)", errors.read_text())
        if found:
            return found[1]
        if process.poll() is not None:
            break
        time.sleep(0.02)
    raise AssertionError(errors.read_text())


def post(url: str, rows: list[dict], timeout: float = 10) -> dict:
    """One prediction over a real connection."""
    body = json.dumps({"rows": rows}).encode()
    request = urllib.request.Request(f"{url}/predict", body, {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=timeout) as reply:
        return json.loads(reply.read())


def trusted(built) -> list[str]:
    return [part for source in built.sources for part in ("--trust", source)]


def with_policy(**changes) -> Signature:
    """`STRICT` with another policy, and values to impute."""
    imputed = {
        "price": 9.5,
        "units": 7,
        "sku": "pear",
        "open": False,
        "day": "2026-01-01",
        "at": "2026-01-01T00:00",
        "tier": 1,
        "ratio": 0.5,
        "memo": "none",
    }
    fields = tuple(replace(one, policy=None, impute=imputed.get(one.name)) for one in FIELDS if one.name != "spread")
    return Signature(
        (*fields, FIELDS[6] if "null" not in changes else replace(FIELDS[6], policy=Policy())), Policy(**changes)
    )
