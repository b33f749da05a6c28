"""Options that several commands share, as structs, and how a command takes them."""

import functools
import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer
from msgspec import NODEFAULT, Struct, field
from msgspec.structs import fields

from mainspring.cli.completing import keys, pipelines, profiles, runs, steps

__all__ = [
    "RUN_HELP",
    "AsJson",
    "Chosen",
    "HomePath",
    "ReferenceDays",
    "RunName",
    "Segment",
    "StepName",
    "WindowSeconds",
    "flat",
]

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
HomePath = Annotated[
    Path | None,
    typer.Option("--home", metavar="DIR", help="The folder for runs and results, in place of the usual one."),
]
WindowSeconds = Annotated[
    int | None,
    typer.Option("--window", metavar="SECONDS", help="How long a window lasts; by default as [monitor] says."),
]
ReferenceDays = Annotated[
    int | None,
    typer.Option(
        "--reference-days",
        metavar="DAYS",
        help="How many days, from the first on, are the reference; by default as [monitor] says.",
    ),
]
Segment = Annotated[str, typer.Option("--segment", metavar="COLUMN=VALUE", help="Only rows with that value.")]
RUN_HELP = "A run: its id, the beginning of it, or 'latest'."
RunName = Annotated[str, typer.Argument(metavar="RUN", help=RUN_HELP, autocompletion=runs)]
StepName = Annotated[str, typer.Argument(metavar="STEP", help="A step.", autocompletion=steps)]


class Chosen(Struct, frozen=True):
    """Which pipeline, with which configuration, in which home."""

    pipeline: Annotated[
        str | None,
        typer.Argument(
            metavar="FILE.py[:PIPELINE]",
            help="The pipeline; by default the only one of ./pipeline.py.",
            autocompletion=pipelines,
            show_default=False,
        ),
    ] = None
    config: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The configuration, in place of the config.toml beside the pipeline."),
    ] = None
    profile: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The table [profile.NAME] of the configuration.", autocompletion=profiles),
    ] = None
    sets: Annotated[
        list[str],
        typer.Option("--set", metavar="KEY=VALUE", help="Set one value; may be repeated.", autocompletion=keys),
    ] = field(default_factory=list)
    home: HomePath = None


def flat(command: Callable[..., Any]) -> Callable[..., Any]:
    """Return a command that takes the fields of its struct parameters as options of its own."""
    parameters = inspect.signature(command).parameters
    kinds = get_type_hints(command, include_extras=True)
    groups = {name: kinds[name] for name in parameters if _is_struct(kinds[name])}

    @functools.wraps(command)
    def called(**given: Any) -> Any:
        for name, kind in groups.items():
            made: Any = kind
            given[name] = made(**{one.name: given.pop(one.name) for one in fields(kind)})
        return command(**given)

    expanded: list[inspect.Parameter] = []
    for name, parameter in parameters.items():
        expanded += _parameters(groups[name]) if name in groups else [parameter.replace(annotation=kinds[name])]
    called.__signature__ = inspect.Signature(expanded)  # type: ignore[attr-defined]
    called.__annotations__ = {one.name: one.annotation for one in expanded}
    return called


def _is_struct(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Struct)


def _parameters(kind: Any) -> Iterator[inspect.Parameter]:
    hints = get_type_hints(kind, include_extras=True)
    for one in fields(kind):
        default = one.default if one.default_factory is NODEFAULT else one.default_factory()
        empty = inspect.Parameter.empty
        yield inspect.Parameter(
            one.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=empty if default is NODEFAULT else default,
            annotation=hints[one.name],
        )
