"""The ten rules, as every tool is told them."""

import datetime

__all__ = ["CODE", "FIRST", "LAST", "PRODUCTS", "RULES", "SHORTEST", "STATES"]

RULES = ("null", "price", "units", "state", "code", "key", "day", "product", "revenue", "short")
FIRST, LAST = datetime.date(2023, 1, 1), datetime.date(2024, 12, 31)
PRODUCTS = [f"P{number:04}" for number in range(40)]
STATES = ["open", "closed", "holiday"]
CODE = r"^[0-9]{6}-[0-9]{2}$"
SHORTEST = 28  # rows of a product in a store
