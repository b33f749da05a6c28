"""The batch of Mainspring: `python ours.py TABLE PACKAGE OUT`."""

import sys

import onnxruntime
import polars
from told import tell

import mainspring
from mainspring.batch import predict_batch

# As in bare.py: loading libraries is not measured. Mainspring loads them, and parts of itself, when they are needed.
LOADED = (onnxruntime, polars, mainspring.load)


def batch(table: str, package: str, out: str) -> int:
    return predict_batch(mainspring.load(package), table, out).predicted


if __name__ == "__main__":
    tell(lambda: batch(*sys.argv[1:]))
