import sys
from pathlib import Path

import pytest

from mainspring.store import LocalStore

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture
def blobs(tmp_path):
    return LocalStore(tmp_path / "home")
