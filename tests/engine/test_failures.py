"""What is said of a step that failed with an error of Mainspring's own: each part once."""

import pytest

STEPS = """
    import threading
    from mainspring import log, pipeline, step

    @step
    def bad() -> dict:
        BODY

    @pipeline
    def failing():
        return bad()
"""


@pytest.mark.parametrize(
    ("body", "what", "where", "fix"),
    [
        ("return {'lock': threading.Lock()}", "a lock", "step 'bad', pipeline.py:5, result['lock']", "Make it inside"),
        ("return 3", "Expected 'dict' but got", "step 'bad', pipeline.py:5, result 'result'", "Change the annotation"),
        ("log('loss', 'high')", "was given str", "pipeline.py:7", "Log a number"),
    ],
)
def test_an_error_of_our_own_says_each_part_once(project, body, what, where, fix):
    project.write(STEPS.replace("BODY", body))
    text = project.call("run", expect=1).stderr
    assert text.count(what) == 1
    assert f"({where})" in text
    assert text.count(fix) == 1


def test_a_lost_input_is_said_once_with_its_place(project):
    project.write("""
    from mainspring import pipeline, step

    @step
    def table() -> list[int]:
        return list(range(100))

    @step
    def total(table: list[int], day: int) -> int:
        return sum(table)

    @pipeline
    def one():
        return total(table(), 1)
    """)
    project.run()
    path = project.folder / "pipeline.py"
    path.write_text(path.read_text().replace("table(), 1", "table(), 2"))
    for blob in project.home.glob("objects/*/*"):
        blob.chmod(0o644)
        blob.write_bytes(bytes(reversed(blob.read_bytes())))
    text = project.call("run").stdout
    assert text.count("is corrupt") == 1
    assert "Run the step" not in text
    assert "(.mainspring/objects/" in text
