"""ZenML: steps on its local stack, with its cache on."""

from peer import Edited, Files, Peer
from subject import COMPUTE, HEADER, SHARED, UNRELATED

MAIN = """

if __name__ == "__main__":
    done = chain()
    print("RESULT", done.steps["{last}"].output.load())
"""


def chain(steps: int, head: str, body: str) -> Files:
    text = ["from zenml import pipeline, step\n", head, f"@step\ndef s0() -> int:\n    {body}\n    return 1\n"]
    text += [f"@step\ndef s{i}(x: int) -> int:\n    {body}\n    return x + 1\n" for i in range(1, steps)]
    text += ["@pipeline", "def chain() -> None:", "    x = s0()"]
    text += [f"    x = s{i}(x)" for i in range(1, steps)]
    return {"flow.py": "\n".join(text) + MAIN.format(last=f"s{steps - 1}")}


def flow(of_read: str, of_compute: str) -> str:
    return f"""
from pathlib import Path

from zenml import pipeline, step
from zenml.config import CachePolicy
{HEADER}

@step{of_read}
def read(path: str) -> int:
    ran("read")
    return int(Path(path).read_text())


@step{of_compute}{COMPUTE}{UNRELATED}

@pipeline
def chain() -> None:
    compute(read("data.txt"))
{MAIN.format(last="compute")}"""


BY_HAND = (
    "(cache_policy=CachePolicy(file_dependencies=['data.txt']))",
    "(cache_policy=CachePolicy(file_dependencies=['helpers.py'], source_dependencies=[_near]))",
)
RUN = ("python", "flow.py")


def edited(title: str, of_read: str, of_compute: str) -> Edited:
    return Edited(title=title, files={**SHARED, "flow.py": flow(of_read, of_compute)}, first=RUN, again=RUN)


PEER = Peer(
    name="zenml",
    title="ZenML",
    distribution="zenml",
    imports="from zenml import pipeline, step",
    help=("zenml", "--help"),
    chain=chain,
    run=RUN,
    setup=("zenml", "init"),
    store=(".zen", ".zenml"),
    edited=(edited("ZenML", "", ""), edited("ZenML, by hand", *BY_HAND)),
    variables={
        "ZENML_ANALYTICS_OPT_IN": "false",
        "ZENML_CONFIG_PATH": "{project}/.zenml",
        "ZENML_DISABLE_PIPELINE_LOGS_STORAGE": "true",
        "ZENML_DISABLE_STEP_LOGS_STORAGE": "true",
    },
    slow=True,
    remarks=(
        "local stack over SQLite, analytics and the storing of logs off",
        "by hand: what each step uses is listed in its `CachePolicy`, modules as whole files",
    ),
)
