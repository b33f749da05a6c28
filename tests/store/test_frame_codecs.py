import array_samples
import frame_samples
import pandas_samples
import pytest

from mainspring.store import digest_value
from mainspring.testing import codecs

SAMPLES = [*array_samples.ARRAYS, *pandas_samples.PANDAS, *frame_samples.POLARS, *frame_samples.ARROW]


@pytest.mark.parametrize("case", codecs.CASES, ids=codecs.name_of)
@pytest.mark.parametrize("sample", SAMPLES, ids=codecs.name_of)
def test_conformance(case, sample, blobs):
    case(sample, blobs)


def test_digests_do_not_depend_on_the_process():
    makers = [sample.make for sample in SAMPLES]
    assert codecs.digests_elsewhere(makers, hash_seed=7) == [digest_value(make()) for make in makers]
