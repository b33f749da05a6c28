"""Every error that Mainspring raises, as one tree.

Each message has three parts: what happened, with the offending value; where; what to do. The parts are attributes, so
that the command line can lay them out and `--json` can print them.
"""

from collections.abc import Iterable
from importlib import import_module
from typing import Any

__all__ = [
    "BatchError",
    "ConfigError",
    "ContractError",
    "CorruptBlobError",
    "CycleError",
    "DatabaseError",
    "DefinitionError",
    "ForeignPackageError",
    "InputError",
    "LeaseLostError",
    "MainspringError",
    "MissingBlobError",
    "MonitoringError",
    "NetworkFilesystemError",
    "NewerFormatError",
    "NewerPackageError",
    "NotExportableError",
    "NotFoundError",
    "PackageError",
    "ParityError",
    "PromotionRefusedError",
    "ProofError",
    "PropertyError",
    "ReadOnlyError",
    "ReferenceUseError",
    "RegistryError",
    "RunFailedError",
    "SchemaError",
    "SensitiveDataError",
    "ServingError",
    "SignatureError",
    "SourceDownError",
    "SourceError",
    "StageError",
    "StatisticsError",
    "StepFailedError",
    "StepKilledError",
    "StepTimeoutError",
    "StorageFullError",
    "StoreError",
    "TamperedPackageError",
    "TooEarlyError",
    "TrackingError",
    "TruncatedPackageError",
    "TypeMismatchError",
    "UnstorableError",
    "UntrustedStageError",
    "nearest",
    "shortened",
]

_MOST_FINDINGS = 12


class MainspringError(Exception):
    """Base of every error raised on purpose.

    Attributes:
        what: What happened, with the offending value.
        where: Pipeline, step, parameter, file and line, as far as they are known.
        fix: What to do about it.
    """

    def __init__(self, what: str, where: str | None = None, fix: str | None = None) -> None:
        super().__init__(what, where, fix)
        self.what = what
        self.where = where
        self.fix = fix

    def __str__(self) -> str:
        place = f" ({self.where})" if self.where else ""
        advice = f" {self.fix}" if self.fix else ""
        end = "" if self.what.endswith((".", "!", "?")) and not place else "."
        return f"{self.what}{place}{end}{advice}"


class DefinitionError(MainspringError):
    """A step or pipeline is defined in a way that cannot work."""


class TypeMismatchError(DefinitionError):
    """What one step returns does not fit what another takes."""


class ReferenceUseError(DefinitionError):
    """A reference to a later result was used as if it were a value."""


class CycleError(DefinitionError):
    """A result would depend on itself."""


class SourceError(DefinitionError):
    """Code whose source cannot be read, so that its identity is unknown."""


class ConfigError(MainspringError):
    """One or more violations in the configuration; `problems` lists them all."""

    def __init__(
        self, what: str, where: str | None = None, fix: str | None = None, problems: tuple[MainspringError, ...] = ()
    ) -> None:
        super().__init__(what, where, fix)
        self.args = (what, where, fix, problems)
        self.problems = problems

    def __str__(self) -> str:
        return "\n".join([super().__str__(), *(f"  - {problem}" for problem in self.problems)])


class InputError(MainspringError):
    """A declared file or folder is missing, empty, truncated or unreadable."""


class SourceDownError(InputError):
    """A source of data could not be reached, or not read to its end, however often it was tried."""


class ContractError(MainspringError):
    """Data that breaks its contract; `findings` has every rule that was broken, with rows that show it."""

    def __init__(
        self, what: str, where: str | None = None, fix: str | None = None, findings: tuple[Any, ...] = ()
    ) -> None:
        super().__init__(what, where, fix)
        self.args = (what, where, fix, findings)
        self.findings = findings

    def __str__(self) -> str:
        if len(self.findings) < 2:
            return super().__str__()
        shown = self.findings[:_MOST_FINDINGS]
        lines = [f"  - '{one.rule}': {one}{f'. {one.fix}' if one.fix else ''}" for one in shown]
        more = len(self.findings) - _MOST_FINDINGS
        return "\n".join([super().__str__(), *lines, *([f"  - and {more} more"] if more > 0 else [])])


class SchemaError(MainspringError):
    """A frame does not satisfy the schema that its annotation names; `failing` counts its rows that do not."""

    def __init__(self, what: str, where: str | None = None, fix: str | None = None, failing: int = 0) -> None:
        super().__init__(what, where, fix)
        self.args = (what, where, fix, failing)
        self.failing = failing


class StatisticsError(MainspringError):
    """A statistic was asked for on numbers for which it is not defined: NaN, other lengths, levels outside (0, 1)."""


class NotFoundError(MainspringError):
    """A run, step or artifact that was asked for by name does not exist."""


class StoreError(MainspringError):
    """Bytes could not be kept or given back."""


class UnstorableError(StoreError):
    """A value that no codec can store, or that has no canonical form."""


class CorruptBlobError(StoreError):
    """A blob whose bytes no longer have its digest."""

    def __init__(self, what: str, where: str | None = None, fix: str | None = None, blob: str = "") -> None:
        super().__init__(what, where, fix)
        self.args = (what, where, fix, blob)
        self.blob = blob


class MissingBlobError(CorruptBlobError):
    """A blob that is not in the store."""


class StorageFullError(StoreError):
    """The disk is full; nothing half-written was left."""


class ReadOnlyError(StoreError):
    """The home cannot be written to."""


class TrackingError(MainspringError):
    """Facts could not be recorded or read."""


class DatabaseError(TrackingError):
    """The database refused an operation or cannot be reached."""


class NewerFormatError(TrackingError):
    """A format written by a newer version of Mainspring."""


class PackageError(MainspringError):
    """A package, or an inference pipeline that is to become one, cannot be used."""


class StageError(PackageError):
    """A stage of an inference pipeline breaks its contract, or cannot be packaged."""


class NotExportableError(PackageError):
    """A model that has no ONNX form; the cause is in the message."""


class ParityError(PackageError):
    """Predictions differ by more than the rule allows; `lines` tells each output."""

    def __init__(
        self, what: str, where: str | None = None, fix: str | None = None, lines: tuple[str, ...] = ()
    ) -> None:
        super().__init__(what, where, fix)
        self.args = (what, where, fix, lines)
        self.lines = lines

    def __str__(self) -> str:
        return "\n".join([super().__str__(), *(f"  - {line}" for line in self.lines)])


class SensitiveDataError(PackageError):
    """Values of a sensitive column would have become part of a package."""


class ForeignPackageError(PackageError):
    """Something that is no package of Mainspring."""


class TruncatedPackageError(PackageError):
    """A package that ends early, or from which a file is missing."""


class TamperedPackageError(PackageError):
    """A package whose content is not what its manifest, or the caller, says."""


class NewerPackageError(PackageError):
    """A package in a format that a newer version of Mainspring wrote."""


class UntrustedStageError(PackageError):
    """A package with source that nobody has approved; `sources` are the digests that it asks to be trusted."""

    def __init__(
        self, what: str, where: str | None = None, fix: str | None = None, sources: tuple[str, ...] = ()
    ) -> None:
        super().__init__(what, where, fix)
        self.args = (what, where, fix, sources)
        self.sources = sources


class SignatureError(MainspringError):
    """Rows that do not fit the signature of a pipeline; `problems` lists every violation."""

    def __init__(
        self, what: str, where: str | None = None, fix: str | None = None, problems: tuple[MainspringError, ...] = ()
    ) -> None:
        super().__init__(what, where, fix)
        self.args = (what, where, fix, problems)
        self.problems = problems

    def __str__(self) -> str:
        return "\n".join([super().__str__(), *(f"  - {problem}" for problem in self.problems)])


class PropertyError(MainspringError):
    """A model of which something that has to hold does not; `lines` tells each property."""

    def __init__(
        self, what: str, where: str | None = None, fix: str | None = None, lines: tuple[str, ...] = ()
    ) -> None:
        super().__init__(what, where, fix)
        self.args = (what, where, fix, lines)
        self.lines = lines

    def __str__(self) -> str:
        return "\n".join([super().__str__(), *(f"  - {line}" for line in self.lines)])


class RegistryError(MainspringError):
    """A model cannot be registered, or an alias cannot be moved, as it was asked."""


class PromotionRefusedError(RegistryError):
    """A version does not become champion; `gates` are those that did not pass, where that is why."""

    def __init__(
        self, what: str, where: str | None = None, fix: str | None = None, gates: tuple[str, ...] = ()
    ) -> None:
        super().__init__(what, where, fix)
        self.args = (what, where, fix, gates)
        self.gates = gates


class BatchError(MainspringError):
    """A batch of predictions cannot start or go on: its output is taken, or its input changed under it."""


class ServingError(MainspringError):
    """A service cannot start or go on as it was told, or its prediction log cannot be read."""


class ProofError(MainspringError):
    """A run cannot be run again: its code, its data or its environment are not what they were, and cannot be had."""


class MonitoringError(MainspringError):
    """Windows cannot be counted, kept, compared or joined as it was asked."""


class TooEarlyError(MonitoringError):
    """There is not enough traffic yet to compare it with: it comes by itself."""


class NetworkFilesystemError(TrackingError):
    """SQLite on a network file system, where its locks cannot be trusted."""


class LeaseLostError(TrackingError):
    """Another run took over this key; the result was not committed."""


class RunFailedError(MainspringError):
    """The result of a run that did not succeed was asked for."""


class StepFailedError(MainspringError):
    """A step did not return; `log` holds the end of what it printed."""

    def __init__(self, what: str, where: str | None = None, fix: str | None = None, log: str = "") -> None:
        super().__init__(what, where, fix)
        self.args = (what, where, fix, log)
        self.log = log


class StepKilledError(StepFailedError):
    """The process that ran a step died: a crash, a signal or the memory limit."""


class StepTimeoutError(StepFailedError):
    """A step ran longer than its timeout."""


def nearest(name: str, names: Iterable[str]) -> str | None:
    """Return the known name that is most like `name`, or None when nothing is close.

    >>> nearest("learning_rat", ["learning_rate", "depth"])
    'learning_rate'
    """
    found: list[str] = import_module("difflib").get_close_matches(name, sorted(names), n=1, cutoff=0.6)
    return found[0] if found else None


def shortened(text: str, folder: str) -> str:
    """Return a text with the absolute paths inside a folder as they are typed there.

    >>> shortened("'/home/ada/shop/sales.csv' is empty (/data/home/ada/shop/x)", "/home/ada/shop")
    "'sales.csv' is empty (/data/home/ada/shop/x)"
    """
    start = f"{folder.rstrip('/')}/"
    found, *parts = text.split(start)
    for part in parts:
        inside = found[-1:].isalnum() or found[-1:] in {"_", "-", ".", "/", "~"}  # of another, longer path
        found += f"{start}{part}" if inside else part
    return found
