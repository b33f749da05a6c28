"""Plain Python: functions that keep each result in a JSON file. The measure of every ratio, the oracle of the edits."""

from peer import Edited, Files, Peer
from subject import COMPUTE, HEADER, SHARED, UNRELATED

KEEP = """
import json
import os
import pathlib

STORE = pathlib.Path("store")


def kept(name, value):
    beside = STORE / (name + ".part")
    beside.write_text(json.dumps(value))
    os.replace(beside, STORE / (name + ".json"))
    return json.loads((STORE / (name + ".json")).read_text())
"""


def chain(steps: int, head: str, body: str) -> Files:
    text = [KEEP, head, f"def s0():\n    {body}\n    return 1\n"]
    text += [f"def s{i}(x):\n    {body}\n    return x + 1\n" for i in range(1, steps)]
    text += ['if __name__ == "__main__":', "    STORE.mkdir(exist_ok=True)", '    x = kept("s0", s0())']
    text += [f'    x = kept("s{i}", s{i}(x))' for i in range(1, steps)]
    return {"flow.py": "\n".join([*text, '    print("RESULT", x)', ""])}


EDITED = f"""
import pathlib
{HEADER}

def read(path):
    ran("read")
    return int(pathlib.Path(path).read_text())

{COMPUTE}{UNRELATED}
print("RESULT", compute(read("data.txt")))
"""

RUN = ("python", "flow.py")

PEER = Peer(
    name="python",
    title="plain Python",
    distribution="",
    imports="pass",
    help=(),
    chain=chain,
    run=RUN,
    store=("store",),
    edited=(Edited(title="plain Python", files={**SHARED, "flow.py": EDITED}, first=RUN, again=RUN),),
    remarks=(
        "writes each result to a JSON file, renames it into place and reads it back; knows nothing of earlier runs",
    ),
)
