"""What gates say: frozen, and one JSON text whose digest is the evidence of a promotion."""

import msgspec

from mainspring.errors import NewerFormatError, RegistryError
from mainspring.tracking.promotions import Answer, GateAnswer, GateReport

__all__ = ["Answer", "Compared", "Gate", "Report", "decode_report", "encode_report"]

_FORMAT = 1


class Compared(msgspec.Struct, frozen=True):
    """One interval that was held against a limit. All are shares: by how much more the candidate loses.

    Attributes:
        what: What was compared, such as `champion`, or `StoreType = a`.
        estimate: Below zero, the candidate loses less.
        low: Lower end, one-sided at the level of the policy.
        high: Upper end.
        limit: What the upper end has to stay below.
        rows: Rows that were compared.
        series: Series that they are of.
        weeks: Weeks that they are of.
        loss: Mean loss of the candidate.
        other: Mean loss of what it was compared with.
        answer: What that says; None for a part that was too small to be judged.
    """

    what: str
    estimate: float
    low: float
    high: float
    limit: float
    rows: int
    series: int
    weeks: int
    loss: float
    other: float
    answer: Answer | None


class Gate(msgspec.Struct, frozen=True):
    """What one gate said.

    Attributes:
        name: The gate.
        answer: `pass`, `fail`, or `inconclusive`; only the first promotes.
        says: Why: what was found, and by how much.
        fix: What would make it pass; empty when it passed.
        compared: The intervals that it looked at.
        figures: The numbers that it looked at, by name.
    """

    name: str
    answer: Answer
    says: str
    fix: str = ""
    compared: tuple[Compared, ...] = ()
    figures: dict[str, float | str] = {}


class Report(msgspec.Struct, frozen=True):
    """What all gates said of one version.

    Attributes:
        model: The model.
        number: The version.
        package: The digest of its package.
        against: The champion that it was compared with; None when there was none.
        is_refit: Whether the package is a model trained anew after its evaluation, not the one that was evaluated;
            None when it does not say.
        gates: What each gate said.
        rows: How many rows were scored.
        first: The first day of them; empty when none were.
        last: The last one.
        policy: What was asked, by key of the `[gates]` table.
        holdout: Where the rows come from: a run, and the digest of what its step returned.
        format: Version of this report.
    """

    model: str
    number: int
    package: str
    against: int | None
    is_refit: bool | None
    gates: tuple[Gate, ...]
    rows: int = 0
    first: str = ""
    last: str = ""
    policy: dict[str, str] = {}
    holdout: str = ""
    format: int = _FORMAT

    @property
    def answer(self) -> Answer:
        """`fail` when a gate failed, else `inconclusive` when one is, else `pass`."""
        said = {gate.answer for gate in self.gates}
        if "fail" in said or not said:
            return "fail"
        return "inconclusive" if "inconclusive" in said else "pass"

    @property
    def passed(self) -> bool:
        """Whether all gates passed."""
        return self.answer == "pass"

    def gate(self, name: str) -> Gate | None:
        """Return what one gate said; None when it was not asked."""
        return next((gate for gate in self.gates if gate.name == name), None)

    def evidence(self) -> GateReport:
        """Return it as the registry keeps it."""
        answers = tuple(
            GateAnswer(one.name, one.answer, f"{one.says}. {one.fix}".rstrip(" .") + ".") for one in self.gates
        )
        return GateReport(self.model, self.number, self.package, self.against, answers, encode_report(self))


def encode_report(report: Report) -> str:
    """Return a report as JSON."""
    return msgspec.json.encode(report).decode()


def decode_report(text: str) -> Report:
    """Return a report from JSON.

    Raises:
        NewerFormatError: A newer release wrote it.
        RegistryError: It is none.
    """
    try:
        head = msgspec.json.decode(text, type=_Head)
        if head.format > _FORMAT:
            raise NewerFormatError(
                f"A report of gates has format {head.format}, and this release reads up to {_FORMAT}",
                fix="Use the release that wrote it.",
            )
        return msgspec.json.decode(text, type=Report)
    except msgspec.DecodeError as error:
        raise RegistryError(f"A report of gates cannot be read: {error}", fix="Run the gates again.") from error


class _Head(msgspec.Struct):
    format: int
