"""What each symbol of a project leads to: other symbols, modules that it imports, and names outside the project."""

import builtins
from collections.abc import Iterable
from typing import Protocol

from msgspec import Struct, field

from mainspring.graph.book import Book
from mainspring.graph.modules import MUTATORS, Definition, Import, Module, ModuleText, References

__all__ = ["ModuleReader", "Reach", "Reaches"]

STATEMENTS = "<statements>"
_OWN_NAMES = frozenset(
    {"__name__", "__file__", "__doc__", "__path__", "__package__", "__spec__", "__version__", "__class__"}
    | {"__loader__", "__builtins__", "__qualname__", "__module__", "__annotations__"}
)
_MAKING = frozenset({"__init__", "__new__", "__post_init__", "__init_subclass__", "__set_name__", "__prepare__"})
Chain = tuple[str, ...]


class ModuleReader(Protocol):
    """Where source comes from."""

    def module(self, name: str) -> ModuleText | None:
        """Return the source of a project module by its dotted name; None for everything that is not project code."""

    def loaded(self) -> Iterable[str]:
        """Return the names of the project modules that are loaded now."""

    def every(self) -> Iterable[str]:
        """Return the names of all project modules that there are to import."""


class Reach(Struct):
    """What one symbol leads to, in one step.

    Attributes:
        named: Symbols that its source names.
        possible: Symbols that it may lead to: methods of unknown objects, parts, what may be looked up.
        attributes: Attributes that its source names.
        modules: Modules that it imports.
        imports: Top-level names of modules outside the project.
        remarks: What could not be resolved.
    """

    named: list[Definition] = field(default_factory=list)
    possible: dict[Definition, None] = field(default_factory=dict)
    attributes: set[str] = field(default_factory=set)
    modules: list[Module] = field(default_factory=list)
    imports: set[str] = field(default_factory=set)
    remarks: list[str] = field(default_factory=list)


class Reaches:
    """Resolves names. Each module is read once and each symbol resolved once."""

    def __init__(self, reader: ModuleReader, book: Book) -> None:
        self._reader = reader
        self._book = book
        self._modules: dict[str, Module | None] = {}
        self._reaches: dict[Definition, Reach] = {}
        self._runs: dict[str, list[Module]] = {}
        self._acting: dict[str, Definition] = {}
        self._closures: dict[str, dict[str, Module]] = {}
        self._members: dict[str, dict[str, list[Definition]]] = {}
        self._loaded: list[Module] | None = None
        self._changing: dict[Definition, bool] = {}

    def module(self, name: str) -> Module | None:
        """Return a project module, or None for any other."""
        if name not in self._modules:
            parent = name.rpartition(".")[0]
            text = None if parent and self.module(parent) is None else self._reader.module(name)
            self._modules[name] = None if text is None else self._book.module(text)
        return self._modules[name]

    def of(self, definition: Definition) -> Reach:
        """Return what a symbol leads to."""
        known = self._reaches.get(definition)
        if known is None:
            known = self._reaches[definition] = Reach()
            self._resolve_all(definition.module, self._book.told(definition).references, known)
            known.possible.update(dict.fromkeys(definition.parts.values()))
            if definition.kind == "method":
                known.possible[definition.module.definitions[definition.name.split(".")[0]]] = None
        return known

    def imported_by(self, module: Module) -> dict[str, Module]:
        """Return a module and every project module that importing it imports, by name."""
        name = module.text.name
        if name not in self._closures:
            found: dict[str, Module] = {}
            front = [module]
            while front:
                inner = front.pop()
                if inner.text.name not in found:
                    found[inner.text.name] = inner
                    front += [other for place in inner.imported for other in self._along(place)]
                    front += self._along(inner.text.name)
            self._closures[name] = found
        return self._closures[name]

    def acting(self, module: Module) -> Definition:
        """Return the statements of a module that act when it is imported, definitions that register among them."""
        name = module.text.name
        if name not in self._acting:
            nodes = list(module.acting)
            for found in module.definitions.values():
                nodes += [node for node in found.nodes if node not in nodes and self._acts(module, node)]
            nodes.sort(key=lambda node: module.statements[node].line)
            self._acting[name] = Definition(module, STATEMENTS, "statements", nodes)
        return self._acting[name]

    def _along(self, name: str) -> list[Module]:
        """Return the modules that importing a dotted name runs: the packages above it, and itself."""
        if name not in self._runs:
            above = name.rpartition(".")[0]
            module = self.module(name)  # None below what is None
            known = self._along(above) if above else []
            self._runs[name] = known if module is None else [*known, module]
        return self._runs[name]

    def _resolve_all(self, module: Module, found: References, reach: Reach) -> None:
        for chain in found.chains:
            self._follow(module, chain, found, reach)
        for chain in found.possible:
            self._resolve(module, chain, reach, required=False)
        for attribute in found.attributes:
            self._attribute(module, attribute, reach)
        for method in found.implicit:
            reach.possible.update(dict.fromkeys(self._members_near(module).get(method, ())))
        for name in (*found.modules, *self._beginning_with(found.prefixes)):
            self._import_whole(name, reach)
        if found.dynamic:
            self._resolve_computed(module, found, reach)
        if found.any_class:
            self._every_class(module, reach)

    def _beginning_with(self, prefixes: set[str]) -> list[str]:
        return [name for name in self._reader.every() if name.startswith(tuple(prefixes))] if prefixes else []

    def _resolve_computed(self, module: Module, found: References, reach: Reach) -> None:
        """Count whatever a computed name may name."""
        if found.any_name:
            self._whole(module, reach, set())
        reach.possible.update(dict.fromkeys(module.definitions.values()))
        if found.any_attribute:
            self._every_class(module, reach)
        for line, called in found.dynamic:
            reach.remarks.append(f"{called} at {module.text.path}:{line}: everything that it may name counts")

    def _follow(self, module: Module, chain: Chain, found: References, reach: Reach) -> None:
        kind, _, target = chain[0].partition(" ")
        if target and kind == "from":
            self._resolve_import(Import(target, chain[1]), (), reach, set())
        elif target:
            reach.modules += self._along(target)
            if self.module(target) is None:
                reach.imports.add(target.split(".")[0])
        elif chain[0] in found.imports:
            for binding in found.imports[chain[0]]:
                self._resolve_import(binding, chain[1:], reach, set())
        else:
            self._resolve(module, chain, reach)

    def _resolve(
        self,
        module: Module,
        chain: Chain,
        reach: Reach,
        seen: set[tuple[str, str]] | None = None,
        *,
        required: bool = True,
    ) -> None:
        """Follow a dotted name that begins with a global of `module`."""
        seen = set() if seen is None else seen
        name, rest = chain[0], chain[1:]
        if (module.text.name, name) in seen:
            return
        seen.add((module.text.name, name))
        definition = module.definitions.get(name)
        if definition is not None:
            reach.named.append(definition)
            reach.attributes.update(rest)
            for attribute in rest:
                if definition.kind != "class" or attribute != rest[0] or attribute == "__subclasses__":
                    self._attribute(module, attribute, reach)
        for binding in module.imports.get(name, []):
            self._resolve_import(binding, rest, reach, seen)
        known = definition is not None or name in module.imports
        known |= self._through_stars(module, chain, reach, seen)
        if known or hasattr(builtins, name) or name in _OWN_NAMES or not required:
            return
        getter = module.definitions.get("__getattr__")
        if getter is not None:
            reach.named.append(getter)
        elif not module.stars:
            reach.remarks.append(f"'{name}' is not defined in {module.text.path}: the whole module counts")
            self._whole(module, reach, set())

    def _through_stars(self, module: Module, chain: Chain, reach: Reach, seen: set[tuple[str, str]]) -> bool:
        found = False
        for star in module.stars:
            inner = self.module(star)
            if inner is None:
                reach.imports.add(star.split(".")[0])
                continue
            reach.modules += self._along(star)
            if self._binds(inner, chain[0], set()):
                found = True
                reach.remarks.append(f"star import of {star} in {module.text.path}: the whole module counts")
                self._whole(inner, reach, set())
                self._resolve(inner, chain, reach, seen)
        return found

    def _binds(self, module: Module, name: str, seen: set[str]) -> bool:
        if module.text.name in seen:
            return False
        seen.add(module.text.name)
        if name in module.definitions or name in module.imports or "__getattr__" in module.definitions:
            return True
        stars = [self.module(star) for star in module.stars]
        return any(inner is not None and self._binds(inner, name, seen) for inner in stars)

    def _resolve_import(self, binding: Import, rest: Chain, reach: Reach, seen: set[tuple[str, str]]) -> None:
        """Follow a name that an import binds, through submodules and re-exports."""
        reach.modules += self._along(binding.module)
        module = self.module(binding.module)
        names = rest if binding.name is None else (binding.name, *rest)
        if module is None:
            reach.imports.add(binding.module.split(".")[0])
        elif not names:
            self._whole(module, reach, set())
        else:
            self._in_module(module, names, reach, seen)

    def _in_module(
        self, module: Module, names: Chain, reach: Reach, seen: set[tuple[str, str]], *, required: bool = True
    ) -> None:
        inner = self.module(f"{module.text.name}.{names[0]}") if module.text.package else None
        if inner is not None:
            reach.modules.append(inner)
            if len(names) > 1:
                bound = names[0] in module.definitions or names[0] in module.imports
                self._in_module(inner, names[1:], reach, seen, required=required and not bound)
            else:
                self._whole(inner, reach, set())
        if names[0] == "__dict__":
            self._whole(module, reach, set())
        else:
            self._resolve(module, names, reach, seen, required=required and inner is None)

    def _attribute(self, module: Module, attribute: str, reach: Reach) -> None:
        reach.attributes.add(attribute)
        if attribute == "__subclasses__":
            self._every_class(module, reach)
        reach.possible.update(dict.fromkeys(self._members_near(module).get(attribute, ())))

    def _every_class(self, module: Module, reach: Reach) -> None:
        for owners in self._members_near(module).values():
            reach.possible.update(dict.fromkeys(owners))

    def _members_near(self, module: Module) -> dict[str, list[Definition]]:
        """Return what every class binds, of all modules whose objects this one may be given.

        Those are what the module imports, and what is imported by a loaded module that imports it.
        """
        name = module.text.name
        if name not in self._members:
            near = dict(self.imported_by(module))
            for other in self._all_loaded():
                closure = self.imported_by(other)
                if name in closure:
                    near.update(closure)
            table: dict[str, list[Definition]] = {}
            for _, other in sorted(near.items()):
                for member, owners in other.members.items():
                    table.setdefault(member, []).extend(owners)
            self._members[name] = table
        return self._members[name]

    def _all_loaded(self) -> list[Module]:
        if self._loaded is None:
            self._loaded = [module for name in self._reader.loaded() if (module := self.module(name)) is not None]
        return self._loaded

    def _import_whole(self, name: str, reach: Reach) -> None:
        module = self.module(name)
        reach.modules += self._along(name)
        if module is None:
            reach.imports.add(name.split(".")[0])
        else:
            self._whole(module, reach, set())

    def _whole(self, module: Module, reach: Reach, seen: set[str]) -> None:
        """Count everything that a module has, or has imported."""
        if module.text.name in seen:
            return
        seen.add(module.text.name)
        reach.modules.append(module)
        reach.possible.update(dict.fromkeys(module.definitions.values()))
        for binding in (binding for bindings in module.imports.values() for binding in bindings):
            inner = self.module(binding.module)
            if inner is None:
                reach.imports.add(binding.module.split(".")[0])
            elif binding.name is None:
                self._whole(inner, reach, seen)
            else:
                self._in_module(inner, (binding.name,), reach, set())
        for star in module.stars:
            inner = self.module(star)
            if inner is not None:
                self._whole(inner, reach, seen)

    def _acts(self, module: Module, node: int) -> bool:
        """Say whether a definition does more than define."""
        return any(self._changes(module, chain, decorates) for chain, decorates in module.statements[node].calls)

    def _changes(self, module: Module, chain: Chain, decorates: bool) -> bool:
        """Say whether calling what a name leads to changes what others see."""
        reach = Reach()
        if chain[0]:
            self._resolve(module, chain, reach, required=False)
        else:
            reach.attributes.update(chain[1:])
        if decorates and not reach.named and "register" in chain[-1]:
            return True  # a library that keeps what it decorates
        if reach.named and reach.attributes and (decorates or chain[-1] in MUTATORS):
            return True  # a method of a project's object, which keeps what it is given
        making = _MAKING | {"__call__"} if any(found.kind == "constant" for found in reach.named) else _MAKING
        seen: set[Definition] = set()
        front = self._called(module, reach)
        while front:
            found = front.pop()
            if found not in seen:
                seen.add(found)
                if self._definition_changes(found):
                    return True
                front += self._called(found.module, self.of(found))
                front += [part for name, part in found.parts.items() if name in making]
        return False

    def _called(self, module: Module, reach: Reach) -> list[Definition]:
        members = self._members_near(module)
        owners = [(name, owner) for name in reach.attributes for owner in members.get(name, ())]
        return [*reach.named, *(owner.parts[name] for name, owner in owners if name in owner.parts)]

    def _definition_changes(self, found: Definition) -> bool:
        if found not in self._changing:
            judged = found.kind in ("function", "method")
            self._changing[found] = judged and self._function_changes(found)
        return self._changing[found]

    def _function_changes(self, found: Definition) -> bool:
        changes = self._book.changes(found)
        return changes.surely or any(self._is_shared(found.module, *call) for call in changes.calls)

    def _is_shared(self, module: Module, name: str, method: str) -> bool:
        """Say whether a name is a global object of the project, and an attribute of it a method of the project's."""
        if method not in self._members_near(module):
            return False
        reach = Reach()
        if name in module.definitions or name in module.imports:
            self._resolve(module, (name,), reach, required=False)
        return any(found.kind == "constant" for found in reach.named)
