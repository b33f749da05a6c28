"""Checks of windows: rates of alarms and findings, and what they cost beside Evidently, NannyML and SciPy: one command.

python bench/monitoring/run.py            half an hour; writes RESULTS.md and results.json beside this file
python bench/monitoring/run.py --m5 PATH  the same, and the M5 sample besides Rossmann's stores
python bench/monitoring/run.py --quick    a short look at everything; prints, writes nothing
"""

import sys
from importlib import import_module
from pathlib import Path

HERE = Path(__file__).resolve().parent

if __name__ == "__main__":
    sys.path.append(str(HERE.parent / "engine"))  # what makes environments, and measures from outside
    sys.exit(import_module("contest").main())
