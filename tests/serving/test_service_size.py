"""What an install for serving takes on the disk, in megabytes of 1,000,000 bytes."""

import compileall
import os
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from serving_samples import running

ROOT = Path(__file__).resolve().parents[2]
MOST, COMPILED = 170, 195


def megabytes(folder: Path) -> float:
    return sum(path.lstat().st_size for path in folder.rglob("*") if not path.is_dir()) / 1e6


@pytest.mark.prove
def test_an_install_for_serving_is_small(plain, tmp_path):
    """All of site-packages counts: there is no pip in it, and the bytecode of whatever a service loads is."""
    place = tmp_path / "env"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", place], check=True)
    pip = [sys.executable, "-m", "pip", "--python", str(place / "bin" / "python")]
    subprocess.run([*pip, "install", "--quiet", "--no-compile", f"{ROOT}[serve]"], check=True)
    [installed] = place.glob("lib/python*/site-packages")
    unused = {"polars", "pyarrow", "pandas", "sklearn", "torch", "lightgbm", "sqlalchemy", "ray"}
    assert unused.isdisjoint(path.name for path in installed.iterdir())
    written = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPATH": ""}
    command = (str(place / "bin" / "mainspring"),)
    with running(str(plain.package.path), folder=tmp_path, command=command, **written) as (_, url):
        for page in ("", "docs", "metrics", "v2"):
            urllib.request.urlopen(f"{url}/{page}", timeout=10).read()
    assert any(installed.glob("onnxruntime/__pycache__/*.pyc"))
    served = megabytes(installed)
    compileall.compile_dir(installed, quiet=2, workers=os.cpu_count() or 1)
    compiled = megabytes(installed)
    sys.stdout.write(f"{served:.1f} MB; {compiled:.1f} MB when all is compiled, as pip does\n")
    assert served <= MOST
    assert served < compiled <= COMPILED
