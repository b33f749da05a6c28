"""The files of a small shop."""

PIPELINE = '''\
"""A shop: its sales, scaled and summed up."""

from dataclasses import dataclass
from typing import NamedTuple

from prices import rounded

from mainspring import File, log, pipeline, step


@dataclass(frozen=True)
class Shop:
    sales: File
    factor: int = 2
    label: str = "shop"


class Parts(NamedTuple):
    low: list[int]
    high: list[int]


@step
def read(sales: File) -> list[int]:
    return [int(line) for line in sales.read_text().split()]


@step
def split(numbers: list[int]) -> Parts:
    return Parts([n for n in numbers if n < 10], [n for n in numbers if n >= 10])


@step
def scale(number: int, *, factor: int) -> int:
    return rounded(number * factor)


@step
def total(numbers: list[int], label: str) -> dict[str, int]:
    print("adding up")
    log("total", sum(numbers))
    log("numbers", [{"number": number} for number in numbers])
    return {label: sum(numbers)}


@pipeline
def shop(config: Shop):
    parts = split(read(config.sales))
    return total(scale.map(parts.high, factor=config.factor), config.label)
'''
PRICES = '''\
def rounded(price):
    """Whole prices."""
    return round(price)
'''
CONFIG = """\
sales = "sales.txt"
factor = 2

[profile.smoke]
label = "smoke"
"""
