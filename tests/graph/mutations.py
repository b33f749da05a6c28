"""The mutation table: edits to a project, and what each means for the identity of one step's code.

`rerun`: the step's result can differ, so a hit would be stale. `hit`: it cannot differ, and that can be known. `may`: it
cannot differ, but telling so is not required. The table was written before the analysis that it judges.
"""

from dataclasses import dataclass

RERUN, HIT, MAY = "rerun", "hit", "may"


@dataclass(frozen=True)
class Row:
    """One edit. Each replacement is (path, old, new); `old` is there exactly once, or empty for a new file."""

    name: str
    step: str
    verdict: str
    why: str
    edits: tuple[tuple[str, str, str], ...]


def _row(name: str, step: str, verdict: str, why: str, *edits: tuple[str, str, str]) -> Row:
    return Row(name, step, verdict, why, edits)


P, H, M, S = "pipeline.py", "helpers.py", "models.py", "steps.py"

ROWS = (
    # The step itself
    _row("body", "pipeline.load", RERUN, "it computes something else", (P, "h.scale(i) for", "h.scale(i + 1) for")),
    _row("comment", "pipeline.load", HIT, "no effect", (P, "# from nowhere", "# from somewhere")),
    _row("docstring", "pipeline.load", HIT, "no effect", (P, '"""Load them."""', '"""Load all of them."""')),
    _row("docstring-removed", "pipeline.load", HIT, "no effect", (P, '    """Load them."""\n', "")),
    _row("blank-lines", "pipeline.load", HIT, "lines move", (P, '"""The pipeline."""', '"""The pipeline."""\n\n\n')),
    _row("formatting", "pipeline.load", HIT, "same tree", (P, "[h.scale(i) for i in range(count)]",
        "[\n        h.scale( i )\n        for i in (range(count))\n    ]")),
    _row("quotes", "pipeline.evaluate", HIT, "same constant", (P, 'f"{GREETING}: none"', "f'{GREETING}: none'")),
    _row("number-notation", "pipeline.train", HIT, "same constant", (P, "x + 1\n\n    pick", "x + 0x1\n\n    pick")),
    _row("default", "pipeline.train", RERUN, "a default is code", (P, "rate: float = 0.1", "rate: float = 0.2")),
    _row("annotation", "pipeline.load", RERUN, "annotations are validated", (P, "count: int", "count: float")),
    _row("return-annotation", "pipeline.load", RERUN, "results are checked by it", (P, "-> list[int]:\n    \"\"\"Load", "-> list:\n    \"\"\"Load")),
    _row("step-options", "pipeline.split", HIT, "how, not what", (P, "@step(cpus=1)", "@step(cpus=2, retries=3)")),
    _row("step-options-removed", "pipeline.split", HIT, "how, not what", (P, "@step(cpus=1)", "@step")),
    _row("lambda", "pipeline.train", RERUN, "part of the body", (P, "lambda x: x * 2", "lambda x: x * 3")),
    _row("nested-function", "pipeline.train", RERUN, "part of the body", (P, "x + 1\n\n    pick", "x + 2\n\n    pick")),
    _row("comprehension-walrus", "pipeline.train", RERUN, "part of the body", (P, "(found := y)", "(found := y + y)")),
    _row("string-constant", "pipeline.evaluate", RERUN, "part of the body", (P, ": none", ": nothing")),
    _row("match-case", "pipeline.evaluate", RERUN, "part of the body", (P, "case 0:", "case 1:")),
    _row("local-renamed", "pipeline.split", MAY, "a local name shows in no result, mostly",
        (P, "    middle = 1\n", "    centre = 1\n"), (P, "rows[middle]", "rows[centre]")),
    _row("global-statement", "pipeline.misc", RERUN, "it changes what it binds", (P, "    global LIMIT\n", "")),
    _row("type-int-to-float", "pipeline.split", RERUN, "1 is not 1.0", (P, "middle = 1\n", "middle = 1.0\n")),
    _row("type-true-to-one", "pipeline.split", RERUN, "1 is not True", (P, "middle = 1\n", "middle = True\n")),
    # Names of the same module
    _row("constant", "pipeline.train", RERUN, "reached by name", (P, '["a", "b"]', '["a", "b", "c"]')),
    _row("constant-unused", "pipeline.train", HIT, "not reached", (P, "LIMIT = 10", "LIMIT = 11")),
    _row("alias", "pipeline.misc", RERUN, "an alias of a type is a constant", (P, "Alias = list[int]", "Alias = list[float]")),
    _row("helper-here", "pipeline.misc", RERUN, "called", (P, "return x * 2\n\n\ndef keyed", "return x * 3\n\n\ndef keyed")),
    _row("redefinition", "pipeline.misc", MAY, "the first definition is replaced", (P, "def twice(x):\n    return x\n", "def twice(x):\n    return -x\n")),
    _row("conditional", "pipeline.misc", RERUN, "either branch may define it", (P, "    def conditional(x):\n        return x\n", "    def conditional(x):\n        return x + 1\n")),
    _row("condition", "pipeline.misc", RERUN, "it chooses the definition", (P, "if FACTOR > 2", "if FACTOR > 20")),
    _row("keyword-default", "pipeline.misc", RERUN, "a default of a helper", (P, 'how="plain"', 'how="fancy"')),
    _row("generator", "pipeline.misc", RERUN, "called", (P, "yield from range(n)", "yield from range(n + 1)")),
    _row("async", "pipeline.misc", RERUN, "called", (P, "async def slowly(x):\n    return x", "async def slowly(x):\n    return -x")),
    _row("async-to-plain", "pipeline.misc", RERUN, "another kind of function", (P, "async def slowly", "def slowly")),
    _row("decorator-argument", "pipeline.misc", RERUN, "the constant in a decorator", (P, "@with_limit(LIMIT)", "@with_limit(LIMIT + 1)")),
    _row("decorator-constant", "pipeline.misc", RERUN, "reached through a decorator", (P, "LIMIT = 10", "LIMIT = 11")),
    _row("decorator-body", "pipeline.misc", RERUN, "it wraps what is called", (P, "min(n, fn(*args))", "max(n, fn(*args))")),
    _row("decorator-removed", "pipeline.misc", RERUN, "another function", (P, "@with_limit(LIMIT)\n", "")),
    _row("other-step", "pipeline.train", HIT, "a step is no helper of another", (P, "rows[0], rows[middle]", "rows[1], rows[middle]")),
    _row("local-named-as-step", "pipeline.judge", HIT, "a local name is not the step of that name", (P, "pick(rows)) * rate", "pick(rows)) / rate")),
    _row("pipeline-body", "pipeline.train", HIT, "it only connects", (P, "split(load(3)), 1", "split(load(4)), 2")),
    _row("step-added", "pipeline.train", HIT, "nothing calls it", (P, "@pipeline\n", "@step\ndef more(x: int) -> int:\n    return x\n\n\n@pipeline\n")),
    _row("step-removed", "pipeline.train", HIT, "nothing called it", (P, "@step\ndef read(x: int) -> int:\n    return x + MEASURED\n\n\n", "")),
    _row("main-block", "pipeline.train", HIT, "no import runs it", (P, "    main(1)", "    main(2)")),
    _row("reordered", "pipeline.misc", HIT, "order of functions is no code",
        (P, "def keyed(x, *, how=\"plain\"):\n    return (x, how)\n\n\n", ""),
        (P, "@step\ndef load", "def keyed(x, *, how=\"plain\"):\n    return (x, how)\n\n\n@step\ndef load")),
    _row("import-reordered", "pipeline.load", HIT, "order of imports", (P, "import helpers as h\nimport steps\n", "import steps\nimport helpers as h\n")),
    # Other modules
    _row("helper", "pipeline.load", RERUN, "reached through a module alias", (H, "inner(x) * by", "inner(x) + by")),
    _row("helper-of-helper", "pipeline.load", RERUN, "reached through another", (H, "math.floor(x)", "math.ceil(x)")),
    _row("helper-default", "pipeline.load", RERUN, "a default of a helper", (H, "by=2", "by=3")),
    _row("helper-comment", "pipeline.load", HIT, "no effect", (H, "# times", "# multiplied by")),
    _row("helper-docstring", "pipeline.load", HIT, "no effect", (H, '"""Scale it."""', '"""Scale."""')),
    _row("helper-unrelated", "pipeline.load", HIT, "nothing that is reached calls it", (H, "return x - 1", "return x - 2")),
    _row("module-docstring", "pipeline.load", HIT, "no effect", (H, '"""Helpers."""', '"""Functions."""')),
    _row("constant-elsewhere", "pipeline.load", RERUN, "an attribute of a module", ("constants.py", "FACTOR = 3", "FACTOR = 4")),
    _row("constant-elsewhere-unused", "pipeline.load", HIT, "not reached", ("constants.py", "UNUSED = 1", "UNUSED = 2")),
    _row("constant-imported", "pipeline.evaluate", RERUN, "imported by name", ("constants.py", '"hello"', '"bye"')),
    _row("constant-subscript", "pipeline.adapt", RERUN, "part of a constant", ("constants.py", '"low": 1', '"low": 2')),
    _row("constant-unpacked", "pipeline.adapt", RERUN, "bound with another", ("constants.py", "0, 10", "1, 10")),
    _row("constant-value", "pipeline.read", RERUN, "its source is the same, its value is not", ("measured.txt", "7", "8")),
    _row("constant-value-unused", "pipeline.load", HIT, "not reached", ("measured.txt", "7", "8")),
    _row("imported-with-alias", "pipeline.adapt", RERUN, "imported under another name", (H, "inner(x) * by", "inner(x) + by")),
    _row("alias-renamed", "pipeline.adapt", MAY, "the same function", (P, "scale as scaled", "scale as scaled_"), (P, "scaled(x) +", "scaled_(x) +")),
    _row("import-redirected", "pipeline.adapt", RERUN, "another function", (P, "scale as scaled", "idle as scaled")),
    _row("decorator-elsewhere", "pipeline.misc", RERUN, "it wraps what is called", (H, "return fn(*args)", "return fn(*args) + 1")),
    _row("lambda-elsewhere", "pipeline.misc", RERUN, "a constant that is a function", (H, "lambda x: 2 * x", "lambda x: 3 * x")),
    _row("closure-argument", "pipeline.misc", RERUN, "what a closure was made with", (H, "make_adder(5)", "make_adder(6)")),
    _row("closure-body", "pipeline.misc", RERUN, "the function in a closure", (H, "return x + n", "return x - n")),
    _row("partial-argument", "steps.halved", RERUN, "what a partial holds", (S, "by=0.5", "by=0.25")),
    _row("partial-function", "steps.halved", RERUN, "what a partial calls", (H, "inner(x) * by", "inner(x) + by")),
    _row("re-export", "pipeline.say", RERUN, "through the __init__ of a package", ("pkg/core.py", "tools.upper(text)", "tools.upper(text + text)")),
    _row("re-export-redirected", "pipeline.say", RERUN, "another function", ("pkg/__init__.py", "shout as loud", "whisper as loud")),
    _row("re-export-unrelated", "pipeline.say", HIT, "not reached", ("pkg/core.py", "text.lower()", "text.title()")),
    _row("relative-import", "pipeline.say", RERUN, "from . import submodule", ("pkg/tools.py", "text.upper() +", "text.title() +")),
    _row("relative-import-deep", "pipeline.say", RERUN, "through three packages", ("pkg/deep/down.py", "return x", "return -x")),
    _row("star-import", "pipeline.star", RERUN, "from a star import", ("pkg/more.py", "def starred(x):\n    return x", "def starred(x):\n    return -x")),
    _row("star-import-other", "pipeline.star", MAY, "a star import counts whole", ("pkg/more.py", "def starred_too(x):\n    return x", "def starred_too(x):\n    return -x")),
    _row("try-import", "pipeline.attempt", RERUN, "the import that works", ("fallback.py", "return x", "return -x")),
    _row("except-import", "pipeline.attempt", MAY, "the import that would be tried next", ("slow.py", "return x", "return -x")),
    _row("import-in-function", "pipeline.importing", RERUN, "imported when it runs", ("lazy.py", "def late(x):\n    return x", "def late(x):\n    return -x")),
    _row("import-in-function-other", "pipeline.importing", HIT, "not reached", ("lazy.py", "def late_too(x):\n    return x", "def late_too(x):\n    return -x")),
    _row("namespace-package", "pipeline.importing", RERUN, "a package without __init__", ("space/part.py", "return x", "return -x")),
    _row("module-unrelated", "pipeline.load", HIT, "not reached", ("unrelated.py", "return 0", "return 1")),
    _row("module-unrelated-added", "pipeline.load", HIT, "nothing imports it", ("new.py", "", "print\n")),
    _row("statement-unreached", "steps.build", HIT, "a module that is not imported from there", ("unrelated.py", "print\n", "print()\n")),
    _row("module-shadows-package", "pipeline.say", RERUN, "another module is imported",
        ("pkg/tools/__init__.py", "", "def upper(text):\n    return text\n")),
    # What acts on import
    _row("effect-import", "steps.build", RERUN, "imported for its effect", ("effects.py", '"EFFECT", "1"', '"EFFECT", "2"')),
    _row("registered-by-decorator", "steps.choose", RERUN, "found in a registry", ("entries.py", "def first(x):\n    return x", "def first(x):\n    return -x")),
    _row("registered-by-subscript", "steps.choose", RERUN, "found in a registry", ("entries.py", "def second(x):\n    return x", "def second(x):\n    return -x")),
    _row("registered-not", "steps.choose", HIT, "not registered", ("entries.py", "def third(x):\n    return x", "def third(x):\n    return -x")),
    _row("registry-key", "steps.choose", RERUN, "found by another name", ("entries.py", 'REGISTRY["second"]', 'REGISTRY["third"]')),
    _row("register", "steps.choose", RERUN, "what registers", ("registry.py", "    return fn", "    return None")),
    _row("monkey-patch", "steps.patchwork", RERUN, "replaced on import", ("patched.py", "def replacement(x):\n    return x", "def replacement(x):\n    return -x")),
    _row("monkey-patch-removed", "steps.patchwork", RERUN, "no longer replaced", ("patched.py", "target.original = replacement\n", "")),
    _row("module-getattr", "steps.gated", RERUN, "made by the module's __getattr__", ("gate.py", "_made(name)\n\n\ndef", "_made(name) + 1\n\n\ndef")),
    _row("module-getattr-helper", "steps.gated", RERUN, "called by it", ("gate.py", "len(name)", "len(name) + 1")),
    # What is computed
    _row("globals", "dynamic.reach_globals", RERUN, "any name of the module", ("dynamic.py", "def by_globals(x):\n    return x", "def by_globals(x):\n    return -x")),
    _row("globals-other", "dynamic.reach_globals", MAY, "the module counts whole", ("dynamic.py", "def by_name(x):\n    return x", "def by_name(x):\n    return -x")),
    _row("importlib", "dynamic.reach_import", RERUN, "imported by a literal name", ("lazy.py", "def late(x):\n    return x", "def late(x):\n    return -x")),
    _row("getattr", "attributes.reach_getattr", RERUN, "any name of the module", (H, "return x - 1", "return x - 2")),
    _row("getattr-literal", "attributes.reach_literal", RERUN, "a name of the module", (H, "return x - 1", "return x - 2")),
    _row("getattr-literal-other", "attributes.reach_literal", HIT, "another name", (H, "lambda x: 2 * x", "lambda x: 3 * x")),
    # Classes
    _row("class-attribute", "steps.build", RERUN, "part of the class", (M, "bias = 1", "bias = 2")),
    _row("method", "steps.build", RERUN, "called", (M, "[row + self.bias for row in rows]", "[row - self.bias for row in rows]")),
    _row("method-of-named-class", "steps.build", RERUN, "a library may call back what it is given", (M, "return 2\n", "return 3\n")),
    _row("nested-class", "steps.build", RERUN, "part of the class", (M, "size = 4", "size = 5")),
    _row("class-unrelated", "steps.build", HIT, "not reached", (M, "def unrelated(self):\n        return 1", "def unrelated(self):\n        return 2")),
    _row("class-docstring", "steps.build", HIT, "no effect", (M, "class Model(Base):\n", 'class Model(Base):\n    """A model."""\n\n')),
    _row("base-class", "steps.build", RERUN, "inherited", ("bases.py", "return 5", "return 6")),
    _row("bases-changed", "steps.build", RERUN, "another base", (M, "from bases import Base\n", "from bases import Far as Base\n")),
    _row("metaclass", "steps.build", RERUN, "it makes the class", ("bases.py", 'space["made"] = 1', 'space["made"] = 2')),
    _row("init-subclass", "steps.build", RERUN, "it changes the class", ("bases.py", "cls.known = 1", "cls.known = 2")),
    _row("class-elsewhere-unrelated", "steps.build", HIT, "not reached", ("bases.py", "def far(self):\n        return 1", "def far(self):\n        return 2")),
    _row("property", "steps.weigh", RERUN, "an attribute of an unknown object", (M, "return 2\n", "return 3\n")),
    _row("classmethod", "steps.build", RERUN, "part of the class", (M, "return cls()", "return cls")),
    _row("inherited-method-unknown", "steps.unknown", RERUN, "a method of an unknown object", ("bases.py", "return 5", "return 6")),
    _row("unrelated-method-unknown", "steps.unknown", HIT, "no method of that name", (M, "def unrelated(self):\n        return 1", "def unrelated(self):\n        return 2")),
    _row("dataclass-default", "steps.options", RERUN, "a default of a field", (M, "rate: float = 0.5", "rate: float = 0.6")),
    _row("dataclass-option", "steps.options", RERUN, "what the decorator makes", (M, "@dataclass\n", "@dataclass(order=True)\n")),
    _row("enum-member", "steps.colors", RERUN, "part of the class", (M, "RED = 1", "RED = 3")),
    _row("named-tuple", "steps.pairs", RERUN, "a default of a field", (M, "right: int = 0", "right: int = 1")),
    _row("typed-dict", "steps.rows", RERUN, "an annotation of the step", (M, "key: str", "key: int")),
    _row("operator", "steps.operate", RERUN, "__add__ of an unknown object", (M, "def __add__(self, other):\n        return 1", "def __add__(self, other):\n        return 2")),
    _row("context", "steps.enter", RERUN, "__enter__ of an unknown object", (M, "def __enter__(self):\n        return self", "def __enter__(self):\n        return None")),
    _row("iteration", "steps.walk", RERUN, "__iter__ of an unknown object", (M, "iter([1])", "iter([2])")),
    _row("call", "steps.call", RERUN, "__call__ of an unknown object", (M, "def __call__(self, x):\n        return x", "def __call__(self, x):\n        return -x")),
    _row("length", "steps.measure", RERUN, "__len__ of an unknown object", (M, "return 3\n", "return 4\n")),
)
