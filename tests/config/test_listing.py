import datetime as dt
import json
import pickle
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from pathlib import Path

import pytest

from mainspring.config import Row, Secret, complete_keys, config_of, listing, load_config, to_record
from mainspring.digest import File, Folder, canonical, restore
from mainspring.errors import ConfigError


class Colour(Enum):
    RED = "red"


@dataclass(frozen=True)
class Model:
    depth: int
    rate: float = 0.1


@dataclass(frozen=True)
class Shop:
    sales: File
    token: Secret
    model: Model
    weights: dict[str, float]
    colour: Colour = Colour.RED


TEXT = """sales = "data/sales.csv"
token = "env:SHOP_TOKEN"
[model]
depth = 3
[weights]
a = 1
[workspace]
database = "env:DATABASE_URL"
"""


@dataclass(frozen=True)
class Everything:
    inside: File
    outside: Folder
    many: tuple[File, ...]
    models: list[Model]
    names: set[str]
    day: dt.date
    gap: dt.timedelta
    price: Decimal
    endless: float
    by_colour: dict[Colour, int]
    nothing: int | None = None


def test_every_key_is_listed_with_its_value_and_origin(write, monkeypatch):
    monkeypatch.setenv("SHOP_TOKEN", "hunter2")
    rows = listing(load_config(Shop, write(TEXT), sets=["weights.b=2"]))
    assert rows[:8] == (
        Row("sales", "data/sales.csv", "config.toml:1"),
        Row("token", "env:SHOP_TOKEN", "config.toml:2"),
        Row("model.depth", 3, "config.toml:4"),
        Row("model.rate", 0.1, "default"),
        Row("weights.a", 1.0, "config.toml:6"),
        Row("weights.b", 2.0, "--set"),
        Row("colour", "red", "default"),
        Row("workspace.home", None, "default"),
    )
    assert Row("workspace.database", "env:DATABASE_URL", "config.toml:8") in rows
    assert "hunter2" not in str(rows)


def test_the_record_holds_no_secret_and_no_setting(write, monkeypatch):
    monkeypatch.setenv("SHOP_TOKEN", "hunter2")
    record = to_record(load_config(Shop, write(TEXT)))
    assert json.loads(json.dumps(record)) == {
        "values": {
            "sales": "data/sales.csv",
            "token": "env:SHOP_TOKEN",
            "model.depth": 3,
            "model.rate": 0.1,
            "weights": {"a": 1.0},
            "colour": "red",
        },
        "origins": {
            "sales": "config.toml:1",
            "token": "config.toml:2",
            "model.depth": "config.toml:4",
            "model.rate": "default",
            "weights.a": "config.toml:6",
            "colour": "default",
        },
        "profile": None,
    }


def test_every_kind_of_value_has_a_record(tmp_path):
    value = Everything(
        inside=File(tmp_path / "a/b.csv"),
        outside=Folder("/elsewhere"),
        many=(File(tmp_path / "c"),),
        models=[Model(1)],
        names={"b", "a"},
        day=dt.date(2024, 1, 2),
        gap=dt.timedelta(seconds=90),
        price=Decimal("0.10"),
        endless=float("inf"),
        by_colour={Colour.RED: 1},
    )
    assert to_record(config_of(value, tmp_path / "config.toml"))["values"] == {
        "inside": "a/b.csv",
        "outside": "/elsewhere",
        "many": ["c"],
        "models": [{"depth": 1, "rate": 0.1}],
        "names": ["a", "b"],
        "day": "2024-01-02",
        "gap": "0:01:30",
        "price": "0.10",
        "endless": "inf",
        "by_colour": {"red": 1},
        "nothing": None,
    }


def test_a_pipeline_without_configuration_lists_the_workspace_alone(tmp_path):
    config = load_config(None, tmp_path / "config.toml")
    assert all(row.key.startswith("workspace.") for row in listing(config))
    assert to_record(config) == {"values": {}, "origins": {}, "profile": None}


def test_keys_are_completed_plain_ones_first():
    keys = complete_keys(Shop)
    assert keys[:6] == ["sales", "token", "weights", "colour", "model.depth", "model.rate"]
    assert "workspace.workers" in keys
    assert all(key.startswith("workspace.") for key in complete_keys(None))


def test_a_secret_shows_its_name_and_reveals_its_value(monkeypatch):
    monkeypatch.setenv("SHOP_TOKEN", "hunter2")
    secret = Secret("SHOP_TOKEN")
    assert secret.reveal() == "hunter2"
    assert (repr(secret), str(secret), f"{secret}") == ("Secret('SHOP_TOKEN')", "env:SHOP_TOKEN", "env:SHOP_TOKEN")
    assert b"hunter2" not in canonical(secret)
    assert restore(canonical(secret)) == pickle.loads(pickle.dumps(secret)) == secret


def test_a_secret_that_the_environment_lacks_is_named(monkeypatch):
    monkeypatch.delenv("SHOP_TOKEN", raising=False)
    with pytest.raises(ConfigError, match=r"no variable 'SHOP_TOKEN', .* Set it .*: export SHOP_TOKEN=…"):
        Secret("SHOP_TOKEN").reveal()


def test_paths_stay_as_they_were_written_wherever_the_file_is(tmp_path, monkeypatch):
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep/config.toml").write_text(TEXT)
    monkeypatch.chdir(tmp_path)
    config = load_config(Shop, Path("deep/config.toml"))
    assert config.value.sales == File(tmp_path / "deep/data/sales.csv")
    assert to_record(config)["values"]["sales"] == "data/sales.csv"
