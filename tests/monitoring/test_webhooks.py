"""Webhooks to a real receiver on the loopback: signed, in order, each once, whatever goes wrong."""

import base64
import contextlib
import hmac
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from threading import Thread

import pytest

from mainspring.monitoring import deliver, sign_body, verify_signature
from mainspring.testing.alerts import HOUR, moved
from mainspring.tracking import Origin, open_facts
from receivers import SECRET

START = 1_760_000_400 // HOUR * HOUR


@pytest.fixture
def alerts(tmp_path):
    with open_facts(tmp_path / "home") as facts:
        yield facts.alerts


def look(alerts, hour, *found, model="shop"):
    at = START + hour * HOUR
    return alerts.observe(model, "v1", at, found, now=at + 60.0, source=Origin("windows", 2))


def test_a_change_is_posted_with_its_id_and_signature(alerts, receiver):
    [fired] = look(alerts, 0, moved("price"))
    done = deliver(alerts, receiver.url, SECRET, START + 90.5)
    assert (done.sent, done.waiting, done.error, done.next) == (1, 0, "", None)
    [(headers, body)] = receiver.posts
    assert headers["Mainspring-Id"] == fired.id
    assert headers["Content-Type"] == "application/json"
    assert body.decode() == fired.body
    signature = headers["Mainspring-Signature"]
    assert signature == sign_body(body, SECRET, START + 90)
    known = hmac.new(SECRET.encode(), f"{START + 90}.{fired.body}".encode(), "sha256").hexdigest()
    assert signature == f"t={START + 90},v1={known}"
    assert verify_signature(body, signature, SECRET, now=START + 200)
    for changed in (body + b" ", body.replace(b"price", b"stock")):
        assert not verify_signature(changed, signature, SECRET, now=START + 200)
    assert not verify_signature(body, signature, "another", now=START + 200)
    assert not verify_signature(body, signature, SECRET, now=START + 600)
    assert not verify_signature(body, signature.replace("t=1", "t=2"), SECRET, now=START + 200)
    assert not verify_signature(body, "v1=", SECRET, now=START + 200)
    assert deliver(alerts, receiver.url, SECRET, START + 100).sent == 0
    assert len(receiver.posts) == 1


def test_a_receiver_that_is_down_for_an_hour_gets_each_alert_once_in_order_afterwards(alerts, receiver):
    receiver.status, fired, tries = 503, [], 0
    begun, up = START, START + HOUR
    for minute in range(90):
        now = begun + 60 * minute
        if minute % 20 == 0:
            columns = ("price", "units", "stock", "age", "week")[: minute // 20 + 1]
            fired += [one.id for one in alerts.observe("shop", "v1", now, [moved(*columns)], now=now)]
        receiver.status = 204 if now >= up else 503
        before = len(receiver.posts)
        done = deliver(alerts, receiver.url, SECRET, now)
        assert len(receiver.posts) - before <= 1 or now >= up
        tries += now < up and len(receiver.posts) > before
        if receiver.status == 503:
            assert (done.sent, done.waiting) == (0, len(fired))
            assert done.error == "the receiver answered 503 Service Unavailable"
            assert now < done.next <= now + 900
            assert receiver.taken() == [fired[0]] * len(receiver.posts)
    assert 5 <= tries <= 12
    assert len(fired) == 5
    taken = receiver.taken()[tries:]
    assert taken == fired
    assert len({body for headers, body in receiver.posts if headers["Mainspring-Id"] == fired[0]}) == 1
    assert alerts.undelivered() == []
    assert [one.attempts for one in alerts.changes(alerts.list()[0].id)] == [tries + 1, 1, 1, 1, 1]


def test_a_process_that_is_killed_after_the_receiver_took_a_change_repeats_its_id(tmp_path, receiver):
    with open_facts(tmp_path / "home") as facts:
        first, second = [look(facts.alerts, hour, moved(*columns))[0].id for hour, columns in ((0, "a"), (1, "ab"))]
    args = [sys.executable, Path(__file__).parents[1] / "receivers.py", tmp_path / "home", receiver.url]
    children: list[subprocess.Popen] = []
    receiver.before_answering = lambda: os.kill(children[0].pid, signal.SIGKILL)
    children.append(subprocess.Popen([*args, str(START + 2 * HOUR)]))
    assert children[0].wait(60) == -signal.SIGKILL
    receiver.before_answering = lambda: None
    with open_facts(tmp_path / "home") as facts:
        assert [one.id for one in facts.alerts.undelivered()] == [first, second]
        assert deliver(facts.alerts, receiver.url, SECRET, START + 2 * HOUR).sent == 2
    assert receiver.taken() == [first, first, second]
    assert receiver.posts[0][1] == receiver.posts[1][1]


@pytest.mark.parametrize(("status", "said"), [(302, "302 Found"), (404, "404 Not Found"), (500, "500 Internal")])
def test_only_an_answer_of_2xx_takes_a_change_and_no_redirection_is_followed(alerts, receiver, status, said):
    look(alerts, 0, moved("price"))
    receiver.status, receiver.location = status, receiver.url
    done = deliver(alerts, receiver.url, SECRET, START + 90)
    assert said in done.error
    assert (done.sent, done.waiting, done.next, len(receiver.posts)) == (0, 1, START + 105, 1)
    waits = deliver(alerts, receiver.url, SECRET, START + 95)
    assert (waits.error, waits.next, len(receiver.posts)) == (done.error, done.next, 1)


def test_a_receiver_that_is_not_there_or_breaks_off_or_is_silent_is_tried_again(alerts, receiver):
    look(alerts, 0, moved("price"))
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        silent = deliver(alerts, f"http://127.0.0.1:{port}/", "", START + 60, timeout=0.05)
    assert "timed out" in silent.error
    gone = deliver(alerts, f"http://127.0.0.1:{port}/", "", silent.next)
    assert gone.error == "the receiver cannot be reached: Connection refused"
    receiver.status = 0
    broken = deliver(alerts, receiver.url, "", gone.next)
    assert broken.error.startswith("the receiver ")
    receiver.status = 200
    assert deliver(alerts, receiver.url, "", broken.next).sent == 1
    assert "Mainspring-Signature" not in receiver.posts[-1][0]


def test_a_receiver_that_answers_in_drips_is_held_to_the_time_of_a_post(alerts):
    look(alerts, 0, moved("price"))
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip():
            taken, _ = server.accept()
            taken.sendall(b"HTTP/1.1 200 OK\r\nSlow: ")
            with taken, contextlib.suppress(OSError):
                for _ in range(40):
                    taken.sendall(b".")
                    time.sleep(0.05)
                taken.sendall(b"\r\nContent-Length: 0\r\n\r\n")

        dripping = Thread(target=drip)
        dripping.start()
        begun = time.monotonic()
        found = deliver(alerts, f"http://127.0.0.1:{server.getsockname()[1]}/", "", START + 60, timeout=0.3)
        took = time.monotonic() - begun
        dripping.join()
    assert (found.sent, found.waiting, found.error) == (0, 1, "the receiver broke off: timed out")
    assert took < 1.5


@pytest.mark.parametrize("rest", ["hooks..example.com/cret", "localhost:1/cr\u00e4t", "localhost:1/a cret", "h" * 64])
def test_an_address_that_cannot_be_asked_is_told_and_not_said(alerts, rest):
    look(alerts, 0, moved("price"))
    found = deliver(alerts, f"http://{rest}", "", START + 60)
    assert (found.waiting, found.error) == (1, "the address of the receiver is none that can be asked")


def test_a_password_in_the_address_is_sent_and_never_said(alerts, receiver):
    look(alerts, 0, moved("price"))
    receiver.status = 500
    url = receiver.url.replace("http://", "http://ann:s%20cret@") + "?token=abc"
    assert "cret" not in deliver(alerts, url, "", START + 60).error
    receiver.status = 200
    assert deliver(alerts, url, "", START + 600).sent == 1
    known = base64.b64encode(b"ann:s cret").decode()
    assert receiver.posts[-1][0]["Authorization"] == f"Basic {known}"


def test_models_with_receivers_of_their_own_do_not_wait_for_each_other(alerts, receiver):
    look(alerts, 0, moved("price"))
    [cafe] = look(alerts, 0, moved("price"), model="cafe")
    receiver.status = 500
    assert deliver(alerts, receiver.url, "", START + 60, models=["shop"]).waiting == 1
    receiver.status = 200
    assert deliver(alerts, receiver.url, "", START + 60, models=["cafe"]).sent == 1
    assert receiver.taken()[-1] == cafe.id


@pytest.mark.parametrize(
    "url", ["https://hooks..example.com/x", f"http://{'a' * 64}.example.com/", "http://127.0.0.1:9/\xe4", "http://a b/"]
)
def test_an_address_that_is_none_is_said_and_waits(alerts, url):
    look(alerts, 0, moved("price"))
    done = deliver(alerts, url, SECRET, START + 90.0, timeout=0.2)
    assert (done.sent, done.waiting, done.error != "") == (0, 1, True)
