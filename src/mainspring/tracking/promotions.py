"""What gates said of versions, and the decisions that move `champion` and `previous`.

All rules about who may become champion are here, and each is looked at inside the transaction that moves the alias,
after the row of the model is held: on SQLite and Postgres alike, decisions about one model follow each other.
"""

from typing import Final, Literal

from msgspec import Struct

from mainspring.digest import blob_of
from mainspring.errors import PromotionRefusedError
from mainspring.tracking.database import Database, Named, Row, storable
from mainspring.tracking.models import HOLD, Models, Move, moved, shift

__all__ = ["CHAMPION", "PREVIOUS", "Answer", "Decision", "GateAnswer", "GateReport", "Promotions", "SignOff"]

CHAMPION: Final = "champion"
PREVIOUS: Final = "previous"
Answer = Literal["pass", "fail", "inconclusive"]

_REPORT: Final = """
    INSERT INTO gate_reports (digest, name, number, package, against, passed, made, record)
    VALUES (:digest, :name, :number, :package, :against, :passed, :made, :record) ON CONFLICT (digest) DO NOTHING
"""
_ANSWER: Final = """
    INSERT INTO gate_answers (report, position, gate, answer, says)
    VALUES (:report, :position, :gate, :answer, :says) ON CONFLICT (report, position) DO NOTHING
"""
_REPORTS: Final = "SELECT digest, name, number, package, against, made, record FROM gate_reports WHERE name = :name"
_DECIDE: Final = """
    INSERT INTO decisions (name, generation, kind, source, target, report, who, why, made)
    VALUES (:name, :generation, :kind, :source, :target, :report, :who, :why, :made)
"""
_DECISIONS: Final = """
    SELECT name, generation, kind, source, target, report, who, why, made FROM decisions WHERE name = :name
"""
_SIGN: Final = "INSERT INTO sign_offs (name, number, who, note, made) VALUES (:name, :number, :who, :note, :made)"


class GateAnswer(Struct, frozen=True):
    """What one gate said.

    Attributes:
        gate: The gate.
        answer: `pass`, `fail` or `inconclusive`; only the first promotes.
        says: Why, and what would make it pass.
    """

    gate: str
    answer: Answer
    says: str


class GateReport(Struct, frozen=True):
    """What all gates said of one version.

    Attributes:
        name: The model.
        number: The version.
        package: The digest of its package.
        against: The version that was champion and was compared with; None while there was none.
        answers: What each gate said.
        record: The whole report as JSON.
        made: When it was recorded; 0 before that.
    """

    name: str
    number: int
    package: str
    against: int | None
    answers: tuple[GateAnswer, ...]
    record: str
    made: float = 0.0

    @property
    def digest(self) -> str:
        """The digest of the record: by this it is found."""
        return blob_of(self.record.encode())

    @property
    def passed(self) -> bool:
        """Whether there are gates and all of them passed."""
        return bool(self.answers) and all(one.answer == "pass" for one in self.answers)


class Decision(Struct, frozen=True):
    """Why the champion moved.

    Attributes:
        name: The model.
        generation: How often its champion had moved by then.
        kind: `promotion` or `rollback`.
        source: The champion before; None at first.
        target: The champion since.
        report: The digest of the gates' report on which the target was promoted.
        who: Who decided.
        why: The reason that was given.
        made: When.
    """

    name: str
    generation: int
    kind: str
    source: int | None
    target: int
    report: str
    who: str
    why: str
    made: float


class SignOff(Struct, frozen=True):
    """A person who stands for a version.

    Attributes:
        who: The person.
        note: What was looked at.
        made: When.
    """

    who: str
    note: str
    made: float


class Promotions:
    """Reports, decisions and the two aliases that only they move, in one database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._models = Models(database)

    def record(self, report: GateReport) -> None:
        """Keep what the gates said, whatever it is."""
        with self._database.transaction(full=True):
            self._keep(report)

    def promote(self, report: GateReport, *, who: str, why: str) -> Decision:
        """Return the decision that made a version the champion: report, decision and moves are one transaction.

        Where it is the champion already nothing is done, and the decision is the one that made it so.

        Raises:
            PromotionRefusedError: A gate did not pass, there is no such version, or the champion is no longer the one
                that it was compared with.
        """
        with self._database.transaction(full=True):
            self._database.write(HOLD, [{"name": report.name, "added": 0}])
            champion = self._models.aliases(report.name).get(CHAMPION)
            if champion == report.number:
                last = self.decisions(report.name)
                if last:
                    return last[0]
            _check_passed(report)
            self._check_current(report, champion)
            self._keep(report)
            return self._decide("promotion", champion, report.number, report, (who, why))

    def rollback(self, name: str, *, who: str, why: str, against: int | None = None) -> Decision:
        """Return the decision that made `previous` the champion, and the champion `previous`.

        Args:
            name: The model.
            who: Who decides.
            why: The reason.
            against: The version that is to be champion no more; whichever is, where nothing is said.

        Raises:
            PromotionRefusedError: Nothing was champion before, or what was has never passed gates, or another version
                is champion by now.
        """
        with self._database.transaction(full=True):
            self._database.write(HOLD, [{"name": name, "added": 0}])
            aliases = self._models.aliases(name)
            if against is not None and aliases.get(CHAMPION) != against:
                raise PromotionRefusedError(
                    f"'{name}' version {against} is not taken back: the champion is {aliases.get(CHAMPION, 'none')}",
                    fix=f"See what moved it: mainspring models show {name}.",
                )
            if CHAMPION not in aliases or PREVIOUS not in aliases:
                raise PromotionRefusedError(
                    f"'{name}' has no champion before the one that it has, so there is nothing to go back to",
                    fix=f"Promote a version: mainspring promote {name} VERSION --why TEXT.",
                )
            target = aliases[PREVIOUS]
            report = self._promoted_on(name, target)
            return self._decide("rollback", aliases[CHAMPION], target, report, (who, why))

    def sign(self, name: str, number: int, *, who: str, note: str) -> SignOff:
        """Return the sign-off of a person for a version, which is kept."""
        made = SignOff(storable(who), storable(note), self._database.now())
        row: Named = {"name": name, "number": number, "who": made.who, "note": made.note, "made": made.made}
        with self._database.transaction(full=True):
            self._database.write(_SIGN, [row])
        return made

    def signed(self, name: str, number: int) -> list[SignOff]:
        """Return who stands for a version, newest first."""
        rows = self._database.read(
            "SELECT who, note, made FROM sign_offs WHERE name = :name AND number = :number ORDER BY id DESC",
            name=name,
            number=number,
        )
        return [SignOff(*row) for row in rows]

    def reports(self, name: str, number: int | None = None) -> list[GateReport]:
        """Return what gates said of a model's versions, or of one, newest first."""
        if number is None:
            rows = self._database.read(f"{_REPORTS} ORDER BY made DESC, digest", name=name)
        else:
            sql = f"{_REPORTS} AND number = :number ORDER BY made DESC, digest"
            rows = self._database.read(sql, name=name, number=number)
        return [self._report(row) for row in rows]

    def decisions(self, name: str) -> list[Decision]:
        """Return why the champion of a model moved, newest first."""
        return [Decision(*row) for row in self._database.read(f"{_DECISIONS} ORDER BY generation DESC", name=name)]

    def _report(self, row: Row) -> GateReport:
        digest, name, number, package, against, made, record = row
        answers = self._database.read(
            "SELECT gate, answer, says FROM gate_answers WHERE report = :report ORDER BY position", report=digest
        )
        return GateReport(name, number, package, against, tuple(GateAnswer(*one) for one in answers), record, made)

    def _keep(self, report: GateReport) -> None:
        place: Named = {
            "digest": report.digest,
            "name": report.name,
            "number": report.number,
            "package": report.package,
        }
        said: Named = {"against": report.against, "passed": int(report.passed), "made": self._database.now()}
        self._database.write(_REPORT, [{**place, **said, "record": report.record}])
        answers: list[Named] = [
            {
                "report": report.digest,
                "position": at,
                "gate": one.gate,
                "answer": one.answer,
                "says": storable(one.says),
            }
            for at, one in enumerate(report.answers)
        ]
        self._database.write(_ANSWER, answers)

    def _check_current(self, report: GateReport, champion: int | None) -> None:
        version = self._models.version(report.name, report.number)
        again = f"Run them again: mainspring promote {report.name} {report.number} --why TEXT."
        if version is None or version.digest != report.package:
            raise PromotionRefusedError(
                f"The gates passed package {report.package[:12]}, which is not '{report.name}' version {report.number}",
                fix=again,
            )
        if champion != report.against:
            now = "has no champion" if champion is None else f"has the champion {champion}"
            then = "no champion" if report.against is None else f"version {report.against}"
            raise PromotionRefusedError(
                f"'{report.name}' {now} by now, and the gates compared version {report.number} with {then}", fix=again
            )

    def _promoted_on(self, name: str, number: int) -> GateReport:
        """Return the report on which a version became champion, or the newest that it passed."""
        kept = {one.digest: one for one in self.reports(name, number) if one.passed}
        last = next((one.report for one in self.decisions(name) if one.target == number), None)
        found = kept.get(last or "") or next(iter(kept.values()), None)
        if found is None:
            raise PromotionRefusedError(
                f"'{name}' version {number} was champion before, and never passed gates",
                fix=f"Promote it: mainspring promote {name} {number} --why TEXT.",
            )
        return found

    def _decide(
        self, kind: str, source: int | None, target: int, report: GateReport, words: tuple[str, str]
    ) -> Decision:
        who, why = (storable(text) for text in words)
        said = Move(report.name, CHAMPION, 0, source, target, who, 0.0, why, report.digest)
        generation = shift(self._database, said, CHAMPION, target)
        if source not in (None, target):
            shift(self._database, said, PREVIOUS, int(str(source)))
        made = moved(self._database, report.name, CHAMPION)[0].moved
        decision = Decision(report.name, generation, kind, source, target, report.digest, who, why, made)
        row = {name: getattr(decision, name) for name in Decision.__struct_fields__}
        self._database.write(_DECIDE, [row])
        return decision


def _check_passed(report: GateReport) -> None:
    if report.passed:
        return
    failed = [one for one in report.answers if one.answer != "pass"]
    said = "; ".join(f"{one.gate} ({one.answer}): {one.says}" for one in failed) or "there are no gates"
    raise PromotionRefusedError(
        f"'{report.name}' version {report.number} is not promoted: {said}",
        fix=f"See each: mainspring gates run {report.name} {report.number}.",
        gates=tuple(one.gate for one in failed),
    )
