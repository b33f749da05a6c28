"""Mainspring, installed and called as a user would."""

from peer import Edited, Files, Peer
from subject import COMPUTE, HEADER, SHARED, UNRELATED

TOP = "from mainspring import pipeline, step\n"


def chain(steps: int, head: str, body: str) -> Files:
    text = [TOP, head, f"@step\ndef s0() -> int:\n    {body}\n    return 1\n"]
    text += [f"@step\ndef s{i}(x: int) -> int:\n    {body}\n    return x + 1\n" for i in range(1, steps)]
    text += ["@pipeline", "def chain() -> int:", "    x = s0()"]
    text += [f"    x = s{i}(x)" for i in range(1, steps)]
    return {"pipeline.py": "\n".join([*text, "    return x", ""])}


EDITED = f"""
from dataclasses import dataclass

from mainspring import File, pipeline, step
{HEADER}

@dataclass(frozen=True)
class Settings:
    data: File


@step
def read(data: File) -> int:
    ran("read")
    return int(data.read_text())


@step{COMPUTE}{UNRELATED}

@pipeline
def total(config: Settings) -> int:
    return compute(read(config.data))
"""

RUN = ("mainspring", "run", "--json")

PEER = Peer(
    name="mainspring",
    title="Mainspring",
    distribution="mainspring",
    imports="from mainspring import pipeline, step",
    help=("mainspring", "--help"),
    chain=chain,
    run=RUN,
    store=(".mainspring",),
    edited=(
        Edited(
            title="Mainspring",
            files={**SHARED, "pipeline.py": EDITED, "config.toml": 'data = "data.txt"\n'},
            first=RUN,
            again=RUN,
        ),
    ),
)
