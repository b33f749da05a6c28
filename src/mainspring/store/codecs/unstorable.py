"""Values that nothing can store, and what to return instead."""

from typing import Final

from mainspring.errors import UnstorableError

__all__ = ["cannot_store", "refusal"]

_HERE: Final = "Make it inside the step that uses it."
_LIST: Final = "Return a list of what it yields."
_ROWS: Final = "Return the rows, and connect again in the step that needs more."
_CONTENT: Final = "Write the content, close it, and return File(path)."

_KINDS: Final = {
    "_thread.lock": ("a lock", _HERE),
    "_thread.RLock": ("a lock", _HERE),
    "threading.Thread": ("a thread", "Join it, and return what it made."),
    "threading.Condition": ("a lock", _HERE),
    "threading.Event": ("a thread event", _HERE),
    "threading.Semaphore": ("a semaphore", _HERE),
    "threading.Barrier": ("a barrier", _HERE),
    "_thread._local": ("thread-local storage", _HERE),
    "multiprocessing.process.BaseProcess": ("a process", "Join it, and return what it made."),
    "multiprocessing.pool.Pool": ("a pool", _HERE),
    "multiprocessing.queues.Queue": ("a queue", _LIST),
    "queue.Queue": ("a queue", _LIST),
    "_queue.SimpleQueue": ("a queue", _LIST),
    "subprocess.Popen": ("a process", "Wait for it, and return what it printed."),
    "concurrent.futures._base.Executor": ("an executor", _HERE),
    "concurrent.futures._base.Future": ("a future", "Return its result()."),
    "_asyncio.Future": ("a future", "Await it, and return what it gives."),
    "builtins.generator": ("a generator", _LIST),
    "builtins.async_generator": ("an asynchronous generator", _LIST),
    "builtins.coroutine": ("a coroutine", "Await it, and return what it gives."),
    "builtins.map": ("an iterator", _LIST),
    "builtins.filter": ("an iterator", _LIST),
    "builtins.zip": ("an iterator", _LIST),
    "builtins.enumerate": ("an iterator", _LIST),
    "builtins.reversed": ("an iterator", _LIST),
    "builtins.list_iterator": ("an iterator", _LIST),
    "builtins.dict_keys": ("a view of a dict", "Return a list of it."),
    "builtins.dict_values": ("a view of a dict", "Return a list of it."),
    "builtins.dict_items": ("a view of a dict", "Return a list of it."),
    "builtins.mappingproxy": ("a view of a dict", "Return dict(view)."),
    "builtins.memoryview": ("a view of memory", "Return bytes(view)."),
    "builtins.module": ("a module", "Import it in the step that uses it."),
    "builtins.frame": ("a stack frame", "Return what you need of it."),
    "builtins.traceback": ("a traceback", "Return its text: traceback.format_exc()."),
    "builtins.code": ("a code object", "Return the function's source as text."),
    "weakref.ReferenceType": ("a weak reference", "Return the object that it refers to."),
    "socket.socket": ("a socket", _HERE),
    "_io._IOBase": ("an open file", _CONTENT),
    "tempfile._TemporaryFileWrapper": ("an open file", _CONTENT),
    "tempfile.TemporaryDirectory": ("a temporary folder", "Return Folder(path) of one that is still there."),
    "mmap.mmap": ("a mapped file", "Return File(path)."),
    "matplotlib.artist.Artist": ("a part of a figure", "Return the figure: artist.figure."),
    "sqlite3.Connection": ("a database connection", _ROWS),
    "sqlite3.Cursor": ("a database cursor", _ROWS),
    "psycopg.Connection": ("a database connection", _ROWS),
    "sqlalchemy.engine.base.Engine": ("a database engine", _ROWS),
    "sqlalchemy.engine.base.Connection": ("a database connection", _ROWS),
    "sqlalchemy.orm.session.Session": ("a database session", _ROWS),
    "_contextvars.Context": ("a context", _HERE),
    "_contextvars.ContextVar": ("a context variable", _HERE),
}

_found: Final[dict[type, tuple[str, str] | None]] = {}


def refusal(value: object, place: str) -> UnstorableError | None:
    """Return the error for a value of a kind that nothing can store, or None."""
    cls = type(value)
    if cls not in _found:
        names = (f"{base.__module__}.{base.__qualname__}" for base in cls.__mro__)
        _found[cls] = next((_KINDS[name] for name in names if name in _KINDS), None)
    kind = _found[cls]
    return None if kind is None else cannot_store(f"{kind[0]}{_name(cls)}", place, kind[1])


def cannot_store(what: str, place: str, fix: str) -> UnstorableError:
    """Return the error for something that cannot be stored."""
    return UnstorableError(f"Nothing can store {what}", place, fix)


def _name(cls: type) -> str:
    return "" if cls.__module__ == "builtins" else f" ({cls.__module__}.{cls.__qualname__})"
