import pytest
from killing import measure


@pytest.fixture(scope="session")
def seconds(tmp_path_factory, project_at) -> float:
    """What the run that is to be killed takes here when nobody disturbs it, so that each kill falls into one."""
    folder = tmp_path_factory.mktemp("measure") / "project"
    folder.mkdir()
    return measure(project_at(folder))
