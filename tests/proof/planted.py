"""Small pipelines with one nondeterminism each: the step that has it comes second, and others follow it."""

HEAD = '''\
"""A pipeline with a flaw in its second step."""

import os
import random
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from mainspring import File, Folder, log, pipeline, seed, step


@dataclass(frozen=True)
class Config:
    parts: Folder
    words: File
    count: int = 40


@step
def read(words: File, count: int) -> list[str]:
    return words.read_text(encoding="utf-8").split()[:count]


'''
TAIL = """

@step
def after(found: object) -> str:
    return repr(found)


@pipeline
def flawed(config: Config) -> str:
    words = read(config.words, config.count)
    return after(second(words, config.parts))
"""

# Name of the flaw, and the body of the step that has it.
FLAWS = {
    "set order": """\
@step
def second(words: list[str], parts: Folder) -> list[str]:
    return [word.upper() for word in set(words)]
""",
    "unseeded random": """\
@step
def second(words: list[str], parts: Folder) -> float:
    return float(np.random.default_rng().normal(size=len(words)).mean())
""",
    "wall clock": """\
@step
def second(words: list[str], parts: Folder) -> dict:
    return {"words": len(words), "made": datetime.now().isoformat()}
""",
    "date": """\
@step
def second(words: list[str], parts: Folder) -> str:
    return f"{len(words)} words, {datetime.now():%Y}"
""",
    "thread sums": """\
@step
def second(words: list[str], parts: Folder) -> float:
    numbers = np.random.default_rng(seed()).normal(size=10_001) * 10.0 ** np.arange(10_001) ** 0.2
    count = int(os.environ["OMP_NUM_THREADS"])
    with ThreadPoolExecutor(count) as pool:
        return float(sum(pool.map(sum, np.array_split(numbers, count))))
""",
    "thread race": """\
@step
def second(words: list[str], parts: Folder) -> float:
    found = []

    def add(number: float) -> None:
        time.sleep(0.001)
        found.append(number)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(add, np.random.default_rng(seed()).normal(size=400) * 10.0 ** np.arange(400) ** 0.4))
    return float(sum(found))
""",
    "file order": """\
@step
def second(words: list[str], parts: Folder) -> list[str]:
    return [Path(parts, name).read_text() for name in os.listdir(parts)]
""",
    "place": """\
@step
def second(words: list[str], parts: Folder) -> str:
    return str(Path.cwd())
""",
    "time zone": """\
@step
def second(words: list[str], parts: Folder) -> str:
    return time.strftime("%H:%M", time.localtime(1_000_000_000))
""",
    "locale": """\
@step
def second(words: list[str], parts: Folder) -> str:
    with open(Path(parts, "a.txt")) as file:
        return file.encoding
""",
    "none": """\
@step
def second(words: list[str], parts: Folder) -> list[int]:
    random.shuffle(words)
    log("words", len(words))
    return sorted(len(word) for word in words)
""",
}


def project_of(folder, flaw: str) -> None:
    """Write the project with a flaw into a folder."""
    (folder / "parts").mkdir()
    for name in "abcdef":
        (folder / "parts" / f"{name}.txt").write_text(name * 3)
    (folder / "words.txt").write_text(" ".join(f"word{number % 29}" for number in range(60)))
    (folder / "config.toml").write_text('parts = "parts"\nwords = "words.txt"\ncount = 50\n')
    (folder / "pipeline.py").write_text(HEAD + FLAWS[flaw] + TAIL)
