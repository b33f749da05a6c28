"""Secrets: named in the configuration, read from the environment, recorded nowhere."""

import os
import re
from dataclasses import dataclass

from mainspring.errors import ConfigError

__all__ = ["ENV", "Secret"]

ENV = re.compile(r"env:([A-Za-z_]\w*)")


@dataclass(frozen=True, slots=True)
class Secret:
    """A value that only the environment holds, written `"env:NAME"` in the configuration.

    Its name is all that is shown, recorded and part of a cache key.

    Args:
        name: Name of the environment variable.

    >>> Secret("SHOP_TOKEN")
    Secret('SHOP_TOKEN')
    """

    name: str

    def __repr__(self) -> str:
        return f"Secret({self.name!r})"

    def __str__(self) -> str:
        return f"env:{self.name}"

    def reveal(self) -> str:
        """Return the value.

        Raises:
            ConfigError: The environment has no such variable.
        """
        value = os.environ.get(self.name)
        if value is None:
            raise ConfigError(
                f"The environment has no variable '{self.name}', which the configuration names as a secret",
                None,
                f"Set it where the run is started: export {self.name}=…",
            )
        return value
