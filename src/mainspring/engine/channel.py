"""The channel between coordinator and worker.

Frames are a length of eight bytes and a pickle. Both ends are the same user's processes on one machine, one started by
the other.
"""

import pickle
import socket
import threading
from typing import Any

__all__ = ["Channel"]

_CHUNK = 1 << 18


class Channel:
    """One end of a socket pair. `send` may be called from several threads; `receive` from one."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self._lock = threading.Lock()
        self._buffer = bytearray()

    def fileno(self) -> int:
        """Return the descriptor to wait on."""
        return self.sock.fileno()

    def send(self, message: object) -> None:
        """Send one message, or raise OSError when the other end is gone."""
        data = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
        with self._lock:
            self.sock.sendall(len(data).to_bytes(8, "big") + data)

    def receive(self) -> list[Any] | None:
        """Wait for bytes and return the messages that are complete now, or None at the end of the stream."""
        try:
            chunk = self.sock.recv(_CHUNK)
        except ConnectionError:
            return None
        if not chunk:
            return None
        self._buffer += chunk
        messages = []
        while len(self._buffer) >= 8:
            end = 8 + int.from_bytes(self._buffer[:8], "big")
            if len(self._buffer) < end:
                break
            messages.append(pickle.loads(memoryview(self._buffer)[8:end].tobytes()))  # noqa: S301 - our own process
            del self._buffer[:end]
        return messages

    def close(self) -> None:
        """Close this end."""
        self.sock.close()
