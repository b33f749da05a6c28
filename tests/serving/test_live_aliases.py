"""A service that follows aliases of the registry: promotions and rollbacks under load, planted faults, traces."""

import asyncio
import json
import re
import shutil
import threading
import time
import urllib.request
from collections import Counter
from pathlib import Path

import pytest
from serving_samples import plain_package, post, predict, running, service

import mainspring
from mainspring.digest import blob_of
from mainspring.registry import Registry, open_registry
from mainspring.testing.registry import promoted
from mainspring.tracking import open_database
from mainspring.workspace.answers import trace_answer

ASKED = [[{"price": float(at), "units": at / 7 + row} for row in range(3)] for at in range(24)]
WHY = {"who": "ada", "why": "a test"}


def with_other_samples(package: Path, other: Path) -> Path:
    """A package that is whole, and whose golden samples are those of another model: the planted fault."""
    manifest = json.loads((package / "manifest.json").read_text())
    golden = shutil.copy(other / "golden.arrow", package / "golden.arrow").read_bytes()
    manifest["files"]["golden.arrow"] = {"blob": blob_of(golden), "size": len(golden)}
    (package / "manifest.json").write_text(json.dumps(manifest))
    return package


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A folder with a home whose registry has three versions that differ in a number, and two with a fault."""
    made = tmp_path_factory.mktemp("live")
    paths = [plain_package(made / f"p{bias}", float(bias)).package.path for bias in (1, 2, 3, 4, 5)]
    with_other_samples(paths[3], paths[0])
    with Registry(open_database(made / "home"), made / "home/packages") as registry:
        found = [registry.register(path, "plain", note=path.name) for path in paths]
        promoted(registry, "plain", 1, **WHY)
        for alias in ("challenger", "simple"):
            registry.set_alias("plain", alias, 1, **WHY)
    graph = next(found[4].path.glob("stages/*.onnx"))
    graph.chmod(0o644)
    graph.write_bytes(graph.read_bytes()[:-3] + b"abc")
    return made


@pytest.fixture(scope="module")
def known(folder) -> dict[tuple[str, str], list]:
    """What each version predicts in process, by its number and digest."""
    made = {}
    for number in ("1", "2", "3"):
        loaded = mainspring.load(f"plain@{number}", home=folder / "home")
        made[number, loaded.package.digest] = [rows_of(loaded.predict(rows)) for rows in ASKED]
    return made


def rows_of(made) -> list[dict]:
    listed = {name: values.tolist() for name, values in made.items()}
    return [dict(zip(listed, values, strict=True)) for values in zip(*listed.values(), strict=True)]


@pytest.fixture(scope="module")
def url(folder):
    told = {"PYTHONPROFILEIMPORTTIME": "1"}  # what is imported is told where errors are
    with running("plain@champion", "--poll", "0.05", "--no-access-log", folder=folder, **told) as (_, url):
        yield url


class Clients:
    """Clients that ask until they are told to stop; each answer is held against the version that it names."""

    def __init__(self, url: str, known: dict, clients: int = 16) -> None:
        self.port = int(url.rpartition(":")[2])
        self.known, self.counts = known, Counter()
        self.wrong: list[object] = []
        self.failed: list[str] = []
        self.over = threading.Event()
        self.thread = threading.Thread(target=lambda: asyncio.run(self._all(clients)))
        self.thread.start()

    async def _all(self, clients: int) -> None:
        await asyncio.gather(*[self._client(at) for at in range(clients)])

    async def _client(self, at: int) -> None:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            while not self.over.is_set():
                at = (at + 1) % len(ASKED)
                await self._ask(reader, writer, at)
            writer.close()
        except (OSError, asyncio.IncompleteReadError) as error:
            self.failed.append(repr(error))

    async def _ask(self, reader, writer, at: int) -> None:
        body = json.dumps({"rows": ASKED[at]}).encode()
        head = f"POST /predict HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {len(body)}"
        writer.write(head.encode() + b"\r\n\r\n" + body)
        said = (await reader.readuntil(b"\r\n\r\n")).decode()
        answer = json.loads(await reader.readexactly(int(re.search(r"content-length: (\d+)", said)[1])))
        if not said.startswith("HTTP/1.1 200"):
            self.failed.append(said)
            return
        version = answer["model"]["version"], answer["model"]["package"]
        self.counts[version[0]] += 1
        if self.known[version][at] != answer["predictions"]:
            self.wrong.append(answer)

    def wait_for(self, version: str, more: int) -> None:
        """Until a version has answered so many requests more."""
        wanted, end = self.counts[version] + more, time.monotonic() + 20
        while self.counts[version] < wanted:
            assert time.monotonic() < end, f"version {version} was waited for in vain"
            time.sleep(0.005)

    def stop(self) -> None:
        self.over.set()
        self.thread.join()


def figure(url: str, name: str) -> float:
    text = urllib.request.urlopen(f"{url}/metrics", timeout=5).read().decode()
    return float(re.search(rf"^{name} (\S+)$", text, re.MULTILINE)[1])


def promote_and_roll_back(url: str, folder: Path, known: dict, *, moves: int, seconds: float) -> Clients:
    """Move the champion so often within a time, with sixteen clients asking, and see each move served."""
    swaps = figure(url, "mainspring_swaps")
    clients = Clients(url, known)
    try:
        with open_registry(folder / "home") as registry:
            begun, now = time.monotonic(), registry.aliases("plain")["champion"]
            for move in range(moves):
                # Forward, forward, back: every third move is a rollback to what was the champion before.
                back = move % 3 == 2
                now = (registry.rollback("plain", **WHY) if back else promoted(registry, "plain", now % 3 + 1)).target
                clients.wait_for(str(now), 8)
                time.sleep(max(0.0, begun + (move + 1) * seconds / moves - time.monotonic()))
    finally:
        clients.stop()
    assert not clients.failed
    assert not clients.wrong
    assert set(clients.counts) == {"1", "2", "3"}
    assert figure(url, "mainspring_swaps") == swaps + moves
    return clients


def test_promotions_and_rollbacks_under_load_fail_and_mix_no_request(url, folder, known):
    assert promote_and_roll_back(url, folder, known, moves=9, seconds=1.0).counts.total() > 150


@pytest.mark.prove
def test_thirty_promotions_and_rollbacks_in_a_minute_under_load(url, folder, known):
    clients = promote_and_roll_back(url, folder, known, moves=30, seconds=60.0)
    assert clients.counts.total() > 10_000


@pytest.mark.parametrize(("number", "fault"), [(4, "golden samples"), (5, "are not those of the manifest")])
def test_a_planted_fault_is_refused_and_the_champion_keeps_serving(number, fault, url, folder, known):
    with open_registry(folder / "home") as registry:
        champion = registry.aliases("plain")["champion"]
        clients = Clients(url, known, 4)
        promoted(registry, "plain", number, **WHY)
        end = time.monotonic() + 20
        while figure(url, "mainspring_package_refused") == 0:
            assert time.monotonic() < end
            time.sleep(0.02)
        clients.wait_for(str(champion), 20)
        page = urllib.request.urlopen(url, timeout=5).read().decode()
        assert registry.rollback("plain", **WHY).target == champion
        while figure(url, "mainspring_package_refused") == 1:
            time.sleep(0.02)
        clients.stop()
    assert (clients.failed, clients.wrong, set(clients.counts)) == ([], [], {str(champion)})
    assert f"plain version {number}" in page
    assert fault in page
    assert fault in (folder / "serve.err").read_text()


def test_fallbacks_and_shadows_follow_their_aliases(folder, known, plain, tmp_path):
    home = tmp_path / "home"
    with Registry(open_database(home), home / "packages") as registry:
        for number in (1, 2, 3):
            registry.register(folder / f"p{number}", "plain")
        promoted(registry, "plain", 1, **WHY)
        for alias in ("challenger", "simple"):
            registry.set_alias("plain", alias, 1, **WHY)
    targets = {"target": "plain@champion", "fallback": ("plain@simple",), "shadow": "plain@challenger"}
    with service(plain, home, **targets) as opened, open_registry(home) as registry:
        registry.set_alias("plain", "challenger", 2, **WHY)
        registry.set_alias("plain", "simple", 3, who="bob", why="simpler")
        opened.poller.look()
        champion, simple = opened.app.answering.chain
        assert (simple.served.version, opened.app.answering.shadow.model.served.version) == ("3", "2")
        said = predict(opened.app, *ASKED[5]).json()
    answer, shadowed = trace_answer(said["id"], home)
    assert answer.answer.model.version == champion.served.version
    assert rows_of(shadowed.answer.outputs) == next(made[5] for (number, _), made in known.items() if number == "2")
    assert (shadowed.move.alias, shadowed.move.target, shadowed.version.number) == ("challenger", 2, 2)


def test_the_command_that_serves_an_alias_loads_nothing_of_training(url, folder):
    for path in ("/", "/docs", "/metrics", "/openapi.json", "/v2/models/plain"):
        assert urllib.request.urlopen(f"{url}{path}", timeout=5).status == 200
    assert post(url, ASKED[0])["predictions"]
    said = (folder / "serve.err").read_text()
    loaded = set(re.findall(r"^import time:.*\| +([\w.]+)$", said, re.MULTILINE))
    assert {"mainspring.serving.building", "mainspring.registry.targets", "onnxruntime.capi"} <= loaded
    heavy = {"polars", "pandas", "pyarrow", "sklearn", "torch", "lightgbm", "sqlalchemy", "ray", "onnx", "pydantic"}
    assert not heavy & {name.partition(".")[0] for name in loaded}
    assert not {name for name in loaded if re.match(r"mainspring\.(engine|graph|data|batch)\b", name)}


def test_an_answer_is_traced_to_its_version_and_the_move_that_made_it_champion(url, folder):
    with open_registry(folder / "home") as registry:
        promoted(registry, "plain", 2, **WHY)
        promoted(registry, "plain", 3, who="bob", why="wMAPE 0.31")
    end = time.monotonic() + 20
    while (said := post(url, ASKED[0]))["model"]["version"] != "3":
        assert time.monotonic() < end
    time.sleep(0.5)  # by then it is in the log
    [traced] = trace_answer(said["id"], folder / "home")
    assert (traced.version.number, traced.version.note, traced.version.digest) == (3, "p3", said["model"]["package"])
    assert (traced.move.who, traced.move.why, traced.run, traced.makers) == ("bob", "wMAPE 0.31", None, ())
