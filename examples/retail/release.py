"""Register the packages of the last run, and make the newest ones the champions.

What `mainspring packages register` and `mainspring alias set` do, for the model and its two fallbacks at once. What the
service can be asked is written to questions.jsonl, for `ask.py`.
"""

import getpass
import shutil
import sys
from pathlib import Path

from mainspring import load_artifact
from mainspring.registry import open_registry, resolve

HERE = Path(__file__).resolve().parent
HOME = HERE / ".mainspring"
MODELS = {"retail": "package", "retail-usual": "fallbacks.usual", "retail-last-week": "fallbacks.last_week"}


def main() -> int:
    why = " ".join(sys.argv[1:]) or "the newest run"
    shutil.copyfile(load_artifact("requests.questions", home=HOME), HERE / "questions.jsonl")
    with open_registry(HOME) as registry:
        for name, step in MODELS.items():
            target = resolve(f"run:latest/{step}", HOME)
            version = registry.register(target.path, name, run=target.run, trust=target.trust)
            registry.set_alias(name, "champion", version.number, who=getpass.getuser(), why=why)
            sys.stdout.write(f"{name}@champion is version {version.number}, package {version.digest[:12]}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
