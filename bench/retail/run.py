"""The retail example beside simpler forecasts, a plain LightGBM script and mlforecast: one command, one table.

python bench/retail/run.py              on the table of the demo; writes RESULTS.md and results.json here
python bench/retail/run.py --m5 PATH    on the M5 sample as well
python bench/retail/run.py --quick      a small check that everything works; prints, writes nothing
"""

import sys
from importlib import import_module
from pathlib import Path

HERE = Path(__file__).resolve().parent

if __name__ == "__main__":
    sys.path[1:1] = [str(HERE.parent.parent / "examples" / "retail"), str(HERE.parent / "engine")]
    sys.exit(import_module("contest").main())
