"""Functions and classes by import path: how they are named, found again, and which of them may be called."""

import sys
from importlib import import_module
from typing import Any, Final

from mainspring.digest import main_name
from mainspring.errors import UnstorableError
from mainspring.store.codecs.livecode import is_project
from mainspring.store.codecs.unstorable import cannot_store

__all__ = ["find", "is_callable", "name_of"]

# Where functions from C say that they come from nowhere.
_HOMES: Final = (
    "builtins",
    "types",
    "numpy",
    "scipy.special",
    "torch",
    "torch._C._nn",
    "torch.nn.functional",
    "math",
    "operator",
)

# What may be called to make an object, besides the object's own class: the reductions of these packages.
_PACKAGES: Final = frozenset(
    {"_codecs", "_collections", "array", "collections", "copyreg", "datetime", "dateutil", "decimal", "fractions"}
    | {"functools", "ipaddress", "lightgbm", "numpy", "operator", "pandas", "pathlib", "pyarrow", "polars", "pytz"}
    | {"random", "re", "scipy", "sklearn", "torch", "types", "uuid", "xgboost", "zoneinfo"}
)
_BUILTINS: Final = frozenset(
    {"bool", "bytearray", "bytes", "complex", "dict", "float", "frozenset", "int", "list", "object", "range", "set"}
    | {"slice", "str", "tuple"}
)


def name_of(value: Any, place: str) -> tuple[str, str]:
    """Return module and qualified name of a function or class.

    Raises:
        UnstorableError: It has none under which it could be found again.
    """
    qualname = str(getattr(value, "__qualname__", None) or getattr(value, "__name__", ""))
    if qualname.endswith("<lambda>"):
        raise cannot_store("a lambda", place, "Define it with def, at the top level of a module.")
    if "<locals>" in qualname:
        raise cannot_store(
            f"{qualname}, which is defined inside a function", place, "Move it to the top level of its module."
        )
    module = getattr(value, "__module__", None)
    if module == "__main__":
        return main_name(), qualname
    for home, name in ((module, qualname), *((home, getattr(value, "__name__", "")) for home in _HOMES)):
        if home and name and _attribute(sys.modules.get(home), name) is value:
            return home, name
    raise cannot_store(
        f"{qualname or type(value).__name__}, which no module has under its name",
        place,
        "Store what it does, not itself.",
    )


def find(module: str, qualname: str) -> Any:
    """Return the function or class of that name, imported when needed.

    Raises:
        UnstorableError: It is gone.
    """
    found = _attribute(sys.modules.get("__main__"), qualname) if module == main_name() else None
    if found is None:
        try:
            found = _attribute(import_module(module), qualname)
        except ImportError as error:
            raise _gone(module, qualname) from error
    if found is None:
        raise _gone(module, qualname)
    return found


def is_callable(module: str, qualname: str) -> bool:
    """Whether a function or class may be called to make an object that was stored."""
    if module == "builtins":
        return qualname in _BUILTINS
    return module.partition(".")[0] in _PACKAGES or is_project(module)


def _attribute(place: object, qualname: str) -> Any:
    for part in qualname.split("."):
        place = getattr(place, part, None)
    return place


def _gone(module: str, qualname: str) -> UnstorableError:
    return UnstorableError(
        f"A stored value needs {module}.{qualname}, and there is no such thing any more",
        fix="Put it back where it was, or run the step that made the value again.",
    )
