"""What a step's signature says, which annotations fit which, and values checked against them."""

from mainspring.schema.boundary import validate
from mainspring.schema.fit import assignable
from mainspring.schema.signature import Output, Parameter, Signature, signature_of
from mainspring.schema.words import show, show_both

__all__ = ["Output", "Parameter", "Signature", "assignable", "show", "show_both", "signature_of", "validate"]
