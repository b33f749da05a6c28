"""The servers: how each is started, and how it is asked."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from environments import Environment
from names import NAMES

__all__ = ["HERE", "SERVERS", "Server"]

HERE = Path(__file__).resolve().parent
Rows = list[dict[str, float]]
Command = Callable[[Environment, Path, int], list[str]]


@dataclass(frozen=True)
class Server:
    """One entrant.

    Attributes:
        title: What it is called.
        distribution: Whose version is told.
        command: What starts it, for a folder with the subject and a port.
        path: Where it is asked.
        body: The request for some rows.
        prepare: What is done once, before it is measured.
        remark: What it leaves out, or how it was set up.
    """

    title: str
    distribution: str
    command: Command
    path: str = "/predict"
    body: Callable[[Rows], object] = lambda rows: {"rows": rows}
    prepare: Command | None = None
    remark: str = ""

    def encode(self, rows: Rows) -> bytes:
        return json.dumps(self.body(rows)).encode()


def _script(name: str) -> Command:
    def command(place: Environment, folder: Path, port: int) -> list[str]:
        script = HERE / "peers" / name / "server.py"
        return [str(place.programs / "python"), str(script), str(folder / "package.onnx"), str(port)]

    return command


def _mainspring(place: Environment, folder: Path, port: int) -> list[str]:
    command = [str(place.programs / "mainspring"), "serve", str(folder / "package"), "--port", str(port)]
    return [*command, "--home", str(folder / f"home-{port}")]


def _mlserver(place: Environment, _: Path, __: int) -> list[str]:
    return [str(place.programs / "mlserver"), "start", str(HERE / "peers" / "mlserver")]


def _bentoml(place: Environment, _: Path, port: int) -> list[str]:
    folder = str(HERE / "peers" / "bentoml")
    serve = [str(place.programs / "bentoml"), "serve", "service:Trees", "--working-dir", folder]
    return [*serve, "--host", "127.0.0.1", "--port", str(port)]


def _mlflow(place: Environment, folder: Path, port: int) -> list[str]:
    serve = [str(place.programs / "mlflow"), "models", "serve", "-m", str(folder / "mlflow"), "-p", str(port)]
    return [*serve, "-h", "127.0.0.1", "--env-manager", "local", "-w", "1"]


def _mlflow_model(place: Environment, folder: Path, _: int) -> list[str]:
    script = HERE / "peers" / "mlflow" / "prepare.py"
    return [str(place.programs / "python"), str(script), str(folder / "package.onnx"), str(folder / "mlflow")]


def _tensor(rows: Rows) -> object:
    data = [row[name] for row in rows for name in NAMES]
    return {"inputs": [{"name": "X", "shape": [len(rows), len(NAMES)], "datatype": "FP32", "data": data}]}


def _tensors(rows: Rows) -> object:
    named = {name: [row[name] for row in rows] for name in NAMES}
    inputs = [{"name": name, "shape": [len(rows)], "datatype": "FP64", "data": data} for name, data in named.items()]
    return {"inputs": inputs}


def _split(rows: Rows) -> object:
    return {"dataframe_split": {"columns": NAMES, "data": [[row[name] for name in NAMES] for row in rows]}}


SERVERS = {
    "mainspring": Server(
        "Mainspring", "mainspring", _mainspring, remark="validates; prediction log and access log are on"
    ),
    "mainspring-v2": Server(
        "Mainspring, inference protocol",
        "mainspring",
        _mainspring,
        "/v2/models/bench/infer",
        _tensors,
        remark="the same; a tensor a column, in JSON",
    ),
    "constant": Server("constant bytes", "uvicorn", _script("constant"), remark="no model, no JSON"),
    "asgi": Server("bare ASGI + onnxruntime", "uvicorn", _script("asgi"), remark="no validation, no log, no limits"),
    "fastapi": Server("FastAPI + pydantic", "fastapi", _script("fastapi"), remark="no log"),
    "sklearn": Server("FastAPI + scikit-learn", "fastapi", _script("sklearn"), remark="no log"),
    "mlserver": Server(
        "MLServer",
        "mlserver",
        _mlserver,
        "/v2/models/trees/infer",
        _tensor,
        remark="one tensor, no columns; parallel inference is off; no log",
    ),
    "bentoml": Server("BentoML", "bentoml", _bentoml, remark="one worker; no log"),
    "litserve": Server("LitServe", "litserve", _script("litserve"), remark="one worker; no validation, no log"),
    "mlflow": Server("MLflow", "mlflow", _mlflow, "/invocations", _split, _mlflow_model, remark="one worker; no log"),
}
