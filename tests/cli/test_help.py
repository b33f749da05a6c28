"""What help says, and that it costs next to nothing."""

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from mainspring.cli.app import COMMANDS, app
from mainspring.cli.failing import EXIT_CODES

GROUPS = {
    "runs": ("list", "show", "compare", "pin", "unpin"),
    "artifacts": ("show", "export"),
    "packages": ("inspect", "verify", "diff", "register"),
    "models": ("list", "show", "compare", "ab"),
    "gates": ("run", "show", "sign"),
    "monitor": ("backfill", "check", "explain", "quality", "report", "service", "simulate", "skew", "training"),
    "alerts": ("list", "show", "ack"),
    "alias": ("set", "history"),
    "triggers": ("list", "fire", "why"),
    "labels": ("add", "list"),
    "config": ("show", "lint"),
    "predictions": ("list", "roll", "prune", "erase"),
    "overrides": ("add", "list", "remove"),
    "keys": ("create", "list", "revoke"),
}
CALLS = [(), *((name,) for name in COMMANDS), *((group, name) for group, names in GROUPS.items() for name in names)]


def say(*args: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, list(args), prog_name="mainspring")
    return done.exit_code, done.output


@pytest.fixture(autouse=True)
def width(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")


@pytest.mark.parametrize("call", CALLS, ids=" ".join)
def test_help(call, snapshot):
    code, text = say(*call, "--help")
    assert code == 0
    assert text == snapshot
    assert say(*call, "-h") == (0, text)


def test_no_arguments_are_a_call_for_help():
    assert say() == say("--help")


@pytest.mark.parametrize("group", GROUPS)
def test_a_group_alone_shows_its_commands(group):
    code, text = say(group)
    assert code == 2
    assert all(name in text for name in GROUPS[group])


def test_help_tells_every_exit_code():
    text = " ".join(say("--help")[1].split())
    assert all(f"{code} {meaning}" in text for code, meaning in EXIT_CODES.items())


def test_every_command_has_the_line_that_it_is_listed_with():
    assert all(line.endswith(".") and len(line) <= 66 for _, line in COMMANDS.values())


def test_every_table_has_json():
    tables = [call for call in CALLS if call[:1] not in [(), ("init",)] and call[-1] not in GROUPS]
    silent = [("serve",), ("runs", "pin"), ("runs", "unpin"), ("artifacts", "export")]
    silent += [("predictions", "prune"), ("predictions", "erase")]
    silent += [("overrides", "add"), ("overrides", "remove"), ("keys", "create"), ("keys", "revoke")]
    assert [call for call in tables if "--json" not in say(*call, "--help")[1]] == silent


def test_the_version():
    import mainspring

    assert say("--version") == (0, f"mainspring {mainspring.__version__}\n")


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (("rnu",), "No such command 'rnu'. Did you mean 'run'?"),
        (("run", "--profil", "x"), "No such option: --profil"),
        (("runs", "lst"), "No such command 'lst'. Did you mean 'list'?"),
        (("runs", "list", "--limt", "3"), "No such option: --limt"),
        (("init",), "Missing argument 'DIR'"),
        (("why",), "Missing argument 'STEP'"),
        (("lineage",), "Missing argument 'ARTIFACT'"),
        (("artifacts", "export", "x"), "Missing argument 'PATH'"),
        (("run", "--workers", "0"), "Invalid value for '--workers'"),
        (("run", "--workers", "many"), "Invalid value for '--workers'"),
        (("monitor", "check", "--last", "0"), "Invalid value for '--last'"),
        (("monitor", "quality", "--last", "-1"), "Invalid value for '--last'"),
        (("gc", "--older-than", "old"), "'old' is no age"),
        (("plan", "a", "b"), "unexpected extra argument"),
    ],
)
def test_wrong_usage_is_named_and_exits_with_2(call, said):
    code, text = say(*call)
    assert code == 2
    assert said in text


CALL = """
import sys
sys.argv = ["mainspring", *sys.argv[1:]]
from mainspring.cli import main
try:
    main()
except SystemExit:
    pass
print("\\n#" + " ".join(sys.modules))
"""


def loaded(*args: str, **options) -> set[str]:
    """Return the modules that a command line loads."""
    done = subprocess.run([sys.executable, "-c", CALL, *args], capture_output=True, text=True, check=True, **options)
    return set(done.stdout.rpartition("#")[2].split())


@pytest.mark.parametrize("args", [(), ("--help",), ("--version",)])
def test_help_loads_no_command_and_nothing_heavy(args):
    modules = loaded(*args)
    ours = {name for name in modules if name.startswith("mainspring")}
    assert ours == {"mainspring", "mainspring.cli", "mainspring.cli.entry", "mainspring.cli.app",
                    "mainspring.cli.failing", "mainspring.errors", "mainspring.lazy"}  # fmt: skip
    assert not modules & {"rich", "numpy", "pydantic", "msgspec", "sqlite3", "asyncio", "importlib.metadata", "email"}


def test_a_command_loads_no_other():
    commands = {place.partition(":")[0] for place, _ in COMMANDS.values()}
    assert loaded("gc", "--help") & commands == {"mainspring.cli.gc"}


def test_the_parent_of_services_loads_nothing_that_predicts():
    assert not loaded("serve", "--help") & {"numpy", "onnxruntime", "starlette", "mainspring.package"}


DEEP = """
import resource, sys, types

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

def leaf():
    pass

def calls(depth):
    if depth:
        return calls(depth - 1)
    before = faults()
    for _ in range(500):
        leaf()
    return faults() - before

app = sys.modules["mainspring.cli.app"] = types.ModuleType("mainspring.cli.app")
app.main = lambda: print(max(calls(depth) for depth in range(200)))
from mainspring.cli import main
main()
"""


def test_calls_at_no_depth_ask_the_system_for_memory_each_time():
    done = subprocess.run([sys.executable, "-c", DEEP], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 100


def test_a_run_loads_nothing_that_it_does_not_need(shop):
    loaded("run", cwd=shop.folder)  # learns what is installed, which is kept
    modules = loaded("run", cwd=shop.folder)
    assert "mainspring.workspace.running" in modules
    heavy = {"rich", "numpy", "pandas", "sqlalchemy", "asyncio", "pdb", "email", "importlib.metadata", "pydantic"}
    assert not modules & {*heavy, "mainspring.cli.terminal", "mainspring.workspace.debugging"}
