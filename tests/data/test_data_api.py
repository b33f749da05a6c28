"""The names that `mainspring.data` gives to its users, and what they cost those who do not use them."""

import inspect
import subprocess
import sys

from mainspring import data


def described(name: str) -> str:
    value = getattr(data, name)
    if inspect.isclass(value):
        public = sorted(member for member in vars(value) if not member.startswith("_"))
        return f"class {name}: {', '.join(public)}"
    if callable(value):
        signature = inspect.signature(value)
        bare = [one.replace(annotation=inspect.Parameter.empty) for one in signature.parameters.values()]
        return f"{name}{signature.replace(parameters=bare, return_annotation=inspect.Signature.empty)}"
    return f"{name}: {value}"


def test_the_public_names(snapshot):
    assert "\n".join(described(name) for name in data.__all__) == snapshot


def test_those_who_do_not_use_it_do_not_pay_for_it():
    statement = "import sys, mainspring, mainspring.cli.app, mainspring.workspace, mainspring.stats, mainspring.config"
    code = f"{statement}; print([name for name in sys.modules if name in ('polars', 'mainspring.data', 'fsspec')])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_what_needs_a_library_of_its_own_is_loaded_when_it_is_met():
    code = (
        "import sys, mainspring.data; print([one for one in ('fsspec', 'sqlalchemy', 'pandas') if one in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
