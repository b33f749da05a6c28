"""A real receiver of webhooks on the loopback, that can be down; and a sender in a process of its own.

`python receivers.py HOME URL NOW` delivers what waits in a home.
"""

import json
import sys
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from mainspring.monitoring import deliver
from mainspring.tracking import open_facts

SECRET = "a secret of both sides"


class Receiver:
    """What was posted to `url`, and what is answered: `status` is that of every answer; 0 breaks off."""

    def __init__(self) -> None:
        self.posts: list[tuple[dict[str, str], bytes]] = []
        self.status = 204
        self.location = ""
        self.before_answering: Callable[[], None] = lambda: None
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.posts.append((dict(self.headers), body))
                receiver.before_answering()
                if receiver.status:
                    self.send_response(receiver.status)
                    if receiver.location:
                        self.send_header("Location", receiver.location)
                    self.send_header("Content-Length", "0")
                    self.end_headers()

            def do_GET(self) -> None:
                receiver.posts.append(({}, b"GET"))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/alerts"
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def taken(self) -> list[str]:
        """The ids of what was posted, in order."""
        return [headers["Mainspring-Id"] for headers, _ in self.posts]

    def bodies(self) -> list[dict]:
        return [json.loads(body) for _, body in self.posts]

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


if __name__ == "__main__":
    home, url, now = sys.argv[1:]
    with open_facts(Path(home)) as facts:
        deliver(facts.alerts, url, SECRET, float(now))
