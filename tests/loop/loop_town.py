"""A watch in a world of folders, with a clock."""

from pathlib import Path

from loop_world import MODEL, POLICY, World, book, ports

from mainspring.loop import Watch

NOW = 1_760_000_000.0
HOUR = 3600.0


class Town:
    """A watch, its world, and a clock."""

    def __init__(self, folder: Path, policy=POLICY) -> None:
        self.world = World(folder)
        self.loops, self.journal = book(folder)
        self.ports = ports(folder)
        self.policy = policy
        self.now = NOW

    def tick(self, times: int = 1, hours: float = 0.0, among=None):
        self.now += hours * HOUR
        for _ in range(times):
            found = Watch(self.loops, self.journal, among or self.ports, lambda _: self.policy).tick([MODEL], self.now)
        return found

    def open(self) -> list[str]:
        settled = self.world.read("settled").split("\n")
        return [line for line in self.world.acts("alert") if line.removeprefix("alert ") not in settled]

    def kinds(self) -> list[str]:
        return [one.kind for one in self.journal.between()]

    def states(self) -> dict[str, tuple[str, str]]:
        watch = Watch(self.loops, self.journal, self.ports, lambda _: self.policy)
        return {one.kind: (one.answer, one.held) for one in watch.states(MODEL, self.now)}
