"""Every row of the mutation table, on real files."""

from collections import Counter

import pytest
from base import BASE
from mutations import ROWS
from projects import Kept, codes_of, edited, write
from rows import HIT, MAY, RERUN
from small_projects import SMALL


@pytest.fixture(scope="module")
def pages():
    return Kept()


@pytest.fixture(scope="module")
def before(pages, tmp_path_factory):
    folder = write(tmp_path_factory.mktemp("before"), BASE)
    return codes_of(folder, {row.step for row in ROWS}, pages)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_an_edit_re_runs_exactly_the_steps_that_it_can_reach(row, before, pages, tmp_path):
    after = codes_of(write(tmp_path, edited(BASE, row.edits)), [row.step])[row.step]
    with_pages = codes_of(tmp_path, [row.step], Kept(pages))[row.step]
    assert with_pages == after, "what was kept before the edit makes a difference"
    same = before[row.step].digest == after.digest
    if row.verdict == RERUN:
        assert not same, f"stale: {row.why}"
    elif row.verdict == HIT:
        assert same, f"needless: {row.why}"


def test_the_table_is_large_and_its_names_are_unique():
    names = [edit.name for edit in (*ROWS, *SMALL)]
    assert len(names) >= 60
    assert max(Counter(names).values()) == 1
    assert {edit.verdict for edit in (*ROWS, *SMALL)} == {RERUN, HIT, MAY}
    assert all("EDIT" in "".join(project.files.values()) for project in SMALL)


@pytest.mark.parametrize("project", SMALL, ids=lambda project: project.name)
def test_an_edit_of_a_small_project_re_runs_exactly_what_it_can_reach(project, tmp_path):
    pages = Kept()
    old = codes_of(write(tmp_path / "old", project.with_edit(1)), ["pipeline.go"], pages)["pipeline.go"].digest
    folder = write(tmp_path / "new", project.with_edit(2))
    found = codes_of(folder, ["pipeline.go"])["pipeline.go"]
    assert codes_of(folder, ["pipeline.go"], pages)["pipeline.go"] == found, "what was kept makes a difference"
    assert codes_of(folder, ["pipeline.go"], pages)["pipeline.go"] == found, "what was kept makes a difference"
    new = found.digest
    if project.verdict == RERUN:
        assert old != new, "stale"
    elif project.verdict == HIT:
        assert old == new, "needless"
