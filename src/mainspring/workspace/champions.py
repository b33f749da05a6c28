"""Whether the champion of a model already is what a run made. Loads nothing that predicts."""

from pathlib import Path

from mainspring.config.homes import home_and_settings
from mainspring.errors import NotFoundError
from mainspring.tracking import open_facts
from mainspring.tracking.models import Models
from mainspring.tracking.promotions import CHAMPION

__all__ = ["champion_of_run"]


def champion_of_run(name: str, step: str, home: Path | None = None, run: str = "latest") -> int | None:
    """Return the version of a model that is its champion and the package that a run made; None when it is another.

    Args:
        name: The model.
        step: The step that returned the package, `STEP` or `STEP.OUTPUT`.
        home: The home; by default that of the project around the working directory.
        run: The run; by default the newest.

    Raises:
        NotFoundError: There is no home, or no such run.
    """
    path, settings = home_and_settings(home)
    if not path.is_dir():
        raise NotFoundError(f"There is no home '{path}'", fix="Run the pipeline first, or name the home with --home.")
    with open_facts(settings.database_at(path)) as facts:
        row = facts.runs.get(run)
        models = Models(facts.database)
        number = models.aliases(name).get(CHAMPION)
        version = None if number is None else models.version(name, number)
        if version is None:
            return None
        node, _, output = step.partition(".")
        result = facts.results.of_run(row.id).get(node)
        made = [one.digest for one in result.artifacts if not output or one.name == output] if result else []
        return version.number if made == [version.digest] else None
