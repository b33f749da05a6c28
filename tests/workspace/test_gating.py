"""Gates of registered versions: losses and properties of the project, the holdout of a run."""

import sys

import numpy as np
import pytest

from linear_packages import linear, rows
from mainspring.errors import DefinitionError, InputError, NotFoundError
from mainspring.package import attest_training
from mainspring.quality import Holdout
from mainspring.registry import open_registry
from mainspring.store import LocalStore, save
from mainspring.tracking import ResultRow, RunRow, StepRow, open_facts, this_process
from mainspring.workspace.ci_gates import champion_of, comparison_of
from mainspring.workspace.confronting import confront
from mainspring.workspace.gating import counterexamples_of, judge, promote, promote_refit
from mainspring.workspace.opening import open_existing

OWN = """
import numpy as np

from mainspring.quality import Allow, bounded

FEW = Allow(0.05)
PROPERTIES = (bounded("never below zero", 0, allow=FEW), bounded("never above twenty", high=20, allow=FEW))


def cost(outcomes, made):
    return np.abs(made["y"] - outcomes["units"]) + 1
"""
GATES = "[gates]\nholdout = 'holdout'\nloss = 'costs.py:cost'\nbaseline = 'none'\n"


def held(count: int = 600) -> Holdout:
    """Rows of 20 shops over 30 days; what was sold is 2 * price + 3 * weekday."""
    inputs = rows(count)
    days = np.datetime64("2025-03-03") + np.arange(count) % 30
    units = 2 * inputs["price"] + 3 * inputs["weekday"]
    return Holdout(inputs, {"units": units}, np.arange(count) // 30, days)


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A project of which a run returned a holdout, and two versions of a model: the second knows the truth."""
    folder = tmp_path / ".mainspring"
    folder.mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.delitem(sys.modules, "costs", raising=False)
    (tmp_path / "costs.py").write_text(OWN)
    (tmp_path / "config.toml").write_text(GATES)
    with open_facts(folder) as facts:
        owner = this_process()
        facts.runs.start(RunRow("r1", "shop", "running", 1.0, None, 1.0, owner))
        artifact = save("result", held(), LocalStore(folder), pickle=False)
        step = StepRow("r1", "holdout", 0, "ran", key="k")
        lease = facts.leases.acquire("k", "r1", owner, ttl=60)
        facts.results.commit(lease, ResultRow("k", "r1", "holdout", 1.0, 1.0, (artifact,)), step)
        facts.runs.finish("r1", "succeeded", None)
    with open_registry() as registry:
        for number in (1, 2):
            built = linear(tmp_path / f"p{number}", (float(number), 3.0))
            attest_training(built.package, "2025-03-02")
            registry.register(built.package.path, "shop", run="r1")
    return folder


def test_a_version_is_scored_on_the_holdout_of_its_run_by_the_loss_of_the_project(home):
    first = promote("shop", 1, who="ada", why="first")
    assert first.decision is not None
    second = promote("shop", 2, who="ada", why="better")
    champion = second.report.gate("champion").compared[0]
    assert (champion.answer, champion.series, champion.rows) == ("pass", 20, 600)
    assert champion.loss == pytest.approx(1.0)
    assert judge("shop", 2) == second.report
    third = judge("shop", 1)
    assert (third.answer, third.against) == ("fail", 2)
    with open_registry() as registry:
        assert [one.passed for one in registry.gate_reports("shop")] == [False, True, True]


def test_properties_of_the_project_are_checked_and_what_breaks_them_is_kept_beside_it(home, tmp_path):
    (tmp_path / "config.toml").write_text(GATES + "properties = 'costs.py'\nbudget = 500\n")
    gate = judge("shop", 1).gate("properties")
    assert (gate.answer, [*gate.figures]) == ("fail", ["never below zero", "never above twenty"])
    assert "1 of 2 do not hold: never above twenty" in gate.says
    one = counterexamples_of(tmp_path / "config.toml").all()[0]
    assert (one.property, one.after["y"] > 20) == ("never above twenty", True)
    assert list((tmp_path / "counterexamples").glob("*.json"))


def test_continuous_integration_says_what_the_gates_say_of_the_newest_version(home, tmp_path):
    assert promote("shop", 1, who="ada", why="first").decision is not None
    (tmp_path / "config.toml").write_text(GATES + "properties = 'costs.py'\nbudget = 500\n")
    with open_existing() as opened:
        champion = champion_of(opened, "shop")
        first, second = (comparison_of(opened, champion, ()) for _ in range(2))
    assert (champion.name, champion.number) == ("shop", 1)
    assert (first.stage.status, first.stage.says) == ("failed", "shop version 2: failed")
    assert {case.name for case in first.stage.cases if case.status == "failed"} == {"properties"}
    [loss] = first.differences
    assert (loss.against, loss.after) == ("version 1", pytest.approx(1.0))
    assert loss.low <= loss.after - loss.before <= loss.high < 0
    assert [one.split(":")[0] for one in first.counterexamples] == ["never above twenty"] * len(first.counterexamples)
    assert first.counterexamples
    assert not second.counterexamples


def test_two_versions_disagree_where_their_coefficient_says(home, tmp_path):
    (tmp_path / "config.toml").write_text(GATES.replace("costs.py:cost", "absolute"))
    with open_registry() as registry:
        first, second = registry.version("shop", 1), registry.version("shop", 2)
    found = confront(first, second)
    price = held().inputs["price"]
    assert (found.names, found.rows) == (("version 2", "version 1"), 600)
    assert found.most == pytest.approx(price.max(), rel=1e-5)
    assert found.mean == pytest.approx(price.mean(), rel=1e-5)
    assert found.versus.difference.high < 0
    assert found.examples.rows[0][0] in range(20)


def test_without_rows_or_a_loss_of_ours_nothing_is_said(home, tmp_path):
    with open_registry() as registry:
        pair = registry.version("shop", 1), registry.version("shop", 2)
    with pytest.raises(DefinitionError, match=r"the loss 'costs\.py:cost' of the project cannot be analysed"):
        confront(*pair)
    (tmp_path / "config.toml").write_text("[gates]\n")
    assert confront(*pair) is None


@pytest.mark.parametrize(
    ("gates", "error", "said"),
    [
        (
            GATES.replace("costs.py:cost", "cost.py:cost"),
            InputError,
            "There is no file 'cost.py'.*Did you mean 'costs.py'",
        ),
        (GATES.replace("costs.py:cost", "costs.py:csot"), DefinitionError, "has no 'csot'.*Did you mean 'cost'"),
        (GATES.replace("'holdout'", "'holdotu'"), NotFoundError, "no artifact 'r1/holdotu', on which the gates"),
    ],
)
def test_what_the_project_lacks_is_told(home, tmp_path, gates, error, said):
    (tmp_path / "config.toml").write_text(gates)
    with pytest.raises(error, match=said):
        judge("shop", 1)


def test_a_refit_is_promoted_on_the_scores_of_the_version_that_was_evaluated(home, tmp_path):
    assert promote("shop", 1, who="ada", why="first").decision is not None
    built = linear(tmp_path / "refit", (2.01, 3.0))
    attest_training(built.package, "2025-04-30", refit=True)  # it knows the holdout
    with open_registry() as registry:
        assert registry.register(built.package.path, "shop", run="r1").number == 3
    assert promote("shop", 3, who="ada", why="a refit alone").decision is None
    refused = promote_refit("shop", 3, 2, who="ada", why="a refit")
    assert (refused.decision, refused.report.gate("refit").answer) == (None, "inconclusive")
    (tmp_path / "config.toml").write_text(GATES + "refit = 'allowed'\n")
    made = promote_refit("shop", 3, 2, who="ada", why="a refit")
    assert (made.decision.target, made.report.is_refit, made.report.rows) == (3, True, 600)
    assert made.report.gate("champion").says.startswith("of version 2: loses")
    assert promote_refit("shop", 3, 2, who="ada", why="again").already
