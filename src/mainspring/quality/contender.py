"""A model that takes part: its predictions come from a callable, and what it is stands beside it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mainspring.package import Signature, Training
from mainspring.quality.holdout import Array, Named

__all__ = ["Contender", "Predict"]

Predict = Callable[[dict[str, Array]], dict[str, Array]]


@dataclass(frozen=True)
class Contender:
    """One version that gates look at.

    Attributes:
        name: The model.
        number: The version.
        package: The digest of its package.
        predict: From raw columns to outputs; None when it cannot be loaded.
        signature: What it takes and gives.
        training: What it was trained on; None when it does not say.
        size: Bytes of its package.
        fault: Why it cannot be loaded, or does not say of its golden samples what it said; empty when all is well.
        samples: Its golden samples, as raw columns.
        config: What its package knows for inference, such as the level of each quantile.
    """

    name: str
    number: int
    package: str
    predict: Predict | None
    signature: Signature
    training: Training | None = None
    size: int = 0
    fault: str = ""
    samples: Named = field(default_factory=dict)
    config: Mapping[str, Any] = field(default_factory=dict)

    @property
    def says(self) -> str:
        """What people call it."""
        return f"version {self.number}"

    def takes(self, columns: Named) -> dict[str, Array]:
        """Return the columns that it takes, of more."""
        wanted = set(self.signature.names)
        return {name: values for name, values in columns.items() if name in wanted}
