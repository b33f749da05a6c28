"""The command `mainspring`: its commands are named here, and loaded when one is called or its help is shown."""

import io
import sys
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

import mainspring
from mainspring.cli.failing import EXIT_CODES, Exit, exit_code_of, is_of_output, show_error, write_nowhere

__all__ = ["COMMANDS", "app", "main"]

# Where each command lives, and its line in `mainspring --help`.
COMMANDS = {
    "init": ("mainspring.cli.init:init", "Write a first pipeline into a new folder."),
    "run": ("mainspring.cli.run:run", "Run a pipeline: what is stored already is not computed again."),
    "smoke": ("mainspring.cli.run:smoke", "Run a pipeline with its smoke profile."),
    "plan": ("mainspring.cli.plan:plan", "Show what a run would do, and why."),
    "why": ("mainspring.cli.why:why", "Show what changed since a step last succeeded, down to the lines."),
    "runs": ("mainspring.cli.runs:COMMANDS", "List, show, compare and pin runs."),
    "reproduce": ("mainspring.cli.reproduce:run_again", "Run a recorded run again and compare, step by step."),
    "artifacts": ("mainspring.cli.artifacts:COMMANDS", "Show and export what steps returned."),
    "packages": ("mainspring.cli.packages:COMMANDS", "Inspect, verify, compare and register packages."),
    "models": ("mainspring.cli.models:COMMANDS", "List, show and compare models: their versions and aliases."),
    "gates": ("mainspring.cli.gates:GATES", "Run the gates of a version, and sign for it."),
    "promote": ("mainspring.cli.gates:promote", "Make a version that passes its gates the champion."),
    "rollback": ("mainspring.cli.gates:rollback", "Make the previous champion the champion again."),
    "alias": ("mainspring.cli.models:ALIASES", "Make an alias stand for a version of a model."),
    "predict": ("mainspring.cli.predict:predict", "Predict all rows of a table, in parts that can be resumed."),
    "serve": ("mainspring.cli.serve:serve", "Serve a package over HTTP."),
    "trace": ("mainspring.cli.predictions:trace", "Show where an answer of a service came from."),
    "predictions": ("mainspring.cli.predictions:COMMANDS", "List, roll, prune and erase logged predictions."),
    "monitor": ("mainspring.cli.monitor:COMMANDS", "Make windows of the prediction log, check and explain them."),
    "alerts": ("mainspring.cli.alerts:COMMANDS", "List, show and acknowledge alerts."),
    "watch": ("mainspring.cli.watch:watch", "Watch what is served: retrain, judge, promote, take back."),
    "triggers": ("mainspring.cli.triggers:COMMANDS", "List triggers, ask for a run, and show why one was started."),
    "overrides": ("mainspring.cli.overrides:OVERRIDES", "Set values in the place of predictions, for a time."),
    "keys": ("mainspring.cli.serve:KEYS", "Make, list and revoke API keys of a service."),
    "lineage": ("mainspring.cli.lineage:lineage", "Show what an artifact was made from, and what was made from it."),
    "ci": ("mainspring.cli.ci:ci_command", "Smoke run, tests, gates, score: with a report for a pull request."),
    "testscore": ("mainspring.cli.testscore:COMMANDS", "Show the ML Test Score, made of evidence."),
    "config": ("mainspring.cli.config:COMMANDS", "Show and lint the configuration."),
    "gc": ("mainspring.cli.gc:gc", "Remove old runs, and the results and blobs that nothing needs."),
    "doctor": ("mainspring.cli.doctor:doctor", "Check this machine, this installation and the home."),
}
HELP = "One machine-learning pipeline, from raw data to a monitored service and back."
EXITS = "Exit codes: " + "; ".join(f"{code} {meaning}" for code, meaning in EXIT_CODES.items()) + "."
NAMES = {"help_option_names": ["-h", "--help"]}
PLAIN: dict[str, Any] = {"rich_markup_mode": None, "pretty_exceptions_enable": False, "context_settings": NAMES}


class _Loaded(MutableMapping[str, Any]):
    """Commands by name, loaded when they are asked for."""

    def __init__(self, places: Mapping[str, tuple[str, str]]) -> None:
        self._places = places
        self._made: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._made:
            module, _, attribute = self._places[name][0].partition(":")
            self._made[name] = _command(name, getattr(import_module(module), attribute), self._places[name][1])
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def __setitem__(self, name: str, command: Any) -> None:
        self._made[name] = command

    def __delitem__(self, name: str) -> None:
        del self._made[name]


def _command(name: str, target: Callable[..., Any] | Mapping[str, Callable[..., Any]], line: str) -> Any:
    """Return a command for a function, or a group of commands for several."""
    alone = isinstance(target, Mapping) and "" in target  # what the group does when no command of it is named
    made = typer.Typer(help=None if alone else line, no_args_is_help=not alone, add_completion=False, **PLAIN)
    if isinstance(target, Mapping):
        for inner, function in target.items():
            if not inner:
                made.callback(invoke_without_command=True)(function)
                continue
            made.command(inner, context_settings=NAMES)(function)
    else:
        made.command(name, context_settings=NAMES)(target)
    command = typer.main.get_command(made)
    command.name = name
    return command


class _Group(TyperGroup):
    """The commands of `COMMANDS`; what goes wrong in one becomes a message and an exit code."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.commands = _Loaded(COMMANDS)

    def list_commands(self, _: Any) -> list[str]:
        return list(COMMANDS)

    def format_commands(self, _: Any, formatter: Any) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])

    def invoke(self, ctx: Any) -> Any:
        try:
            value = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            write_nowhere()
            raise typer.Exit(Exit.PIPE) from None
        except KeyboardInterrupt:
            typer.echo("Interrupted.", err=True)
            raise typer.Exit(Exit.INTERRUPTED) from None
        except Exception as error:  # what a command raises ends here, whatever it is
            code = exit_code_of(error)
            if code is None:
                raise
            show_error(error)
            if is_of_output(error):
                write_nowhere()
            raise typer.Exit(code) from None
        return value


app = typer.Typer(name="mainspring", cls=_Group, help=HELP, epilog=EXITS, **PLAIN)


def _print_version(*, asked: bool) -> None:
    if asked:
        typer.echo(f"mainspring {mainspring.__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _root(
    context: typer.Context,
    *,
    version: Annotated[  # noqa: ARG001 - its callback prints it
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def main() -> None:
    """Run the command line of this process, and exit."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    app()
