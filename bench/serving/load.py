"""Clients that ask as fast as they are answered, each over one connection that stays open."""

import asyncio
import json
import time

__all__ = ["ask", "body_of"]


def body_of(rows: int) -> bytes:
    """A request of so many rows."""
    row = {f"f{place}": round(0.37 * (place + 1) - 2, 3) for place in range(13)}
    return json.dumps({"rows": [row] * rows}).encode()


def ask(port: int, body: bytes, clients: int, requests: int) -> float:
    """Send requests and return the seconds that they took.

    Raises:
        RuntimeError: One was answered with another status than 200.
    """
    return asyncio.run(_all(port, body, clients, requests))


async def _all(port: int, body: bytes, clients: int, requests: int) -> float:
    begun = time.perf_counter()
    await asyncio.gather(*[_client(port, body, requests // clients) for _ in range(clients)])
    return time.perf_counter() - begun


async def _client(port: int, body: bytes, requests: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    lines = (
        "POST /predict HTTP/1.1",
        "host: 127.0.0.1",
        "content-type: application/json",
        f"content-length: {len(body)}",
    )
    sent = "\r\n".join([*lines, "", ""]).encode() + body
    for _ in range(requests):
        writer.write(sent)
        answer = await reader.readuntil(b"\r\n\r\n")
        if not answer.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(answer.decode(errors="replace"))
        place = answer.lower().index(b"content-length:") + len(b"content-length:")
        await reader.readexactly(int(answer[place : answer.index(b"\r", place)]))
    writer.close()
