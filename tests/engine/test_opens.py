"""Which opened files are remarked: those that a step opens, and none that the engine reads for it."""

STEPS = """
    from pathlib import Path
    from threading import Thread
    from mainspring import File, Folder, pipeline, step

    HERE = Path(__file__).parent

    @step
    def pages() -> Folder:
        (HERE / "pages").mkdir(exist_ok=True)
        (HERE / "pages" / "one.txt").write_text("one")
        return Folder(HERE / "pages")

    @step
    def summary(pages: Folder) -> File:
        (HERE / "summary.txt").write_text(str(len(list(pages))))
        return File(HERE / "summary.txt")

    @step
    def nested(summary: File) -> dict:
        return {"files": [summary, File(HERE / "summary.txt")]}

    @step
    def peek(nested: dict) -> str:
        reader = Thread(target=(HERE / "hidden.txt").read_text)
        reader.start()
        reader.join()
        return "".join(file.read_text() for file in nested["files"])

    @pipeline
    def book():
        return peek(nested(summary(pages())))
"""


def test_what_the_engine_reads_for_a_step_is_not_remarked_and_what_it_opens_itself_is(project):
    project.write(STEPS)
    project.write("secret", "hidden.txt")
    project.run("--workers", "1")
    warnings = {step["name"]: step["warnings"] for step in project.json("runs", "show")["steps"]}
    assert [name for name, said in warnings.items() if said] == ["peek"]
    assert warnings["peek"] == ["opened hidden.txt, which is no declared input"]
