"""A data contract of ten rules on a million rows, beside bare Polars and other tools: one command, one table.

python bench/contract/run.py            everything; writes RESULTS.md and results.json beside this file
python bench/contract/run.py --quick    a small check that everything works; prints, writes nothing
"""

import sys
from importlib import import_module
from pathlib import Path

HERE = Path(__file__).resolve().parent

if __name__ == "__main__":
    sys.path.append(str(HERE.parent / "engine"))  # what makes environments, and measures from outside
    sys.exit(import_module("contest").main())
