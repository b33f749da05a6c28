"""A package as it is served: verified, replayed, its reader compiled, its speed known."""

import time
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from mainspring.errors import ServingError
from mainspring.package.content import read_content
from mainspring.package.fields import Signature
from mainspring.package.frames import Array
from mainspring.package.loading import Loaded, golden_samples, open_content
from mainspring.registry.targets import Target
from mainspring.serving.predlog.frames import ColumnRow, ModelRow
from mainspring.serving.reading import Reader, droppable
from mainspring.serving.settings import Limits

__all__ = ["Served", "open_served"]

SHORT = 12


@dataclass(frozen=True)
class Served:
    """What answers.

    Attributes:
        loaded: The package.
        reader: What reads rows for it.
        signature: What it takes, as the reader has it.
        name: What clients call it.
        version: What answers call it: the number in the registry, else the beginning of the digest.
        alias: The alias that it was found by.
        run: The run that made it.
        model: How the prediction log describes it.
        row: JSON rows are made of these outputs, in this order.
        row_seconds: How long a row more takes, about.
        call_seconds: How long one row takes.
        since: When it was loaded, in seconds since 1970 UTC.
        example: A row of the golden samples, for people to try; stand-ins where it is sensitive.
    """

    loaded: Loaded
    reader: Reader
    signature: Signature
    name: str
    version: str
    alias: str | None
    run: str | None
    model: ModelRow
    row: tuple[str, ...]
    row_seconds: float
    call_seconds: float
    since: float
    example: dict[str, Any]

    @property
    def digest(self) -> str:
        """The digest of the package."""
        return self.loaded.package.digest

    def run_columns(self, columns: dict[str, Array]) -> dict[str, Array]:
        """Return the predictions for columns that fit the signature."""
        return self.loaded.pipeline.run(columns)

    def seconds(self, rows: int) -> float:
        """Return how long so many rows take, about."""
        return self.call_seconds + rows * self.row_seconds


def open_served(
    target: Target, limits: Limits, *, trust: Collection[str] = (), threads: int = 1, fallback: bool = False
) -> Served:
    """Return a package that is ready to answer: verified, its golden samples replayed, warm.

    Args:
        target: Where it is, and what it is called.
        limits: What requests may use.
        trust: Digests of source that may run.
        threads: Threads that one prediction may use.
        fallback: Whether it answers in the place of another: columns that it does not know are then no offence.

    Raises:
        MainspringError: It cannot be served.
    """
    content = read_content(target.path, target.digest)
    loaded = open_content(content, trust=trust, threads=threads)
    signature = droppable(loaded.signature) if fallback else loaded.signature
    if not signature.outputs:
        raise ServingError("The package does not say what it gives", str(target.path), "Build it again.")
    name = target.name or loaded.package.name
    digest = loaded.package.digest
    version = str(target.version) if target.version is not None else digest[:SHORT]
    golden, _ = golden_samples(content, loaded.signature)
    call, row = _timed(loaded, golden)
    return Served(
        loaded,
        Reader(signature, limits),
        signature,
        name,
        version,
        target.alias,
        target.run,
        ModelRow(
            0,
            digest,
            name,
            version,
            target.alias,
            target.run,
            tuple(ColumnRow.of(one) for one in signature.fields if not one.sensitive),
            tuple(ColumnRow.of(one) for one in signature.outputs),
            tuple(sorted(signature.sensitive)),
        ),
        tuple(one.name for one in signature.outputs),
        row,
        call,
        time.time(),
        {name: values[:1].tolist()[0] for name, values in golden.items()},
    )


def _timed(loaded: Loaded, golden: dict[str, Array]) -> tuple[float, float]:
    """How long one row takes, and each row more; the golden samples were predicted just before, so it is warm."""

    def seconds(rows: int, times: int) -> float:
        columns = {name: values[:rows] for name, values in golden.items()}
        best = float("inf")
        for _ in range(times):
            start = time.perf_counter()
            loaded.pipeline.run(columns)
            best = min(best, time.perf_counter() - start)
        return best

    rows = len(next(iter(golden.values())))
    one, all_of_them = seconds(1, 2), seconds(rows, 1)
    return one, max(0.0, all_of_them - one) / max(1, rows - 1)
