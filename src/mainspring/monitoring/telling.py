"""Findings in a sentence."""

import math

__all__ = ["tell"]


def tell(check: str, column: str, size: float, value: float, expected: float) -> str:
    """Return one sentence that says what has changed, with the numbers."""
    name = f"'{column}'"
    if check == "drift":
        return f"The distribution of {name} has moved by {size:.3f} from that of its season"
    if check == "correlation":
        return (
            f"The correlations of {name} with other numbers have changed by {size:.3f} (root mean square, Fisher's z)"
        )
    if check == "volume":
        return f"{math.exp(value):,.0f} rows came where {math.exp(expected):,.0f} are usual at that time"
    if check == "latency":
        took, usual = math.exp(value) / 1000, math.exp(expected) / 1000
        return f"{column} of the latency is {took:.3f} ms where {usual:.3f} ms are usual"
    whats = {
        "nulls": f"of {name} are missing",
        "new_category": f"of {name} are values that the reference does not have",
        "range": f"of {name} are outside the range of the reference",
        "contract": "of the rows were marked by the policy of the signature",
        "duplicates": "of the rows are equal to an earlier one",
        "fallback": "of the requests were answered by a fallback",
    }
    return f"{value:.2%} {whats[check]}, where {expected:.2%} are usual"
