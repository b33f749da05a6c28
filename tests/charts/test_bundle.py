import base64
import re
import subprocess
import sys
import zlib

import altair
import pytest
import vl_convert
from chart_samples import CHARTS

from mainspring.charts import figure_from, to_png, vega_bundle
from mainspring.charts.vl_convert import bundle_file


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bundle") / "cache"
    assert vega_bundle(folder) is not None
    return folder


def test_the_script_is_kept_by_what_is_installed(cache, tmp_path, monkeypatch):
    assert [*cache.iterdir()] == [bundle_file(cache)]
    other = tmp_path / "vl_convert"
    other.mkdir()
    (other / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "vl_convert")
    assert bundle_file(cache) not in {None, *cache.iterdir()}


def test_a_script_that_is_kept_needs_no_library(cache):
    code = f"""
import sys
from pathlib import Path
from mainspring.charts import vega_bundle
vega_bundle(Path({str(cache)!r}))
sys.exit('vl_convert' in sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_script_is_made_once(cache):
    [kept] = cache.iterdir()
    text = kept.read_text()
    try:
        kept.write_text("as it was found")
        assert vega_bundle(cache) == "as it was found"
    finally:
        kept.write_text(text)


def test_the_script_exports_what_the_page_calls(cache):
    script = zlib.decompress(base64.b64decode(vega_bundle(cache))).decode()
    assert re.search(r"window\.mainspringEmbed=[\w$]+;", script)


def test_without_vl_convert_there_is_no_script(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    assert vega_bundle(tmp_path / "cache") is None
    assert not (tmp_path / "cache").exists()


def test_a_script_that_cannot_be_kept_is_still_given(monkeypatch, tmp_path):
    monkeypatch.setattr(vl_convert, "get_vegalite_versions", lambda: ["6.4"])
    monkeypatch.setattr(vl_convert, "javascript_bundle", lambda snippet, version: f"{snippet} {version}")
    (tmp_path / "cache").write_text("a file where the folder should be")
    script = zlib.decompress(base64.b64decode(vega_bundle(tmp_path / "cache"))).decode()
    assert script == "window.mainspringEmbed = vegaEmbed; 6.4"
    assert [path.name for path in tmp_path.iterdir()] == ["cache"]


def test_charts_become_png_files():
    assert to_png(CHARTS["bar"]).startswith(b"\x89PNG")
    assert to_png(CHARTS["bar"], mode="dark") != to_png(CHARTS["bar"])


def test_charts_of_users_become_png_files():
    chart = altair.Chart(altair.Data(values=[{"a": 1}])).mark_bar().encode(x="a:Q")
    assert to_png(figure_from(chart)).startswith(b"\x89PNG")
