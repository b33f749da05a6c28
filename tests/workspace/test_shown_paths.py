"""Files are named as they are typed in the project's folder, wherever a command is called from."""

import pytest

from mainspring.errors import shortened

STEPS = """
    from dataclasses import dataclass
    from mainspring import File, Folder, pipeline, step

    @dataclass(frozen=True)
    class Config:
        sales: File
        notes: Folder
        outside: File
        more: list[File]

    @step
    def count(sales: File, notes: Folder, outside: File, more: list[File]) -> int:
        return len(sales.read_text())

    @pipeline
    def shop(config: Config):
        return count(config.sales, config.notes, config.outside, config.more)
"""


@pytest.fixture
def shop(project):
    project.write(STEPS)
    project.write(
        f'sales = "data/sales.csv"\nnotes = "notes"\noutside = "{project.folder.parent}/outside.csv"\n'
        'more = ["data/more.csv"]',
        "config.toml",
    )
    for name in ("data/sales.csv", "data/more.csv", "notes/one.txt", "../outside.csv"):
        project.write(name, name)
    return project


def named(project) -> list[str]:
    """Return all that plan and why say, asked from another folder."""
    file, elsewhere = str(project.folder / "pipeline.py"), type(project)(project.folder.parent)
    [planned] = elsewhere.json("plan", file)["steps"]
    explained = elsewhere.json("why", "count", file)
    return [planned["reason"], explained["reason"], *(change["what"] for change in explained["changes"])]


def test_reasons_name_files_of_the_project_relative_to_its_folder(shop):
    shop.run()
    for name in ("data/sales.csv", "notes/one.txt", "../outside.csv"):
        shop.write("changed", name)
    said = named(shop)
    assert f"file {shop.folder.parent}/outside.csv changed" in said
    assert {"file data/sales.csv changed", "folder notes changed"} < set(said)
    assert str(shop.folder) not in str(said)
    assert shop.run()["why"]["count"] == said[0]


def test_a_file_that_is_missing_is_named_so_too(shop):
    (shop.folder / "data" / "sales.csv").unlink()
    [reason] = {line for line in named(shop)}
    assert "File 'data/sales.csv' does not exist" in reason


def test_the_record_of_a_run_names_them_so(shop):
    shop.run()
    run = shop.json("lineage", "count")
    assert str(shop.folder) + "/" not in str(run)
    assert "data/more.csv" in str(run)
    report = next(shop.home.glob("reports/*.html")).read_text()
    assert "<code>data/sales.csv</code>" in report


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("file /a/b/c.csv changed", "file c.csv changed"),
        ("'/a/b/c' and (/a/b/d/e:3)", "'c' and (d/e:3)"),
        ("/x/a/b/c", "/x/a/b/c"),
        ("/a/bc", "/a/bc"),
        ("[File('/a/b/c'), File('/a/b/d')]", "[File('c'), File('d')]"),
        ("", ""),
    ],
)
def test_only_paths_inside_the_folder_are_shortened(text, expected):
    assert shortened(text, "/a/b") == expected
    assert shortened(text, "/a/b/") == expected
