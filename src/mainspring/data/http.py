"""Files by HTTP, with the proxies and certificates that the environment names."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException, HTTPResponse
from typing import BinaryIO, Final
from urllib.error import HTTPError, URLError
from urllib.parse import unquote, urlsplit
from urllib.request import HTTPBasicAuthHandler, HTTPPasswordMgrWithPriorAuth, build_opener

from mainspring.data.sources import Source
from mainspring.data.unreachable import UnreachableError
from mainspring.errors import InputError

__all__ = ["copy", "version"]

_CHUNK: Final = 1 << 20
_MAY_PASS: Final = (408, 425, 429, 500, 502, 503, 504)
_SIZE: Final = "Content-Length"


def copy(url: str, file: BinaryIO, source: Source) -> None:
    """Write the body of an answer to a file.

    Raises:
        InputError: The server refuses, or has no such file.
        UnreachableError: It does not answer, or breaks off.
    """
    with _answer(url, source.timeout) as answer:
        shutil.copyfileobj(answer, file, _CHUNK)
        wanted = answer.headers.get(_SIZE)
        if wanted is not None and file.tell() != int(wanted):
            raise UnreachableError(f"it broke off after {file.tell():,} of {int(wanted):,} bytes")


def version(url: str, timeout: float) -> str:
    """Return what the server calls the version of a file, or nothing when it tells none.

    Raises:
        InputError: The server refuses, or has no such file.
        UnreachableError: It does not answer.
    """
    with _answer(url, timeout) as answer:
        changed = answer.headers.get("Last-Modified")
        return answer.headers.get("ETag") or (f"{changed} {answer.headers.get(_SIZE, '')}".strip() if changed else "")


@contextmanager
def _answer(url: str, timeout: float) -> Iterator[HTTPResponse]:
    parts = urlsplit(url)
    plain = parts._replace(netloc=parts.netloc.rpartition("@")[2], fragment="")
    known = HTTPPasswordMgrWithPriorAuth()  # another server, to which this one may send us, does not get the password
    if parts.username is not None:
        known.add_password(
            None, plain.geturl(), unquote(parts.username), unquote(parts.password or ""), is_authenticated=True
        )
    opener = build_opener(HTTPBasicAuthHandler(known))
    opener.addheaders = [("User-Agent", "mainspring"), ("Accept-Encoding", "identity")]
    try:
        with opener.open(plain.geturl(), timeout=timeout) as answer:
            yield answer
    except HTTPError as error:
        said = f"the server answered {error.code} {error.reason}"
        error.close()
        if error.code in _MAY_PASS:
            raise UnreachableError(said) from error
        gone = error.code in (404, 410)
        fix = "Check the address." if gone else "Check the address, and what the server wants to let you in."
        shown = plain._replace(query="").geturl()
        raise InputError(said[0].upper() + said[1:], f"source '{shown}'", fix) from error
    except URLError as error:
        raise UnreachableError(_reason(error.reason)) from error
    except (HTTPException, OSError) as error:
        raise UnreachableError(_reason(error)) from error


def _reason(error: object) -> str:
    said = getattr(error, "strerror", None) or str(error)
    return said or type(error).__name__
