"""One typed configuration file: values with their origins, secrets, and advice about what to configure."""

from msgspec import Meta

from mainspring.config.listing import Row, complete_keys, listing, to_record
from mainspring.config.load import Config, config_of, load_config
from mainspring.config.secret import Secret
from mainspring.config.settings import Settings

__all__ = [
    "Config",
    "Meta",
    "Row",
    "Secret",
    "Settings",
    "complete_keys",
    "config_of",
    "listing",
    "load_config",
    "to_record",
]
