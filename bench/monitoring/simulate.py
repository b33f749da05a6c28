"""The rates alone, as JSON: python bench/monitoring/simulate.py REFERENCES FILE [KIND]."""

import json
import sys
from pathlib import Path

from rates import everything
from worlds import KINDS

if __name__ == "__main__":
    told, kinds = [], sys.argv[3:] or KINDS
    for one in everything(int(sys.argv[1]), lambda text: print(text, file=sys.stderr, flush=True), kinds):
        told.append(one)
        Path(sys.argv[2]).write_text(json.dumps(told, indent=1) + "\n")
