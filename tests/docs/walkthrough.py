"""Pages as programs: what a Markdown page tells its reader to write and to type is written and typed.

Every fenced block of these kinds is executed, in the order of the page, in one folder:

- `console`: lines that begin with `$ ` are commands for bash; the lines below one are what it prints.
- `pycon`: lines that begin with `>>> ` are Python, run in a process of its own; the lines below are what it prints.
- `diff`, after `<!-- edit: FILE -->`: its `-` lines are replaced by its `+` lines.
- any, after `<!-- file: FILE -->`: the content of a file.

`<!-- exit: N -->` before a console block is the exit status of its last command; `<!-- not run: WHY -->` leaves a block
out. What is printed is compared after times, run ids, digests and sizes were blotted out, and all numbers after
`<!-- numbers: vary -->`. Steps may end in any order. A line `...` stands for any lines, `…` for the rest of one. A run
id in a command stands for the run that the page shows it for.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
BIN = Path(sys.executable).parent

_FENCE = re.compile(r"^(?P<indent> *)(?P<ticks>`{3,})(?P<kind>[^\s`]*)( .*)?$")
_MARK = re.compile(r"^<!-- (?P<name>file|edit|exit|numbers|not run): (?P<value>.+) -->$")
_RUN = re.compile(r"\b\d{8}-\d{6}-[0-9a-f]{6}\b")
_NUMBER = re.compile(r"[+\u2212±-]?\d[\d.,]*(e[+\u2212-]?\d+)?")
_STEP = re.compile(r"[✓=✗-] +(ran|hit|failed|skipped) ")
_BLOTS = (
    (_RUN, "<run>"),
    (re.compile(r"\b\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d(\.\d+)?)?( ?(UTC|Z|\+00:00))?"), "<time>"),
    (re.compile(r"(?<=  )now(?=  )|(\b\d+ (d|h|min|s) )+ago\b"), "<age>"),
    (re.compile(r"\b\d+m \d+s\b|<?\b\d[\d,]*(\.\d+)? ?(ms|s|min|h|MiB|GiB|KiB|MB|GB|kB|KB|B)\b"), "<amount>"),
    (re.compile(r"\b(?=[0-9a-f]*\d)[0-9a-f]{8,64}\b"), "<digest>"),
    (re.compile(r"/\S*/(?=[^/\s]*)"), "<folder>/"),
    (re.compile(r"[ \t]+"), " "),
)


@dataclass
class Block:
    """One fenced block and the marks before it."""

    kind: str
    text: str
    line: int
    marks: dict[str, str] = field(default_factory=dict)


def blocks(page: Path) -> list[Block]:
    """Return the fenced blocks of a page."""
    found: list[Block] = []
    marks: dict[str, str] = {}
    lines = iter(enumerate(page.read_text().splitlines(), 1))
    for number, line in lines:
        mark, fence = _MARK.match(line), _FENCE.match(line)
        if mark:
            marks[mark["name"]] = mark["value"]
        elif fence:
            body = _body(lines, fence)
            found.append(Block(fence["kind"], body, number, marks))
            marks = {}
        elif line.strip():
            marks = {}
    return found


def _body(lines: Iterator[tuple[int, str]], fence: re.Match[str]) -> str:
    taken = []
    for _, line in lines:
        if line.strip() == fence["ticks"]:
            return "\n".join(taken) + "\n"
        taken.append(line.removeprefix(fence["indent"]))
    raise AssertionError("a fence is not closed")


@dataclass
class Reader:
    """Someone who does what a page says.

    Attributes:
        folder: Where the next command is typed.
        environment: Variables of the commands.
        runs: For each run id on the page, the id of the run that was made.
    """

    folder: Path
    environment: dict[str, str]
    runs: dict[str, str] = field(default_factory=dict)

    def follow(self, page: Path) -> int:
        """Do everything on a page; returns how many commands and sessions were run."""
        done = 0
        for block in blocks(page):
            place = f"{page.relative_to(ROOT)}:{block.line}"
            if "not run" in block.marks:
                continue
            if "file" in block.marks:
                self._write(block)
            elif block.kind == "diff":
                self._edit(block, place)
            elif block.kind == "console":
                done += self._type(block, place)
            elif block.kind == "pycon":
                self._converse(block, place)
                done += 1
        return done

    def _write(self, block: Block) -> None:
        path = self.folder / block.marks["file"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text)

    def _edit(self, block: Block, place: str) -> None:
        path = self.folder / block.marks["edit"]
        old = "".join(f"{line[1:]}\n" for line in block.text.splitlines() if not line.startswith("+"))
        new = "".join(f"{line[1:]}\n" for line in block.text.splitlines() if not line.startswith("-"))
        text = path.read_text()
        assert text.count(old) == 1, f"{place}: the lines to change are {text.count(old)} times in {path.name}:\n{old}"
        path.write_text(text.replace(old, new))

    def _type(self, block: Block, place: str) -> int:
        commands = _commands(block.text)
        for index, (command, expected) in enumerate(commands):
            last = index == len(commands) - 1
            status = int(block.marks.get("exit", "0")) if last else 0
            printed, code = self._shell(_RUN.sub(lambda found: self.runs.get(found[0], found[0]), command))
            assert code == status, f"{place}: `{command}` ended with {code}, not {status}\n{printed}"
            check(expected, printed, f"{place}: `{command}`", vary="numbers" in block.marks)
            for told, made in zip(_RUN.findall(expected), _RUN.findall(printed), strict=False):
                self.runs.setdefault(told, made)
        return len(commands)

    def _shell(self, command: str) -> tuple[str, int]:
        note = self.folder.parent / ".where"
        script = f"{command}\nstatus=$?\npwd > '{note}'\nexit $status\n"
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=self.folder,
            env=self.environment,
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=200,
            check=False,
        )
        self.folder = Path(note.read_text().strip()) if note.exists() else self.folder
        note.unlink(missing_ok=True)
        return done.stdout, done.returncode

    def _converse(self, block: Block, place: str) -> None:
        script = (
            "import doctest, sys\nfrom pathlib import Path\n"
            "flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE\n"
            "test = doctest.DocTestParser().get_doctest(Path(sys.argv[1]).read_text(), {}, 'page', None, 0)\n"
            "sys.path.insert(0, '')\n"
            "sys.exit(doctest.DocTestRunner(optionflags=flags).run(test).failed)\n"
        )
        session = self.folder.parent / ".session.txt"
        session.write_text(block.text)
        done = subprocess.run(
            [str(BIN / "python"), "-W", "error", "-c", script, str(session)],
            cwd=self.folder,
            env=self.environment,
            text=True,
            capture_output=True,
            timeout=200,
            check=False,
        )
        assert done.returncode == 0, f"{place}\n{done.stdout}\n{done.stderr}"


def reader(folder: Path, **variables: str) -> Reader:
    """Return a reader in an empty folder, with the installed commands on the path and a plain terminal."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "MAINSPRING"))}
    room = folder / "room"
    room.mkdir()
    plain = {
        "PATH": f"{BIN}{os.pathsep}{kept['PATH']}",
        "HOME": str(folder),
        "NO_COLOR": "1",
        "TERM": "dumb",
        "COLUMNS": "120",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    return Reader(room, {**kept, **plain, **variables})


def check(expected: str, printed: str, place: str, *, vary: bool = False) -> None:
    """Compare what a page says is printed with what was; `vary` leaves all numbers out of it."""
    if not expected.strip():
        return
    wanted, got = (_NUMBER.sub("<n>", text) if vary else text for text in (_blotted(expected), _blotted(printed)))
    assert re.fullmatch(_pattern(wanted), got), (
        f"{place} printed\n{printed}\nwhere the page has\n{expected}\n{wanted}\n{got}"
    )


def _pattern(wanted: str) -> str:
    parts = [re.escape(part).replace("…", ".*") for part in re.split(r"(?m)^\.\.\.$\n?", wanted)]
    return r"(?:.*\n)*?".join(parts)


def _blotted(text: str) -> str:
    lines = [line.rstrip() for line in text.strip().splitlines()]
    text = "\n".join(lines) + "\n"
    for blot, mark in _BLOTS:
        text = blot.sub(mark, text)
    return "".join(f"{line}\n" for line in _in_order([line.strip() for line in text.splitlines()]))


def _in_order(lines: list[str]) -> Iterator[str]:
    """Yield the lines; those of steps that follow each other in alphabetic order, since steps may end in any order."""
    for is_step, members in groupby(lines, key=lambda line: bool(_STEP.match(line))):
        found = list(members)
        yield from sorted(found) if is_step else found


def _commands(text: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for line in text.splitlines():
        if line.startswith("$ "):
            found.append((line[2:], ""))
        elif line.startswith("> ") and found and not found[-1][1]:
            found[-1] = (f"{found[-1][0]}\n{line[2:]}", "")
        elif found:
            found[-1] = (found[-1][0], f"{found[-1][1]}{line}\n")
    return found
