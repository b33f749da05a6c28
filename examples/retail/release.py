"""Register the packages of the last run, and make the newest ones the champions.

What `mainspring packages register` and `mainspring alias set` do, for the model and its two fallbacks at once.
"""

import getpass
import sys
from pathlib import Path

from mainspring.registry import open_registry, resolve

HOME = Path(__file__).resolve().parent / ".mainspring"
MODELS = {"retail": "package", "retail-usual": "fallbacks.usual", "retail-last-week": "fallbacks.last_week"}


def main() -> int:
    why = " ".join(sys.argv[1:]) or "the newest run"
    with open_registry(HOME) as registry:
        for name, step in MODELS.items():
            target = resolve(f"run:latest/{step}", HOME)
            version = registry.register(target.path, name, run=target.run, trust=target.trust)
            registry.set_alias(name, "champion", version.number, who=getpass.getuser(), why=why)
            sys.stdout.write(f"{name}@champion is version {version.number}, package {version.digest[:12]}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
