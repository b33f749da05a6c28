"""How often gates are wrong, over 1,000 simulated pairs of models: one command, one table.

python bench/gates/run.py            everything; writes RESULTS.md and results.json beside this file
python bench/gates/run.py --quick    50 pairs; prints, writes nothing
"""

import json
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
PAIRS = 1000

if __name__ == "__main__":
    sys.path.insert(0, str(HERE))

import simulation as sim  # noqa: E402 - found once its folder is on the path


def percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def measure(count: int) -> dict:
    begun, cpu = time.perf_counter(), time.process_time()
    found: dict = {"pairs": count, "tasks": [], "harsher": []}
    for at, task in enumerate(sim.TASKS):
        world, seed = sim.World(task.weeks), 1000 * at
        row: dict = {"weeks": task.weeks, "margin": task.margin, "effect": task.effect}
        for name, upper in sim.METHODS.items():
            row[name] = {
                "equal passes superiority": sim.rate(world, 0.0, 0.0, (upper, count, seed)),
                "worse by the margin passes": sim.rate(world, task.margin, task.margin, (upper, count, seed + 1)),
                "effect is found": sim.rate(world, -task.effect, 0.0, (upper, count, seed + 2)),
            }
            print(task.weeks, name, row[name], flush=True)
        row["whole set"] = sim.whole_set(task, count, seed + 3)
        print(task.weeks, row["whole set"], flush=True)
        found["tasks"].append(row)
    for weeks in (4, 8, 26):
        for name, world in sim.harsher(weeks).items():
            wrong = sim.rate(world, 0.0, 0.0, (sim.upper_of_gates, count, 77))
            found["harsher"].append({"weeks": weeks, "world": name, "equal passes superiority": wrong})
            print(weeks, name, wrong, flush=True)
    return found | {"seconds": time.perf_counter() - begun, "cpu_seconds": time.process_time() - cpu}


def written(found: dict) -> str:
    lines = ["# How often gates are wrong", "", (HERE / "PREAMBLE.md").read_text().strip(), ""]
    for task in found["tasks"]:
        lines += [f"## {task['weeks']} weeks", ""]
        margin, effect = percent(task["margin"]), percent(task["effect"])
        worse = f"worse by exactly {margin} passes non-inferiority"
        lines += [f"| interval | an equal candidate passes superiority | {worse} | better by {effect} is found |"]
        lines += ["|---|---:|---:|---:|"]
        for name in sim.METHODS:
            lines.append(f"| {name} | " + " | ".join(percent(value) for value in task[name].values()) + " |")
        lines += ["", "An equal candidate, non-inferiority as the gate, by the code that promotes:", ""]
        lines += ["| gate | passes |", "|---|---:|"]
        lines += [f"| {name} | {percent(value)} |" for name, value in task["whole set"].items()]
        lines.append("")
    lines += ["## Harsher worlds", "", "An equal candidate passes superiority, by the interval of the gates:", ""]
    names = list(dict.fromkeys(row["world"] for row in found["harsher"]))
    weeks = sorted({row["weeks"] for row in found["harsher"]})
    lines += ["| world | " + " | ".join(f"{one} weeks" for one in weeks) + " |", "|---|" + "---:|" * len(weeks)]
    by = {(row["world"], row["weeks"]): row["equal passes superiority"] for row in found["harsher"]}
    lines += [f"| {name} | " + " | ".join(percent(by[name, one]) for one in weeks) + " |" for name in names]
    lines += ["", f"{found['pairs']:,} pairs for each figure, {found['cpu_seconds']:.0f} s of CPU in all.", ""]
    return "\n".join(lines)


def main() -> int:
    quick = "--quick" in sys.argv[1:]
    found = measure(50 if quick else PAIRS)
    text = written(found)
    print(text)
    if not quick:
        (HERE / "RESULTS.md").write_text(text)
        (HERE / "results.json").write_text(json.dumps(found, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
