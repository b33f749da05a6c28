"""Two faults that are planted into a copy of this project, as a bad commit would bring them, and taken out again.

One makes a model that has learned next to nothing: gates see that. The other is right on every day that gates can look
at, and wrong from a date on that is still to come: only service shows it.
"""

from dataclasses import dataclass
from datetime import date
from pathlib import Path


@dataclass(frozen=True)
class Fault:
    """A change of one file of the project.

    Attributes:
        says: What is wrong with it.
        file: The file.
        right: What it says.
        wrong: What it says with the fault.
    """

    says: str
    file: str
    right: str
    wrong: str

    def plant(self, folder: Path) -> None:
        """Put the fault into a copy of the project."""
        self._replace(folder, self.right, self.wrong)

    def mend(self, folder: Path) -> None:
        """Take it out again."""
        self._replace(folder, self.wrong, self.right)

    def _replace(self, folder: Path, old: str, new: str) -> None:
        path = folder / self.file
        text = path.read_text()
        if text.count(old) != 1:
            raise ValueError(f"{self.file} has {text.count(old)} times what the fault '{self.says}' replaces")
        path.write_text(text.replace(old, new))


UNTRAINED = Fault(
    "models of one tree instead of thirty", "config.toml", "model.rounds = 30\n", "model.rounds = 1  # PLANTED\n"
)


def late(since: date, factor: float) -> Fault:
    """Forecasts of days from a date on are so many times as large."""
    right = '        return {"date": forecast_date(columns, self.days), **made}\n'
    wrong = (
        f'        late = forecast_date(columns, self.days) >= np.datetime64("{since}")  # PLANTED\n'
        f"        made = {{name: np.where(late, np.rint({factor} * one), one) for name, one in made.items()}}\n{right}"
    )
    return Fault(f"forecasts of days from {since} on are {factor} times as large", "calibration.py", right, wrong)
