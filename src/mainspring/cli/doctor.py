"""`mainspring doctor`."""

import typer

from mainspring.cli.failing import Exit
from mainspring.cli.options import AsJson, HomePath
from mainspring.cli.printing import mark, put, put_json
from mainspring.config.homes import home_and_settings
from mainspring.workspace.doctor import examine

__all__ = ["doctor"]


def doctor(*, home: HomePath = None, as_json: AsJson = False) -> None:
    """Check this machine, this installation and the home. Exits with 1 when something would fail."""
    checks = examine(*home_and_settings(home))
    if as_json:
        put_json(
            {
                "checks": [
                    {"name": one.name, "status": one.status, "found": one.found, "advice": one.advice} for one in checks
                ]
            }
        )
    else:
        width = max(len(one.name) for one in checks)
        for one in checks:
            put(f"{mark(one.status)} {one.status:<4} {one.name:<{width}}  {one.found}")
            if one.advice:
                put(f"{'':<{width + 9}}{one.advice}")
    if any(one.status == "fail" for one in checks):
        raise typer.Exit(Exit.FAILED)
