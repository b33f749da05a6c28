"""Metaflow: a flow class over its local datastore."""

from peer import Edited, Files, Peer
from subject import COMPUTE, HEADER, SHARED, UNRELATED


def chain(steps: int, head: str, body: str) -> Files:
    names = ["start", *(f"s{i}" for i in range(1, steps - 1)), "end"]
    text = ["from metaflow import FlowSpec, step\n", head, "class Chain(FlowSpec):"]
    for number, name in enumerate(names):
        value = "self.x = 1" if name == "start" else "self.x = self.x + 1"
        after = f"self.next(self.{names[number + 1]})" if name != "end" else 'print("RESULT", self.x)'
        text.append(f"    @step\n    def {name}(self):\n        {body}\n        {value}\n        {after}\n")
    return {"flow.py": "\n".join([*text, 'if __name__ == "__main__":', "    Chain()", ""])}


EDITED = f"""
from pathlib import Path

from metaflow import FlowSpec, step
{HEADER}
{COMPUTE}{UNRELATED}

class Total(FlowSpec):
    @step
    def start(self):
        ran("read")
        self.value = int(Path("data.txt").read_text())
        self.next(self.end)

    @step
    def end(self):
        self.total = compute(self.value)


if __name__ == "__main__":
    Total()
"""

RUN = ("python", "flow.py", "--quiet", "--no-pylint", "run")
RESUME = ("python", "flow.py", "--quiet", "--no-pylint", "resume")
ANSWER = ("python", "-c", "from metaflow import Flow; print('RESULT', Flow('Total').latest_run.data.total)")
FILES = {**SHARED, "flow.py": EDITED}

PEER = Peer(
    name="metaflow",
    title="Metaflow",
    distribution="metaflow",
    imports="from metaflow import FlowSpec, step",
    help=("metaflow", "--help"),
    chain=chain,
    run=RUN,
    shortcut=RESUME,
    store=(".metaflow",),
    edited=(
        Edited(title="Metaflow", files=FILES, first=RUN, again=RUN, answer=ANSWER),
        Edited(title="Metaflow, resume", files=FILES, first=RUN, again=RESUME, answer=ANSWER),
    ),
    variables={"METAFLOW_USER": "bench"},
    slow=True,
    remarks=(
        "local datastore, no pylint; each step is a process; has no cache, so plain `run` does all again",
        "resume: takes over every step that the last run finished",
    ),
)
