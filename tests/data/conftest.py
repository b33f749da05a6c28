"""Servers and wheels for the tests of sources: all of it on this machine."""

import hashlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from zipfile import ZipFile

import pytest

SALES = b"day,shop,units\n2024-03-01,north,3\n2024-03-02,north,4\n"


@dataclass
class Web:
    """A web server: what it answers next, once a request, and then what it answers always."""

    url: str = ""
    next: list = field(default_factory=list)
    body: bytes = SALES
    headers: dict = field(default_factory=dict)
    seen: list = field(default_factory=list)

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        self.seen.append((request.path, dict(request.headers)))
        behaviour = self.next.pop(0) if self.next else 200
        body, told = self.body, len(self.body)
        if behaviour == "close":
            return
        if behaviour == "half":
            body, behaviour = body[: len(body) // 2], 200
        if isinstance(behaviour, tuple):
            behaviour, place = behaviour
            request.send_response(behaviour)
            request.send_header("Location", place)
            request.send_header("Content-Length", "0")
            request.end_headers()
            return
        request.send_response(behaviour)
        request.send_header("Content-Length", str(told))
        for name, value in self.headers.items():
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(body)


@pytest.fixture
def web() -> Iterator[Web]:
    made = Web()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            made.answer(self)

        def log_message(self, *_args) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield made
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def waits() -> list:
    """What a source waited between its tries: `sleep=waits.append`."""
    return []


@pytest.fixture(scope="session")
def wheel_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of wheels, of which one holds a table."""
    folder = tmp_path_factory.mktemp("wheels")
    files = {
        "shopdata/sales.csv": SALES.decode(),
        "shopdata-1.2.dist-info/METADATA": "Metadata-Version: 2.1\nName: shopdata\nVersion: 1.2\n",
        "shopdata-1.2.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{name},,\n" for name in files) + "shopdata-1.2.dist-info/RECORD,,\n"
    with ZipFile(folder / "shopdata-1.2-py3-none-any.whl", "w") as wheel:
        for name, text in {**files, "shopdata-1.2.dist-info/RECORD": record}.items():
            wheel.writestr(name, text)
    return folder


@pytest.fixture
def wheels(wheel_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """pip is set up, as a user would, to look into that folder alone."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheel_folder))
    return wheel_folder


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
