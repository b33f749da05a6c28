"""From the options that choose a pipeline to the pipeline, its configuration and its home."""

from pathlib import Path

from mainspring.cli.options import Chosen
from mainspring.config import Config
from mainspring.errors import NotFoundError, nearest
from mainspring.workspace.homes import Home, open_home
from mainspring.workspace.project import Project, load_project
from mainspring.workspace.running import configure, home_of

__all__ = ["configured", "home_path", "open_chosen"]


def configured(chosen: Chosen) -> tuple[Project, Config]:
    """Return the project that is chosen, and its configuration.

    Raises:
        NotFoundError: The pipeline, or the configuration file that is named, does not exist.
        ConfigError: The configuration does not fit.
    """
    project = load_project(chosen.pipeline)
    file = chosen.config
    if file is not None and not file.is_file():
        near = nearest(file.name, [path.name for path in file.absolute().parent.glob("*.toml")])
        advice = f"Did you mean '{near}'?" if near else "Leave --config out to use the file beside the pipeline."
        raise NotFoundError(f"There is no configuration file '{file}'", None, advice)
    return project, configure(project, file=file, profile=chosen.profile, sets=chosen.sets)


def home_path(chosen: Chosen, project: Project, config: Config) -> Path:
    """Return the home that is chosen, by default that of the configuration."""
    return (chosen.home or home_of(project, config)).absolute()


def open_chosen(chosen: Chosen, project: Project, config: Config) -> Home:
    """Return the open home that is chosen; one that is not there is made."""
    return open_home(home_path(chosen, project, config), config.settings)
