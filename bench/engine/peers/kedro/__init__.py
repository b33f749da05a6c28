"""Kedro: nodes over a catalogue in which every dataset is persisted."""

from peer import Edited, Files, Peer
from subject import COMPUTE, HEADER, SHARED, UNRELATED

PROJECT = """
[tool.kedro]
package_name = "bench"
project_name = "bench"
kedro_init_version = "1.7.0"
source_dir = "."
"""

REGISTRY = """
from kedro.pipeline import Pipeline, node

from flow import {names}


def register_pipelines():
    return {{"__default__": Pipeline([{nodes}])}}
"""

# One pattern of the catalogue persists whatever the nodes return.
CATALOG = """
"{value}":
  type: json.JSONDataset
  filepath: data/{value}.json
"""

TEXT = """
text:
  type: text.TextDataset
  filepath: data.txt
"""


def project(flow: str, nodes: list[tuple[str, str]], catalog: str) -> Files:
    names = ", ".join(name for name, _ in nodes)
    made = ", ".join(f"node({name}, {source}, '{name}_value')" for name, source in nodes)
    return {
        "pyproject.toml": PROJECT,
        "conf/base/catalog.yml": catalog,
        "conf/local/.gitkeep": "",
        "bench/__init__.py": "",
        "bench/settings.py": "DISABLE_HOOKS_FOR_PLUGINS = ('kedro-telemetry',)\n",
        "bench/pipeline_registry.py": REGISTRY.format(names=names, nodes=made),
        "flow.py": flow,
    }


def chain(steps: int, head: str, body: str) -> Files:
    text = [head, f"def s0():\n    {body}\n    return 1\n"]
    text += [f"def s{i}(x):\n    {body}\n    return x + 1\n" for i in range(1, steps)]
    nodes = [("s0", "None")] + [(f"s{i}", f"'s{i - 1}_value'") for i in range(1, steps)]
    return project("\n".join(text), nodes, CATALOG)


EDITED = f"""
{HEADER}

def read(text: str) -> int:
    ran("read")
    return int(text)

{COMPUTE}{UNRELATED}"""

RUN = ("kedro", "run")
MISSING = ("kedro", "run", "--only-missing-outputs")
ANSWER = ("python", "-c", "print('RESULT', open('data/compute_value.json').read())")
FILES = {**SHARED, **project(EDITED, [("read", "'text'"), ("compute", "'read_value'")], CATALOG + TEXT)}

PEER = Peer(
    name="kedro",
    title="Kedro",
    distribution="kedro",
    imports="from kedro.pipeline import Pipeline, node",
    help=("kedro", "--help"),
    chain=chain,
    run=RUN,
    shortcut=MISSING,
    store=("data",),
    edited=(
        Edited(title="Kedro", files=FILES, first=RUN, again=RUN, answer=ANSWER),
        Edited(title="Kedro, only missing", files=FILES, first=RUN, again=MISSING, answer=ANSWER),
    ),
    variables={"KEDRO_DISABLE_TELEMETRY": "1"},
    remarks=(
        "every dataset persisted as JSON, telemetry off; has no cache by content, so plain `kedro run` does all again",
        "only missing: `--only-missing-outputs`, which skips a node whose output exists",
    ),
)
