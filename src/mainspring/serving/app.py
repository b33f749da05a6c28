"""The ASGI application: a short way for predictions, Starlette's routes for the rest."""

import asyncio
import base64
import binascii
import logging
import re
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import msgspec

from mainspring.serving.access import AccessLog
from mainspring.serving.answering import Answered, Answering
from mainspring.serving.ids import Ids
from mainspring.serving.keys import Keys
from mainspring.serving.metrics import Metrics
from mainspring.serving.models import Served
from mainspring.serving.protocol import encode_answer, parse, read_tensors
from mainspring.serving.reading import Input
from mainspring.serving.refusing import RefusedError
from mainspring.serving.settings import Limits

__all__ = ["App", "Receive", "Reply", "Scope", "Send"]

LOG: Final = logging.getLogger(__name__)
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Cold = Callable[[Scope, Receive, Send], Awaitable[None]]
JSON: Final = b"application/json"
BINARY: Final = b"application/octet-stream"
# What a page of another site may send without asking first.
_SIMPLE: Final = (b"text/plain", b"multipart/form-data", b"application/x-www-form-urlencoded")
_PLAIN_ID: Final = re.compile(r"[A-Za-z0-9._:-]{1,64}").fullmatch
_INFER: Final = re.compile(r"/v2/models/([^/]+)(?:/versions/([^/]+))?/infer").fullmatch
_OPEN: Final = ("/v2/health/live", "/v2/health/ready")
_SECURE: Final = [
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
]
_STRICT: Final = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")
GONE: Final = 499
_encode = msgspec.json.Encoder().encode


class Reply(NamedTuple):
    """An answer of HTTP."""

    status: int
    body: bytes
    kind: bytes = JSON
    headers: tuple[tuple[bytes, bytes], ...] = ()


class _GoneError(Exception):
    """The client went away."""


@dataclass
class State:
    """What changes while the service runs."""

    ready: bool = False
    draining: bool = False
    active: int = 0
    extra: dict[str, Any] = field(default_factory=dict)


class App:
    """The service as an ASGI application.

    Args:
        answering: What answers.
        limits: What requests may use.
        cold: Answers what is no prediction.
        keys: Who may ask; None: everybody.
        metrics: Where requests are counted.
        access: Where requests are logged; None: nowhere.
    """

    def __init__(
        self,
        answering: Answering,
        limits: Limits,
        cold: Cold,
        *,
        keys: Keys | None = None,
        metrics: Metrics | None = None,
        access: AccessLog | None = None,
    ) -> None:
        self.answering = answering
        self.limits = limits
        self.keys = keys
        self.metrics = metrics or Metrics()
        self.state = State()
        self._ids = answering.ids
        self._cold = cold
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await _live(receive, send)
            return
        asked = _asked(scope, self._ids)
        self.state.active += 1
        try:
            reply = await self._reply(asked, receive, send)
        finally:
            self.state.active -= 1
        if reply is not None:
            await _send(send, reply, asked.identity)
            asked.status = reply.status
        seconds = time.perf_counter() - asked.start
        self.metrics.observe(asked.route, asked.status, seconds)
        if asked.route != "other":
            self.metrics.recent.append(seconds)
        if self._access is not None:
            self._access.add(_line(asked, seconds))

    async def _reply(self, asked: "_Asked", receive: Receive, send: Send) -> Reply | None:
        """What is answered; None when it was sent already, or nobody waits for it."""
        try:
            if asked.post and asked.route == "predict":
                return await self._predict(asked, receive)
            if asked.post and asked.found is not None:
                return await self._infer(asked, asked.found, receive)
            self._check_key(asked)
            await self._elsewhere(asked, receive, send)
        except RefusedError as error:
            return self._refusal(error, asked)
        except _GoneError:
            asked.status = GONE
        except Exception:  # whatever a stage raises is the service's fault, and nothing about it is told
            LOG.exception("The request %s could not be answered", asked.identity)
            return self._refusal(RefusedError(500, "The model failed on this request"), asked)
        return None

    async def _predict(self, asked: "_Asked", receive: Receive) -> Reply:
        self._check(asked)
        headers = asked.headers
        kind = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
        if kind != JSON:
            raise RefusedError(415, "The body has to be application/json")
        body = await _body(headers, receive, self.limits)

        def read(served: Served) -> Input:
            return served.reader.read(body)

        answered = await self.answering.answer(read, len(body))
        return Reply(200, self._told(answered, asked.told))

    async def _infer(self, asked: "_Asked", found: re.Match[str], receive: Receive) -> Reply:
        self._check(asked)
        headers = asked.headers
        if headers.get(b"content-type", b"").partition(b";")[0].strip().lower() in _SIMPLE:
            raise RefusedError(415, "The body has to be application/json or application/octet-stream")
        self.check_model(found[1], found[2])
        body = await _body(headers, receive, self.limits)
        length = headers.get(b"inference-header-content-length")
        if length is not None and not re.fullmatch(rb"[0-9]{1,12}", length):
            raise RefusedError(400, "Inference-Header-Content-Length is no number")
        parsed = parse(body, None if length is None else int(length), self.limits)
        answered = await self.answering.answer(lambda served: read_tensors(parsed, served), len(body))
        self._count(answered, asked.told)
        parameters = {"prediction_id": answered.id, "package": answered.served.digest, **_remarks(answered, flat=True)}
        content, head = encode_answer(parsed, answered.served, answered.outputs, parameters)
        if head is None:
            return Reply(200, content)
        return Reply(200, content, BINARY, ((b"inference-header-content-length", b"%d" % head),))

    def check_model(self, name: str, version: str | None) -> Served:
        """Return the model of a name and version.

        Raises:
            RefusedError: It is not served.
        """
        served = self.answering.chain[0].served
        if name != served.name:
            raise RefusedError(404, "There is no such model")
        if version is not None and version != served.version:
            raise RefusedError(404, "The model is not served in this version")
        return served

    def _check(self, asked: "_Asked") -> None:
        """Refuse what must not be answered, before its body is read."""
        headers = asked.headers
        origin = headers.get(b"origin")
        if origin is not None and origin.partition(b"://")[2] != headers.get(b"host", b""):
            raise RefusedError(403, "The request comes from a page of another site")
        self._check_key(asked)
        if self.state.active + self.answering.stuck > self.limits.concurrency:
            raise RefusedError(429, f"More than {self.limits.concurrency} requests are under way", retry=1)
        if headers.get(b"content-encoding", b"identity").lower() != b"identity":
            raise RefusedError(415, "The body must not be compressed")

    def _check_key(self, asked: "_Asked") -> None:
        if self.keys is None or not self.keys.needed or asked.scope["path"] in _OPEN:
            return
        owner = self.keys.owner(_key_in(asked.headers))
        if owner is None:
            raise RefusedError(401, "A key is needed: send it as 'Authorization: Bearer KEY' or 'X-API-Key: KEY'")
        asked.told["key"] = owner

    def _told(self, answered: Answered, told: dict[str, Any]) -> bytes:
        self._count(answered, told)
        served, rows = answered.served, answered.given.rows
        names = served.row
        lists = [answered.outputs[name].tolist() for name in names]
        if rows == 1:
            predictions = [dict(zip(names, [one[0] for one in lists], strict=True))]
        else:
            predictions = [dict(zip(names, values, strict=True)) for values in zip(*lists, strict=True)]
        model = {"name": served.name, "version": served.version, "package": served.digest}
        answer: dict[str, Any] = {"id": answered.id, "model": model, "predictions": predictions}
        answer.update(_remarks(answered, flat=False))
        return _encode(answer)

    def _count(self, answered: Answered, told: dict[str, Any]) -> None:
        served = answered.served
        told["id"] = answered.id
        told["version"] = served.version
        told["rows"] = answered.given.rows
        self.metrics.predicted(served.name, served.version, answered.given.rows)
        if answered.level:
            told["fallback"] = answered.reason
            self.metrics.fallbacks.labels(str(answered.level)).inc()
        if answered.overridden:
            self.metrics.overridden.inc()

    def _refusal(self, error: RefusedError, asked: "_Asked") -> Reply:
        for problem in error.problems:
            self.metrics.problems.labels(problem.rule).inc()
        headers: list[tuple[bytes, bytes]] = []
        if error.retry is not None:
            headers.append((b"retry-after", b"%d" % error.retry))
        if error.status == 401:
            headers.append((b"www-authenticate", b'Basic realm="mainspring", Bearer'))
        if error.status in (408, 413):
            headers.append((b"connection", b"close"))
        body: dict[str, Any]
        if not asked.scope["path"].startswith("/v2"):
            body = {"error": {"status": error.status, "what": error.what, "request": asked.identity}}
            if error.problems:
                body["error"].update(problems=error.problems, total=error.total)
        else:
            said = "; ".join([error.what, *(f"{one.path} {one.message}" for one in error.problems)])
            body = {"error": said}
        return Reply(error.status, _encode(body), JSON, tuple(headers))

    async def _elsewhere(self, asked: "_Asked", receive: Receive, send: Send) -> None:
        """Have Starlette answer."""

        async def sent(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                asked.status = message["status"]
                given = message["headers"]
                policy = [] if any(name == _STRICT[0] for name, _ in given) else [_STRICT]
                message["headers"] = [*given, *_SECURE, *policy, (b"x-request-id", asked.identity.encode())]
            await send(message)

        asked.scope["state"] = {"app": self, "identity": asked.identity}
        await self._cold(asked.scope, receive, sent)


class _Asked:
    """One request."""

    __slots__ = ("found", "headers", "identity", "post", "route", "scope", "start", "status", "told")

    def __init__(self, scope: Scope, identity: str, route: str, found: re.Match[str] | None) -> None:
        self.start = time.perf_counter()
        self.scope = scope
        self.headers: dict[bytes, bytes] = dict(scope["headers"])
        self.post = scope["method"] == "POST"
        self.identity = identity
        self.route = route
        self.found = found
        self.status = 0
        self.told: dict[str, Any] = {}


def _asked(scope: Scope, ids: Ids) -> _Asked:
    path: str = scope["path"]
    found = None if path == "/predict" else _INFER(path)
    route = "predict" if path == "/predict" else "infer" if found else "other"
    asked = _Asked(scope, "", route, found)
    given = asked.headers.get(b"x-request-id")
    if given is not None and _PLAIN_ID(plain := given.decode("latin-1")):
        asked.identity = plain
    else:
        asked.identity = ids.make()
    return asked


def _line(asked: _Asked, seconds: float) -> dict[str, Any]:
    """A request in the access log."""
    client = asked.scope.get("client")
    return {
        "time": round(time.time(), 3),
        "request": asked.identity,
        "client": client[0] if client else None,
        "method": asked.scope["method"],
        "path": asked.scope["path"],
        "status": asked.status,
        "ms": round(seconds * 1e3, 3),
        **asked.told,
    }


def _remarks(answered: Answered, *, flat: bool) -> dict[str, Any]:
    """What an answer says beside its predictions. Parameters of the protocol are plain values: there it is one text."""
    made: dict[str, Any] = {}
    if answered.given.marks:
        made["marks"] = answered.given.marks
    if answered.level:
        made["fallback"] = {"level": answered.level, "reason": answered.reason}
    if answered.overridden:
        made["overridden"] = answered.overridden
    return {name: _encode(value).decode() for name, value in made.items()} if flat else made


def _key_in(headers: Mapping[bytes, bytes]) -> str:
    """The key in a request: a bearer token, the password of a browser's dialog, or a header of its own."""
    scheme, _, rest = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
    if scheme.lower() == "bearer":
        return rest.strip()
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(rest, validate=True).decode("utf-8", "surrogateescape").partition(":")[2]
        except binascii.Error:
            return ""
    return headers.get(b"x-api-key", b"").decode("latin-1")


async def _body(headers: Mapping[bytes, bytes], receive: Receive, limits: Limits) -> bytes:
    """The body of a request, within its limits."""
    length = headers.get(b"content-length", b"0")
    if length.isdigit() and int(length) > limits.body:
        raise _too_long(limits)
    try:
        async with asyncio.timeout(limits.seconds):
            message = await receive()
            if not message.get("more_body", False) and message["type"] == "http.request":
                body: bytes = message.get("body", b"")
                if len(body) > limits.body:
                    raise _too_long(limits)
                return body
            return await _rest(message, receive, limits)
    except TimeoutError:
        raise RefusedError(408, f"The body was not sent within {limits.seconds:g} s") from None


async def _rest(message: MutableMapping[str, Any], receive: Receive, limits: Limits) -> bytes:
    parts, size = [], 0
    while True:
        if message["type"] == "http.disconnect":
            raise _GoneError
        part = message.get("body", b"")
        size += len(part)
        if size > limits.body:
            raise _too_long(limits)
        parts.append(part)
        if not message.get("more_body", False):
            return b"".join(parts)
        message = await receive()


def _too_long(limits: Limits) -> RefusedError:
    return RefusedError(413, f"The body has more than {limits.body:,} bytes")


async def _send(send: Send, reply: Reply, identity: str) -> None:
    headers = [
        (b"content-type", reply.kind),
        (b"content-length", b"%d" % len(reply.body)),
        (b"x-request-id", identity.encode()),
        *reply.headers,
        *_SECURE,
        _STRICT,
    ]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body})


async def _live(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
