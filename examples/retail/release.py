"""Register the packages of the last run, and promote those that pass their gates: see [gates] in config.toml.

What `mainspring packages register` and `mainspring promote` do, for the model and its two fallbacks at once. What the
service can be asked is written to questions.jsonl, for `ask.py`. Where the champions are the packages of the last run
already, nothing is loaded and nothing is done.
"""

import sys
from pathlib import Path

from mainspring.workspace.champions import champion_of_run

HERE = Path(__file__).resolve().parent
HOME = HERE / ".mainspring"
QUESTIONS = HERE / "questions.jsonl"
MODELS = {"retail": "package", "retail-usual": "fallbacks.usual", "retail-last-week": "fallbacks.last_week"}


def main() -> int:
    why = " ".join(sys.argv[1:]) or "the newest run"
    champions = {name: champion_of_run(name, step, HOME) for name, step in MODELS.items()}
    if None in champions.values() or not QUESTIONS.exists():
        ask_about_the_last_run()
    refused = 0
    for name, number in champions.items():
        if number is None:
            refused += not release(name, MODELS[name], why)
        else:
            sys.stdout.write(f"{name}@champion is version {number} already\n")
    return 1 if refused else 0


def ask_about_the_last_run() -> None:
    """Write down what the service can be asked."""
    from shutil import copyfile

    from mainspring import load_artifact

    copyfile(load_artifact("requests.questions", home=HOME), QUESTIONS)


def release(name: str, step: str, why: str) -> bool:
    """Register a package and promote it; say which gates it passes, or why it does not."""
    from getpass import getuser

    from mainspring.registry import open_registry, resolve
    from mainspring.workspace.gating import promote

    target = resolve(f"run:latest/{step}", HOME)
    with open_registry(HOME) as registry:
        version = registry.register(target.path, name, run=target.run, trust=target.trust)
    found = promote(name, version.number, who=getuser(), why=why, home=HOME)
    for gate in found.report.gates if found.report else ():
        sys.stdout.write(f"  {gate.answer:<12}  {gate.name}: {gate.says}\n")
        if gate.fix:
            sys.stdout.write(f"{'':<16}{gate.fix}\n")
    done = found.decision is not None
    says = f"@champion is version {version.number}" if done else f" version {version.number} is not promoted"
    sys.stdout.write(f"{name}{says}, package {version.digest[:12]}\n")
    return done


if __name__ == "__main__":
    sys.exit(main())
