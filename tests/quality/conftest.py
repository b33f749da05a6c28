"""Rows of a small shop, and what they may be."""

from market_sample import domain, shop

__all__ = ["domain", "shop"]
