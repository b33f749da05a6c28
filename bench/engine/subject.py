"""The small project that the edits are made in: the same functions for every tool, the same edits, the same oracle.

A project has two steps, `read` and `compute`. `compute` uses a helper beside it, and a helper, a constant and a class
of another module. Each step tells a witness file that it ran, so nobody's own word for it is taken.
"""

from dataclasses import dataclass

__all__ = ["COMPUTE", "EDITS", "HEADER", "HELPERS", "SHARED", "UNRELATED", "WITNESS", "Edit"]

WITNESS = """
import os
import sys


def ran(name=None):
    with open(os.environ["BENCH_WITNESS"], "a") as lines:
        lines.write((name or sys._getframe(1).f_code.co_name) + "\\n")
"""

HELPERS = """
CONSTANT = 7


def far(number: int) -> int:
    return number * 5


class Scaler:
    def __init__(self, by: int):
        self.by = by

    def scale(self, number: int) -> int:
        return number * self.by
"""

SHARED = {"witness.py": WITNESS, "helpers.py": HELPERS, "data.txt": "21"}

HEADER = """
from helpers import CONSTANT, Scaler, far
from witness import ran


def _near(number: int) -> int:
    return number + 10
"""

UNRELATED = """

def _unrelated(number: int) -> int:
    return number - 1
"""

COMPUTE = '''
def compute(value: int, bonus: int = 5) -> int:
    """Total of the input."""
    # doubled first
    ran("compute")
    total = value * 2
    total = _near(total)
    total = far(total)
    total = total + CONSTANT
    return Scaler(2).scale(total) + bonus
'''


@dataclass(frozen=True, slots=True)
class Edit:
    """One change of one file: `old` becomes `new`, and `step` is the one that may have to run again.

    An empty `file` stands for the file in which a tool's pipeline is written.
    """

    title: str
    file: str
    old: str
    new: str
    step: str = "compute"


EDITS = (
    Edit("body of the step", "", "total = value * 2", "total = value * 3"),
    Edit("only a comment in the step", "", "# doubled first", "# twice at first"),
    Edit("only the docstring of the step", "", "Total of the input.", "The total of it all."),
    Edit("helper in the same module", "", "return number + 10", "return number + 20"),
    Edit("helper in another module", "helpers.py", "return number * 5", "return number * 6"),
    Edit("constant in another module", "helpers.py", "CONSTANT = 7", "CONSTANT = 8"),
    Edit("default argument", "", "bonus: int = 5", "bonus: int = 6"),
    Edit("input file, in place", "data.txt", "21", "34", step="read"),
    Edit("method of a class in another module", "helpers.py", "return number * self.by", "return number * self.by * 3"),
    Edit("a function that no step uses", "", "return number - 1", "return number - 2"),
)
