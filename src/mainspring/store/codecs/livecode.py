"""What identifies code that a value carries along: a function inside a transformer, the class of a model.

A library calls such code on the value's behalf, so no analysis of the steps that use the value sees it. Its digest is
part of the value's. It is made from the compiled code, so comments and formatting do not count, of a function or of all
methods of a class and its bases, and of what their names refer to in their modules, as long as that is project code.
"""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any, Final

from mainspring.digest import canonical, class_name, tagged
from mainspring.errors import UnstorableError

__all__ = ["code_digest", "is_project"]

# What Python itself keeps in a class: some of it from the layout of the source, some only once an object was copied.
_INCIDENTAL: Final = frozenset(
    {"__annotations_cache__", "__dict__", "__doc__", "__firstlineno__", "__slotnames__", "__static_attributes__"}
    | {"__weakref__", "_abc_impl"}
)
_LIBRARY: Final = str(Path(os.__file__).parent)


def is_project(module_name: str) -> bool:
    """Whether a module is the user's: neither built in, of the standard library, nor an installed distribution."""
    module = sys.modules.get(module_name)
    file = getattr(module, "__file__", None)
    if not file or "site-packages" in file or "dist-packages" in file:
        return False
    return not file.startswith(_LIBRARY)


def code_digest(value: object) -> str:
    """Return the digest of the project code behind a function or class; of other code, an empty string."""
    if not is_project(_module_of(value)):
        return ""
    parts: dict[str, str] = {}
    _collect(value, parts)
    return tagged("code/1", *(part for name in sorted(parts) for part in (name, parts[name])))


def _module_of(value: object) -> str:
    return getattr(value, "__module__", None) or ""


def _collect(value: Any, parts: dict[str, str]) -> None:
    """Add a function or class, and what it refers to."""
    name = f"{_module_of(value)}:{getattr(value, '__qualname__', '')}"
    if name in parts or not is_project(_module_of(value)):
        return
    parts[name] = ""
    if isinstance(value, type):
        members = [(key, member) for key, member in sorted(vars(value).items()) if key not in _INCIDENTAL]
        parts[name] = tagged("class/1", *(part for key, member in members for part in (key, _member(member, parts))))
        for base in value.__mro__[1:]:
            _collect(base, parts)
    else:
        parts[name] = _function(value, parts)


def _member(member: Any, parts: dict[str, str]) -> str:
    unwrapped = [part for part in _functions(member) if isinstance(part, FunctionType)]
    if unwrapped:
        return tagged("member/1", *(_function(part, parts) for part in unwrapped))
    return _constant(member)


def _functions(member: Any) -> Iterator[Any]:
    """The functions behind a member of a class: a method of any kind, a property, a cached property."""
    yield getattr(member, "__func__", member)
    for name in ("fget", "fset", "fdel", "func", "__wrapped__"):
        found = getattr(member, name, None)
        if found is not None:
            yield found


def _function(function: Any, parts: dict[str, str]) -> str:
    function = getattr(function, "__wrapped__", function)
    code = getattr(function, "__code__", None)
    if code is None:
        return ""
    for found in _references(code, function.__globals__):
        _collect(found, parts)
    defaults = [_constant(part) for part in (function.__defaults__ or ())]
    named = [f"{name}={_constant(part)}" for name, part in sorted((function.__kwdefaults__ or {}).items())]
    cells = [_constant(_cell(cell)) for cell in function.__closure__ or ()]
    constants = [
        f"{name}={_constant(function.__globals__[name])}" for name in _names(code) if name in function.__globals__
    ]
    return tagged("function/1", _code(code, function.__doc__), *defaults, *named, *cells, *constants)


def _cell(cell: Any) -> object:
    try:
        return cell.cell_contents
    except ValueError:
        return None


def _code(code: CodeType, doc: object) -> str:
    """The digest of compiled code without line numbers, file name and docstring."""
    constants = list(code.co_consts)
    if constants and isinstance(doc, str) and constants[0] == doc:
        constants[0] = None
    written = [_code(part, None) if isinstance(part, CodeType) else _constant(part) for part in constants]
    names = (code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars)
    shape = (code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags)
    return tagged("bytecode/1", code.co_code, canonical((names, shape)), *written)


def _constant(value: object) -> str:
    """The identity of a plain value; of anything else, of its type alone."""
    try:
        return tagged("constant/1", canonical(value))
    except UnstorableError:
        return tagged("other/1", *class_name(type(value)))


def _names(code: CodeType) -> list[str]:
    found = set(code.co_names)
    for part in code.co_consts:
        if isinstance(part, CodeType):
            found.update(_names(part))
    return sorted(found)


def _references(code: CodeType, scope: dict[str, Any]) -> Iterator[Any]:
    """Functions and classes that code refers to: by a global name, or by a name in a module that is a global."""
    names = _names(code)
    for name in names:
        found = scope.get(name)
        if isinstance(found, ModuleType) and is_project(found.__name__):
            yield from (part for inner in names if isinstance(part := vars(found).get(inner), FunctionType | type))
        elif isinstance(found, FunctionType | type):
            yield found
