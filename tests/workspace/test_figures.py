"""Figures of a service and of training: what jumps and what leaks is found, and nothing where nothing moves."""

import json

import numpy as np
import pytest
from shop_log import DAY, START
from shop_service import serve_hours
from typer.testing import CliRunner

from mainspring import pipeline, run, step
from mainspring.cli.app import app
from mainspring.config.monitor import Monitor
from mainspring.errors import MonitoringError, NotFoundError
from mainspring.monitoring import judge_runs
from mainspring.serving import samples
from mainspring.serving.samples import SAMPLES, Sampling, read_samples
from mainspring.workspace import figures
from mainspring.workspace.figures import service_figures, training_figures

DAYS, REFERENCE = 19, 5
SETTINGS = Monitor(reference_days=REFERENCE)


def home_of(folder, *, slower=1.0, leak=0.0, failing=0.0):
    """Nineteen days: requests get slower at noon of the last day, memory leaks from day 5 on."""
    home = folder / ".mainspring"
    noon = 24 * (DAYS - 1) + 12
    serve_hours(home, range(noon), leak=leak, leaks=24 * REFERENCE)
    changed = {"slower": slower, "failing": failing or 0.001}
    serve_hours(home, range(noon, 24 * DAYS), leak=leak, leaks=24 * REFERENCE, **changed)
    with max((home / SAMPLES).iterdir()).open("ab") as file:
        file.write(b'{"at": 1')
    return home


@pytest.fixture(scope="module")
def usual(tmp_path_factory):
    return home_of(tmp_path_factory.mktemp("usual"))


@pytest.fixture(scope="module")
def moved(tmp_path_factory):
    return home_of(tmp_path_factory.mktemp("moved"), slower=1.6, leak=6.0, failing=0.05)


def found(home):
    every = service_figures("shop", home, SETTINGS, START + DAYS * DAY)
    return {one.name: "leak" if one.moved.leak else "jump" for one in every if one.found}


def test_a_service_like_before_has_nothing_to_tell(usual):
    assert found(usual) == {}
    every = {one.name: one for one in service_figures(None, usual, SETTINGS, START + DAYS * DAY)}
    assert len(every["latency p95"].values) == 24 * DAYS
    low, high = every["latency p95"].moved.band
    assert low < every["latency p95"].values[-1] < high
    assert every["memory"].values[-1] == pytest.approx(200, abs=4)


def test_what_jumps_and_what_leaks_is_found_and_told_apart(moved):
    told = found(moved)
    assert told["memory"] == "leak"
    assert told["errors"] == "jump"
    assert {told[f"latency p{level}"] for level in (50, 95)} == {"jump"}
    assert "throughput" not in told


def test_what_lies_between_the_reference_and_what_is_looked_at_changes_nothing(moved, monkeypatch):
    monkeypatch.setattr(figures, "_FOLLOWED", 7)
    whole, part = (service_figures("shop", moved, SETTINGS, START + DAYS * DAY, whole=whole) for whole in (True, False))
    assert [(one.name, one.moved) for one in part] == [(one.name, one.moved) for one in whole]
    assert {len(one.values) for one in whole} == {24 * DAYS}
    assert {len(one.values) for one in part} == {24 * (REFERENCE + 1 + 8)}


def test_the_commands_tell_what_moved(moved, tmp_path, monkeypatch):
    (tmp_path / "clock").write_text(str(START + DAYS * DAY))
    monkeypatch.setenv("MAINSPRING_CLOCK", str(tmp_path / "clock"))
    command = ["monitor", "service", "--reference-days", str(REFERENCE), "--home", str(moved)]
    told = CliRunner().invoke(app, [*command, "--json"])
    assert told.exit_code == 1
    answers = {one["figure"]: one["answer"] for one in json.loads(told.stdout)}
    assert (answers["latency p50"], answers["memory"], answers["throughput"]) == ("jump", "slow leak", "as usual")
    assert "jump" in CliRunner().invoke(app, command).stdout
    early = service_figures("shop", moved, Monitor(reference_days=2), START + 3 * DAY)
    assert {one.says for one in early} == {"48 windows are too few to know how a figure varies"}


def test_a_worker_keeps_a_sample_a_minute_and_what_it_did_since(tmp_path, monkeypatch):
    moments = iter([0.0, 30.0, 61.0, 70.0, 130.0])
    monkeypatch.setattr(samples, "now", lambda: next(moments))
    counts = iter([(10, 1, 0, 3, 500), (25, 1, 2, 0, 0)])
    sampling = Sampling(tmp_path / SAMPLES, 7, lambda: "shop", lambda: next(counts))
    for _ in range(4):
        sampling.look()
    first, second = read_samples(tmp_path / SAMPLES)
    assert (first.at, first.requests, first.refused, first.active, first.waiting) == (61.0, 10, 1, 3, 500)
    assert (second.at, second.requests, second.failed) == (130.0, 15, 2)
    assert first.memory > 1 << 20


@step
def train(rounds: int) -> int:
    return rounds


@pipeline
def shop() -> int:
    return train(3)


def test_what_training_took_is_judged_by_runs_in_which_the_same_ran(tmp_path):
    home = tmp_path / ".mainspring"
    run(shop, home=home)
    every = {one.name: one for one in training_figures(home=home)}
    assert every["time"].moved is None
    assert every["time"].says == "1 figures are too few to know how they vary"
    assert every["memory"].values[0] > 1
    with pytest.raises(NotFoundError, match=r"No run of 'shp' has succeeded.*Did you mean 'shop'"):
        training_figures("shp", home)


def test_few_runs_say_when_the_last_is_another_or_they_leak():
    rng = np.random.default_rng(1)
    usual = 3 + rng.normal(0, 0.05, 12)
    quiet = judge_runs(usual, floor=0.2)
    assert (quiet.jump, quiet.leak) == (False, False)
    assert judge_runs([*usual, 3.6], floor=0.2).jump
    assert judge_runs(usual + 0.06 * np.arange(12), floor=0.2).leak
    with pytest.raises(MonitoringError, match="5 figures are too few"):
        judge_runs(usual[:5])
    alarms = sum(judge_runs(rng.normal(size=10)).jump for _ in range(500))
    assert alarms <= 4
