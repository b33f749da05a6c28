"""Memory of a service over very many requests, while its disk is slow and stalls now and then."""

import asyncio
import json
import os
import sys
import threading
import time
from pathlib import Path

import pytest
from serving_samples import running

from mainspring.serving.predlog import read_segment, segments

# Each frame of up to 64 answers takes 10 ms, and every 400th one 2 s: requests are refused meanwhile.
SLOW = """
import os, sys, time
from mainspring.cli import main
from mainspring.serving.predlog.writer import PredictionLog

def slow(handle, data, calls=[]):
    calls.append(0) if len(calls) < 400 else calls.clear()
    time.sleep(0.01 if calls else 2.0)
    return os.write(handle, data)

PredictionLog.__init__.__kwdefaults__.update(write=slow, largest=8 << 20)
main()
"""
BODY = json.dumps({"rows": [{"price": 12.5, "units": 3}]}).encode()
REQUEST = b"POST /predict HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(
    BODY
)


class Requests:
    """Clients that send so many requests; refused ones are sent again, as `Retry-After` asks."""

    def __init__(self, url: str, count: int, clients: int = 32) -> None:
        self.port, self.left = int(url.rpartition(":")[2]), count
        self.answered = self.refused = 0
        self.ids: list[str] = []
        self.strange: list[str] = []
        self.thread = threading.Thread(target=lambda: asyncio.run(self._all(clients)))
        self.thread.start()

    async def _all(self, clients: int) -> None:
        await asyncio.gather(*[self._client() for _ in range(clients)])

    async def _client(self) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        while self.left > 0 and not self.strange:
            self.left -= 1
            writer.write(REQUEST + BODY)
            head = await reader.readuntil(b"\r\n\r\n")
            place = head.index(b"content-length: ") + 16
            body = await reader.readexactly(int(head[place : head.index(b"\r", place)]))
            if head.startswith(b"HTTP/1.1 200"):
                self.answered += 1
                if self.answered % 1000 == 0:
                    self.ids.append(json.loads(body)["id"])
            elif head.startswith(b"HTTP/1.1 503") and b"retry-after: 1" in head:
                self.refused += 1
                self.left += 1
            else:
                self.strange.append(head.decode())
        writer.close()


def megabytes(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024


@pytest.mark.prove
def test_memory_is_flat_over_a_million_requests_with_a_slow_disk(plain, tmp_path):
    """`MAINSPRING_REQUESTS` sets how many."""
    count = int(os.environ.get("MAINSPRING_REQUESTS", "1000000"))
    command = (sys.executable, "-c", SLOW)
    with running(str(plain.package.path), "--no-access-log", command=command, folder=tmp_path) as (process, url):
        load, seen = Requests(url, count), []
        while load.thread.is_alive():
            seen.append((load.answered, megabytes(process.pid)))
            time.sleep(0.1)
        load.thread.join()
    assert not load.strange
    assert load.answered == count
    assert load.refused > 0
    warm = [size for answered, size in seen if count * 0.05 <= answered < count * 0.3]
    late = [size for answered, size in seen if answered >= count * 0.7]
    print(f"{count:,} requests, {load.refused:,} refused: {max(warm):.1f} MB at first, {max(late):.1f} MB at the end")
    assert max(late) < max(warm) + 4
    kept = {one.row.id for file in segments(tmp_path / "home/predictions") for one in read_segment(file.path)}
    assert len(kept) == count
    assert set(load.ids) <= kept
