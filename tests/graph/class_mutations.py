"""The mutation table, continued: edits of classes, and methods that Python calls without naming them."""

from rows import HIT, RERUN, row

M = "models.py"

CLASS_ROWS = (
    # Classes
    row("class-attribute", "steps.build", RERUN, "part of the class", (M, "bias = 1", "bias = 2")),
    row(
        "method",
        "steps.build",
        RERUN,
        "called",
        (M, "[row + self.bias for row in rows]", "[row - self.bias for row in rows]"),
    ),
    row(
        "method-of-named-class",
        "steps.build",
        RERUN,
        "a library may call back what it is given",
        (M, "return 2\n", "return 3\n"),
    ),
    row("nested-class", "steps.build", RERUN, "part of the class", (M, "size = 4", "size = 5")),
    row(
        "class-unrelated",
        "steps.build",
        HIT,
        "not reached",
        (M, "def unrelated(self):\n        return 1", "def unrelated(self):\n        return 2"),
    ),
    row(
        "class-docstring",
        "steps.build",
        HIT,
        "no effect",
        (M, "class Model(Base):\n", 'class Model(Base):\n    """A model."""\n\n'),
    ),
    row("base-class", "steps.build", RERUN, "inherited", ("bases.py", "return 5", "return 6")),
    row(
        "bases-changed",
        "steps.build",
        RERUN,
        "another base",
        (M, "from bases import Base\n", "from bases import Far as Base\n"),
    ),
    row(
        "metaclass", "steps.build", RERUN, "it makes the class", ("bases.py", 'space["made"] = 1', 'space["made"] = 2')
    ),
    row("init-subclass", "steps.build", RERUN, "it changes the class", ("bases.py", "cls.known = 1", "cls.known = 2")),
    row(
        "class-elsewhere-unrelated",
        "steps.build",
        HIT,
        "not reached",
        ("bases.py", "def far(self):\n        return 1", "def far(self):\n        return 2"),
    ),
    row("property", "steps.weigh", RERUN, "an attribute of an unknown object", (M, "return 2\n", "return 3\n")),
    row("classmethod", "steps.build", RERUN, "part of the class", (M, "return cls()", "return cls")),
    row(
        "inherited-method-unknown",
        "steps.unknown",
        RERUN,
        "a method of an unknown object",
        ("bases.py", "return 5", "return 6"),
    ),
    row(
        "unrelated-method-unknown",
        "steps.unknown",
        HIT,
        "no method of that name",
        (M, "def unrelated(self):\n        return 1", "def unrelated(self):\n        return 2"),
    ),
    row(
        "dataclass-default",
        "steps.options",
        RERUN,
        "a default of a field",
        (M, "rate: float = 0.5", "rate: float = 0.6"),
    ),
    row(
        "dataclass-option",
        "steps.options",
        RERUN,
        "what the decorator makes",
        (M, "@dataclass\n", "@dataclass(order=True)\n"),
    ),
    row("enum-member", "steps.colors", RERUN, "part of the class", (M, "RED = 1", "RED = 3")),
    row("named-tuple", "steps.pairs", RERUN, "a default of a field", (M, "right: int = 0", "right: int = 1")),
    row("typed-dict", "steps.rows", RERUN, "an annotation of the step", (M, "key: str", "key: int")),
    row(
        "operator",
        "steps.operate",
        RERUN,
        "__add__ of an unknown object",
        (M, "def __add__(self, other):\n        return 1", "def __add__(self, other):\n        return 2"),
    ),
    row(
        "context",
        "steps.enter",
        RERUN,
        "__enter__ of an unknown object",
        (M, "def __enter__(self):\n        return self", "def __enter__(self):\n        return None"),
    ),
    row("iteration", "steps.walk", RERUN, "__iter__ of an unknown object", (M, "iter([1])", "iter([2])")),
    row(
        "call",
        "steps.call",
        RERUN,
        "__call__ of an unknown object",
        (M, "def __call__(self, x):\n        return x", "def __call__(self, x):\n        return -x"),
    ),
    row("length", "steps.measure", RERUN, "__len__ of an unknown object", (M, "return 3\n", "return 4\n")),
)
