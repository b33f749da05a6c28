"""What a service answers besides plain predictions: fallbacks, shadows, overrides, keys, limits, pages, figures."""

import asyncio
import json
import re
import subprocess
import threading
import time
from dataclasses import dataclass, replace

import httpx
import pytest
from serving_samples import COMMAND, ROW, ask, failing_package, plain_package, predict, service

from mainspring.errors import NotFoundError, ServingError
from mainspring.package import Field, Signature, load
from mainspring.registry import Target
from mainspring.serving import Limits
from mainspring.serving.fitting import misfits
from mainspring.serving.keys import make_key, read_keys, revoke_key
from mainspring.serving.overrides import Override, read_overrides, write_overrides
from mainspring.serving.predlog import find

SMALL = {"price": 2.0, "units": 3.0}


@pytest.fixture(scope="module")
def versions(tmp_path_factory):
    """Packages that differ in one number."""
    folder = tmp_path_factory.mktemp("versions")
    return [plain_package(folder / str(bias), bias) for bias in (1.0, 2.0, 3.0)]


def expected(built, row=SMALL) -> dict[str, float]:
    return {name: values[0] for name, values in load(built.package.path, trust=built.sources).predict([row]).items()}


def test_an_answer_names_what_gave_it(plain):
    with service(plain) as opened:
        said = predict(opened.app, SMALL).json()
    assert said["predictions"] == [expected(plain)]
    assert said["model"] == {"name": "plain", "version": plain.package.digest[:12], "package": plain.package.digest}
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}", said["id"])
    assert set(said) == {"id", "model", "predictions"}


def test_a_failing_model_tells_strangers_nothing(tmp_path, caplog):
    with service(failing_package(tmp_path / "fails")) as opened:
        reply = predict(opened.app, {"price": 666, "units": 1})
    assert reply.status_code == 500
    assert reply.json()["error"]["what"] == "The model failed on this request"
    assert "secret" not in reply.text
    assert "secret detail of the model" in caplog.text
    assert reply.headers["x-request-id"] in caplog.text


def test_the_chain_answers_when_the_primary_fails_or_lacks_values(tmp_path, versions):
    primary = failing_package(tmp_path / "primary")
    reduced = plain_package(tmp_path / "reduced", 5.0, fields=("units",), name="reduced")
    home = tmp_path / "home"
    chain = (str(reduced.package.path),)
    with service(primary, home, fallback=chain, trust=primary.sources) as opened:
        good, failed, absent = (
            predict(opened.app, row).json() for row in (SMALL, {**SMALL, "price": 666}, {"units": 3})
        )
        wrong = predict(opened.app, {**SMALL, "price": "x"})
        hopeless = predict(opened.app, {})
        figures = ask(opened.app, "GET", "/metrics").text
    assert "fallback" not in good
    assert failed["fallback"]["level"] == 1
    assert re.fullmatch(r"plain \w+ failed: RuntimeError", failed["fallback"]["reason"])
    assert failed["predictions"] == [expected(reduced, {"units": 3.0})]
    assert failed["model"]["name"] == "reduced"
    assert re.fullmatch(r"plain \w+ needs price", absent["fallback"]["reason"])
    assert (wrong.status_code, hopeless.status_code) == (422, 422)
    assert [one["path"] for one in hopeless.json()["error"]["problems"]] == ["rows[0].price", "rows[0].units"]
    assert 'mainspring_fallbacks_total{level="1"} 2.0' in figures
    [answer] = find(home / "predictions", absent["id"])
    assert (answer.row.level, answer.row.reason) == (1, absent["fallback"]["reason"])


def test_the_third_answers_what_the_second_cannot_either(tmp_path):
    primary, second, third = (
        plain_package(tmp_path / name, bias, fields=fields, name=name)
        for name, bias, fields in (
            ("all", 1.0, ("price", "units")),
            ("one", 2.0, ("price",)),
            ("other", 3.0, ("units",)),
        )
    )
    with service(primary, fallback=(str(second.package.path), str(third.package.path))) as opened:
        answer = predict(opened.app, {"units": 3}).json()
    assert answer["fallback"]["level"] == 2
    assert re.fullmatch(r"all \w+ needs price; one \w+ needs price", answer["fallback"]["reason"])
    assert answer["predictions"] == [expected(third, {"units": 3.0})]


def test_a_fallback_gives_what_the_primary_gives(tmp_path, plain):
    from serving_samples import linear

    from mainspring.package import Field, Pipeline, Signature, Spec, build

    made = Pipeline(Signature((Field("price"),)), {"model": linear(("price",), 0.0, ("other",))})
    other = build(made, Spec("other"), {"price": [1.0, 2.0]}, tmp_path / "other")
    with (
        pytest.raises(ServingError, match=r"A fallback gives \['other'\], and the primary \['high', 'low'\]"),
        service(plain, fallback=(str(other.package.path),)),
    ):
        pass


def test_a_challenger_is_only_logged(tmp_path, versions):
    home = tmp_path / "home"
    with service(versions[0], home, shadow=str(versions[1].package.path)) as opened:
        said = [predict(opened.app, SMALL).json() for _ in range(5)]
    for one in said:
        answer, shadow = sorted(find(home / "predictions", one["id"]), key=lambda found: found.row.shadow)
        assert (answer.row.shadow, shadow.row.shadow) == (False, True)
        assert answer.model.package == versions[0].package.digest
        assert shadow.model.package == versions[1].package.digest
        assert {name: values[0] for name, values in shadow.outputs.items()} == expected(versions[1])
        assert one["predictions"] == [expected(versions[0])]


def test_a_challenger_sees_the_share_that_it_is_given(tmp_path, versions):
    home = tmp_path / "home"
    with service(versions[0], home, shadow=str(versions[1].package.path), shadow_share=0.0) as opened:
        said = predict(opened.app, SMALL).json()
    assert len(find(home / "predictions", said["id"])) == 1


def test_what_a_person_has_set_is_answered_and_told(tmp_path, plain):
    home = tmp_path / "home"
    path = home / "serving/overrides.json"
    now = time.time()
    holds = Override("1", {"price": 2.0}, {"low": -1.5}, "ada", "recall of the batch", now, now + 60)
    past = Override("2", {"units": 3}, {"high": 9.0}, "bob", "old", now - 60, now - 1)
    other = Override("3", {"colour": "red"}, {"high": 9.0}, "bob", "no such column", now, now + 60)
    with service(plain, home) as opened:
        before = predict(opened.app, SMALL, {**SMALL, "price": 5.0}).json()
        write_overrides(path, [holds, past, other])
        opened.poller.look()
        said = predict(opened.app, SMALL, {**SMALL, "price": 5.0}).json()
        page = ask(opened.app, "GET", "/").text
        path.unlink()
        opened.poller.look()
        after = predict(opened.app, SMALL).json()
    assert "overridden" not in before
    assert said["predictions"][0] == {**before["predictions"][0], "low": -1.5}
    assert said["predictions"][1] == before["predictions"][1]
    assert said["overridden"] == [
        {"id": "1", "rows": [0], "who": "ada", "why": "recall of the batch", "until": now + 60}
    ]
    assert "recall of the batch" in page
    assert "An override never holds for plain" in page
    assert "3 (bob: no such column): there is no input or output &#x27;colour&#x27;" in page.replace("&#39;", "&#x27;")
    assert after["predictions"] == before["predictions"][:1]
    [answer] = find(home / "predictions", said["id"])
    assert answer.row.overridden[0]["who"] == "ada"
    assert answer.outputs["low"][0] == -1.5


def test_an_override_that_never_holds_is_told_when_the_service_starts(tmp_path, plain, caplog):
    home = tmp_path / "home"
    now = time.time()
    given = [
        Override("1", {"prise": 2.0}, {"low": 1.0}, "ada", "typed wrong", now, now + 60),
        Override("2", {"price": 2.0}, {"lo": 1.0}, "ada", "typed wrong", now, now + 60),
        Override("3", {"price": "red"}, {"low": 1.0}, "ada", "a text", now, now + 60),
        Override("4", {"prise": 2.0}, {"low": 1.0}, "bob", "over", now - 60, now - 1),
        Override("5", {"price": 2.0}, {"low": 7.0}, "ada", "right", now, now + 60),
    ]
    write_overrides(home / "serving/overrides.json", given)
    with service(plain, home) as opened:
        opened.poller.look()
        said = predict(opened.app, SMALL).json()
    assert [one["id"] for one in said["overridden"]] == ["5"]
    told = [one for one in caplog.messages if one.startswith("The override")]
    name = f"plain {plain.package.digest[:12]}"
    assert told == [
        f"The override 1 (ada: typed wrong) never holds for {name}: there is no input or output 'prise' (did you mean "
        "'price'?)",
        f"The override 2 (ada: typed wrong) never holds for {name}: there is no output 'lo' (did you mean 'low'?)",
        f"The override 3 (ada: a text) never holds for {name}: 'price' is a float64, and never 'red'",
    ]


def test_an_override_that_never_holds_is_refused_when_it_is_set(tmp_path, plain):
    home = tmp_path / "home"

    def add(*pairs):
        told = ["--who", "ada", "--why", "recall", "--until", "1h", "--home", str(home)]
        return subprocess.run([COMMAND, "overrides", "add", *pairs, *told], capture_output=True, text=True, check=False)

    unchecked = add("lo=1", "--when", "price=2")
    assert unchecked.returncode == 0
    assert "nothing was served from this home yet, so its names are not checked" in unchecked.stdout
    with service(plain, home):
        pass
    refused = add("lo=1", "--when", "prise=2")
    assert refused.returncode == 2
    assert "The override would never hold: plain" in refused.stderr
    assert "did you mean 'price'?" in " ".join(refused.stderr.split())
    assert add("low=1", "--when", "price=2").returncode == 0
    assert len(read_overrides(home / "serving/overrides.json")) == 2


@pytest.mark.parametrize(
    ("field", "fits", "never"),
    [
        (Field("x"), [1, 0.5], [True, "a", "1"]),
        (Field("x", "int64"), [1, 2.0], [0.5, "a"]),
        (Field("x", "int32", categories=(1, 2)), [1], [3]),
        (Field("x", "bool"), [True], [1, "yes"]),
        (Field("x", "string"), ["a", 12], []),
        (Field("x", "string", categories=("a", "12")), ["a", 12], ["b"]),
        (Field("x", "date"), ["2026-01-31"], ["today ", 3, "NaT"]),
        (Field("x", "float32", (2,)), [], [1.0]),
    ],
)
def test_what_a_column_can_be(field, fits, never):
    signature = Signature((field,), outputs=(Field("y"),))
    for value in fits:
        assert misfits(Override("1", {"x": value}, {"y": 1}, "ada", "", 0, 1), signature) == ()
    for value in never:
        assert misfits(Override("1", {"x": value}, {"y": 1}, "ada", "", 0, 1), signature) != ()
    assert misfits(Override("1", {"y": 2}, {"x": 1}, "ada", "", 0, 1), signature) == ("there is no output 'x'",)


def test_a_broken_file_of_overrides_changes_nothing(tmp_path, plain, caplog):
    home = tmp_path / "home"
    with service(plain, home) as opened:
        path = home / "serving/overrides.json"
        path.write_text("{")
        opened.poller.look()
        assert predict(opened.app, SMALL).status_code == 200
    assert "The overrides cannot be read" in caplog.text


def test_keys(tmp_path, plain):
    home = tmp_path / "home"
    path = home / "serving/keys.json"
    key = make_key(path, "ada")
    assert key not in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(ServingError, match="There is a key 'ada' already"):
        make_key(path, "ada")
    with service(plain, home) as opened:
        app = opened.app
        for path_ in ("/", "/docs", "/openapi.json", "/metrics", "/v2", "/v2/models/plain", "/nope"):
            reply = ask(app, "GET", path_)
            assert reply.status_code == 401, path_
            assert "price" not in reply.text
        for header in (
            {},
            {"x-api-key": "ms_wrong"},
            {"authorization": "Bearer"},
            {"authorization": "Basic %%%"},
            {"x-api-key": key[:-1]},
        ):
            reply = predict(app, {"price": "x"}, headers=header)
            assert reply.status_code == 401
            assert "price" not in reply.text
        assert reply.headers["www-authenticate"].startswith("Basic")
        assert ask(app, "POST", "/v2/models/nope/infer", content=b"{}").status_code == 401
        assert ask(app, "GET", "/v2/health/live").status_code == 200
        assert ask(app, "GET", "/v2/health/ready").status_code == 200
        for header in ({"x-api-key": key}, {"authorization": f"Bearer {key}"}):
            assert predict(app, SMALL, headers=header).status_code == 200
        assert ask(app, "GET", "/", auth=("anybody", key)).status_code == 200
        assert ask(app, "GET", "/openapi.json", headers={"x-api-key": key}).json()["security"]
        revoke_key(path, "ada")
        opened.poller.look()
        assert predict(app, SMALL, headers={"x-api-key": key}).status_code == 401
    assert read_keys(path) == []
    with pytest.raises(NotFoundError, match="There is no key 'ada'"):
        revoke_key(path, "ada")


def test_headers_are_secure_everywhere(app):
    for reply in (
        predict(app, ROW),
        predict(app, {}),
        ask(app, "GET", "/"),
        ask(app, "GET", "/nope"),
        ask(app, "GET", "/predict"),
    ):
        assert reply.headers["x-content-type-options"] == "nosniff"
        assert reply.headers["cache-control"] == "no-store"
        assert reply.headers["x-frame-options"] == "DENY"
        assert "default-src 'none'" in reply.headers["content-security-policy"]
        assert "server" not in reply.headers


def test_a_request_id_is_kept_when_it_is_plain(app):
    assert predict(app, ROW, headers={"x-request-id": "mine-7"}).headers["x-request-id"] == "mine-7"
    for odd in ("a b", "x" * 65, "<script>"):
        assert predict(app, ROW, headers={"x-request-id": odd}).headers["x-request-id"] != odd


def test_wrong_methods_and_places(app):
    assert ask(app, "GET", "/predict").headers["allow"] == "POST"
    for method, path in (("GET", "/predict"), ("PUT", "/predict"), ("DELETE", "/"), ("GET", "/v2/models/shop/infer")):
        assert ask(app, method, path).status_code == 405, path
    assert ask(app, "GET", "/secret").json()["error"]["what"] == "There is nothing here"
    assert ask(app, "GET", "/v2/models/other").json() == {"error": "There is no such model"}


def test_too_many_requests_are_sent_away(tmp_path):
    limits = Limits(concurrency=2, seconds=3.0)
    with service(failing_package(tmp_path / "slow", 0.4), limits=limits) as opened:
        opened.app.answering.chain[0].served = replace(opened.app.answering.chain[0].served, call_seconds=1.0)

        async def asked():
            transport = httpx.ASGITransport(opened.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
                rows = {"rows": [{"price": 777, "units": 1}]}
                return await asyncio.gather(*[client.post("/predict", json=rows) for _ in range(5)])

        replies = asyncio.run(asked())
    assert sorted(one.status_code for one in replies) == [200, 200, 429, 429, 429]
    assert {one.headers["retry-after"] for one in replies if one.status_code == 429} == {"1"}


def test_an_answer_that_takes_too_long_is_given_up(tmp_path):
    with service(failing_package(tmp_path / "slow", 0.6), limits=Limits(seconds=0.2)) as opened:
        opened.app.answering.chain[0].served = replace(opened.app.answering.chain[0].served, call_seconds=1.0)
        reply = predict(opened.app, {"price": 777, "units": 1})
        assert opened.app.answering.stuck in (0, 1)
    assert (reply.status_code, reply.headers["retry-after"]) == (503, "1")


def test_a_body_that_does_not_come_is_given_up(plain):
    async def asked(app):
        sent = []

        async def receive():
            await asyncio.sleep(5)

        async def send(message):
            sent.append(message)

        scope = {
            "type": "http",
            "method": "POST",
            "path": "/predict",
            "headers": [(b"content-type", b"application/json")],
        }
        await app(scope, receive, send)
        return sent[0]["status"]

    with service(plain, limits=Limits(seconds=0.1)) as opened:
        assert asyncio.run(asked(opened.app)) == 408


def test_a_log_that_does_not_keep_up_stops_answers(tmp_path, plain):
    with service(plain, tmp_path / "home") as opened:
        log = opened.app.answering.log
        log._memory = 0
        reply = predict(opened.app, SMALL)
        assert (reply.status_code, reply.headers["retry-after"]) == (503, "1")
        log._memory = 1 << 20
        assert predict(opened.app, SMALL).status_code == 200


def test_pages(app):
    page = ask(app, "GET", "/").text
    assert 'name="price"' in page
    assert "Zoltana" not in page
    assert "shop" in page
    docs = ask(app, "GET", "/docs").text
    assert "POST /predict" in docs
    assert "http://" not in re.sub(r"http://www\.w3\.org", "", docs)
    assert "mainspring_requests_total" in ask(app, "GET", "/metrics").text


@dataclass
class Registry:
    """An alias that tests move."""

    at: list

    def target(self, number: int) -> Target:
        def follow():
            version = self.at[0][1]
            return self.target(version) if version != number else None

        path = next(path for path, version in self.at if version == number)
        return Target(path, None, "plain", number, "champion", "run-7", follow=follow)


def test_an_alias_is_followed_with_no_failed_and_no_mixed_answer(versions):
    known = {str(number): expected(built) for number, built in enumerate(versions, 1)}
    all_of_them = [(built.package.path, number) for number, built in enumerate(versions, 1)]
    registry = Registry(list(all_of_them))
    with service(versions[0]) as opened:
        followed = opened.app.answering.chain[0]
        followed._target = registry.target(1)
        wrong, counts, over = [], {}, threading.Event()

        async def load():
            transport = httpx.ASGITransport(opened.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:

                async def one():
                    while not over.is_set():
                        reply = (await client.post("/predict", json={"rows": [SMALL, SMALL, SMALL]})).json()
                        version = reply["model"]["version"]
                        counts[version] = counts.get(version, 0) + 1
                        if version in known and reply["predictions"] != [known[version]] * 3:
                            wrong.append(reply)

                await asyncio.gather(*[one() for _ in range(16)])

        thread = threading.Thread(target=lambda: asyncio.run(load()))
        thread.start()
        for number in (2, 3, 1, 2, 1, 3):
            registry.at = [all_of_them[number - 1], *all_of_them]
            assert followed.check()
            time.sleep(0.05)
        over.set()
        thread.join()
    assert not wrong
    assert {"1", "2", "3"} <= set(counts)
    assert followed.swaps == 6


def test_a_package_with_a_fault_is_refused_and_the_champion_goes_on(tmp_path, versions, caplog):
    import shutil

    from mainspring.package.content import read_content

    broken = shutil.copytree(versions[1].package.path, tmp_path / "broken")
    graph = next(broken.glob("stages/*.onnx"))
    graph.write_bytes(graph.read_bytes()[:-3] + b"abc")
    registry = Registry([(versions[0].package.path, 1)])
    with service(versions[0]) as opened:
        followed = opened.app.answering.chain[0]
        followed._target = registry.target(1)
        registry.at = [(broken, 2), (versions[0].package.path, 1)]
        assert not followed.check()
        said = predict(opened.app, SMALL).json()
        page = ask(opened.app, "GET", "/").text
        figures = ask(opened.app, "GET", "/metrics").text
        assert not followed.check()
        registry.at = [(versions[2].package.path, 3), *registry.at]
        assert followed.check()
    assert said["predictions"] == [expected(versions[0])]
    assert "A package was refused" in page
    assert "mainspring_package_refused 1.0" in figures
    assert "goes on being served" in caplog.text
    assert read_content(versions[1].package.path)


def test_an_alias_that_cannot_be_looked_up_changes_nothing(versions, caplog):
    def follow():
        raise OSError("the database is away")

    with service(versions[0]) as opened:
        followed = opened.app.answering.chain[0]
        followed._target = followed._target._replace(follow=follow)
        opened.poller.look()
        opened.poller.look()
        assert predict(opened.app, SMALL).status_code == 200
    assert caplog.text.count("OSError: the database is away") == 1


def test_openapi_has_the_policy(app):
    said = ask(app, "GET", "/openapi.json").json()
    row = said["components"]["schemas"]["Row"]
    assert row["additionalProperties"] is False
    assert row["properties"]["price"] == {"type": "number", "minimum": 0, "maximum": 1000000, "description": "In EUR."}
    assert row["properties"]["sku"]["enum"] == ["apple", "pear", "plum"]
    assert row["properties"]["ratio"]["type"] == ["number", "null"]
    assert json.dumps(said)
