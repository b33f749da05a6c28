from dataclasses import dataclass, field
from pathlib import Path
from textwrap import dedent

import pytest

from mainspring.config import Secret, config_of, load_config
from mainspring.config.lint import lint
from mainspring.digest import File


def messages(code: str, names=("train",), **options) -> list[str]:
    return [found.message for found in lint([("pipeline.py", dedent(code))], names, **options)]


def inside(line: str) -> str:
    return f"def train(table):\n    {line}\n"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("return Forest(n_estimators=200)", "'n_estimators' is the literal 200 in 'train'"),
        ("return SVC(C=0.5)", "'C' is the literal 0.5 in 'train'"),
        ("return Ridge(alpha=-1.5)", "'alpha' is the literal -1.5 in 'train'"),
        ("return MLP(hidden_layer_sizes=(100, 50))", "'hidden_layer_sizes' is the literal (100, 50) in 'train'"),
        ("return split(table, test_size=0.2)", "'test_size' is the literal 0.2 in 'train'"),
        ("learning_rate = 0.1", "'learning_rate' is the literal 0.1 in 'train'"),
        ("price_threshold: float = 0.35", "'price_threshold' is the literal 0.35 in 'train'"),
        ("self.batch_size = 64", "'batch_size' is the literal 64 in 'train'"),
        ("params = {'num_leaves': 31, 'objective': 'binary'}", "'num_leaves' is the literal 31 in 'train'"),
        ("return Forest(random_state=42)", "'random_state' is the literal 42 in 'train'"),
        ("np.random.seed(7)", "'seed' is the literal 7 in 'train'"),
        ("rng = np.random.default_rng(0)", "'default_rng' is the literal 0 in 'train'"),
        ("seed = 3", "'seed' is the literal 3 in 'train'"),
        ("params = {'bagging_seed': 3}", "'bagging_seed' is the literal 3 in 'train'"),
        ("return pd.read_csv('sales.csv')", "The literal 'sales.csv' stands in 'train'"),
        ("return pl.scan_parquet('data/*.parquet')", "The literal 'data/*.parquet' stands in 'train'"),
        ("return open('/data/raw/sales')", "The literal '/data/raw/sales' stands in 'train'"),
        ("return open('../sales')", "The literal '../sales' stands in 'train'"),
        ("return get('s3://bucket/sales')", "The literal 's3://bucket/sales' stands in 'train'"),
        ("model.save('model.onnx')", "The literal 'model.onnx' stands in 'train'"),
    ],
)
def test_a_literal_that_should_be_configured_is_found(line, message):
    assert messages(inside(line)) == [message]


@pytest.mark.parametrize(
    "line",
    [
        "'Reads sales.csv.'",
        "return Forest(n_estimators=trees, random_state=None, n_jobs=-1, verbose=0)",
        "return Forest(warm_start=True, class_weight='balanced')",
        "best_threshold = 0.0",
        "depth = 1\n    depth += 1",
        "window = 3\n    window = 4",
        "ax.hist(x, bins=40, alpha=0.5)",
        "ax.plot(x, alpha=0.5)",
        "alphabet = 26",
        "rate = 0.19",
        "return table['sales.csv-like name']",
        "return folder / 'train.csv'",
        "return f'{folder}/train.csv'",
        "return pd.to_datetime(x, format='%Y/%m/%d')",
        "headers = {'Content-Type': 'application/json'}",
        "return re.sub(r'.*\\.csv$', '', x)",
        "return x.endswith('.csv')",
        "raise ValueError('no rows in sales.csv')",
        "return x[:5] * 2 + 1000",
        "rng = default_rng(seed)",
    ],
)
def test_what_only_looks_alike_is_left_alone(line):
    assert messages(inside(line)) == []


def test_decorators_defaults_and_docstrings_are_no_code_of_the_step():
    code = '''
    @step(cpus=2, retries=1, timeout=1800)
    def train(table, *, window=7):
        """See data/raw.csv."""
        return table
    '''
    assert messages(code) == []


def test_what_a_step_reaches_is_looked_at_and_nothing_else():
    code = """
    EPOCHS = 20
    UNREAD_EPOCHS = 30

    def train(table):
        return Model().fit(table, helper())

    def helper():
        return EPOCHS, Forest(n_estimators=200)

    class Model:
        def fit(self, table, helped):
            self.dropout = 0.3

    def unrelated():
        return Forest(max_depth=3)
    """
    assert sorted(messages(code)) == [
        "'EPOCHS' is the literal 20 in 'EPOCHS'",
        "'dropout' is the literal 0.3 in 'Model'",
        "'n_estimators' is the literal 200 in 'helper'",
    ]


def test_literals_are_ranked_by_repetition_and_told_once():
    code = """
    def train(table):
        a = Forest(max_depth=3, n_estimators=200)
        b = Forest(max_depth=5, n_estimators=200)
        c = Forest(n_estimators=200)
    """
    found = lint([("pipeline.py", dedent(code))], ["train"])
    assert [(one.rule, one.message, one.path, one.line) for one in found] == [
        (
            "literal-hyperparameter",
            "'n_estimators' is the literal 200 in 'train', and 2 more: pipeline.py:4, pipeline.py:5",
            "pipeline.py",
            3,
        ),
        ("literal-hyperparameter", "'max_depth' is the literal 3 in 'train'", "pipeline.py", 3),
        ("literal-hyperparameter", "'max_depth' is the literal 5 in 'train'", "pipeline.py", 4),
    ]


def test_uncommon_numbers_and_lists_that_are_repeated_are_found():
    code = """
    def clean(table):
        return table[["price", "store"]] * 1.19

    def train(table):
        keep = ["price", "store"]
        return table * 1.19 + 1.19 + 100, [0, 1]

    def score(table):
        return select(table, ["price", "store"]), [0, 1]
    """
    assert messages(code, ["clean", "train", "score"]) == [
        "The literal ['price', 'store'] stands in 'clean', and 2 more: pipeline.py:6, pipeline.py:10",
        "The literal 1.19 stands in 'clean', and 1 more: pipeline.py:7",
    ]


def test_a_text_that_names_an_existing_file_is_found(tmp_path):
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw/sales").write_text("x")
    assert messages(inside("return load('raw/sales', 'raw', 'raw/other')"), base=tmp_path) == [
        "The literal 'raw/sales' stands in 'train'"
    ]


def test_each_finding_says_what_to_do():
    @dataclass(frozen=True)
    class Shop:
        trees: int = 3

    code = "def train(table):\n    return Forest(trees=5, depth=3, seed=4), 'a.csv', config.trees\n"
    found = lint([("pipeline.py", code)], ["train"], config=config_of(Shop(), Path("config.toml")))
    assert {one.fix for one in found} == {
        "Pass the field 'trees' that the configuration has.",
        "Make 'depth' a field of the configuration, and pass it to the step.",
        "Use mainspring.seed(), or a field of the configuration.",
        "Make it a File or Folder of the configuration, and pass it to the step.",
    }


def test_a_file_that_cannot_be_parsed_is_left_out():
    assert lint([("broken.py", "def train(:")], ["train"]) == []


@dataclass(frozen=True)
class Model:
    depth: int = 3
    rate: float = 0.1


@dataclass(frozen=True)
class Retail:
    sales: File
    token: Secret
    trees: int
    model: Model
    share: float = 0.25
    weights: dict[str, float] = field(default_factory=dict)


TOML = """sales = "sales.csv"
token = "env:TOKEN"
trees = 10
[model]
depth = 3
"""

CODE = """
class Retail:
    share: float = 0.25

def retail(config):
    return train(config.sales, config.token, config.trees, config.model.depth, config.weights)
"""


@pytest.fixture
def config(write):
    return load_config(Retail, write(TOML))


def over(config, code=CODE, history=()):
    found = lint([("pipeline.py", code)], ["retail"], config=config, history=history)
    return [(one.rule, one.message, f"{one.path}:{one.line}") for one in found]


def test_keys_that_no_code_reads_are_found(config):
    assert over(config) == [
        ("key-never-read", "No code of the project reads 'model.rate'", "config.toml:1"),
        ("key-never-read", "No code of the project reads 'share'", "pipeline.py:3"),
    ]


@pytest.mark.parametrize(
    "line",
    [
        "Trainer(**asdict(config))",
        "vars(config)",
        "getattr(config, 'share'), getattr(config.model, 'rate')",
        "match_(config.model.rate, config.share)",
    ],
)
def test_keys_that_are_read_in_other_ways_are_left_alone(config, line):
    assert over(config, f"{CODE}\ndef other(config):\n    return {line}\n") == []


def test_a_key_that_a_pattern_reads_is_read(config):
    code = (
        f"{CODE}\ndef other(c):\n    match c:\n        case Retail(share=s, model=Model(rate=r)):\n            pass\n"
    )
    assert over(config, code) == []


def history(count, **changes):
    values = {"sales": "sales.csv", "token": "env:TOKEN", "trees": 10, "model.depth": 3, "share": 0.25, "weights": {}}
    return [{**values, **{key: value[index] for key, value in changes.items()}} for index in range(count)]


def test_keys_that_never_vary_are_found_from_five_runs_on(config):
    read = CODE + "\ndef other(config):\n    return config.share, config.model.rate\n"
    assert over(config, read, history(4)) == []
    assert over(config, read, history(6)) == [
        ("key-always-default", "'model.depth' had its default, 3, in all 6 runs", "config.toml:5"),
        ("key-always-default", "'share' had its default, 0.25, in all 6 runs", "pipeline.py:3"),
        ("key-always-default", "'weights' had its default, {}, in all 6 runs", "config.toml:1"),
        ("key-never-varied", "'trees' was 10 in all 6 runs", "config.toml:3"),
    ]


def test_keys_that_varied_or_have_just_been_changed_are_left_alone(config):
    read = CODE + "\ndef other(config):\n    return config.share, config.model.rate\n"
    runs = history(5, trees=[1, 2, 3, 4, 10], share=[0.5] * 5)
    runs = [{**run, "model.depth": index, "weights": {"a": index}} for index, run in enumerate(runs)]
    assert over(config, read, runs) == []


def test_without_a_configuration_only_literals_are_looked_at(tmp_path):
    config = load_config(None, tmp_path / "config.toml")
    assert over(config, "def retail():\n    return Forest(n_estimators=7)\n") == [
        ("literal-hyperparameter", "'n_estimators' is the literal 7 in 'retail'", "pipeline.py:2")
    ]
