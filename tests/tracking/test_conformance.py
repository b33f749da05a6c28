"""The public conformance suite, over real databases."""

import pytest

from mainspring.testing import facts


@pytest.mark.parametrize("case", facts.CASES, ids=facts.name_of)
def test_database_conforms(case, connect):
    case(connect)
