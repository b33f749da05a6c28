"""The service in processes of its own: what it promises when it starts, drains, stops and is killed."""

import json
import os
import shutil
import signal
import subprocess
import threading
import time
import urllib.error
import urllib.request
from http.client import HTTPException
from pathlib import Path

import pytest
from serving_samples import COMMAND, ROW, post, running, trusted

from mainspring.errors import ServingError, UntrustedStageError
from mainspring.serving import Settings
from mainspring.serving.building import open_service
from mainspring.serving.predlog import read_segment, segments
from mainspring.serving.supervisor import bind


def logged(folder: Path) -> set[str]:
    return {one.row.id for segment in segments(folder / "home/predictions") for one in read_segment(segment.path)}


class Load:
    """Clients that ask until they are told to stop, and note what they were answered, and when."""

    def __init__(self, url: str, clients: int) -> None:
        self.url = url
        self.answered: dict[str, float] = {}
        self.failed: list[str] = []
        self.over = threading.Event()
        self.threads = [threading.Thread(target=self._ask) for _ in range(clients)]
        for thread in self.threads:
            thread.start()

    def _ask(self) -> None:
        while not self.over.is_set():
            try:
                self.answered[post(self.url, [ROW])["id"]] = time.time()
            except (OSError, ValueError, HTTPException) as error:
                self.failed.append(repr(error))
                time.sleep(0.01)

    def stop(self) -> None:
        self.over.set()
        for thread in self.threads:
            thread.join()


def wait_for(check, seconds: float = 20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := check():
            return found
        time.sleep(0.02)
    raise AssertionError("waited in vain")


def test_nothing_that_was_answered_is_lost_when_it_is_told_to_stop(shop, tmp_path):
    access = tmp_path / "access.log"
    arguments = (str(shop.package.path), *trusted(shop))
    with access.open("wb") as file, running(*arguments, folder=tmp_path, stdout=file) as (process, url):
        said = post(url, [ROW])
        with pytest.raises(urllib.error.HTTPError, match="422"):
            post(url, [{}])
        load = Load(url, 4)
        wait_for(lambda: len(load.answered) > 200)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0
        load.stop()
    assert set(load.answered) <= logged(tmp_path)
    assert all(one.closed for one in segments(tmp_path / "home/predictions"))
    first, second, *others = [json.loads(line) for line in access.read_text().splitlines()]
    assert (first["id"], first["status"], first["path"], first["rows"]) == (said["id"], 200, "/predict", 1)
    assert second["status"] == 422
    assert set(load.answered) <= {line.get("id") for line in others}
    assert len({line["request"] for line in (first, second, *others)}) == len(others) + 2


def test_at_most_the_last_second_is_lost_when_it_is_killed(shop, tmp_path):
    with running(str(shop.package.path), *trusted(shop), folder=tmp_path, expect=None) as (process, url):
        load = Load(url, 4)
        wait_for(lambda: len(load.answered) > 400)
        process.kill()
        killed = time.time()
        process.wait()
        load.stop()
    kept = logged(tmp_path)
    assert {name for name, when in load.answered.items() if when < killed - 1} <= kept
    assert len(kept) > 100
    assert [one.closed for one in segments(tmp_path / "home/predictions")] == [True]


@pytest.mark.timeout(180)
def test_several_workers_serve_one_address_are_replaced_and_end_with_their_parent(shop, tmp_path):
    arguments = (str(shop.package.path), *trusted(shop), "--workers", "2")
    with running(*arguments, folder=tmp_path, expect=None) as (process, url):
        children = wait_for(lambda: workers(process.pid))
        assert len(children) == 2
        load = Load(url, 6)
        wait_for(lambda: len({segment.worker for segment in used(tmp_path)}) == 2)
        load.stop()
        assert not load.failed
        figures = urllib.request.urlopen(f"{url}/metrics", timeout=5).read().decode()
        counted = sum(
            float(line.split()[-1]) for line in figures.splitlines() if line.startswith("mainspring_rows_total")
        )
        assert counted == len(load.answered)
        time.sleep(1)  # what is older than that survives
        os.kill(children[0], signal.SIGKILL)
        wait_for(lambda: len(workers(process.pid)) == 2 and children[0] not in workers(process.pid))
        wait_for(lambda: answers(url))
        said = post(url, [ROW])
        assert said["model"]["name"] == "shop"
        children = workers(process.pid)
        process.kill()
        process.wait()
        wait_for(lambda: not any(Path(f"/proc/{child}").exists() for child in children))
    assert {*load.answered, said["id"]} <= logged(tmp_path)


def used(folder: Path) -> list:
    return [one for one in segments(folder / "home/predictions") if one.path.stat().st_size > 200]


def answers(url: str) -> bool:
    try:
        return urllib.request.urlopen(f"{url}/v2/health/ready", timeout=5).status == 200
    except OSError:
        return False


def workers(pid: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def refused(tmp_path: Path, *args: str) -> str:
    done = subprocess.run(
        [COMMAND, "serve", *args, "--port", "0", "--home", str(tmp_path / "home")],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 2, done.stderr
    return done.stderr


def test_what_cannot_be_served_is_told(shop, tmp_path):
    with (
        pytest.raises(UntrustedStageError, match="runs source that was not approved"),
        open_service(Settings(target=str(shop.package.path))),
    ):
        pass
    with pytest.raises(ServingError, match=r"could reach the service on 0\.0\.0\.0, and it has no API keys"):
        bind(Settings(target="", host="0.0.0.0", port=0), keys=False, open_to_all=False)
    copy = shutil.copytree(shop.package.path, tmp_path / "copy")
    graph = next(copy.glob("stages/*.onnx"))
    graph.write_bytes(graph.read_bytes()[:-1] + b"x")
    assert "are not those of the manifest" in refused(tmp_path, str(copy), "--workers", "2")


def test_a_request_under_way_is_answered_while_it_drains(tmp_path):
    from serving_samples import failing_package

    built = failing_package(tmp_path / "slow", seconds=1.0)
    with running(str(built.package.path), *trusted(built), "--max-seconds", "5", folder=tmp_path) as (process, url):
        found: list[dict] = []
        slow = {"price": 777, "units": 1}
        asking = threading.Thread(target=lambda: found.append(post(url, [slow])))
        asking.start()
        time.sleep(0.4)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0
        asking.join()
        with pytest.raises((OSError, urllib.error.URLError)):
            post(url, [slow])
    assert found[0]["predictions"]
    assert {found[0]["id"]} == logged(tmp_path)
