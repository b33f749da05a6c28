import re
from dataclasses import dataclass
from typing import NamedTuple

import pytest

from mainspring.errors import CycleError, DefinitionError, NotFoundError, ReferenceUseError, TypeMismatchError
from mainspring.events import checkpoint, log, seed
from mainspring.graph import Many, Pipeline, Ref, Value, pipeline, step, trace


class Split(NamedTuple):
    train: list[int]
    test: list[int]


@dataclass(frozen=True)
class Config:
    start: int
    names: tuple[str, ...] = ()


@step
def numbers(start: int) -> list[int]:
    return list(range(start))


@step
def split(values: list[int]) -> Split:
    half = len(values) // 2
    return Split(values[:half], values[half:])


@step
def total(values: list[int], *, scale: int = 1) -> int:
    return sum(values) * scale


@step
def add(a: int, b: int) -> int:
    return a + b


@step
def double(x: int) -> int:
    return 2 * x


@step
def collect(parts: list[int]) -> int:
    return sum(parts)


@step
def shout(text: str) -> str:
    return text.upper()


@step
def untyped(a, b=None):
    return a


@step
def gather(*parts: int, **named: int) -> int:
    return sum(parts) + sum(named.values())


def traced(body, config=None):
    return trace(body if isinstance(body, Pipeline) else pipeline(body), config)


def test_a_step_and_a_pipeline_are_plain_functions_in_plain_python():
    @pipeline
    def whole(config: Config):
        parts = split(numbers(config.start))
        return total(parts.train, scale=2), double.map([1, 2])

    assert whole(Config(4)) == (2, [2, 4])


def test_calls_become_nodes_and_references_connect_them():
    def whole(config: Config):
        return total(numbers(config.start), scale=3)

    dag = traced(whole, Config(5))
    assert list(dag.nodes) == ["numbers", "total"]
    assert dag.nodes["numbers"].args == {"start": Value(5)}
    assert dag.nodes["total"].args == {"values": Ref("numbers"), "scale": Value(3)}
    assert dag.nodes["total"].needs == ("numbers",)
    assert dag.result == Ref("total")


def test_repeated_calls_are_numbered():
    def whole():
        return add(add(1, 2), add(3, 4))

    dag = traced(whole)
    assert list(dag.nodes) == ["add", "add[2]", "add[3]"]
    assert dag.nodes["add[3]"].args == {"a": Ref("add"), "b": Ref("add[2]")}


def test_a_named_tuple_gives_one_reference_for_each_field():
    def whole():
        train, test = split(numbers(4))
        return {"train": total(train), "test": total(test)}

    dag = traced(whole)
    assert dag.nodes["total"].args["values"] == Ref("split", "train")
    assert dag.nodes["total[2]"].args["values"] == Ref("split", "test")
    assert dag.result == Many(dict, (Ref("total"), Ref("total[2]")), ("train", "test"))


def test_a_list_of_references_fans_in():
    def whole():
        return collect([double(1), double(2)])

    dag = traced(whole)
    assert dag.nodes["collect"].args["parts"] == Many(list, (Ref("double"), Ref("double[2]")))
    assert dag.nodes["collect"].needs == ("double", "double[2]")


def test_map_takes_a_list_that_is_known_at_run_time_only():
    def whole():
        return collect(double.map(numbers(3)))

    dag = traced(whole)
    assert dag.nodes["double"].mapped == "x"
    assert dag.nodes["collect"].args["parts"] == Ref("double")


def test_variadic_parameters_are_kept():
    def whole():
        return gather(1, double(1), c=double(2))

    args = traced(whole).nodes["gather"].args
    assert args == {
        "*parts": Many(tuple, (Value(1), Ref("double"))),
        "**named": Many(dict, (Ref("double[2]"),), ("c",)),
    }


def test_what_a_list_argument_holds_later_does_not_count():
    def whole():
        parts = [1]
        first = collect(parts)
        parts.append(first)
        return first

    assert traced(whole).nodes["collect"].args["parts"] == Value([1])


def test_a_type_mismatch_names_both_steps_the_parameter_and_the_line():
    def whole():
        return shout(numbers(3))

    here = re.escape(__file__)
    message = rf"Step 'shout' needs 'text: str' but 'numbers' returns 'list\[int\]' \({here}:\d+\)\. Change the annot"
    with pytest.raises(TypeMismatchError, match=message):
        traced(whole)


def test_a_literal_of_the_wrong_type_is_a_mismatch():
    def whole():
        return double("two")

    with pytest.raises(TypeMismatchError, match="Step 'double' needs 'x: int' but was given 'str'"):
        traced(whole)


def test_a_mapped_list_of_the_wrong_elements_is_a_mismatch():
    def whole():
        return shout.map(numbers(2))

    with pytest.raises(TypeMismatchError, match="Step 'shout' needs 'text: "):
        traced(whole)


def test_untyped_steps_are_unchecked():
    def whole():
        return shout(untyped(numbers(2), b="x"))

    assert list(traced(whole).nodes) == ["numbers", "untyped", "shout"]


@pytest.mark.parametrize(
    ("use", "words"),
    [
        (lambda r: 1 if r else 2, "in a condition"),
        (lambda r: len(r), "len"),
        (lambda r: r["x"], r"\['x'\]"),
        (lambda r: [x for x in r], "in a loop"),
        (lambda r: r + 1, r"\+"),
        (lambda r: 1 + r, r"\+"),
        (lambda r: r == 1, "=="),
        (lambda r: r < 1, "<"),
        (lambda r: r.shape, r"\.shape"),
        (lambda r: r(), "called"),
        (lambda r: f"{r}", "in a string"),
        (lambda r: float(r), r"float\(\)"),
        (lambda r: 1 in r, "'in'"),
    ],
)
def test_a_reference_used_as_a_value_names_the_line_and_the_way_out(use, words):
    def whole():
        return use(untyped(1))

    with pytest.raises(
        ReferenceUseError, match=rf"(?s)'untyped' is used as a value: .*{words}.*:\d+\).*make it a step"
    ):
        traced(whole)


def test_two_functions_of_one_name_are_refused():
    @step
    def double(x: int) -> int:
        return 3 * x

    ours = double

    def whole():
        return add(ours(1), globals()["double"](2))

    with pytest.raises(DefinitionError, match=r"Two different functions are steps named 'double': .*:\d+ and .*:\d+"):
        traced(whole)


def test_all_problems_of_a_call_are_said_at_once():
    def whole():
        return total(skale=2)

    with pytest.raises(DefinitionError, match=r"has no parameter 'skale', did you mean 'scale'.*needs 'values'"):
        traced(whole)


def test_too_many_arguments_and_one_given_twice():
    def whole():
        return add(1, 2, 3, a=4)

    with pytest.raises(DefinitionError, match="takes 2 positional arguments but 3 were given; got 'a' twice"):
        traced(whole)


def test_a_pipeline_that_calls_itself_is_a_cycle():
    @pipeline
    def loop():
        double(1)
        return loop()

    with pytest.raises(CycleError, match="Pipeline 'loop' calls itself"):
        trace(loop, None)


def test_a_pipeline_may_call_another():
    @pipeline
    def inner():
        return double(1)

    def whole():
        return add(inner(), inner())

    assert list(traced(whole).nodes) == ["double", "double[2]", "add"]


def test_a_pipeline_without_steps_is_refused():
    with pytest.raises(NotFoundError, match="calls no step"):
        traced(lambda_free)


def lambda_free():
    return 1


@pytest.mark.parametrize("verb", [lambda: log("x", 1), checkpoint, seed])
def test_the_verbs_of_a_step_have_no_meaning_in_a_pipeline(verb):
    def whole():
        verb()
        return double(1)

    with pytest.raises(DefinitionError, match="in the body of pipeline 'whole'"):
        traced(whole)


def test_an_error_leaves_plain_python_as_it_was():
    def whole():
        double(1)
        raise RuntimeError("broken body")

    with pytest.raises(RuntimeError, match="broken body"):
        traced(whole)
    assert double(4) == 8


@pytest.mark.parametrize("options", [{"cpus": 0}, {"retries": -1}, {"timeout": 0}, {"memory": 0}])
def test_step_options_out_of_range_are_refused(options):
    with pytest.raises(DefinitionError, match="Step 'double' has"):
        step(**options)(double.fn)


def test_a_lambda_and_a_callable_object_are_no_steps():
    with pytest.raises(DefinitionError, match="has no name"):
        step(lambda x: x)
    with pytest.raises(DefinitionError, match="is not a Python function"):
        step(len)


def test_a_pipeline_takes_one_dataclass():
    @pipeline
    def two(a: int, b: int):
        return add(a, b)

    with pytest.raises(DefinitionError, match="takes 2 parameters: a, b"):
        trace(two, None)

    @pipeline
    def plain(a: int):
        return double(a)

    with pytest.raises(DefinitionError, match="not annotated with a dataclass"):
        trace(plain, 1)
