"""Objects of any class, by the reduction protocol that `copy` and `pickle` use, and without pickle.

An object becomes a structure of scalars, which stand for themselves, and of these nodes. A number is the place of a
numbered node (*) in the order in which they were first met, so that what was shared stays shared and cycles close:

    ("v", bytes)*                  a plain value, or one with a codec, encoded
    ("r", number)                  a node that was met before
    ("l" | "t" | "s" | "z", ...)*  list, tuple, set, frozenset: its items
    ("d", ...)*                    dict: key and value in turn
    ("g", module, name, code)      a function or class by name; of project code also the digest
    ("i", module, name, code)*     an object that says that it is known by that name
    ("m", object, name)*           a bound method
    ("n", class, arguments, options, state, items, pairs, setter)*    an object, made by the class's `__new__`
    ("c", callable, arguments, options, state, items, pairs, setter)* an object, made by a call

A callable must be a class, project code, or of a package on the list in `names`. The list keeps surprises out; it is no
sandbox: what a store holds is trusted like the project itself.
"""

import copyreg
from collections.abc import Callable, Iterable
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType, NoneType
from typing import Any, Final

from mainspring.digest import canonical, is_atom, restore
from mainspring.errors import StoreError, UnstorableError
from mainspring.store.codec import Dump, Load, Structural
from mainspring.store.codecs.asides import settled
from mainspring.store.codecs.livecode import code_digest
from mainspring.store.codecs.names import find, is_callable, name_of
from mainspring.store.codecs.unstorable import cannot_store, refusal
from mainspring.store.packing import Packer
from mainspring.store.registry import codec_for

__all__ = ["OBJECT"]

_SCALARS: Final = frozenset({NoneType, bool, int, float, complex, str, bytes})
_CONTAINERS: Final[dict[type, str]] = {list: "l", tuple: "t", set: "s", frozenset: "z", dict: "d"}
_NEW: Final = vars(copyreg)["__newobj__"]
_NEW_WITH_OPTIONS: Final = vars(copyreg)["__newobj_ex__"]
_SHOWN: Final = 40

Node = Any


class _Walker:
    """One object being taken apart; nothing that it has met may die before it is done, since nodes go by `id`."""

    def __init__(self, dump: Dump) -> None:
        self._dump = dump
        self._numbers: dict[int, int] = {}
        self._count = 0
        self._alive: list[object] = []
        self._unfinished: set[int] = set()
        self._steps: list[str] = []
        self._codes: dict[int, str] = {}

    def node(self, value: object, step: str = "") -> Node:
        """Return the node of a value that its parent reaches by `step`."""
        cls = type(value)
        if cls in _SCALARS:
            return value
        self._steps.append(step)
        node = self._reference(value) or self._nameable(value) or self._numbered(value, cls)
        self._steps.pop()
        return node

    @property
    def _place(self) -> str:
        return "value" + "".join(self._steps)

    def _reference(self, value: object) -> Node:
        number = self._numbers.get(id(value))
        if number is None:
            return None
        if number in self._unfinished:
            raise cannot_store(
                f"a {type(value).__name__} that its own constructor needs", self._place, "Break the cycle between them."
            )
        return ("r", number)

    def _nameable(self, value: Any) -> Node:
        """The node of what goes by its name, or None."""
        if isinstance(value, FunctionType | type) or type(value).__name__ == "cython_function_or_method":
            return self._named(value)
        if isinstance(value, BuiltinFunctionType):
            owner = value.__self__
            if owner is None or isinstance(owner, ModuleType | type):
                return self._named(value)
        return None

    def _named(self, value: Any, names: tuple[str, str] | None = None) -> Node:
        module, name = names or name_of(value, self._place)
        if id(value) not in self._codes:
            self._alive.append(value)
            self._codes[id(value)] = code_digest(value)
        return ("g", module, name, self._codes[id(value)])

    def _numbered(self, value: Any, cls: type) -> Node:
        number = self._number(value)
        kind = _CONTAINERS.get(cls)
        if kind is not None:
            return (kind, *self._items(value, kind, number))
        if codec_for(value) is not None or is_atom(cls):
            return ("v", self._encoded(value))
        refused = refusal(value, self._place)
        if refused is not None:
            raise refused
        if isinstance(value, MethodType | BuiltinFunctionType):
            return ("m", self.node(value.__self__, ".__self__"), value.__name__)
        return self._object(value, number)

    def _number(self, value: object) -> int:
        number = self._count
        self._count += 1
        self._numbers[id(value)] = number
        self._alive.append(value)
        return number

    def _encoded(self, value: object) -> bytes:
        try:
            return canonical(value, self._dump)
        except UnstorableError as error:
            inside = (error.where or "value").removeprefix("value")
            raise UnstorableError(error.what, self._place + inside, error.fix) from error

    def _items(self, value: Any, kind: str, number: int) -> Iterable[Node]:
        if kind == "d":
            pairs = ((self.node(k, f".key({_shown(k)})"), self.node(v, f"[{_shown(k)}]")) for k, v in value.items())
            return [part for pair in pairs for part in pair]
        if kind in "sz":
            value = sorted(value, key=_order)
        if kind == "l":
            return [self.node(item, f"[{index}]") for index, item in enumerate(value)]
        self._unfinished.add(number)
        nodes = [self.node(item, f"[{index}]" if kind == "t" else "{...}") for index, item in enumerate(value)]
        self._unfinished.discard(number)
        return nodes

    def _object(self, value: Any, number: int) -> Node:
        reduced = self._reduced(value)
        if isinstance(reduced, str):
            return ("i", *self._named(value, _global(value, reduced, self._place))[1:])
        call, arguments, state, items, pairs, setter = (*reduced, None, None, None, None)[:6]
        kind, made, arguments, options = self._making(value, call, arguments)
        self._unfinished.add(number)
        parts = [self.node(part, f".__reduce__()[1][{index}]") for index, part in enumerate(arguments)]
        named = [part for name, option in sorted(options.items()) for part in (name, self.node(option, f".{name}"))]
        self._unfinished.discard(number)
        return (
            kind,
            made,
            parts,
            named,
            self._state(state, type(value)),
            [self.node(item, f"[{index}]") for index, item in enumerate(items or ())],
            [self.node(part, f"[{_shown(pair[0])}]") for pair in pairs or () for part in pair],
            self.node(setter),
        )

    def _reduced(self, value: Any) -> Any:
        reduce = copyreg.dispatch_table.get(type(value))
        try:
            return value.__reduce_ex__(4) if reduce is None else reduce(value)
        except Exception as error:
            name = f"{type(value).__module__}.{type(value).__qualname__}"
            fix = "Return its parts: plain values, arrays, frames, models, File(path)."
            raise cannot_store(f"a {name}: {error}", self._place, fix) from error

    def _making(self, value: Any, call: Any, arguments: Any) -> tuple[str, Node, tuple[Any, ...], dict[str, Any]]:
        """How an object is made: by `__new__` of a class, or by a call that is allowed."""
        if call is _NEW:
            return "n", self._named(arguments[0]), arguments[1:], {}
        if call is _NEW_WITH_OPTIONS:
            return "n", self._named(arguments[0]), arguments[1], arguments[2]
        node = self.node(call)
        if call is not type(value) and not (node[0] == "g" and is_callable(node[1], node[2])):
            raise cannot_store(
                f"a {type(value).__module__}.{type(value).__qualname__}, since it is made by {call!r}",
                self._place,
                "Return its parts: plain values, arrays, frames, models, File(path).",
            )
        return "c", node, arguments, {}

    def _state(self, state: Any, cls: type) -> Node:
        """The node of a state; the order in which attributes were set does not count."""
        state = settled(cls, state)
        if type(state) is not dict or not all(type(name) is str for name in state):
            return self.node(state)
        self._number(state)
        return ("d", *(part for name in sorted(state) for part in (name, self.node(state[name], f".{name}"))))


def _order(item: object) -> bytes:
    """What orders the items of a set: not their hash, which differs between processes."""
    return canonical(_Walker(Packer().leaf).node(item))


def _shown(key: object) -> str:
    return repr(key)[:_SHOWN] if type(key) in _SCALARS else type(key).__name__


def _global(value: Any, name: str, place: str) -> tuple[str, str]:
    """Module and name of an object that reduces to a name."""
    for module in (
        getattr(value, "__module__", None),
        type(value).__module__,
        "builtins",
        "numpy",
        "scipy.special",
        "torch",
    ):
        if module:
            home, _, last = f"{module}.{name}".rpartition(".")
            try:
                if find(home, last) is value:
                    return home, last
            except UnstorableError:
                continue
    raise cannot_store(f"the {type(value).__name__} {name!r}, which no module has", place, "Return plain values.")


class _Builder:
    """The inverse of a walker."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._made: list[Any] = []

    def node(self, node: Node) -> Any:
        """Return the value of a node."""
        if type(node) is not tuple:
            return node
        return _BUILD[node[0]](self, node)

    def reference(self, node: Node) -> Any:
        return self._made[node[1]]

    def encoded(self, node: Node) -> Any:
        return self._keep(restore(node[1], self._load))

    def named(self, node: Node) -> Any:
        found = find(node[1], node[2])
        return self._keep(found) if node[0] == "i" else found

    def _keep(self, value: Any) -> Any:
        self._made.append(value)
        return value

    def _nodes(self, nodes: Iterable[Node]) -> list[Any]:
        return [self.node(node) for node in nodes]

    def sequence(self, node: Node) -> Any:
        if node[0] == "l":
            items = self._keep([])
            items.extend(self._nodes(node[1:]))
            return items
        number = len(self._made)
        self._made.append(None)
        self._made[number] = _IMMUTABLE[node[0]](self._nodes(node[1:]))
        return self._made[number]

    def mapping(self, node: Node) -> Any:
        made = self._keep({})
        parts = iter(node[1:])
        for key in parts:
            # In this order they were numbered.
            name = self.node(key)
            made[name] = self.node(next(parts))
        return made

    def method(self, node: Node) -> Any:
        number = len(self._made)
        self._made.append(None)
        self._made[number] = getattr(self.node(node[1]), node[2])
        return self._made[number]

    def instance(self, node: Node) -> Any:
        kind, making, arguments, options, state, items, pairs, setter = node
        number = len(self._made)
        self._made.append(None)
        make = self.node(making)
        if not (isinstance(make, type) or is_callable(making[1], making[2])):
            raise StoreError(f"A stored value is made by {making[1]}.{making[2]}, which is not allowed")
        values = self._nodes(arguments)
        named = dict(zip(options[::2], self._nodes(options[1::2]), strict=True))
        made = make.__new__(make, *values, **named) if kind == "n" else make(*values)
        self._made[number] = made
        content = self.node(state)
        for item in self._nodes(items):
            made.append(item)
        keys = self._nodes(pairs)
        for key, value in zip(keys[::2], keys[1::2], strict=True):
            made[key] = value
        set_state = self.node(setter)
        if content is not None:
            (set_state or _set_state)(made, content)
        return made


_BUILD: Final[dict[str, Callable[[_Builder, Node], Any]]] = {
    "v": _Builder.encoded,
    "r": _Builder.reference,
    "g": _Builder.named,
    "i": _Builder.named,
    "m": _Builder.method,
    "d": _Builder.mapping,
    "n": _Builder.instance,
    "c": _Builder.instance,
} | dict.fromkeys("ltsz", _Builder.sequence)
_IMMUTABLE: Final = {"t": tuple, "s": set, "z": frozenset}


def _set_state(value: Any, state: Any) -> None:
    own = getattr(value, "__setstate__", None)
    if own is not None:
        own(state)
        return
    attributes, slots = state if isinstance(state, tuple) and len(state) == 2 else (state, None)
    if attributes:
        value.__dict__.update(attributes)
    for name, part in (slots or {}).items():
        setattr(value, name, part)


def _reduce(value: object, dump: Dump) -> object:
    return _Walker(dump).node(value)


def _rebuild(node: Any, load: Load) -> object:
    return _Builder(load).node(node)


OBJECT: Final = Structural("object/1", _reduce, _rebuild, lambda value: type(value).__qualname__)
