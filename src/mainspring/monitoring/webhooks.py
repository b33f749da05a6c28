"""Posting changes of alerts to a receiver: signed, in their order, until it has taken each."""

import hashlib
import hmac
import io
import re
import time
from base64 import b64encode
from collections.abc import Collection
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection, InvalidURL
from typing import Any, Final
from urllib.error import HTTPError, URLError
from urllib.parse import unquote, urlsplit
from urllib.request import (
    BaseHandler,
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
)

from mainspring.tracking import Alerts, Change

__all__ = ["Delivered", "deliver", "sign_body", "verify_signature"]

_SIGNATURE: Final = re.compile(r"t=(\d{1,12}),v1=([0-9a-f]{64})")
_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class Delivered:
    """What came of delivering.

    Attributes:
        sent: How many changes the receiver has taken.
        waiting: How many still wait.
        error: Why the first of them could not be delivered; empty where nothing failed.
        next: When it is tried next, in seconds since 1970 UTC.
    """

    sent: int
    waiting: int
    error: str = ""
    next: float | None = None


def deliver(
    alerts: Alerts,
    url: str,
    secret: str,
    now: float,
    *,
    models: Collection[str] | None = None,
    timeout: float = _SECONDS,
) -> Delivered:
    """Return what came of posting the changes that wait, in their order; it stops at the first that fails.

    Each is posted as JSON with its id in `Mainspring-Id`, the same in every attempt, so that a receiver that has seen
    one before knows it: where a process dies between the receiver's answer and its own record of it, a change is
    posted again. Any answer of 2xx takes a change. What fails is tried again after 15 s, then after twice as long each
    time, up to 15 minutes; those after it wait with it. Redirections are not followed.

    Args:
        alerts: The alerts, with their outbox.
        url: The receiver, `http` or `https`; a name and password in it are sent as basic authentication.
        secret: What is signed with, see `sign_body`; empty: nothing is signed.
        now: In seconds since 1970 UTC.
        models: Those whose changes this receiver gets; all where nothing is said.
        timeout: How many seconds a post may take up to the end of the answer's headers. Reaching the receiver, TLS and
            sending may each take all of them; the answer has what is left.
    """
    due = alerts.waiting(now, models)
    for sent, change in enumerate(due):
        error = _posted(change, url, secret, now, timeout)
        if error:
            return Delivered(sent, len(due) - sent, error, alerts.failed(change, error, now))
        alerts.delivered(change, now)
    if due:
        return Delivered(len(due), 0)
    waiting = alerts.undelivered(models)
    if not waiting:
        return Delivered(0, 0)
    return Delivered(0, len(waiting), waiting[0].error, waiting[0].next)


def sign_body(body: bytes, secret: str, at: float) -> str:
    """Return the signature of a body: `t=SECONDS,v1=HEX`, HMAC-SHA256 of `SECONDS.BODY` with the secret.

    >>> sign_body(b"{}", "secret", 1_760_000_000.5)[:24]
    't=1760000000,v1=53dc0547'
    """
    time = str(int(at))
    made = hmac.new(secret.encode(), time.encode() + b"." + body, hashlib.sha256).hexdigest()
    return f"t={time},v1={made}"


def verify_signature(body: bytes, signature: str, secret: str, *, now: float, tolerance: float = 300.0) -> bool:
    """Return whether a body was signed with the secret, and not longer ago than that; for receivers.

    Args:
        body: As it came, byte by byte.
        signature: The header `Mainspring-Signature`.
        secret: What both sides know.
        now: In seconds since 1970 UTC.
        tolerance: How many seconds the signature may be old, or ahead.

    >>> verify_signature(b"{}", sign_body(b"{}", "secret", 100), "secret", now=130)
    True
    """
    said = _SIGNATURE.fullmatch(signature)
    if said is None or abs(now - int(said[1])) > tolerance:
        return False
    return hmac.compare_digest(sign_body(body, secret, int(said[1])), signature)


class _Headed(BaseHandler):
    """Gives a request its headers, before anything else looks at it."""

    handler_order = 100

    def __init__(self, headers: dict[str, str]) -> None:
        self._headers = headers

    def http_request(self, request: Request) -> Request:
        """Return the request with its headers."""
        for name, value in self._headers.items():
            request.add_header(name, value)
        return request

    https_request = http_request


class _Ending(io.RawIOBase):
    """What comes from a socket up to a moment of the monotonic clock: its own timeout begins anew with every byte."""

    def __init__(self, sock: Any, end: float) -> None:
        self._sock, self._end = sock, end

    def makefile(self, _: str) -> io.BufferedReader:
        """Return itself with a buffer, as a socket does."""
        return io.BufferedReader(self)

    def readable(self) -> bool:
        """Return that it is."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer with what is there."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        self._sock.settimeout(left)
        return int(self._sock.recv_into(buffer))


class _Plain(HTTPHandler):
    """Asks over HTTP."""

    def __init__(self, end: float) -> None:
        super().__init__()
        self._end = end

    def http_open(self, request: Request) -> HTTPResponse:
        """Return the answer."""
        return self.do_open(_connecting(HTTPConnection, self._end), request)


class _Secure(HTTPSHandler):
    """Asks over HTTPS."""

    def __init__(self, end: float) -> None:
        super().__init__()
        self._end = end

    def https_open(self, request: Request) -> HTTPResponse:
        """Return the answer."""
        return self.do_open(_connecting(HTTPSConnection, self._end), request)


def _connecting(kind: type[HTTPConnection], end: float) -> Any:
    """What makes connections whose answers are read up to a moment."""

    class Answer(HTTPResponse):
        def __init__(self, sock: Any, *given: Any, **named: Any) -> None:
            ending: Any = _Ending(sock, end)
            super().__init__(ending, *given, **named)

    def connection(host: str, **given: Any) -> HTTPConnection:
        made = kind(host, **given)
        made.response_class = Answer
        return made

    return connection


def _posted(change: Change, url: str, secret: str, now: float, timeout: float) -> str:
    """Post one change; returns why it was not taken, empty where it was. The address may be secret, and is not said."""
    body = change.body.encode()
    headers = {"Content-type": "application/json", "User-agent": "mainspring", "Mainspring-id": change.id}
    if secret:
        headers["Mainspring-signature"] = sign_body(body, secret, now)
    parts = urlsplit(url)
    if parts.username is not None:
        known = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        headers["Authorization"] = f"Basic {b64encode(known.encode()).decode()}"
    plain = parts._replace(netloc=parts.netloc.rpartition("@")[2], fragment="").geturl()
    opener = OpenerDirector()  # not the usual one: a redirection would turn the post into something else
    end = time.monotonic() + timeout
    for handler in (ProxyHandler(), _Plain(end), _Secure(end), HTTPDefaultErrorHandler(), HTTPErrorProcessor()):
        opener.add_handler(handler)
    opener.add_handler(_Headed(headers))
    try:
        with opener.open(plain, body, timeout=timeout):
            return ""
    except (InvalidURL, UnicodeError):
        return "the address of the receiver is none that can be asked"
    except HTTPError as error:
        error.close()
        return f"the receiver answered {error.code} {error.reason}"
    except URLError as error:
        return f"the receiver cannot be reached: {_reason(error.reason)}"
    except ValueError as error:  # such as a name that no server can have, or a path that is not quoted
        return f"the address is none that can be posted to: {type(error).__name__}"
    except (HTTPException, OSError) as error:
        return f"the receiver broke off: {_reason(error)}"


def _reason(error: object) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
