import inspect
from functools import partial, wraps
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import pytest

from mainspring.errors import DefinitionError
from mainspring.schema import Output, signature_of

if TYPE_CHECKING:
    from decimal import Decimal


class Split(NamedTuple):
    train: list[int]
    test: "list[float]"


def test_parameters_keep_their_order_kinds_and_defaults():
    def fn(a: int, /, b, *rest: str, c: float = 0.5, **more: bool) -> None: ...

    found = signature_of(fn)
    shown = [(p.name, p.annotation, p.required, p.keyword_only, p.variadic, p.default) for p in found.parameters]
    assert shown == [
        ("a", int, True, False, "", None),
        ("b", Any, True, False, "", None),
        ("rest", str, False, False, "*", None),
        ("c", float, False, True, "", 0.5),
        ("more", bool, False, True, "**", None),
    ]
    assert [p.positional_only for p in found.parameters] == [True, False, False, False, False]
    assert found.returns is type(None)
    assert found.outputs is None
    assert found.file == __file__
    assert found.line == fn.__code__.co_firstlineno


def test_a_string_annotation_is_resolved_where_the_function_was_written():
    def fn(part: "Split", names: "list[str] | None" = None) -> "Annotated[int, 'rows']": ...

    found = signature_of(fn)
    assert found.parameters[0].annotation is Split
    assert found.parameters[1].annotation == list[str] | None
    assert found.returns == Annotated[int, "rows"]


def test_a_string_annotation_may_name_a_class_around_the_function():
    class Local: ...

    def fn(value: "Local") -> None:
        return Local

    assert signature_of(fn).parameters[0].annotation is Local


def test_an_annotation_that_cannot_be_resolved_is_left_unchecked_with_a_remark():
    def fn(price: "Decimal", count: "int", odd) -> "Decimal": ...

    fn.__annotations__ = {**fn.__annotations__, "odd": "list["}
    found = signature_of(fn)
    assert [p.annotation for p in found.parameters] == [Any, int, Any]
    assert found.returns is Any
    assert [remark.partition(" cannot")[0] for remark in found.remarks] == [
        "The annotation 'Decimal' of 'price'",
        "The annotation 'Decimal' of the result",
        "The annotation 'list[' of 'odd'",
    ]


def test_a_named_tuple_gives_named_outputs():
    def fn() -> Split: ...

    assert signature_of(fn).outputs == (Output("train", list[int]), Output("test", list[float]))


def test_metadata_does_not_hide_a_named_tuple():
    def fn() -> Annotated[Split, "by time"]: ...

    outputs = signature_of(fn).outputs
    assert outputs is not None
    assert [output.name for output in outputs] == ["train", "test"]


def test_an_untyped_named_tuple_gives_unchecked_outputs():
    from collections import namedtuple

    pair = namedtuple("pair", "left right")

    def fn() -> pair: ...

    assert signature_of(fn).outputs == (Output("left", Any), Output("right", Any))


def test_a_decorator_that_wraps_is_looked_through():
    def trace(fn):
        @wraps(fn)
        def inner(*args, **kwargs):
            return fn(*args, **kwargs)

        return inner

    @trace
    def fn(rate: float) -> int: ...

    assert [p.name for p in signature_of(fn).parameters] == ["rate"]


@pytest.mark.parametrize("value", [len, partial(int, "3"), 3])
def test_what_is_no_python_function_is_refused(value):
    with pytest.raises(DefinitionError, match=r"is not a function written in Python\. Write a function around it"):
        signature_of(value)


def plain_1(): ...
def plain_2(a, b: int, c=1, /, d: str = "x", *, e, f: float = 0.5) -> list: ...
def plain_3(a: int = 1, *, b: "int", c=None) -> "str": ...
def plain_4(a: Split, *, b: bool): ...  # fmt: skip


@pytest.mark.parametrize("fn", [plain_1, plain_2, plain_3, plain_4], ids=lambda fn: fn.__name__)
def test_a_plain_function_has_the_signature_that_inspect_sees(fn):
    plain = signature_of(fn)
    fn.marked = True  # what is not plain is given to inspect
    try:
        assert signature_of(fn) == plain
    finally:
        del fn.marked


def test_a_signature_that_was_put_on_a_function_counts():
    def fn(a, b): ...

    fn.__signature__ = inspect.signature(plain_3)
    assert [p.name for p in signature_of(fn).parameters] == ["a", "b", "c"]
