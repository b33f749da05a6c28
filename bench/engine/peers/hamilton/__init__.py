"""Hamilton: functions wired by the names of their parameters, with its cache on."""

from peer import Edited, Files, Peer
from subject import COMPUTE, HEADER, SHARED, UNRELATED

DRIVER = """
import flow
from hamilton import driver

if __name__ == "__main__":
    dr = driver.Builder().with_modules(flow).with_cache({options}).build()
    print("RESULT", dr.execute(["{last}"], inputs={inputs})["{last}"])
"""


def chain(steps: int, head: str, body: str) -> Files:
    text = [head, f"def s0() -> int:\n    {body}\n    return 1\n"]
    text += [f"def s{i}(s{i - 1}: int) -> int:\n    {body}\n    return s{i - 1} + 1\n" for i in range(1, steps)]
    run = DRIVER.format(options="", last=f"s{steps - 1}", inputs={})
    return {"flow.py": "\n".join(text), "run.py": run}


PLAIN = f"""
from pathlib import Path
{HEADER}

def value(path: str) -> int:
    ran("read")
    return int(Path(path).read_text())

{COMPUTE}{UNRELATED}"""

LOADER = f"""
from pathlib import Path

from hamilton.function_modifiers import dataloader
{HEADER}

@dataloader()
def value(path: str) -> tuple[int, dict]:
    ran("read")
    return int(Path(path).read_text()), {{}}

{COMPUTE}{UNRELATED}"""

RUN = ("python", "run.py")
INPUTS = {"path": "data.txt"}


def edited(title: str, flow: str, options: str) -> Edited:
    run = DRIVER.format(options=options, last="compute", inputs=INPUTS)
    return Edited(title=title, files={**SHARED, "flow.py": flow, "run.py": run}, first=RUN, again=RUN)


PEER = Peer(
    name="hamilton",
    title="Hamilton",
    distribution="sf-hamilton",
    imports="from hamilton import driver",
    help=(),
    chain=chain,
    run=RUN,
    store=(".hamilton_cache",),
    edited=(
        edited("Hamilton", PLAIN, ""),
        edited("Hamilton, by hand", LOADER, 'default_loader_behavior="recompute"'),
    ),
    variables={"HAMILTON_AUTOLOAD_EXTENSIONS": "0"},
    remarks=(
        "cache on, extensions not loaded on import; its command line is an extra that a pipeline does not need",
        "by hand: the input is a data loader, and loaders run in every run",
    ),
)
