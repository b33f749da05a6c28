"""For your own tests: smoke runs, checks of training and monitors, fakes; conformance suites of what can be exchanged.

`pytest_plugins = ["mainspring.testing.fixtures"]` in a test file or conftest.py brings the fixtures.
"""

from mainspring.testing.fakes import FakeClock, FakeSource
from mainspring.testing.monitoring import check_found, check_quiet
from mainspring.testing.pipelines import smoke, step_inputs
from mainspring.testing.training import check_conversion, check_loss_falls, check_overfits_one_batch
from mainspring.workspace.rehearsing import Rehearsal

__all__ = [
    "FakeClock",
    "FakeSource",
    "Rehearsal",
    "check_conversion",
    "check_found",
    "check_loss_falls",
    "check_overfits_one_batch",
    "check_quiet",
    "smoke",
    "step_inputs",
]
