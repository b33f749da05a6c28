"""The service beside others that serve the same graph, and a package in process beside bare onnxruntime: one command.

python bench/serving/run.py            a quarter of an hour; writes RESULTS.md and results.json beside this file
python bench/serving/run.py --quick    a short look at everything; prints, writes nothing
"""

import sys
from importlib import import_module
from pathlib import Path

HERE = Path(__file__).resolve().parent

if __name__ == "__main__":
    sys.path.append(str(HERE.parent / "engine"))  # what makes environments
    sys.exit(import_module("contest").main())
