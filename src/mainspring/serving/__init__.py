"""The service: packages over HTTP, each answer validated, logged and traceable."""

from mainspring.serving.settings import Limits, Settings

__all__ = ["Limits", "Settings"]
