"""HTML that cannot forget to escape: text is escaped when it becomes part of an element."""

import re
from collections.abc import Iterable
from typing import Any, Final

__all__ = ["Html", "Part", "cut", "draw_digest", "el", "escape", "join"]

# Control characters have no place in HTML, so a mark stands for them.
_CONTROLS: Final = {
    code: "\N{REPLACEMENT CHARACTER}" for code in (*range(32), *range(127, 160)) if chr(code) not in "\t\n"
}
_SPECIAL: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"}
_ESCAPES: Final = str.maketrans({**_SPECIAL, **{chr(code): mark for code, mark in _CONTROLS.items()}})
# Most text has nothing to escape, which a search finds out in a quarter of the time that translating takes.
_search_special: Final = re.compile("[&<>\"'\x00-\x08\x0b-\x1f\x7f-\x9f]").search
_VOID: Final = frozenset({"br", "hr", "img", "link", "meta", "wbr"})


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()


Part = str | Iterable[Any] | None


def escape(text: str) -> Html:
    """Return text as HTML that shows it, in an element or in a quoted attribute.

    >>> escape('<b title="x">')
    '&lt;b title=&quot;x&quot;&gt;'
    """
    return Html(_escaped(text))


def join(*parts: Part, by: str = "") -> Html:
    """Return parts one after the other: HTML as it is, text escaped, iterables item by item, None as nothing."""
    return Html(by.join([_html(part) for part in parts if part is not None]))


def el(name: str, /, *children: Part, **attributes: str | float | bool | None) -> Html:
    """Return an element.

    Attributes that are None or False are left out; `class_` is `class`, and `aria_label` is `aria-label`.

    >>> el("td", "a < b", class_="number", title=None)
    '<td class="number">a &lt; b</td>'
    """
    opened = name
    for key, value in attributes.items():
        if value is None or value is False:
            continue
        plain = key.rstrip("_").replace("_", "-") if "_" in key else key
        if value is True:
            opened += f" {plain}"
        elif value.__class__ is str and _search_special(value) is None:  # nearly all; a report has thousands
            opened += f' {plain}="{value}"'
        else:
            opened += f' {plain}="{_html(value if isinstance(value, str) else str(value))}"'
    if name in _VOID:
        return Html(f"<{opened}>")
    inner = [child if child.__class__ is Html else _html(child) for child in children]
    return Html(f"<{opened}>{''.join(inner)}</{name}>")


def draw_digest(digest: str) -> Html:
    """Return a digest of which the beginning shows; selecting or clicking it gives the whole."""
    return el("code", digest, class_="digest", title=digest)


def cut(text: str, length: int, *, middle: bool = False) -> str:
    """Return text of at most `length` characters, with an ellipsis where something is left out.

    >>> cut("a long sentence", 8), cut("extract_features[12]", 12, middle=True)
    ('a long …', 'extract…[12]')
    """
    if len(text) <= length:
        return text
    kept = length - 1
    tail = kept // 3 + 1 if middle else 0
    return f"{text[: kept - tail]}…{text[len(text) - tail :] if tail else ''}"


def _html(part: Part) -> str:
    if isinstance(part, Html):
        return part
    if isinstance(part, str):
        return _escaped(part)
    return "" if part is None else "".join([_html(item) for item in part])


def _escaped(text: str) -> str:
    return text if _search_special(text) is None else text.translate(_ESCAPES)
