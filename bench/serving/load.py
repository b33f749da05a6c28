"""Clients that ask as fast as they are answered, each over one connection that stays open."""

import asyncio
import time

import uvloop

__all__ = ["ask"]


def ask(port: int, path: str, body: bytes, clients: int, requests: int) -> float:
    """Send requests and return the seconds that they took.

    Raises:
        RuntimeError: One was answered with another status than 200, or not at all.
    """
    return uvloop.run(_all(port, path, body, clients, requests))


async def _all(port: int, path: str, body: bytes, clients: int, requests: int) -> float:
    head = f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: {len(body)}"
    sent = f"{head}\r\n\r\n".encode() + body
    loop = asyncio.get_running_loop()
    begun = time.perf_counter()
    made = [_Client(sent, requests // clients) for _ in range(clients)]
    for one in made:
        await loop.create_connection(lambda one=one: one, "127.0.0.1", port)
    await asyncio.gather(*[one.done for one in made])
    return time.perf_counter() - begun


class _Client(asyncio.Protocol):
    """Sends the next request when the answer to the one before is whole."""

    def __init__(self, sent: bytes, requests: int) -> None:
        self._sent, self._left = sent, requests
        self._buffer, self._whole = b"", 0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        transport.write(self._sent)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._whole:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            head = self._buffer[:end].lower()
            place = head.find(b"content-length:")
            if not head.startswith(b"http/1.1 200") or place < 0:
                self._stop(RuntimeError(self._buffer.decode(errors="replace")))
                return
            self._whole = end + 4 + int(head[place + 15 :].partition(b"\r")[0])
        if len(self._buffer) < self._whole:
            return
        self._buffer, self._whole = b"", 0
        self._left -= 1
        if self._left > 0:
            self._transport.write(self._sent)
        else:
            self._stop(None)

    def connection_lost(self, _: Exception | None) -> None:
        self._stop(RuntimeError("the connection was closed"))

    def _stop(self, error: Exception | None) -> None:
        if self.done.done():
            return
        if error is None:
            self.done.set_result(None)
        else:
            self.done.set_exception(error)
        self._transport.close()
