"""A report of continuous integration as JUnit XML, which most services read."""

from xml.sax.saxutils import escape, quoteattr

from mainspring.proof.ci import Case, Report, Stage

__all__ = ["junit"]


def junit(report: Report) -> str:
    """Return one suite a stage, and one case a check; a stage without checks is one case.

    A case that is inconclusive counts as skipped, since JUnit knows no third answer.
    """
    suites = [_suite(stage) for stage in report.stages]
    return "\n".join(['<?xml version="1.0" encoding="UTF-8"?>', "<testsuites>", *suites, "</testsuites>", ""])


def _suite(stage: Stage) -> str:
    cases = stage.cases or (Case(stage.name, stage.status, stage.says, stage.seconds),)
    failed = sum(case.status == "failed" for case in cases)
    skipped = sum(case.status in ("skipped", "inconclusive") for case in cases)
    counts = f'tests="{len(cases)}" failures="{failed}" errors="0" skipped="{skipped}" time="{stage.seconds:.3f}"'
    lines = [f"  <testsuite name={_quoted(stage.name)} {counts}>", *(_case(stage, case) for case in cases)]
    return "\n".join([*lines, "  </testsuite>"])


def _case(stage: Stage, case: Case) -> str:
    head = f'    <testcase classname={_quoted(stage.name)} name={_quoted(case.name)} time="{case.seconds:.3f}"'
    if case.status == "passed":
        return f"{head}/>"
    first, _, _ = case.says.partition("\n")
    if case.status == "failed":
        return f"{head}><failure message={_quoted(first)}>{escape(_clean(case.says))}</failure></testcase>"
    return f"{head}><skipped message={_quoted(first)}/></testcase>"


def _quoted(text: str) -> str:
    return quoteattr(_clean(text))


def _clean(text: str) -> str:
    """Return a text without what XML 1.0 has no place for."""
    kept = "".join(one if one in "\t\n\r" or one >= " " else "\N{REPLACEMENT CHARACTER}" for one in text)
    return kept.encode("utf-8", "replace").decode().replace("\ufffe", "").replace("\uffff", "")
