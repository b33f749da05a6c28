"""Classes by name: what identifies the class of a value, and how that name is found again."""

import sys
from importlib import import_module
from pathlib import PurePath

from mainspring.errors import UnstorableError

__all__ = ["class_name", "find_class", "main_name"]


def main_name() -> str:
    """Return the module name that the running script would have if it were imported.

    `python -m shop.train` is `shop.train`, `python shop/train.py` is `train`; a prompt or a notebook stays `__main__`.
    """
    main = sys.modules.get("__main__")
    spec = getattr(main, "__spec__", None)
    if spec is not None:
        return str(spec.name)
    file = getattr(main, "__file__", None)
    return PurePath(file).stem if file else "__main__"


def class_name(cls: type) -> tuple[str, str]:
    """Return the module and the qualified name that identify a class, never `__main__` where the script has a name."""
    module = cls.__module__
    return (main_name() if module == "__main__" else module), cls.__qualname__


def find_class(module: str, qualname: str) -> type:
    """Return the class of that name, imported when needed.

    Raises:
        UnstorableError: The module or the class is gone, or the name now is something else.
    """
    place = sys.modules.get("__main__") if module == main_name() else None
    found = _attribute(place, qualname)
    if found is None:
        try:
            found = _attribute(import_module(module), qualname)
        except ImportError as error:
            raise _gone(module, qualname) from error
    if not isinstance(found, type):
        raise _gone(module, qualname)
    return found


def _attribute(place: object, qualname: str) -> object:
    for part in qualname.split("."):
        place = getattr(place, part, None)
    return place


def _gone(module: str, qualname: str) -> UnstorableError:
    return UnstorableError(
        f"A stored value is a {module}.{qualname}, and there is no such class any more",
        fix="Put the class back where it was, or run the step that made the value again.",
    )
