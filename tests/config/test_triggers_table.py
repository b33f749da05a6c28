"""The `[triggers]` table."""

import pytest

from mainspring.config import load_config
from mainspring.config.spans import seconds_of
from mainspring.config.triggers import Triggers, read_triggers, triggered_models
from mainspring.errors import ConfigError

TABLE = """
[triggers]
cooldown = "2w"
drift = ["price"]

[triggers.shop]
cooldown = "90m"
quality = 3
"""


def test_a_model_has_its_own_over_what_is_shared(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text(TABLE)
    assert read_triggers(path, "other") == Triggers(cooldown="2w", drift=("price",))
    mine = read_triggers(path, "shop")
    assert (mine.span("cooldown"), mine.quality, mine.drift) == (5400.0, 3.0, ("price",))
    assert triggered_models(path) == ["shop"]
    assert read_triggers(tmp_path / "none.toml", "shop") == Triggers()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('cooldown = "soon"', "'soon' is no span of time"),
        ("probation_margin = 2.0", "probation_margin"),
        ('drifts = ["price"]', "drifts"),
        ("files = 0", "files"),
    ],
)
def test_what_does_not_fit_is_said_wherever_the_file_is_read(tmp_path, line, message):
    path = tmp_path / "config.toml"
    path.write_text(f"[triggers.shop]\n{line}\n")
    for read in (lambda: read_triggers(path, "shop"), lambda: load_config(None, path)):
        with pytest.raises(ConfigError, match="1 problem") as caught:
            read()
        assert message in str(caught.value.problems[0])
        assert "config.toml:" in str(caught.value.problems[0])


def test_reading_a_pattern_searches_no_folder(tmp_path, monkeypatch):
    (tmp_path / "config.toml").write_text('[triggers]\ndata = "**/*.parquet"\n')
    monkeypatch.chdir(tmp_path)
    searched = []
    monkeypatch.setattr("os.scandir", lambda *place: searched.append(place) or iter(()))
    assert read_triggers(tmp_path / "config.toml", "shop").data == "**/*.parquet"
    assert searched == []


def test_spans_of_time():
    assert [seconds_of(text) for text in ("90s", "1.5h", "2w")] == [90.0, 5400.0, 1_209_600.0]


@pytest.mark.parametrize("data", ["/srv/sales.txt", "**.txt", ""])
def test_data_are_a_pattern_beside_the_file(tmp_path, data):
    path = tmp_path / "config.toml"
    path.write_text(f'[triggers]\ndata = "sales/*.txt"\n[triggers.shop]\ndata = "{data}"\n')
    if not data:
        assert read_triggers(path, "shop").data == ""
        return
    with pytest.raises(ConfigError) as caught:
        read_triggers(path, "shop")
    [problem] = caught.value.problems
    assert f"'triggers.shop.data' is '{data}', which is no pattern" in str(problem)
    assert "beside this file" in str(problem)
