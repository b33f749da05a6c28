"""Which home a command means that names no pipeline."""

import pytest

from mainspring.config.homes import home_and_settings
from mainspring.errors import ConfigError, NotFoundError
from mainspring.workspace.opening import open_existing


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "deep" / "down").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "deep" / "down")
    return tmp_path


def test_the_nearest_home_above(folder):
    (folder / ".mainspring").mkdir()
    assert home_and_settings()[0] == folder / ".mainspring"
    (folder / "deep" / ".mainspring").mkdir()
    assert home_and_settings()[0] == folder / "deep" / ".mainspring"


def test_the_home_that_the_configuration_names(folder):
    (folder / "pipeline.py").touch()
    (folder / "config.toml").write_text('rate = 0.5\n[workspace]\nhome = "elsewhere"\nworkers = 3\n')
    path, settings = home_and_settings()
    assert path == folder / "elsewhere"
    assert settings.workers == 3


def test_a_home_that_is_named_has_the_settings_of_its_project(folder):
    (folder / "pipeline.py").touch()
    (folder / "config.toml").write_text("[workspace]\nworkers = 3\n")
    path, settings = home_and_settings(folder / "other")
    assert path == folder / "other"
    assert settings.workers == 3


def test_a_configuration_of_another_program_is_left_alone(folder):
    (folder / "config.toml").write_text("[workspace]\nhome = 3\n")
    assert home_and_settings()[1].home is None


def test_a_wrong_workspace_table_is_an_error(folder):
    (folder / "pipeline.py").touch()
    (folder / "config.toml").write_text('[workspace]\nworkers = "many"\n')
    with pytest.raises(ConfigError, match=r"workspace\.workers"):
        home_and_settings()


def test_nothing_is_made_by_looking(folder):
    with pytest.raises(NotFoundError, match=r"There is no \.mainspring in"):
        open_existing()
    with pytest.raises(NotFoundError, match="There is no home"):
        open_existing(folder / "nowhere")
    assert sorted(path.name for path in folder.rglob("*")) == ["deep", "down"]
