"""What changed in the source of the symbols that a step reaches, line by line."""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from mainspring.graph.code import Code, Symbol, diff

__all__ = ["Difference", "differences_of"]


@dataclass(frozen=True, slots=True)
class Difference:
    """What changed in the source of one symbol, as a unified diff."""

    symbol: str
    text: str


def differences_of(
    old: Code | None, before: Mapping[str, str], new: Code, now: Mapping[str, str]
) -> Iterable[Difference]:
    """Yield a diff for each symbol that changed, as far as both sources are kept.

    Args:
        old: What the code was; None when that was not kept.
        before: Text of each file then, by its path.
        new: What it is.
        now: Text of each file now.
    """
    if old is None:
        return
    olds, news = ({symbol.name: symbol for symbol in code.symbols} for code in (old, new))
    for change in diff(old, new):
        first, first_place = _lines(olds.get(change.name), before)
        second, second_place = _lines(news.get(change.name), now)
        if first or second:
            lines = difflib.unified_diff(first, second, first_place, second_place, lineterm="")
            yield Difference(change.name, "\n".join(lines))


def _lines(symbol: Symbol | None, texts: Mapping[str, str]) -> tuple[list[str], str]:
    """Return the source lines of a symbol, and where they are."""
    if symbol is None or symbol.path not in texts:
        return [], "nothing"
    lines = texts[symbol.path].splitlines()[symbol.first - 1 : symbol.last]
    return lines, f"{symbol.path}:{symbol.first}-{symbol.last}"
