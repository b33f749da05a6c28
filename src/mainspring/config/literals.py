"""Under-configuration: literals in the code of steps that belong in the configuration.

Each rule looks at one body and yields what it finds. False alarms cost more than misses: what a literal means is told
by the name that it is given, never guessed from its value.
"""

import ast
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from msgspec import Struct

from mainspring.config.reached import Body

__all__ = ["RULES", "Literal", "existing_paths", "repeated_values"]

_HYPERPARAMETER = re.compile(
    r"""(?: ^ | _ ) (?:
        (?: learning | drop | dropout | sampling ) _rate | lr | dropout | momentum | weight_decay | warmup_steps
      | epochs? | n_iter | max_iter | iterations | num_boost_round | early_stopping_rounds | patience | batch_size
      | hidden_ (?: sizes? | units | layer_sizes ) | embedding_dim | (?: num | n ) _layers | num_heads | temperature
      | n_estimators | (?: n_ )? trees | (?: max_ | min_ )? depth | num_leaves | max_leaves | max_leaf_nodes | max_bins?
      | min_ (?: samples_leaf | samples_split | child_samples | child_weight | data_in_leaf ) | max_features
      | n_ (?: neighbors | clusters | components | splits | folds ) | folds | degree
      | (?: test | train | valid | validation | holdout ) _ (?: size | share | fraction | split | days )
      | subsample | colsample_by (?: tree | level | node ) | feature_fraction | bagging_fraction
      | alpha | reg_alpha | reg_lambda | l1_ratio | lambda_l [12] | gamma | beta_? [12] | top_ [kp]
      | threshold | cutoff | horizon | lags | window
    ) $ """,
    re.VERBOSE | re.IGNORECASE,
)
_SEED = re.compile(r"(?:^|_)(?:seed|random_state)$", re.IGNORECASE)
_SEEDER = re.compile(r"seed|manual_seed(?:_all)?|default_rng|RandomState|set_seed|seed_everything|PRNGKey")
_DRAWING = re.compile(
    r"plot|scatter|hist\d?d?$|bar[hs]?$|lines?$|fill|imshow|ax[hv]|figure|legend|annotate|text|mark_|savefig|grid"
)
_PATH = re.compile(
    r"""[^\s%{}()^$\\<>=|"']*  # no format, pattern or markup
    (?: (?<=[\w*\]-]) \. (?: csv | tsv | parquet | jsonl? | feather | arrow | xlsx? | txt | pkl | pickle | joblib
      | np[yz] | h5 | hdf5 | pth? | onnx | safetensors | db | sqlite3? | zip | gz | png | jpe?g | wav | mp[34] ) )""",
    re.VERBOSE | re.IGNORECASE,
)
_PLACE = re.compile(r"(?:/(?:data|home|mnt|tmp|var|opt|srv|root|Users|content|kaggle)/|\.{1,2}/|~/)[^\s%{}()^$\\<>=|]+")
_URL = re.compile(r"(?:https?|s3|gs|gcs|az|abfss?|hdfs|ftp)://[^\s{}]+")
_CALENDAR = (24, 30, 31, 60, 90, 180, 360, 365, 366, 3600, 86400)
_ROUND = (0.5, 50, 255, *range(13), *(2**power for power in range(4, 13)), *(10**power for power in range(2, 10)))
_COMMON = frozenset((*_CALENDAR, *_ROUND))
_SMALL = 1e-5
_REPEATS = 3


Node = TypeVar("Node", bound=ast.AST)


class Literal(Struct, frozen=True):
    """A literal in the code of a step.

    Attributes:
        rule: Name of the rule that found it.
        name: What it is given to, or empty.
        value: As Python writes it.
        body: Function that it is in.
        path: File.
        line: Line in it.
    """

    rule: str
    name: str
    value: str
    body: str
    path: str
    line: int


def hyperparameters_in_calls(body: Body) -> Iterator[Literal]:
    """Numbers given by keyword to what is called a hyperparameter: `Forest(n_estimators=200)`."""
    for call in _nodes(body, ast.Call):
        for given in call.keywords:
            name = given.arg or ""
            drawing = name.lower() == "alpha" and _DRAWING.search(_called(call))
            if _is_hyperparameter(name) and _is_number(given.value) and not drawing:
                yield _literal("hyperparameter", name, given.value, body)


def hyperparameters_assigned(body: Body) -> Iterator[Literal]:
    """Numbers assigned once to what is called a hyperparameter: `learning_rate = 0.1`, but no counters."""
    assigned = list(_assignments(body))
    times = Counter(name for name, _ in assigned)
    changed = {node.target.id for node in _nodes(body, ast.AugAssign) if isinstance(node.target, ast.Name)}
    for name, value in assigned:
        varies = times[name] > 1 or name in changed
        if _is_hyperparameter(name) and _is_number(value) and not varies and not _is_zero(value):
            yield _literal("hyperparameter", name, value, body)


def hyperparameters_in_dicts(body: Body) -> Iterator[Literal]:
    """Numbers in a dict under what is called a hyperparameter: `{"num_leaves": 31}`."""
    for table in _nodes(body, ast.Dict):
        for key, value in zip(table.keys, table.values, strict=True):
            name = key.value if isinstance(key, ast.Constant) and isinstance(key.value, str) else ""
            if _is_hyperparameter(name) and _is_number(value):
                yield _literal("hyperparameter", name, value, body)


def seeds(body: Body) -> Iterator[Literal]:
    """Integers that seed something: `random_state=42`, `default_rng(0)`, `seed = 7`."""
    for call in _nodes(body, ast.Call):
        for given in call.keywords:
            if given.arg and _SEED.search(given.arg) and _is_number(given.value):
                yield _literal("seed", given.arg, given.value, body)
        if call.args and _SEEDER.fullmatch(_called(call)) and _is_number(call.args[0]):
            yield _literal("seed", _called(call), call.args[0], body)
    for name, value in _assignments(body):
        if _SEED.search(name) and _is_number(value):
            yield _literal("seed", name, value, body)
    for table in _nodes(body, ast.Dict):
        for key, value in zip(table.keys, table.values, strict=True):
            if isinstance(key, ast.Constant) and _SEED.search(str(key.value)) and _is_number(value):
                yield _literal("seed", str(key.value), value, body)


def paths(body: Body) -> Iterator[Literal]:
    """Texts that look like a file or an address: `read_csv("data/sales.csv")`."""
    for node, text in _texts(body):
        if any(pattern.fullmatch(text) for pattern in (_PATH, _PLACE, _URL)):
            yield _literal("path", "", node, body)


RULES: tuple[Callable[[Body], Iterator[Literal]], ...] = (
    hyperparameters_in_calls,
    hyperparameters_assigned,
    hyperparameters_in_dicts,
    seeds,
    paths,
)


def existing_paths(body: Body, base: Path) -> Iterator[Literal]:
    """Texts that name a file or folder that exists below `base`."""
    for node, text in _texts(body):
        if ("/" in text or "." in text) and text.isprintable() and text.strip("./") and (base / text).exists():
            yield _literal("path", "", node, body)


def repeated_values(bodies: list[Body], known: set[tuple[str, int, str]]) -> Iterator[Literal]:
    """Uncommon numbers and lists of constants that stand in the code again and again, unless another rule has them."""
    found: dict[str, list[Literal]] = {}
    for body in bodies:
        for node in _repeatable(body):
            one = _literal("repeated", "", node, body)
            if (one.path, one.line, one.value) not in known:
                found.setdefault(one.value, []).append(one)
    for value, places in found.items():
        wanted = _REPEATS - 1 if value[0] in "[({" else _REPEATS
        if len(places) >= wanted and len({(one.path, one.body) for one in places}) > 1:
            yield from places


def _is_hyperparameter(name: str) -> bool:
    return name == "C" or _HYPERPARAMETER.search(name) is not None


def _nodes(body: Body, kind: type[Node]) -> Iterator[Node]:
    return (node for statement in body.statements for node in ast.walk(statement) if isinstance(node, kind))


def _assignments(body: Body) -> Iterator[tuple[str, ast.expr]]:
    """Yield name and value of each assignment to a variable or an attribute."""
    nodes: list[ast.Assign | ast.AnnAssign] = [*_nodes(body, ast.Assign), *_nodes(body, ast.AnnAssign)]
    for node in nodes:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        for target in targets:
            if node.value is not None and isinstance(target, ast.Name | ast.Attribute):
                yield target.id if isinstance(target, ast.Name) else target.attr, node.value


def _texts(body: Body) -> Iterator[tuple[ast.Constant, str]]:
    """Yield the texts that stand alone: no parts of f-strings, of paths made with `/`, and no docstrings."""
    parts: set[ast.AST] = set()
    parts.update(part for node in _nodes(body, ast.JoinedStr) for part in ast.walk(node))
    parts.update(node.right for node in _nodes(body, ast.BinOp) if isinstance(node.op, ast.Div))
    parts.update(node.value for node in _nodes(body, ast.Expr))
    for node in _nodes(body, ast.Constant):
        if isinstance(node.value, str) and node not in parts:
            yield node, node.value


def _repeatable(body: Body) -> Iterator[ast.expr]:
    """Yield uncommon numbers outside of indices, and lists of two constants and more, that are no part of a drawing."""
    left_out: set[ast.AST] = set()
    for index in _nodes(body, ast.Subscript):
        left_out.update(part for part in ast.walk(index.slice) if not isinstance(part, ast.List))
    for call in _nodes(body, ast.Call):
        if _DRAWING.search(_called(call)):
            left_out.update(part for given in (*call.args, *call.keywords) for part in ast.walk(given))
    for node in _nodes(body, ast.expr):
        if node in left_out:
            continue
        if isinstance(node, ast.List | ast.Tuple | ast.Set) and len(node.elts) > 1:
            items = [item.value for item in node.elts if isinstance(item, ast.Constant)]
            if len(items) == len(node.elts) and any(isinstance(item, str) or _is_uncommon(item) for item in items):
                left_out.update(node.elts)
                yield node
        elif isinstance(node, ast.Constant) and _is_uncommon(node.value):
            yield node


def _is_uncommon(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) not in _COMMON and abs(value) > _SMALL


def _is_number(node: ast.expr) -> bool:
    """Return whether a node is a number, or a list of numbers."""
    if isinstance(node, ast.List | ast.Tuple):
        return bool(node.elts) and all(map(_is_number, node.elts))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        node = node.operand
    return isinstance(node, ast.Constant) and type(node.value) in (int, float)


def _is_zero(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value == 0


def _called(call: ast.Call) -> str:
    """Return the last part of the name of what is called."""
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _literal(rule: str, name: str, node: ast.expr, body: Body) -> Literal:
    return Literal(rule, name, ast.unparse(node), body.name, body.path, node.lineno)
