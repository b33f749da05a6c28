"""What a symbol's source refers to: names of its module, attributes of unknown objects, and what cannot be resolved."""

import ast
from collections.abc import Iterable, Sequence

from mainspring.graph.implicit import BUILTIN_METHODS, implicit_methods, is_plain
from mainspring.graph.modules import Import, Module, References
from mainspring.graph.parsing import imports_in
from mainspring.graph.scopes import Scope, class_scope, comprehension_scope, function_scope
from mainspring.graph.sourcetext import dotted

__all__ = ["references_of"]

_EVALUATING = frozenset({"globals", "eval", "exec", "__import__"})
_ATTRIBUTE_CALLS = {"getattr": 1, "hasattr": 1, "setattr": 1, "delattr": 1, "attrgetter": 0, "methodcaller": 0}
_IMPORTING = frozenset(
    {
        "import_module",
        "__import__",
        "run_module",
        "run_path",
        "iter_modules",
        "walk_packages",
        "spec_from_file_location",
    }
    | {"find_spec", "exec_module", "resolve_name", "locate", "load_source", "reload"}
)
_PICKLES = frozenset({"pickle", "cloudpickle", "dill", "shelve", "marshal"})
_LOADING = frozenset({"torch", "joblib", "pandas", "mainspring", "mlflow", "skops", "numpy"})
# Nodes that say how others are used, and name nothing.
_MARKS = (ast.expr_context, ast.operator, ast.cmpop, ast.boolop, ast.unaryop)
_LOADERS = frozenset({"load", "loads", "load_artifact", "read_pickle", "load_model"})


def references_of(nodes: Sequence[ast.AST], module: Module) -> References:
    """Return what the given nodes refer to, as statements of a module's top level."""
    visitor = _Visitor(module)
    for node in nodes:
        visitor.visit(node)
    return visitor.found


class _Visitor(ast.NodeVisitor):
    """Walks with a stack of scopes: what is bound in a function is no global name."""

    def __init__(self, module: Module) -> None:
        self.text = module.text
        self.imports_inside = module.imports_inside
        self.options = module.options
        self.imports = module.imports
        self.found = References()
        self.scopes: list[Scope] = []
        self.naming_types = False

    def visit(self, node: ast.AST) -> None:
        if isinstance(node, _MARKS):
            return
        operands, methods = implicit_methods(node)
        if methods and not all(is_plain(operand, self._plain) for operand in operands):
            self.found.implicit.update(methods)
        super().visit(node)

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Store) and self.scopes and self.scopes[-1].is_class:
            return
        if not self._is_local(node.id):
            self._chain((node.id,))
            if not self.naming_types:
                self.found.implicit.update(BUILTIN_METHODS.get(node.id, ()))
        elif node.id in self.found.imports and isinstance(node.ctx, ast.Load):
            self.found.chains.add((node.id,))

    def visit_Attribute(self, node: ast.Attribute) -> None:
        parts: list[str] = []
        inner: ast.expr = node
        while isinstance(inner, ast.Attribute):
            parts.insert(0, inner.attr)
            inner = inner.value
        if isinstance(inner, ast.Name) and (not self._is_local(inner.id) or inner.id in self.found.imports):
            self._chain((inner.id, *parts))
            if (inner.id, parts[0]) == ("sys", "modules"):
                self._computed_import(node, "sys.modules", None)
            if not self._is_local(inner.id):
                return
        if not is_plain(inner, self._plain):
            self.found.attributes.update(parts)
        if not isinstance(inner, ast.Name):
            self.visit(inner)

    def visit_Call(self, node: ast.Call) -> None:
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        arguments = [*node.args, *(keyword.value for keyword in node.keywords)]
        if called in _IMPORTING:
            self._computed_import(node, called, node.args[0] if node.args else None)
        if isinstance(node.func, ast.Name) and not self._is_local(called):
            if called in _EVALUATING or (called == "vars" and not node.args and not self.scopes):
                self.found.any_name = True
                self.found.dynamic.append((node.lineno, f"{called}()"))
            if called in BUILTIN_METHODS:
                self._chain((called,))
                if not all(is_plain(inner, self._plain) for inner in arguments):
                    self.found.implicit.update(BUILTIN_METHODS[called])
            else:
                self.visit(node.func)
        else:
            self.visit(node.func)
        if called in _ATTRIBUTE_CALLS and self._named_attribute(node, called):
            arguments = arguments[1:]
        if called in ("isinstance", "issubclass"):
            self._types(arguments)
        else:
            for inner in arguments:
                self.visit(inner)

    def _types(self, nodes: Iterable[ast.expr]) -> None:
        """Visit expressions in which `len` or `int` is a type, and not called."""
        before, self.naming_types = self.naming_types, True
        for node in nodes:
            self.visit(node)
        self.naming_types = before

    def _named_attribute(self, node: ast.Call, called: str) -> bool:
        """Note the attribute that a call names; say whether its first argument is dealt with."""
        place = _ATTRIBUTE_CALLS[called]
        argument = node.args[place] if len(node.args) > place else None
        if not isinstance(argument, ast.Constant) or not isinstance(argument.value, str):
            self.found.dynamic.append((node.lineno, f"{called}()"))
            self.found.any_attribute |= (
                not isinstance(node.func, ast.Name) or place == 0 or self._unknown(node.args[:1])
            )
            return False
        parts = argument.value.split(".")
        first = node.args[0]
        if place and isinstance(first, ast.Name) and not self._is_local(first.id):
            self._chain((first.id, *parts))
            return True
        self.found.attributes.update(parts)
        return False

    def _unknown(self, nodes: Iterable[ast.expr]) -> bool:
        return not all(is_plain(node, self._plain) for node in nodes)

    def _computed_import(self, node: ast.expr, called: str, argument: ast.expr | None) -> None:
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
            name = argument.value
            package = self.text.name if self.text.package else self.text.name.rpartition(".")[0]
            self.found.modules.add(f"{package}{name}" if name.startswith(".") else name.partition(":")[0])
            return
        self.found.prefixes.add(_prefix(argument))
        self.found.dynamic.append((node.lineno, called if called == "sys.modules" else f"{called}()"))

    def visit_Import(self, node: ast.Import) -> None:
        self._import(node)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        self._import(node)

    def _import(self, node: ast.Import | ast.ImportFrom) -> None:
        for _, found in imports_in(node, self.text):
            if found.name is not None:
                self.found.chains.add((f"from {found.module}", found.name))
            else:
                self.found.chains.add((f"import {found.module}",))

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self._function(node)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self._defaults(node.args)
        self._within(function_scope(node, self._plain), [node.body])

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        for outer in (*node.decorator_list, *node.bases, *(keyword.value for keyword in node.keywords)):
            if dotted(outer) not in self.options:
                self.visit(outer)
        self._within(class_scope(node), node.body)

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        for decorator in node.decorator_list:
            if dotted(decorator) not in self.options:
                self.visit(decorator)
        self._defaults(node.args)
        for annotation in _annotations(node):
            self._annotation(annotation)
        for inner in ast.walk(node) if self.imports_inside else ():
            if isinstance(inner, ast.Import | ast.ImportFrom):
                for name, found in imports_in(inner, self.text):
                    self.found.imports.setdefault(name, []).append(found)
        self._within(function_scope(node, self._plain), node.body)

    def _within(self, scope: Scope, nodes: Iterable[ast.AST]) -> None:
        self.scopes.append(scope)
        for node in nodes:
            self.visit(node)
        self.scopes.pop()

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self._annotation(node.annotation)
        self.visit(node.target)
        if node.value is not None:
            self.visit(node.value)

    def _annotation(self, annotation: ast.expr) -> None:
        self._types([annotation])
        for node in ast.walk(annotation):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                self._text(node.value)

    def _text(self, text: str) -> None:
        """Note the names in an annotation that is a string; other strings in annotations name nothing."""
        try:
            inner = ast.parse(text, mode="eval").body
        except SyntaxError:
            return
        for node in ast.walk(inner):
            if isinstance(node, ast.Name):
                self.found.possible.add((node.id,))
            elif dotted(node):
                self.found.possible.add(tuple(dotted(node).split(".")))

    def _defaults(self, arguments: ast.arguments) -> None:
        for default in (*arguments.defaults, *arguments.kw_defaults):
            if default is not None:
                self.visit(default)

    def visit_ListComp(self, node: ast.ListComp) -> None:
        self._comprehension(node, [node.elt])

    def visit_SetComp(self, node: ast.SetComp) -> None:
        self._comprehension(node, [node.elt])

    def visit_GeneratorExp(self, node: ast.GeneratorExp) -> None:
        self._comprehension(node, [node.elt])

    def visit_DictComp(self, node: ast.DictComp) -> None:
        self._comprehension(node, [node.key, node.value])

    def _comprehension(
        self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp, results: Sequence[ast.expr]
    ) -> None:
        self.visit(node.generators[0].iter)
        self._within(comprehension_scope(node, self._plain), [*results, *node.generators])

    def _chain(self, chain: tuple[str, ...]) -> None:
        for binding in (*self.imports.get(chain[0], ()), *self.found.imports.get(chain[0], ())):
            self._library(binding, binding.name if len(chain) == 1 else chain[-1])
        in_class = bool(self.scopes) and self.scopes[-1].is_class and chain[0] in self.scopes[-1].bound
        (self.found.possible if in_class else self.found.chains).add(chain)

    def _library(self, binding: Import, name: str | None) -> None:
        """Note what some functions of libraries do with the objects that they are given, or give."""
        top = binding.module.partition(".")[0]
        if top in ("operator", "math") and name:
            bare = name.strip("_")
            self.found.implicit.update((f"__{bare}__", f"__r{bare}__", f"__{bare}item__", "__index__", "__call__"))
        self.found.any_class |= top in _PICKLES or (top in _LOADING and name in _LOADERS)

    def _is_local(self, name: str) -> bool:
        for scope in reversed(self.scopes):
            if name in scope.outside:
                return False
            if name in scope.bound and not scope.is_class:
                return True
        return False

    def _plain(self, name: str) -> bool:
        """Say whether a name holds no object of an unknown class; what a global holds is made where it is reached."""
        for scope in reversed(self.scopes):
            if name in scope.outside:
                return True
            if name in scope.bound and not scope.is_class:
                return name in scope.plain
        return True


def _prefix(argument: ast.expr | None) -> str:
    """Return how a computed name begins, as far as the source says."""
    if isinstance(argument, ast.JoinedStr) and argument.values:
        argument = argument.values[0]
    elif isinstance(argument, ast.BinOp) and isinstance(argument.op, ast.Add | ast.Mod):
        argument = argument.left
    text = argument.value if isinstance(argument, ast.Constant) else ""
    return text.partition("%")[0] if isinstance(text, str) and not text.startswith(".") else ""


def _annotations(node: ast.FunctionDef | ast.AsyncFunctionDef) -> list[ast.expr]:
    arguments = node.args
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
    found = [argument.annotation for argument in every if argument is not None and argument.annotation is not None]
    return [*found, node.returns] if node.returns is not None else found
