"""What a worker's Python is told to do otherwise, so that the cause of a difference shows.

The text of this file becomes the `sitecustomize` of the workers of one re-run: it is loaded before anything else, by
every Python that a step starts, and imports nothing of Mainspring. `MAINSPRING_SHIMS` says what it does:

- `files=reversed`, `files=sorted`: the order in which directories are listed;
- `clock=+SECONDS`: wall clocks go ahead; `clock=SECONDS`: they begin there and go on by a millisecond each time that
  they are read, so that two runs read the same;
- `random=SEED`: what the system draws at random is drawn from a seed, also by generators that are made without one;
- `threads=N`: the processors that are said to be there; with 1, pools of threads have one, and so has the process.
"""

import os
import sys
from collections.abc import Callable, Iterator
from typing import Any

__all__ = ["VARIABLE", "apply"]

VARIABLE = "MAINSPRING_SHIMS"
_TICK = 0.001


def apply(said: str) -> None:
    """Do what `MAINSPRING_SHIMS` says."""
    kinds: dict[str, Callable[[str], None]] = {
        "files": _files,
        "clock": _clock,
        "random": _random,
        "threads": _threads,
    }
    for one in filter(None, said.split(",")):
        name, _, value = one.partition("=")
        kinds[name](value)
    _other_sitecustomize()


def _replace(owner: Any, name: str, value: Any) -> None:
    setattr(owner, name, value)


class _Entries:
    """Entries of a directory in another order, with what `os.scandir` promises."""

    def __init__(self, entries: list[Any]) -> None:
        self._entries = iter(entries)

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        return next(self._entries)

    def __enter__(self) -> "_Entries":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Nothing is open."""


def _files(order: str) -> None:
    scandir, listdir = os.scandir, os.listdir

    def entries(*args: Any) -> _Entries:
        with scandir(*args) as found:
            listed = list(found)
        return _Entries(listed[::-1] if order == "reversed" else sorted(listed, key=lambda entry: str(entry.name)))

    def names(*args: Any) -> list[Any]:
        listed = listdir(*args)
        return listed[::-1] if order == "reversed" else sorted(listed)

    _replace(os, "scandir", entries)
    _replace(os, "listdir", names)


def _clock(value: str) -> None:
    import datetime  # noqa: PLC0415 - only here, and at a start that is timed
    import time  # noqa: PLC0415

    real = time.time
    reading = [float(value)]

    def now() -> float:
        if value.startswith("+"):
            return real() + reading[0]
        reading[0] += _TICK
        return reading[0]

    localtime, gmtime, strftime, ctime = time.localtime, time.gmtime, time.strftime, time.ctime
    _replace(time, "time", now)
    _replace(time, "time_ns", lambda: int(now() * 1e6) * 1000)
    _replace(time, "localtime", lambda seconds=None: localtime(now() if seconds is None else seconds))
    _replace(time, "gmtime", lambda seconds=None: gmtime(now() if seconds is None else seconds))
    _replace(time, "ctime", lambda seconds=None: ctime(now() if seconds is None else seconds))
    _replace(time, "strftime", lambda form, *when: strftime(form, *(when or (localtime(now()),))))
    if not value.startswith("+"):
        for name in ("perf_counter", "process_time", "thread_time"):
            _replace(time, name, now)
            _replace(time, f"{name}_ns", lambda: int(now() * 1e6) * 1000)
    kind = datetime.datetime
    _into_type(kind, "now", lambda cls, tz=None: cls.fromtimestamp(now(), tz))
    _into_type(kind, "utcnow", lambda cls: cls.fromtimestamp(now(), datetime.UTC).replace(tzinfo=None))


def _into_type(kind: type, name: str, function: Callable[..., Any]) -> None:
    """Give a class of the interpreter another class method; the class stays what it is to all who know it."""
    import ctypes  # noqa: PLC0415
    import gc  # noqa: PLC0415

    space = gc.get_referents(vars(kind))[0]
    space[name] = classmethod(function)
    ctypes.pythonapi.PyType_Modified(ctypes.py_object(kind))


def _random(seed: str) -> None:
    from hashlib import blake2b  # noqa: PLC0415

    drawn = [0]

    def urandom(size: int) -> bytes:
        found = b""
        while len(found) < size:
            drawn[0] += 1
            found += blake2b(f"{seed} {drawn[0]}".encode()).digest()
        return found[:size]

    _replace(os, "urandom", urandom)
    import random  # noqa: PLC0415

    begin = random.Random.seed

    def seeded(self: Any, a: Any = None, version: int = 2) -> None:
        begin(self, int.from_bytes(urandom(32), "big") if a is None else a, version)

    _replace(random.Random, "seed", seeded)
    _replace(random, "_urandom", urandom)


def _threads(value: str) -> None:
    count = int(value)
    _replace(os, "cpu_count", lambda: count)
    if count > 1:
        return
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415
    from multiprocessing.pool import ThreadPool  # noqa: PLC0415

    for pool in (ThreadPoolExecutor, ThreadPool):
        _replace(pool, "__init__", _with_one(vars(pool)["__init__"]))


def _with_one(begin: Callable[..., None]) -> Callable[..., None]:
    def begun(self: Any, _: Any = None, *args: Any, **named: Any) -> None:
        for name in ("max_workers", "processes"):
            named.pop(name, None)
        begin(self, 1, *args, **named)

    return begun


def _other_sitecustomize() -> None:
    """Run the `sitecustomize` that would have been loaded in the place of this one."""
    here = os.path.realpath(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120 - before all imports
    for place in sys.path:
        file = os.path.join(place, "sitecustomize.py")  # noqa: PTH118
        if os.path.realpath(place) != here and os.path.isfile(file):  # noqa: PTH113
            with open(file, "rb") as source:  # noqa: PTH123
                exec(compile(source.read(), file, "exec"), {"__name__": "sitecustomize", "__file__": file})  # noqa: S102
            return
