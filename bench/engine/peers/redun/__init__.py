"""redun: tasks as lazy expressions, over its SQLite store."""

from peer import Edited, Files, Peer
from subject import COMPUTE, HEADER, SHARED, UNRELATED

TOP = "from redun import task\n\nredun_namespace = 'bench'\n"


def chain(steps: int, head: str, body: str) -> Files:
    text = [TOP, head, f"@task()\ndef s0() -> int:\n    {body}\n    return 1\n"]
    text += [f"@task()\ndef s{i}(x: int) -> int:\n    {body}\n    return x + 1\n" for i in range(1, steps)]
    text += ["@task()", "def main() -> int:", "    x = s0()"]
    text += [f"    x = s{i}(x)" for i in range(1, steps)]
    return {"flow.py": "\n".join([*text, "    return x", ""])}


def flow(options: str) -> str:
    return f"""
from redun import File, task
{HEADER}
redun_namespace = "bench"


@task()
def read(file: File) -> int:
    ran("read")
    return int(file.read())


@task({options}){COMPUTE}{UNRELATED}

@task()
def main() -> int:
    return compute(read(File("data.txt")))
"""


RUN = ("redun", "run", "--exclude-user", "aws", "--exclude-user", "gcp", "flow.py", "main")


def edited(title: str, options: str) -> Edited:
    return Edited(title=title, files={**SHARED, "flow.py": flow(options)}, first=RUN, again=RUN)


PEER = Peer(
    name="redun",
    title="redun",
    distribution="redun",
    imports="from redun import task",
    help=("redun", "--help"),
    chain=chain,
    run=RUN,
    setup=("redun", "init"),
    store=(".redun",),
    edited=(
        edited("redun", ""),
        edited("redun, by hand", "hash_includes=[_near, far, CONSTANT, Scaler.scale]"),
    ),
    remarks=(
        "the look-up of cloud accounts for its tags is off",
        "by hand: what `compute` uses is listed in `hash_includes`",
    ),
)
