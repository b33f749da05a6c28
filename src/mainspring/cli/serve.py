"""`mainspring serve`, and `mainspring keys`."""

import logging
import os
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from msgspec import Struct, field

from mainspring.charts.numbers import moment
from mainspring.cli.options import AsJson, HomePath, flat
from mainspring.cli.printing import put, put_json, put_table, stamp
from mainspring.config.homes import find_home, home_and_settings
from mainspring.serving.keys import make_key, read_keys, revoke_key
from mainspring.serving.settings import Limits, Settings
from mainspring.serving.supervisor import bind, supervise

__all__ = ["KEYS", "home_of_services", "serve"]

LOG: Final = logging.getLogger(__name__)
_KEYS = "serving/keys.json"


class Listening(Struct, frozen=True):
    """Where a service listens, and with what."""

    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1"
    port: Annotated[int, typer.Option(help="The port; 0 takes a free one.")] = 8080
    workers: Annotated[int, typer.Option(min=1, help="Worker processes.")] = 1
    threads: Annotated[int, typer.Option(min=1, help="Threads that one prediction may use.")] = 1
    open: Annotated[bool, typer.Option("--open", help="Let other machines ask without API keys.")] = False
    drain: Annotated[float, typer.Option(help="Seconds that requests under way have when it stops.")] = 10.0


class Answering(Struct, frozen=True):
    """What answers, and what becomes of answers."""

    trust: Annotated[
        list[str],
        typer.Option("--trust", metavar="DIGEST", help="A source stage, or package, that may run; may be repeated."),
    ] = field(default_factory=list)
    fallback: Annotated[
        list[str],
        typer.Option("--fallback", metavar="TARGET", help="What answers when those before cannot; may be repeated."),
    ] = field(default_factory=list)
    shadow: Annotated[
        str | None, typer.Option(metavar="TARGET", help="A challenger: it sees the same, its answers are only logged.")
    ] = None
    share: Annotated[float, typer.Option(min=0, max=1, help="The share of requests that the challenger sees.")] = 1.0
    log: Annotated[bool, typer.Option("--log/--no-log", help="Log predictions.")] = True
    access: Annotated[bool, typer.Option("--access-log/--no-access-log", help="Print a line of JSON a request.")] = True
    roll: Annotated[
        float,
        typer.Option(
            "--roll-every", metavar="SECONDS", min=0, help="How often closed files of the log become Parquet; 0: never."
        ),
    ] = 3600.0
    poll: Annotated[float, typer.Option(help="Seconds between two looks at where an alias points.")] = 1.0


class Bounds(Struct, frozen=True):
    """What requests may use."""

    max_body: Annotated[int, typer.Option(metavar="BYTES", help="Bytes of a body.")] = Limits().body
    max_rows: Annotated[int, typer.Option(help="Rows of a request.")] = Limits().rows
    max_seconds: Annotated[float, typer.Option(help="Seconds that an answer may take.")] = Limits().seconds
    max_requests: Annotated[int, typer.Option(help="Requests under way in one process.")] = Limits().concurrency


@flat
def serve(
    target: Annotated[
        str, typer.Argument(metavar="TARGET", help="A folder, a zip, NAME@ALIAS, NAME@VERSION, or run:RUN[/STEP].")
    ],
    listening: Listening,
    answering: Answering,
    bounds: Bounds,
    *,
    home: HomePath = None,
) -> None:
    """Serve a package over HTTP: /predict, the Open Inference Protocol, /docs, /metrics and a page.

    It answers once the golden samples were predicted as they were. An alias is followed. SIGTERM lets requests end,
    writes the log and stops.
    """
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s", level=logging.INFO)
    # Before NumPy is loaded: it would start a thread a processor, which wait, and predict nothing.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", str(listening.threads))
    folder = home_of_services(home, make=True)
    settings = Settings(
        target=target,
        home=str(folder),
        host=listening.host,
        port=listening.port,
        workers=listening.workers,
        threads=listening.threads,
        limits=Limits(
            body=bounds.max_body, rows=bounds.max_rows, seconds=bounds.max_seconds, concurrency=bounds.max_requests
        ),
        trust=tuple(answering.trust),
        fallback=tuple(answering.fallback),
        shadow=answering.shadow,
        shadow_share=answering.share,
        log=answering.log,
        upkeep=_upkeep(folder, answering),
        upkeep_every=answering.roll,
        access_log=answering.access,
        poll=answering.poll,
        drain=listening.drain,
    )
    bound = bind(settings, keys=bool(read_keys(folder / _KEYS)), open_to_all=listening.open)
    host, port = bound.getsockname()[:2]

    def ready(*_: Any) -> None:
        sys.stderr.write(f"serving {target} on http://{f'[{host}]' if ':' in host else host}:{port}\n")
        sys.stderr.flush()

    if settings.workers > 1:
        supervise(settings, bound, ready)
        return
    # The parent of several processes stays small: what predicts is loaded here only when it predicts itself.
    import_module("mainspring.serving.worker").run_worker(settings, bound, ready)


def _upkeep(home: Path, answering: Answering) -> tuple[str, ...]:
    """The command that makes Parquet of the prediction log; nothing when it is not wanted, or cannot run."""
    if not answering.log or not answering.roll:
        return ()
    if find_spec("polars") is None:
        LOG.warning(
            "The prediction log is not made Parquet here, which needs mainspring[serve,data]: install it, or call "
            "'mainspring predictions roll' where it is, or say --roll-every 0."
        )
        return ()
    program = "from mainspring.cli import main; main()"
    return (sys.executable, "-c", program, "predictions", "roll", "--home", str(home))


def home_of_services(given: Path | None, *, make: bool = False) -> Path:
    """Return the home that was given, or the usual one."""
    folder = home_and_settings(given)[0]
    if make:
        folder.mkdir(parents=True, exist_ok=True)
    elif given is None and not folder.is_dir():
        find_home()  # says what to do
    return folder


def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Whose key it is.")], *, home: HomePath = None
) -> None:
    """Make an API key. It is shown once; only its hash is kept. With a key, a service answers nobody without one."""
    put(make_key(home_of_services(home, make=True) / _KEYS, name))


def list_keys(*, home: HomePath = None, as_json: AsJson = False) -> None:
    """List API keys: whose they are, and since when."""
    rows = read_keys(home_of_services(home) / _KEYS)
    if as_json:
        put_json([{"name": row.name, "created": stamp(row.created)} for row in rows])
        return
    put_table(("name", "created"), [(row.name, moment(row.created)) for row in rows])


def revoke(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Whose key it is.")], *, home: HomePath = None
) -> None:
    """Revoke an API key. Running services refuse it within seconds."""
    revoke_key(home_of_services(home) / _KEYS, name)
    put(f"revoked the key '{name}'")


KEYS = {"create": create, "list": list_keys, "revoke": revoke}
