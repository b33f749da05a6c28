"""What is varied around a step, one thing at a time, and what is held, two runs beside each other."""

import locale
import os
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from mainspring.engine.environment import THREADS
from mainspring.engine.messages import Setup
from mainspring.proof import shims

__all__ = ["HOLDS", "PERTURBATIONS", "TOGETHER", "Perturbation", "altered", "install_shims"]

_AHEAD = 400 * 86_400 + 20_601  # to another day, weekday, month, year and hour
_THREADS = 3
_THREAD_VARIABLES = (*THREADS, "LOKY_MAX_CPU_COUNT")


class Perturbation(Struct, frozen=True):
    """One thing about the surroundings of a step that is other than it was, or held.

    Attributes:
        name: What it is, such as `hash seed`.
        says: What it is made to be.
        cause: What moves with it, in words.
        variables: Variables of the environment.
        shims: What the shims do, as `MAINSPRING_SHIMS` has it.
        elsewhere: The project lies in another folder, and another one is the working directory.
    """

    name: str
    says: str
    cause: str
    variables: dict[str, str] = {}
    shims: str = ""
    elsewhere: bool = False


def _threads(count: int) -> dict[str, str]:
    return {name: str(count) for name in _THREAD_VARIABLES}


def _locale() -> dict[str, str]:
    """Return what names another locale than the present one: one with decimal commas where there is one, else `C`."""
    before = locale.setlocale(locale.LC_ALL)
    found = "C"
    try:
        for name in ("de_DE.utf8", "fr_FR.utf8", "tr_TR.utf8"):
            try:
                locale.setlocale(locale.LC_ALL, name)
            except locale.Error:
                continue
            found = name
            break
    finally:
        locale.setlocale(locale.LC_ALL, before)
    plain = {"PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "utf-8"} if found == "C" else {}
    return {"LC_ALL": found, "LANG": found, **plain}


_LOCALE = _locale()
PERTURBATIONS = (
    Perturbation(
        "hash seed",
        "another seed of str hashes",
        "the order of a set, or hash(), which the hash seed decides",
        {"PYTHONHASHSEED": "4242"},
    ),
    Perturbation(
        "working directory",
        "the project in another folder, run from a third",
        "the place of the project or the working directory",
        elsewhere=True,
    ),
    Perturbation("time zone", "a quarter to thirteen hours ahead of UTC", "the time zone", {"TZ": "<+1245>-12:45"}),
    Perturbation(
        "locale", f"LC_ALL={_LOCALE['LC_ALL']}", "the locale, or the encoding of text that follows it", _LOCALE
    ),
    Perturbation(
        "threads",
        f"{_THREADS} threads, and as many processors",
        "the number of threads, by which sums are split",
        _threads(_THREADS),
        f"threads={_THREADS}",
    ),
    Perturbation(
        "file order", "directories listed backwards", "the order in which a directory is listed", shims="files=reversed"
    ),
    Perturbation("wall clock", "400 days and some hours ahead", "the wall clock", shims=f"clock=+{_AHEAD}"),
)

# Held at the same value in two runs: what then stops moving had moved with it.
HOLDS = (
    Perturbation(
        "unseeded random",
        "drawn from a fixed seed",
        "random numbers that no seed decides: draw them from seed()",
        shims="random=1",
    ),
    Perturbation("wall clock", "begun at one moment in both", "the wall clock", shims="clock=1800000000"),
    Perturbation(
        "threads",
        "one thread on one processor",
        "the order in which threads end, by which sums are added up",
        _threads(1),
        "threads=1",
    ),
)
TOGETHER = Perturbation(
    "several causes",
    "random numbers, the wall clock and threads held together",
    "more than one of random numbers, the wall clock and threads",
    _threads(1),
    "random=1,clock=1800000000,threads=1",
)


def install_shims(folder: Path) -> Path:
    """Write the `sitecustomize` of the workers of a re-run into a folder, and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    text = Path(shims.__file__).read_text(encoding="utf-8")
    (folder / "sitecustomize.py").write_text(f'{text}\n\napply(os.environ.get(VARIABLE, ""))\n', encoding="utf-8")
    return folder


def altered(setup: Setup, one: Perturbation, shim_folder: Path, elsewhere: Path) -> Setup:
    """Return what workers have to know under a perturbation.

    Args:
        setup: What they would have to know.
        one: The perturbation.
        shim_folder: Where `install_shims` wrote.
        elsewhere: A folder with a second copy of the project, named as the first; the folder itself is worked in.
    """
    variables = {**setup.variables, **one.variables}
    if one.shims:
        variables[shims.VARIABLE] = one.shims
        variables["PYTHONPATH"] = ":".join(filter(None, [str(shim_folder), os.environ.get("PYTHONPATH")]))
    if not one.elsewhere:
        return replace(setup, variables=variables)
    copy = str(elsewhere / Path(setup.project).name)
    path = tuple(copy if place == setup.project else place for place in setup.path)
    return replace(setup, variables=variables, project=copy, path=path, folder=str(elsewhere))
