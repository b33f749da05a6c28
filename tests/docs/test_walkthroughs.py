"""Every command, session and file on the pages for users, executed as a user would."""

import pytest
from walkthrough import DOCS, ROOT, blocks, check, reader

PAGES = [DOCS / "tutorial.md", *sorted((DOCS / "how-to").glob("[!i]*.md"))]
POSTGRES = DOCS / "how-to" / "postgres.md"
LONG = {
    "batch",
    "ci",
    "debug",
    "files-and-folders",
    "from-a-notebook",
    "from-a-training-script",
    "load-in-python",
    "log",
    "package",
    "promote",
    "registry",
    "reproduce",
    "serve",
    "simulate",
}
"""Pages that run a whole project, some of them many times: they are followed by `make prove`."""


def following(page):
    marks = [pytest.mark.timeout(400), *([pytest.mark.prove] if page.stem in LONG else [])]
    return pytest.param(page, id=page.stem, marks=marks)


@pytest.mark.parametrize("page", [following(page) for page in PAGES if page != POSTGRES])
def test_what_a_page_says_is_what_happens(page, desk):
    assert reader(desk).follow(page) > 0


def test_what_the_page_about_postgres_says_is_what_happens(empty_postgres, desk):
    assert reader(desk, DATABASE_URL=empty_postgres).follow(POSTGRES) > 0


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_block_that_looks_like_a_program_is_executed_or_says_why_not(page):
    for block in blocks(page):
        executed = block.kind in ("console", "pycon") or {"file", "edit"} & set(block.marks)
        assert executed or block.marks.get("not run") or block.kind == "text", f"{page.name}:{block.line}"


def test_pages_that_are_long_are_there():
    assert {page.stem for page in PAGES} > LONG


def test_what_is_printed_is_compared():
    check("train ran 1.2 s\n...\nreport", "train  ran 3.4 s\nmore\nand more\nreport\n", "here")
    with pytest.raises(AssertionError, match="where the page has"):
        check("train ran", "train hit\n", "here")


def test_steps_may_end_in_any_order_and_nothing_else():
    check("✓ ran one\n= hit two\ndone", "= hit  two\n✓ ran  one\ndone\n", "here")
    with pytest.raises(AssertionError, match="where the page has"):
        check("first\nsecond", "second\nfirst\n", "here")


def test_blocks_are_found_with_their_marks(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(
        "<!-- file: a.toml -->\n```toml\nx = 1\n```\n\ntext\n\n<!-- exit: 2 -->\n```console\n$ false\n```\n"
    )
    found = [(block.kind, block.text, block.marks) for block in blocks(page)]
    assert found == [("toml", "x = 1\n", {"file": "a.toml"}), ("console", "$ false\n", {"exit": "2"})]
    assert ROOT.joinpath("pyproject.toml").exists()
