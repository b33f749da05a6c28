"""`init` writes all of the template, or nothing."""

import pytest
import yaml

from mainspring.cli.app import COMMANDS
from mainspring.errors import DefinitionError
from mainspring.workspace.starting import TEMPLATE, start

NAMES = ["README.md", "config.toml", "pipeline.py", "requirements.txt", "test_pipeline.py"]
FLOWS = ["merge.yml", "night.yml", "pull-request.yml"]


def test_a_new_folder_gets_every_file(tmp_path):
    written = start(tmp_path / "new" / "project")
    assert [path.name for path in written] == NAMES + FLOWS
    for path in written:
        source = TEMPLATE / "github" if path.suffix == ".yml" else TEMPLATE
        assert path.read_bytes() == (source / path.name).read_bytes()


@pytest.mark.parametrize("name", FLOWS)
def test_workflows_name_commands_that_exist_and_no_host(name):
    text = (TEMPLATE / "github" / name).read_text()
    flow = yaml.safe_load(text)
    steps = flow["jobs"]["ci"]["steps"]
    called = [step["run"].split() for step in steps if "run" in step]
    assert {words[1] for words in called if words[0] == "mainspring"} <= set(COMMANDS)
    assert ["mainspring", "ci", "--out", "report"] in called
    assert all(step["uses"].startswith("actions/") for step in steps if "uses" in step)
    assert "://" not in text
    assert flow["permissions"] == {"contents": "read"}


def test_an_empty_folder_and_one_with_other_files_will_do(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    start(tmp_path)
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_a_file_in_the_way_is_an_error_and_nothing_is_written(tmp_path):
    (tmp_path / "config.toml").write_text("mine = true\n")
    (tmp_path / "pipeline.py").symlink_to(tmp_path / "nowhere")
    with pytest.raises(DefinitionError, match=r"has config\.toml, pipeline\.py already; nothing was written"):
        start(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["config.toml", "pipeline.py"]
    assert (tmp_path / "config.toml").read_text() == "mine = true\n"


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "taken").write_text("")
    with pytest.raises(DefinitionError, match="is a file"):
        start(tmp_path / "taken")
