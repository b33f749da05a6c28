"""What the text of one project module says: its definitions, its imports, and what each of its symbols refers to."""

from msgspec import Struct, field

__all__ = ["MUTATORS", "Changes", "Definition", "Import", "Module", "ModuleText", "References", "Statement", "Told"]

# Methods that change what they are called on.
MUTATORS = frozenset(
    {"append", "add", "update", "insert", "extend", "setdefault", "register", "pop", "remove", "clear", "discard"}
    | {"appendleft", "put", "popitem", "__setitem__", "__setattr__", "sort", "reverse", "set"}
)


class ModuleText(Struct, frozen=True):
    """The source of a project module.

    Attributes:
        name: Dotted name that it is imported by.
        path: Its identity: POSIX, relative to the folder that it is imported from.
        text: The source.
        package: Whether it is the `__init__` of a package.
    """

    name: str
    path: str
    text: str
    package: bool


class Import(Struct, frozen=True):
    """What a name is bound to by an import: a module, or a name in one.

    Attributes:
        module: Absolute dotted name.
        name: The name in that module, or None when the module itself is bound.
    """

    module: str
    name: str | None = None


class Statement(Struct, frozen=True, array_like=True):
    """A statement at the top level of a module, or a method of a class there.

    Attributes:
        line: Where it begins.
        first: Where it begins, with its decorators.
        last: Where it ends.
        calls: What a definition calls when its module is imported: (dotted name, whether it is a decorator).
    """

    line: int
    first: int
    last: int
    calls: list[tuple[tuple[str, ...], bool]]


class References(Struct, omit_defaults=True):
    """What one symbol refers to.

    Attributes:
        chains: Dotted names that begin with a global name: `("model", "predict")`.
        possible: Such names where it is not certain that there is a global: in strings, and in the body of a class.
        attributes: Attribute names on objects that are not known.
        implicit: Methods that Python may call on such objects.
        imports: Imports inside functions, by the name that they bind.
        modules: Modules that are imported by a call with a literal name.
        prefixes: Beginnings of names of modules that are imported by a call with a computed name.
        dynamic: Places where a name is computed: (line, what is called).
        any_attribute: A computed name is looked up on an object that is not known.
        any_name: A computed name is looked up among the globals.
        any_class: An object is loaded, which may be of any class.
    """

    chains: set[tuple[str, ...]] = field(default_factory=set)
    possible: set[tuple[str, ...]] = field(default_factory=set)
    attributes: set[str] = field(default_factory=set)
    implicit: set[str] = field(default_factory=set)
    imports: dict[str, list[Import]] = field(default_factory=dict)
    modules: set[str] = field(default_factory=set)
    prefixes: set[str] = field(default_factory=set)
    dynamic: list[tuple[int, str]] = field(default_factory=list)
    any_attribute: bool = False
    any_name: bool = False
    any_class: bool = False


class Told(Struct, frozen=True, array_like=True):
    """What the source of one symbol tells.

    Attributes:
        nodes: The statements that were asked about, by number.
        source: Their canonical text.
        references: What they refer to.
        computed: Whether a function has a decorator, or a default that is no literal.
        attributes: Attributes of a class whose value is not in its source.
    """

    nodes: list[int]
    source: str
    references: References
    computed: bool
    attributes: list[str]


class Changes(Struct, frozen=True, array_like=True):
    """Whether calling a function changes what others see, as far as its own module tells.

    Attributes:
        surely: It looks so.
        calls: If not, it does when one of these is a method of a global object of the project: (name, method).
    """

    surely: bool
    calls: list[tuple[str, str]]


class Definition(Struct, eq=False):
    """A symbol: everything at the top level of a module that binds one name, or one method.

    Attributes:
        module: The module.
        name: The name; `Class.method` for a method; `<statements>` for the statements that act on import.
        kind: `function`, `class`, `method`, `constant`, or `statements`.
        nodes: The statements in order, by number; several when the name is bound more than once.
        parts: Methods of a class, by name; they are reached with it.
    """

    module: "Module"
    name: str
    kind: str
    nodes: list[int] = field(default_factory=list)
    parts: dict[str, "Definition"] = field(default_factory=dict)


class Module(Struct, eq=False):
    """A module as its text tells it.

    Attributes:
        text: Its source.
        definitions: Symbols by name.
        members: For each name that the body of a class binds, the symbols that such classes are or are in.
        imports: Import bindings by name, those inside functions not included.
        stars: Modules that it imports everything from.
        imported: Every module that it imports anywhere.
        imports_inside: Whether some of its imports are not at the top level.
        acting: The statements that act on import, by number, in order.
        options: Decorators whose arguments are no code.
        statements: All statements, by number: those of the top level, then methods.
    """

    text: ModuleText
    definitions: dict[str, Definition] = field(default_factory=dict)
    members: dict[str, list[Definition]] = field(default_factory=dict)
    imports: dict[str, list[Import]] = field(default_factory=dict)
    stars: list[str] = field(default_factory=list)
    imported: list[str] = field(default_factory=list)
    imports_inside: bool = False
    acting: list[int] = field(default_factory=list)
    options: frozenset[str] = frozenset()
    statements: list[Statement] = field(default_factory=list)
