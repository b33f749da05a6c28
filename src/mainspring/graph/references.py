"""What a symbol's source refers to: names of its module, attributes of unknown objects, and what cannot be resolved."""

import ast
from collections.abc import Sequence
from dataclasses import dataclass, field

from mainspring.graph.modules import FUNCTIONS, Definition, Import, Module, imports_in

__all__ = ["References", "option_decorators", "own_source", "references_of"]

_DYNAMIC = frozenset({"globals", "locals", "vars", "eval", "exec", "__import__", "compile"})


@dataclass(slots=True)
class References:
    """What one symbol refers to.

    Attributes:
        chains: Dotted names that begin with a global name: `("model", "predict")`.
        attributes: Attribute names on objects that are not known.
        imports: Imports inside functions, by the name that they bind.
        modules: Modules that are imported by a call with a literal name.
        dynamic: Places where a name is computed: (line, what is called).
        imports_anything: A module is imported whose name is computed.
    """

    chains: set[tuple[str, ...]] = field(default_factory=set)
    attributes: set[str] = field(default_factory=set)
    imports: dict[str, list[Import]] = field(default_factory=dict)
    modules: set[str] = field(default_factory=set)
    dynamic: list[tuple[int, str]] = field(default_factory=list)
    imports_anything: bool = False


def references_of(nodes: Sequence[ast.AST], module: Module) -> References:
    """Return what the given nodes refer to, as statements of a module's top level."""
    visitor = _Visitor(module)
    for node in nodes:
        visitor.visit(node)
    return visitor.found


class _Visitor(ast.NodeVisitor):
    """Walks with a stack of local names: what is bound in a function is no global name."""

    def __init__(self, module: Module) -> None:
        self.text = module.text
        self.options = option_decorators(module)
        self.found = References()
        self.locals: list[set[str]] = []

    def visit_Name(self, node: ast.Name) -> None:
        if not self._is_local(node.id):
            self.found.chains.add((node.id,))

    def visit_Attribute(self, node: ast.Attribute) -> None:
        parts: list[str] = []
        inner: ast.expr = node
        while isinstance(inner, ast.Attribute):
            parts.insert(0, inner.attr)
            inner = inner.value
        if isinstance(inner, ast.Name) and not self._is_local(inner.id):
            self.found.chains.add((inner.id, *parts))
            return
        if isinstance(inner, ast.Name) and inner.id in self.found.imports:
            self.found.chains.add((inner.id, *parts))
        self.found.attributes.update(parts)
        self.visit(inner)

    def visit_Call(self, node: ast.Call) -> None:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        attribute = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        if name in _DYNAMIC and not self._is_local(name):
            self.found.dynamic.append((node.lineno, f"{name}()"))
            self.found.imports_anything |= name in ("__import__", "eval", "exec")
        elif name in ("getattr", "setattr", "hasattr", "delattr", "attrgetter", "methodcaller") or attribute in (
            "attrgetter",
            "methodcaller",
            "__getattribute__",
        ):
            self._named_attribute(node, name or attribute)
        elif name == "import_module" or attribute == "import_module":
            literal = node.args[0].value if node.args and isinstance(node.args[0], ast.Constant) else None
            if isinstance(literal, str) and not literal.startswith("."):
                self.found.modules.add(literal)
            else:
                self.found.imports_anything = True
                self.found.dynamic.append((node.lineno, "import_module()"))
        self.generic_visit(node)

    def _named_attribute(self, node: ast.Call, called: str) -> None:
        place = 0 if called in ("attrgetter", "methodcaller") else 1
        argument = node.args[place] if len(node.args) > place else None
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
            self.found.attributes.update(argument.value.split("."))
            if isinstance(node.args[0], ast.Name) and not self._is_local(node.args[0].id):
                self.found.chains.add((node.args[0].id, *argument.value.split(".")))
        else:
            self.found.dynamic.append((node.lineno, f"{called}()"))

    def visit_Import(self, node: ast.Import) -> None:
        self._import(node)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        self._import(node)

    def _import(self, node: ast.Import | ast.ImportFrom) -> None:
        for name, found in imports_in(node, self.text):
            self.found.imports.setdefault(name, []).append(found)
            self.found.chains.add((name,))

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self._function(node)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self._outside(node.args)
        self.locals.append(_parameters(node.args))
        self.visit(node.body)
        self.locals.pop()

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        for outer in (*node.decorator_list, *node.bases, *node.keywords):
            self.visit(outer)
        for inner in node.body:  # names bound in a class body are no local names of its methods
            self.visit(inner)

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        for decorator in node.decorator_list:
            if _dotted(decorator) not in self.options:
                self.visit(decorator)
        self._outside(node.args)
        for annotation in _annotations(node):
            self._annotation(annotation)
        self.locals.append(_parameters(node.args) | _bound(node.body))
        for statement in node.body:
            self.visit(statement)
        self.locals.pop()

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self._annotation(node.annotation)
        self.visit(node.target)
        if node.value is not None:
            self.visit(node.value)

    def _annotation(self, annotation: ast.expr) -> None:
        for node in ast.walk(annotation):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                try:
                    self.visit(ast.parse(node.value, mode="eval").body)
                except SyntaxError:
                    continue
        self.visit(annotation)

    def _outside(self, arguments: ast.arguments) -> None:
        for default in (*arguments.defaults, *arguments.kw_defaults):
            if default is not None:
                self.visit(default)

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp) -> None:
        bound = {
            inner.id
            for generator in node.generators
            for inner in ast.walk(generator.target)
            if isinstance(inner, ast.Name)
        }
        self.visit(node.generators[0].iter)
        self.locals.append(bound)
        self.generic_visit(node)
        self.locals.pop()

    visit_ListComp = _comprehension  # noqa: N815 - the visitor's own names
    visit_SetComp = _comprehension  # noqa: N815
    visit_DictComp = _comprehension  # noqa: N815
    visit_GeneratorExp = _comprehension  # noqa: N815

    def _is_local(self, name: str) -> bool:
        return any(name in names for names in self.locals)


def _annotations(node: ast.FunctionDef | ast.AsyncFunctionDef) -> list[ast.expr]:
    arguments = node.args
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
    found = [argument.annotation for argument in every if argument is not None and argument.annotation is not None]
    return [*found, node.returns] if node.returns is not None else found


def _parameters(arguments: ast.arguments) -> set[str]:
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
    return {argument.arg for argument in every if argument is not None}


def _bound(body: list[ast.stmt]) -> set[str]:
    """Return the names that a function body binds, without those it declares global and those of inner functions."""
    bound: set[str] = set()
    declared: set[str] = set()
    front: list[ast.AST] = list(body)
    while front:
        node = front.pop()
        if isinstance(node, (*FUNCTIONS, ast.ClassDef)):
            bound.add(node.name)
            front += node.decorator_list
            continue
        if isinstance(node, ast.Lambda):
            continue
        if isinstance(node, ast.Global):
            declared.update(node.names)
        elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            bound.add(node.id)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            bound.update((alias.asname or alias.name).split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar | ast.MatchMapping):
            name = node.rest if isinstance(node, ast.MatchMapping) else node.name
            if name:
                bound.add(name)
        if isinstance(node, ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
            front += [inner for inner in ast.walk(node) if isinstance(inner, ast.NamedExpr)]
            continue
        front += ast.iter_child_nodes(node)
    return bound - declared


def option_decorators(module: Module) -> frozenset[str]:
    """Return the dotted names under which a module knows `@step` and `@pipeline`, whose options are no code."""
    found = set()
    for name, bindings in module.imports.items():
        if bindings == [Import("mainspring")]:
            found |= {f"{name}.step", f"{name}.pipeline"}
        elif len(bindings) == 1 and bindings[0].module.split(".")[0] == "mainspring":
            found |= {name} if bindings[0].name in ("step", "pipeline") else set()
    return frozenset(found - module.definitions.keys())


def _dotted(decorator: ast.expr) -> str:
    inner = decorator.func if isinstance(decorator, ast.Call) else decorator
    if isinstance(inner, ast.Attribute) and isinstance(inner.value, ast.Name):
        return f"{inner.value.id}.{inner.attr}"
    return inner.id if isinstance(inner, ast.Name) else ""


def own_source(definition: Definition) -> str:
    """Return the canonical text of a symbol: no comments, no formatting, no docstrings, no options of `@step`."""
    options = option_decorators(definition.module)
    return "\n".join(_dump(node, options) for node in definition.nodes)


def _dump(node: object, options: frozenset[str]) -> str:
    if isinstance(node, ast.AST):
        fields = []
        for name in node._fields:
            value = getattr(node, name, None)
            if name in ("ctx", "type_comment", "kind") or value is None or value == []:
                continue
            if name == "body" and isinstance(node, (*FUNCTIONS, ast.ClassDef)):
                value = _without_docstring(value)
            elif name == "decorator_list":
                value = [decorator for decorator in value if _dotted(decorator) not in options]
            fields.append(f"{name}={_dump(value, options)}")
        return f"{type(node).__name__}({','.join(fields)})"
    if isinstance(node, list):
        return f"[{','.join(_dump(item, options) for item in node)}]"
    return f"{type(node).__name__}:{node!r}"


def _without_docstring(body: list[ast.stmt]) -> list[ast.stmt]:
    first = body[0] if body else None
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
        return body[1:]
    return body
