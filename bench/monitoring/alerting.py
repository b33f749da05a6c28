"""What alerts cost: a year of hourly windows observed, and their changes posted to a receiver on the loopback.

python bench/monitoring/alerting.py       about half a minute; prints one line a figure, in CPU time of one core
"""

import sys
import tempfile
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from mainspring.monitoring import deliver
from mainspring.testing.alerts import moved
from mainspring.tracking import open_facts

HOUR, YEAR = 3600, 24 * 365
COLUMNS = [f"c{number}" for number in range(20)]


class Receiver(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *args: object) -> None:
        """Say nothing."""


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def main() -> None:
    home = Path(tempfile.mkdtemp()) / "home"
    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_address[1]}/"
    with open_facts(home) as facts:
        alerts = facts.alerts
        spent = {"quiet": 0.0, "firing": 0.0}
        counts = dict.fromkeys(spent, 0)
        for hour in range(YEAR):
            # An episode of two days in each week, in five columns of twenty.
            kind = "firing" if hour % 168 < 48 else "quiet"
            found = [moved(*COLUMNS[:5])] if kind == "firing" else []
            begun = time.process_time()
            alerts.observe("shop", "v", hour * HOUR, found, now=hour * HOUR + HOUR)
            spent[kind] += time.process_time() - begun
            counts[kind] += 1
        for kind, seconds in spent.items():
            say(f"observe a {kind} window: {1e6 * seconds / counts[kind]:,.0f} µs ({counts[kind]:,} windows)")
        waiting = len(alerts.undelivered())
        begun, wall = time.process_time(), time.monotonic()
        sent = deliver(alerts, url, "secret", YEAR * HOUR + HOUR).sent
        spent_here, took = time.process_time() - begun, time.monotonic() - wall
        say(
            f"deliver a change: {1e3 * spent_here / sent:.2f} ms CPU with its receiver, {1e3 * took / sent:.2f} ms of "
            f"time ({sent:,} of {waiting:,} changes)"
        )
        begun = time.process_time()
        size = len(alerts.list())
        say(f"list {size:,} alerts: {1e3 * (time.process_time() - begun):.1f} ms")
    server.shutdown()
    say(f"database: {(home / 'mainspring.db').stat().st_size / 2**20:.1f} MiB after a year")


if __name__ == "__main__":
    main()
