import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mainspring.config import Meta, Secret, Settings, config_of, load_config
from mainspring.digest import File, Folder
from mainspring.errors import ConfigError, DefinitionError


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True)
class Model:
    depth: Annotated[int, Meta(ge=1, le=20)]
    rate: float = 0.1


@dataclass(frozen=True)
class Retail:
    sales: File
    horizon: Annotated[int, Meta(ge=1)]
    model: Model
    rate: float = 0.5
    weights: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class One:
    value: Any


def schema(annotation, **default):
    """Return a dataclass of one field."""
    return dataclass(frozen=True)(
        type("Made", (), {"__annotations__": {"value": annotation}, "__module__": __name__, **default})
    )


GOOD = """sales = "data/sales.csv"
horizon = 7
[model]
depth = 3
[weights]
a = 1
"""


def messages(caught) -> list[str]:
    return [str(problem) for problem in caught.value.problems]


def test_a_file_gives_typed_values_and_where_they_come_from(write):
    config = load_config(Retail, write(GOOD), base=Path("here"))
    assert config.value == Retail(File(Path.cwd() / "here/data/sales.csv"), 7, Model(3), 0.5, {"a": 1.0})
    assert config.origins == {
        "sales": "config.toml:1",
        "horizon": "config.toml:2",
        "model.depth": "config.toml:4",
        "model.rate": "default",
        "rate": "default",
        "weights.a": "config.toml:6",
        "workspace.home": "default",
        "workspace.database": "default",
        "workspace.workers": "default",
        "workspace.keep_inputs": "default",
        "workspace.cost_per_hour": "default",
        "workspace.allow_pickle": "default",
    }


def test_a_file_that_is_read_again_says_what_it_says_now(write):
    path = write(GOOD)
    load_config(Retail, path).value.weights["a"] = 7.0
    assert load_config(Retail, path).value.weights == {"a": 1.0}
    assert load_config(Retail, write(GOOD.replace("a = 1", "a = 2"))).value.weights == {"a": 2.0}


def test_files_are_relative_to_the_file_that_names_them(write, tmp_path):
    config = load_config(Retail, tmp_path / write(GOOD))
    assert config.value.sales == File(tmp_path / "data/sales.csv")


def test_a_profile_wins_over_the_file_and_the_command_line_over_both(write):
    path = write(
        GOOD
        + """[profile.smoke]
horizon = 2
rate = 0.25
weights = {b = 2}
[profile.smoke.model]
rate = 0.75
"""
    )
    config = load_config(Retail, path, profile="smoke", sets=["horizon=1", "model.depth = 5", "sales=other.csv"])
    assert config.value == Retail(File(Path("other.csv").absolute()), 1, Model(5, 0.75), 0.25, {"a": 1.0, "b": 2.0})
    assert config.profile == "smoke"
    kept = {key: origin for key, origin in config.origins.items() if not key.startswith("workspace")}
    assert kept == {
        "sales": "--set",
        "horizon": "--set",
        "model.depth": "--set",
        "model.rate": "profile.smoke config.toml:12",
        "rate": "profile.smoke config.toml:9",
        "weights.a": "config.toml:6",
        "weights.b": "profile.smoke config.toml:10",
    }


def test_every_violation_is_reported_at_once_with_its_line(write):
    path = write(
        """sales = 3
horizont = 7
rate = "fast"
[model]
depth = 0
rat = 1
[weights]
a = "x"
[profile.smoke]
horizon = 0
raet = 1
[workspace]
workers = 0
wrkers = 1
"""
    )
    with pytest.raises(ConfigError) as caught:
        load_config(Retail, path, profile="smok", sets=["deep", "ratee=1"])
    assert str(caught.value).startswith("14 problems in the configuration for 'Retail' (config.toml).\n  - ")
    assert messages(caught) == [
        "'sales' is 3, expected the path of a File (config.toml:1). Give a path.",
        "Unknown key 'horizont' (config.toml:2). Did you mean 'horizon'?",
        "'rate' is 'fast', expected float, got str (config.toml:3). Change the value.",
        "'model.depth' is 0, expected int >= 1 (config.toml:5). Change the value.",
        "Unknown key 'model.rat' (config.toml:6). Did you mean 'model.rate'?",
        "'weights.a' is 'x', expected float, got str (config.toml:8). Change the value.",
        "'workspace.workers' is 0, expected int >= 1 (config.toml:13). Change the value.",
        "Unknown key 'workspace.wrkers' (config.toml:14). Did you mean 'workspace.workers'?",
        "'horizon' is 0, expected int >= 1 (config.toml:10). Change the value.",
        "Unknown key 'raet' (config.toml:11). Did you mean 'rate'?",
        "There is no profile 'smok' (config.toml:9). Did you mean 'smoke'?",
        "'deep' sets nothing (--set). Write --set key=value.",
        "Unknown key 'ratee' (--set ratee=1). Did you mean 'rate'?",
        "Missing key 'horizon' (config.toml). Add horizon = …, of type 'int', as 'Retail' asks.",
    ]


@pytest.mark.parametrize(
    ("annotation", "text", "value"),
    [
        (int, "3", 3),
        (float, "3", 3.0),
        (str, "'x'", "x"),
        (bool, "true", True),
        (int | None, "3", 3),
        (list[str], "['a', 'b']", ["a", "b"]),
        (list[int], "[]", []),
        (tuple[int, ...], "[1, 2]", (1, 2)),
        (tuple[int, str], "[1, 'a']", (1, "a")),
        (set[int], "[1, 1]", {1}),
        (frozenset[str], "['a']", frozenset({"a"})),
        (dict[str, int], "{a = 1}", {"a": 1}),
        (dict[int, str], "{1 = 'x', 2 = 'y'}", {1: "x", 2: "y"}),
        (dict[Colour, int], "{red = 1}", {Colour.RED: 1}),
        (Mapping[str, float], "{a = 1}", {"a": 1.0}),
        (dict, "{a = 1}", {"a": 1}),
        (dict[str, int], "{}", {}),
        (dict[str, int] | None, "{a = 1}", {"a": 1}),
        (Literal["a", "b"], "'b'", "b"),
        (Colour, "'red'", Colour.RED),
        (list[Colour], "['red']", [Colour.RED]),
        (dt.date, "2024-02-29", dt.date(2024, 2, 29)),
        (dt.datetime, "2024-02-29T01:02:03Z", dt.datetime(2024, 2, 29, 1, 2, 3, tzinfo=dt.UTC)),
        (dt.time, "01:02:03", dt.time(1, 2, 3)),
        (dt.timedelta, "'PT90S'", dt.timedelta(seconds=90)),
        (Decimal, "'0.1'", Decimal("0.1")),
        (Any, "[1, 'a']", [1, "a"]),
        (object, "1", 1),
        (Path, "'a/b'", Path("a/b")),
        (Secret, "'env:TOKEN'", Secret("TOKEN")),
        (str | Secret, "'env:TOKEN'", Secret("TOKEN")),
        (str | Secret | None, "'plain'", "plain"),
        (list[Secret], "['env:A', 'env:B']", [Secret("A"), Secret("B")]),
        (Model, "{depth = 2}", Model(2)),
        (Model | None, "{depth = 2}", Model(2)),
        (Model | str, "'default'", "default"),
        (list[Model], "[{depth = 2}, {depth = 3, rate = 1}]", [Model(2), Model(3, 1.0)]),
        (Annotated[list[Annotated[int, Meta(ge=0)]], Meta(min_length=1)], "[0]", [0]),
    ],
)
def test_values_become_what_the_field_is_annotated_with(write, annotation, text, value):
    config = load_config(schema(annotation), write(f"value = {text}"))
    assert config.value.value == value
    assert type(config.value.value) is type(value)


def test_files_and_folders_may_stand_in_containers_and_unions(write):
    here = write("value = ['a', 'b/c']\n").absolute().parent
    assert load_config(schema(list[File]), Path("config.toml")).value.value == [File(here / "a"), File(here / "b/c")]
    assert load_config(schema(tuple[Folder, File]), Path("config.toml")).value.value == (
        Folder(here / "a"),
        File(here / "b/c"),
    )
    write("value = {a = '/x'}\n")
    assert load_config(schema(dict[str, File]), Path("config.toml")).value.value == {"a": File("/x")}
    write("value = 'x'\n")
    assert load_config(schema(File | None), Path("config.toml")).value.value == File(here / "x")
    assert load_config(schema(File | str), Path("config.toml")).value.value == "x"


@pytest.mark.parametrize(
    ("annotation", "text", "message"),
    [
        (int, "1.5", r"^'value' is 1\.5, expected int, got float \(config\.toml:1\)\. Change the value\.$"),
        (int, "true", r"^'value' is true, expected int, got bool"),
        (int | None, "'x'", r"^'value' is 'x', expected int, got str"),
        (list[int], "[\n1,\n'x']", r"^'value\[1\]' is 'x', expected int, got str \(config\.toml:3\)"),
        (list[int], "3", r"^'value' is 3, expected list, got int"),
        (tuple[int, int], "[1]", r"^'value' is \[1\], expected list of length 2, got 1"),
        (dict[str, int], "{a = 'x'}", r"^'value\.a' is 'x', expected int, got str"),
        (dict[int, int], "{a = 1}", r"^The key 'a' in 'value' is no 'int' \(config\.toml:1\)\. Change the key"),
        (dict[str, int], "3", r"^'value' is 3, expected table, got int"),
        (Annotated[float, Meta(gt=0, lt=1)], "1.0", r"^'value' is 1\.0, expected float < 1\.0"),
        (Annotated[str, Meta(pattern="^a")], "'b'", r"^'value' is 'b', expected str matching regex '\^a'"),
        (Annotated[list[int], Meta(min_length=1)], "[]", r"^'value' is \[\], expected list of length >= 1"),
        (
            Literal["fast", "slow"],
            "'fasst'",
            r"^'value' is 'fasst', expected one of 'fast', 'slow' .* Did you mean 'fast'\?",
        ),
        (Literal[1, 2] | None, "3", r"^'value' is 3, expected one of 1, 2 \(.*\)\. Choose one of these\."),
        (list[Colour], "['rad']", r"^'value\[0\]' is 'rad', expected one of 'red', 'blue' .* Did you mean 'red'\?"),
        (dt.date, "'soon'", r"^'value' is 'soon', invalid RFC3339 encoded date"),
        (dt.datetime, "2024-02-29", r"^'value' is 2024-02-29, expected datetime, got date"),
        (File, "''", r"^'value' is '', expected the path of a File"),
        (list[File], "'a'", r"^'value' is 'a', expected 'list\[File\]'"),
        (tuple[File, File], "['a']", r"^'value' has 1 elements, expected 2"),
        (dict[str, File], "['a']", r"^'value' is \['a'\], expected 'dict\[str, File\]'"),
        (list[File], "['a', 1]", r"^'value\[1\]' is 1, expected the path of a File"),
        (Secret, "'hunter2'", r"^'value' is a secret, and its value stands here .* Write \"env:NAME\""),
        (str, "'env:TOKEN'", r"^'value' names a secret, but is annotated 'str' .* Annotate it with"),
        (complex, "1", r"^'value' is annotated 'complex', which no TOML value can be read as .* Annotate it"),
        (list[complex], "[1]", r"^'value' is annotated 'list\[complex\]', which no TOML value can be read as"),
        (Model, "3", r"^'value' is 3, expected a table \(config\.toml:1\)\. Write the keys of 'Model'\."),
        (Model, "{rate = 1}", r"^Missing key 'value\.depth' .* Add depth = …, of type 'int', as 'Model' asks"),
        (Model, "{}", r"^Missing key 'value\.depth'"),
        (list[Model], "[\n{depth = 1},\n{depht = 1}]", r"^Unknown key 'value\[1\]\.depht' \(config\.toml:3\)\."),
        (list[Model], "[{depth = 0}]", r"^'value\[0\]\.depth' is 0, expected int >= 1"),
        (dict[str, int], "{a = {b = 1}}", r"^'value\.a\.b' is more than two levels deep .* Keep to two levels"),
        (list[dict], "[{a = {b = 1}}]", r"^'value\[0\]\.a\.b' is more than two levels deep"),
        (int, "'" + "x" * 99 + "'", r"^'value' is 'x{59}…, expected int"),
    ],
)
def test_a_value_that_does_not_fit_is_named_with_its_line(write, annotation, text, message):
    with pytest.raises(ConfigError) as caught:
        load_config(schema(annotation), write(f"value = {text}"))
    with pytest.raises(ConfigError, match=message):
        raise caught.value.problems[0]


def test_a_secret_that_stands_in_the_file_is_not_repeated_in_the_error(write):
    with pytest.raises(ConfigError) as caught:
        load_config(schema(Secret), write("value = 'hunter2'"), sets=["value=hunter3"])
    assert "hunter2" not in str(caught.value)
    assert len(caught.value.problems) == 2


@pytest.mark.parametrize(
    ("annotation", "text", "value"),
    [
        (int, "3", 3),
        (str, "3", "3"),
        (str, "plain words", "plain words"),
        (str, "'quoted'", "quoted"),
        (str, "a=b", "a=b"),
        (str, "1.10", "1.10"),
        (str, "", ""),
        (str, "1\ny = 2", "1\ny = 2"),
        (Colour, "red", Colour.RED),
        (Literal["fast"], "fast", "fast"),
        (Secret, "env:A", Secret("A")),
        (dt.date, "2024-01-01", dt.date(2024, 1, 1)),
        (list[int], "[1, 2]", [1, 2]),
        (File, "/data/2024", File("/data/2024")),
        (File, "'/data/2024'", File("/data/2024")),
        (bool, "true", True),
        (Model, "{depth = 4}", Model(4)),
        (dict[str, int], "{a = 1}", {"a": 1}),
    ],
)
def test_the_command_line_takes_toml_and_plain_texts(tmp_path, annotation, text, value):
    config = load_config(schema(annotation), tmp_path / "config.toml", sets=[f"value={text}"])
    assert config.value.value == value


def test_the_command_line_reaches_keys_of_tables(tmp_path):
    made = load_config(schema(dict[str, int]), tmp_path / "c.toml", sets=["value.a=1", "value.b=2", "value.a=3"])
    assert made.value.value == {"a": 3, "b": 2}
    assert made.origins["value.a"] == "--set"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("value", r"'value' sets nothing \(--set\)\. Write --set key=value\."),
        ("=3", r"'=3' sets nothing"),
        ("value=x", r"'value' is 'x', expected int, got str \(--set value=x\)\. Change the value\."),
        ("value=0.5", r"'value' is 0\.5, expected int, got float"),
        ("valeu=1", r"Unknown key 'valeu' \(--set valeu=1\)\. Did you mean 'value'\?"),
        ("value.deep=1", r"'value' is \{'deep': 1\}, expected int, got table"),
        (
            "gates.x=1",
            r"'gates' cannot be set here \(--set gates\.x=1\)\. Write a table \[gates\] at the top of the file",
        ),
    ],
)
def test_a_text_of_the_command_line_that_does_not_fit_is_named(write, text, message):
    with pytest.raises(ConfigError, match=message):
        load_config(schema(int), write("value = 1"), sets=[text])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a = 1\nb = \n", r"^This is not valid TOML: Invalid value, column 5 \(config\.toml:2\)\. Correct the line\.$"),
        ("a = 1\na = 2\n", r"^This is not valid TOML: Cannot overwrite a value, column 6 \(config\.toml:2\)"),
        ("[a", r"^This is not valid TOML: Expected .* at the end of a table declaration \(config\.toml:1\)"),
    ],
)
def test_what_is_not_toml_is_named_with_its_line(write, text, message):
    with pytest.raises(ConfigError, match=message):
        load_config(One, write(text))


def test_a_file_that_is_not_utf_8_is_named_with_its_line(write):
    path = write("")
    path.write_bytes(b"a = 1\nb = '\xff'\n")
    with pytest.raises(
        ConfigError, match=r"^The byte 0xff is not UTF-8 \(config\.toml:2\)\. Save the file as UTF-8\.$"
    ):
        load_config(One, path)


def test_a_folder_is_no_configuration(tmp_path):
    with pytest.raises(
        ConfigError, match=r"^The configuration cannot be read: Is a directory \(.*\)\. Name a readable"
    ):
        load_config(One, tmp_path)


def test_a_file_that_does_not_exist_is_empty(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert load_config(None, Path("config.toml")).value is None
    assert load_config(schema(int, value=3), Path("config.toml")).value.value == 3
    expected = (
        r"^1 problem in the configuration for 'Made'; the file does not exist \(config\.toml\)\.\n  - Missing key"
    )
    with pytest.raises(ConfigError, match=expected):
        load_config(schema(int), Path("config.toml"))


def test_without_a_dataclass_only_reserved_tables_are_legal(write):
    config = load_config(None, write("[workspace]\nworkers = 2\n[gates]\nx = {size = 1.0}\n[search]\n"))
    assert config.settings == Settings(workers=2)
    assert config.reserved == {"gates": {"x": {"size": 1.0}}}
    with pytest.raises(
        ConfigError, match=r"Unknown key 'rate' \(config\.toml:1\)\. Give the pipeline a parameter that is"
    ):
        load_config(None, write("rate = 1"))


def test_a_reserved_key_has_to_be_a_table(write):
    with pytest.raises(ConfigError) as caught:
        load_config(None, write("gates = 3\nprofile = 4\nworkspace = 5\n"))
    assert messages(caught) == [
        "'profile' is 4, expected a table (config.toml:2). Write [profile] and keys below it.",
        "'gates' is 3, expected a table (config.toml:1). Write [gates] and keys below it.",
        "'workspace' is 5, expected a table (config.toml:3). Write the keys of 'Settings'.",
    ]


def test_a_profile_has_to_be_a_table_of_keys_of_the_file(write):
    with pytest.raises(ConfigError) as caught:
        load_config(One, write("value = 1\n[profile]\nfast = 1\n[profile.slow]\ngates = {x = 1}\n"))
    assert messages(caught) == [
        "'profile.fast' is no table (config.toml:3). Write [profile.fast] and keys below it.",
        "'gates' cannot be set here (config.toml:5). Write a table [gates] at the top of the file.",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[profile.smoke]\n[profile.full]", r"There is no profile 'x' \(config\.toml:1\)\. Choose 'smoke', 'full'\."),
        ("", r"There is no profile 'x' \(config\.toml\)\. Write a table \[profile\.x\]\."),
    ],
)
def test_an_unknown_profile_is_named_with_those_that_there_are(write, text, message):
    with pytest.raises(ConfigError, match=message):
        load_config(None, write(text), profile="x")


def test_the_workspace_can_be_set_in_a_profile_and_on_the_command_line(write):
    path = write("[workspace]\nworkers = 1\ndatabase = 'env:DATABASE'\n[profile.big.workspace]\nworkers = 8\n")
    config = load_config(None, path, profile="big", sets=["workspace.home=/tmp/home"])
    assert config.settings == Settings(workers=8, home="/tmp/home", database=Secret("DATABASE"))
    assert config.origins["workspace.workers"] == "profile.big config.toml:5"


def test_a_nested_default_gives_what_the_file_leaves_out(write):
    made = schema(Model, value=Model(5, 0.9))
    config = load_config(made, write("[value]\nrate = 0.2\n"))
    assert config.value.value == Model(5, 0.2)
    assert config.origins["value.depth"] == "default"
    assert config.origins["value.rate"] == "config.toml:2"


def test_a_nested_dataclass_that_may_be_absent_is_made_by_its_table(write):
    @dataclass(frozen=True)
    class Loose:
        rate: float = 0.1

    made = schema(Loose | None, value=None)
    assert load_config(made, write("")).value.value is None
    assert load_config(made, write("")).origins["value"] == "default"
    assert load_config(made, write("[value]\n")).value.value == Loose()
    assert load_config(schema(Loose), write("")).value.value == Loose()


def test_a_class_may_refuse_its_values(write):
    @dataclass(frozen=True)
    class Range:
        low: int
        high: int

        def __post_init__(self):
            if self.low > self.high:
                raise ValueError("low is above high")

    with pytest.raises(
        ConfigError, match=r"'Range' is refused by its own class: low is above high \(config\.toml\)\. Ch"
    ):
        load_config(Range, write("low = 2\nhigh = 1"))
    with pytest.raises(ConfigError, match=r"'value' is refused by its own class: low is above high \(config\.toml:1\)"):
        load_config(schema(Range), write("[value]\nlow = 2\nhigh = 1"))


def test_a_dataclass_that_no_file_can_fill_is_refused(write):
    @dataclass(frozen=True)
    class Deep:
        model: Model

    @dataclass(frozen=True)
    class Wrong:
        deep: Deep
        gates: int = 0

    with pytest.raises(ConfigError) as caught:
        load_config(Wrong, write(""))
    assert messages(caught)[:2] == [
        "Field 'deep.model' is a dataclass more than two levels deep (class Wrong). Move its fields to 'deep'.",
        "Field 'gates' has the name of a reserved table (class Wrong). Rename the field.",
    ]


def test_annotations_that_cannot_be_resolved_are_refused(write):
    made = schema("Unknown")
    with pytest.raises(
        DefinitionError, match=r"The annotations of configuration 'Made' cannot be resolved: name 'Unknown'"
    ):
        load_config(made, write("value = 1"))


def test_a_value_made_in_python_keeps_the_workspace_of_the_file(write):
    path = write("value = 'unread'\nother = 1\n[workspace]\nworkers = 2\n[profile.x]\nz = 1\n[gates]\nsize = 1.0\n")
    config = config_of(Model(3), path)
    assert config.value == Model(3)
    assert config.settings.workers == 2
    assert config.reserved == {"gates": {"size": 1.0}}
    assert config.origins["depth"] == "python"
    assert config.origins["workspace.workers"] == "config.toml:4"
    assert config_of(Model(3), Path("missing.toml")).settings == Settings()


values = st.integers(1, 20)
layers = st.fixed_dictionaries(
    {}, optional={"horizon": values, "model.depth": values, "model.rate": values, "weights.a": values}
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(file=layers, profile=layers, sets=layers)
def test_the_last_layer_that_sets_a_key_wins(tmp_path, file, profile, sets):
    @dataclass(frozen=True)
    class Schema:
        horizon: int = 0
        model: Model = Model(1, 0.0)
        weights: dict[str, int] = field(default_factory=lambda: {"a": 0})

    lines = [f"{key} = {value}" for key, value in file.items()]
    lines += [f"profile.p.{key} = {value}" for key, value in profile.items()]
    path = tmp_path / "config.toml"
    path.write_text("\n".join([*lines, "profile.p.workspace = {}"]))
    config = load_config(Schema, path, profile="p", sets=[f"{key}={value}" for key, value in sets.items()])
    default = {"horizon": 0, "model.depth": 1, "model.rate": 0, "weights.a": 0}
    expected = {**default, **file, **profile, **sets}
    found = config.value
    assert {
        "horizon": found.horizon,
        "model.depth": found.model.depth,
        "model.rate": found.model.rate,
        "weights.a": found.weights["a"],
    } == expected
    for key in ("horizon", "model.depth", "model.rate"):
        origin = config.origins[key]
        if key in sets:
            assert origin == "--set"
        elif key in profile:
            assert origin == f"profile.p config.toml:{1 + lines.index(f'profile.p.{key} = {profile[key]}')}"
        elif key in file:
            assert origin == f"config.toml:{1 + lines.index(f'{key} = {file[key]}')}"
        else:
            assert origin == "default"
