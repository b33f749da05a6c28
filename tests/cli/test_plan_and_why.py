"""`plan`, `why` and `config`: what would happen, and why."""

from shop_sample import CONFIG, PIPELINE

TWO = CONFIG.replace("factor = 2", "factor = 3")


def test_a_plan_of_hits(shop, snapshot, plain):
    assert plain(shop.call("plan").stdout) == snapshot
    assert {step["verdict"] for step in shop.json("plan")["steps"]} == {"hit"}


def test_a_plan_of_misses_and_what_waits_for_them(shop, snapshot, plain):
    shop.write(TWO.replace("factor = 3", "factor = 5"), "config.toml")
    assert plain(shop.call("plan").stdout) == snapshot
    steps = {step["name"]: step for step in shop.json("plan")["steps"]}
    assert steps["split"]["verdict"] == "hit"
    assert steps["scale{0}"]["reason"] == "factor: 3 → 5"
    assert steps["total"]["verdict"] == "unknown"
    assert steps["total"]["reason"] == "known once 'scale' has run"
    assert steps["total"]["seconds"] > 0


def test_a_plan_before_the_first_run(project, snapshot, plain):
    project.write("""
    from mainspring import pipeline, step

    @step
    def names() -> list[str]:
        return ["a"]

    @step
    def size(name: str) -> int:
        return len(name)

    @pipeline
    def sizes():
        return size.map(names())
    """)
    assert plain(project.call("plan").stdout) == snapshot
    assert project.run()["by_step"]["size{0}"] == "ran"


def test_a_plan_agrees_with_the_run(shop):
    shop.write(PIPELINE.replace("n >= 10", "n > 10"))
    planned = {step["name"]: step["verdict"] for step in shop.json("plan")["steps"]}
    ran = shop.run()["by_step"]
    assert planned == {"read": "hit", "split": "miss", "scale": "unknown", "total": "unknown"}
    assert ran["read"] == "hit"
    assert ran["split"] == "ran"
    assert ran["total"] == "hit", "the split was the same, so the wave stopped there"


def test_a_file_that_is_missing_is_in_the_plan(shop):
    (shop.folder / "sales.txt").unlink()
    steps = {step["name"]: step for step in shop.json("plan")["steps"]}
    assert steps["read"]["verdict"] == "failed"
    assert "sales.txt" in steps["read"]["reason"]
    assert steps["split"]["verdict"] == "unknown"
    assert "failed" in shop.call("why", "read").stdout


def test_why_a_changed_file(shop):
    shop.write("3\n12\n41\n", "sales.txt")
    said = shop.json("why", "read")
    assert said["verdict"] == "miss"
    assert [change["kind"] for change in said["changes"]] == ["file"]


def test_why_shows_the_lines_that_changed_in_another_module(shop, snapshot, plain):
    shop.write('def rounded(price):\n    """Prices."""\n    whole = round(price)\n    return whole\n', "prices.py")
    assert plain(shop.call("why", "scale").stdout) == snapshot
    said = shop.json("why", "scale")
    assert said["verdict"] == "miss"
    assert said["others"] == 1
    assert [change["kind"] for change in said["changes"]] == ["code"]
    assert said["changes"][0]["where"] == "prices.py:1-4"
    assert "-    return round(price)" in said["diffs"][0]["diff"].splitlines()
    assert "+    whole = round(price)" in said["diffs"][0]["diff"].splitlines()


def test_why_of_one_element(shop):
    shop.write("3\n12\n41\n", "sales.txt")
    shop.run()
    assert shop.json("why", "scale{0}")["verdict"] == "hit"
    assert shop.json("why", "scale{1}")["verdict"] == "hit"


def test_why_of_a_hit_is_why_its_result_was_made(shop, snapshot, plain):
    assert plain(shop.call("why", "scale").stdout) == snapshot
    said = shop.json("why", "scale")
    assert said["verdict"] == "hit"
    assert [change["what"] for change in said["changes"]] == ["factor: 2 → 3"]
    first = shop.json("why", "read")
    assert first["changes"] == []
    assert "first run" in first["reason"]


def test_why_of_what_waits_says_what_is_known_already(shop, snapshot, plain):
    shop.write(PIPELINE.replace("n >= 10", "n > 10").replace("{label: sum(numbers)}", "{label.title(): sum(numbers)}"))
    assert plain(shop.call("why", "total").stdout) == snapshot
    said = shop.json("why", "total")
    assert said["verdict"] == "unknown"
    assert said["waits"] == ["scale"]
    assert [change["kind"] for change in said["changes"]] == ["code"]


def test_why_never_counts_comments(shop):
    shop.write("# prices are whole\n\n" + (shop.folder / "prices.py").read_text(), "prices.py")
    assert shop.json("why", "scale")["verdict"] == "hit"


def test_why_before_any_run(project):
    project.write("""
    from mainspring import pipeline, step

    @step
    def one() -> int:
        return 1

    @pipeline
    def single():
        return one()
    """)
    said = project.json("why", "one")
    assert (said["verdict"], said["reason"], said["since"]) == ("miss", "first run", None)


def test_config_show(shop, snapshot, plain):
    assert plain(shop.call("config", "show", "--profile", "smoke", "--set", "factor=9").stdout) == snapshot
    said = shop.json("config", "show", "--profile", "smoke", "--set", "factor=9")
    assert said["profile"] == "smoke"
    assert said["values"]["factor"] == {"value": 9, "origin": "--set"}
    assert said["values"]["label"] == {"value": "smoke", "origin": "profile.smoke config.toml:5"}
    assert said["values"]["sales"] == {"value": "sales.txt", "origin": "config.toml:1"}


def test_config_lint(shop, snapshot, plain):
    shop.write(PIPELINE.replace("n >= 10", "n >= 10 and n < 12345"))
    quiet = shop.call("config", "lint")
    said = shop.json("config", "lint")["findings"]
    assert quiet.stdout.splitlines()[-1] == (f"{len(said)} findings" if len(said) != 1 else "1 finding")
    shop.call("config", "lint", "--strict", expect=1 if said else 0)


def test_lint_finds_what_should_be_configured(project):
    project.write("""
    from mainspring import pipeline, step

    @step
    def train() -> float:
        learning_rate = 0.03
        return learning_rate

    @pipeline
    def learns():
        return train()
    """)
    [finding] = project.json("config", "lint")["findings"]
    assert "learning_rate" in finding["message"]
    assert finding["path"] == "pipeline.py"
    assert finding["line"] == 6
    project.call("config", "lint", expect=0)
    project.call("config", "lint", "--strict", expect=1)
