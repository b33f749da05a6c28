"""State that is kept but is no part of what a value is: how long a fit took, addresses in memory.

Without this, two equal fits of a grid search would differ, and nothing that depends on one could be reused.
"""

from collections.abc import Callable
from typing import Any, BinaryIO, Final

from mainspring.digest import tagged
from mainspring.store.blobs import Writer
from mainspring.store.codec import Raw, Source
from mainspring.store.packing import Packer, unpack

__all__ = ["ASIDE", "Aside", "settled"]

State = dict[str, Any]


class Aside:
    """A value that the digest of its surroundings does not see."""

    __slots__ = ("value",)

    def __init__(self, value: object) -> None:
        self.value = value


def settled(cls: type, state: Any) -> Any:
    """Return the state of an object with what does not count set aside; None for a state that its class ignores."""
    for base in cls.__mro__:
        settle = _KNOWN.get(f"{base.__module__}.{base.__qualname__}")
        if settle is not None:
            return settle(state)
    return state


def _without_times(state: State) -> State:
    state = dict(state)
    if "refit_time_" in state:
        state["refit_time_"] = Aside(state["refit_time_"])
    results = state.get("cv_results_")
    if isinstance(results, dict):
        state["cv_results_"] = {key: Aside(part) if key.endswith("_time") else part for key, part in results.items()}
    return state


def _without_address(state: State) -> State:
    name = "_stop_words_id"
    return {**state, name: Aside(state[name])} if name in state else state


def _without_counters(state: Any) -> Any:
    """A tree for neighbours counts its trims, leaves, splits and calls when it is asked, in this place of its state."""
    first, last = 7, 11
    return tuple(Aside(part) if first <= index < last else part for index, part in enumerate(state))


_KNOWN: Final[dict[str, Callable[[Any], Any]]] = {
    "sklearn.feature_extraction.text._VectorizerMixin": _without_address,
    "sklearn.model_selection._search.BaseSearchCV": _without_times,
    "sklearn.neighbors._ball_tree.BinaryTree32": _without_counters,
    "sklearn.neighbors._ball_tree.BinaryTree64": _without_counters,
    "sklearn.neighbors._kd_tree.BinaryTree32": _without_counters,
    "sklearn.neighbors._kd_tree.BinaryTree64": _without_counters,
    "sklearn.utils._bunch.Bunch": lambda _: None,
}


def _encode(aside: Aside) -> tuple[str, Writer]:
    packer = Packer()
    content = packer.content(packer.pack(aside.value))

    def write(out: BinaryIO) -> None:
        if callable(content):
            content(out)
        else:
            out.write(content)

    return tagged("aside/1"), write


def _decode(source: Source) -> object:
    return unpack(source)


ASIDE: Final = Raw("aside/1", _encode, _decode, lambda _: "aside")
