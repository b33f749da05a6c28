import json
import os
import subprocess
import sys
import zipfile
from hashlib import sha256
from pathlib import Path

import pytest

from mainspring.engine.environment import Environment, _cpu


class Kept(dict):
    def set(self, name, value):
        self[name] = value


def distribution(place, name, version, *, requires=(), files=("{name}/__init__.py",), direct=None, content="x"):
    """Lay out an installed distribution as an installer does."""
    info = place / f"{name}-{version}.dist-info"
    info.mkdir(parents=True)
    lines = [f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}"]
    lines += [f"Requires-Dist: {line}" for line in requires]
    (info / "METADATA").write_text("\n".join(lines) + "\n\n")
    digest = sha256(content.encode()).hexdigest()
    record = [f"{path.format(name=name)},sha256={digest},1" for path in files]
    (info / "RECORD").write_text("\n".join([*record, f"{info.name}/RECORD,,"]))
    if direct is not None:
        (info / "direct_url.json").write_text(json.dumps(direct))
    return info


def wheel(folder: Path, version: str) -> Path:
    path = folder / f"tinything-{version}-py3-none-any.whl"
    info = f"tinything-{version}.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("tinything/__init__.py", f"VERSION = {version!r}\n")
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: tinything\nVersion: {version}\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return path


def install(path: Path, target: Path) -> None:
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--upgrade"]
    command += ["--disable-pip-version-check", "--target", str(target), str(path)]
    subprocess.run(command, check=True, env={**os.environ, "PIP_ROOT_USER_ACTION": "ignore"})


@pytest.fixture
def place(tmp_path):
    return tmp_path / "site-packages"


def versions(place, *imports, memo=None):
    return Environment(memo, path=[str(place)]).versions_for(imports)[1]


def test_an_import_counts_with_all_that_its_distribution_requires(place):
    distribution(place, "Alpha", "1", requires=["beta_two>=1 ; python_version >= '3'", "absent"], files=["alpha/x.py"])
    distribution(place, "Beta.Two", "2", requires=["gamma (>=1)", "alpha"], files=["beta.py"])
    distribution(place, "gamma", "3", files=["gamma.cpython-311-x86_64-linux-gnu.so"])
    distribution(place, "delta", "4")
    assert versions(place, "alpha.part") == {"Alpha": "1", "Beta.Two": "2", "gamma": "3"}
    assert versions(place, "gamma", "json", "unknown") == {"gamma": "3"}
    assert versions(place) == {}


def test_what_is_needed_for_an_extra_counts_only_where_the_extra_is_required(place):
    distribution(place, "frames", "1", requires=["plots; extra == 'plot'", 'arrow; extra == "Fast_IO"'])
    distribution(place, "app", "1", requires=["frames[fast-io]>=1"])
    distribution(place, "plots", "1")
    distribution(place, "arrow", "1")
    assert set(versions(place, "frames")) == {"frames"}
    assert set(versions(place, "app")) == {"app", "frames", "arrow"}
    assert set(versions(place, "frames", "app")) == {"app", "frames", "arrow"}


def test_names_shared_by_distributions_count_all_of_them(place):
    distribution(place, "space-a", "1", files=["space/a.py"])
    distribution(place, "space-b", "1", files=["space/b.py"])
    assert set(versions(place, "space")) == {"space-a", "space-b"}


def test_the_first_of_two_installs_on_the_search_path_counts(tmp_path):
    distribution(tmp_path / "one", "thing", "1")
    distribution(tmp_path / "two", "thing", "2")
    paths = [str(tmp_path / "two"), str(tmp_path / "one")]
    assert Environment(path=paths).versions_for(["thing"])[1] == {"thing": "2"}


def test_editable_installs_are_project_code(place, tmp_path):
    distribution(place, "mine", "1", direct={"url": "file:///x", "dir_info": {"editable": True}})
    old = tmp_path / "project" / "old.egg-info"
    old.mkdir(parents=True)
    (old / "PKG-INFO").write_text("Metadata-Version: 2.1\nName: old\nVersion: 1\n")
    (old / "SOURCES.txt").write_text("old.py")
    (old / "top_level.txt").write_text("old")
    found = Environment(path=[str(place), str(old.parent)])
    assert found.versions_for(["mine", "old"])[1] == {}


def test_of_mainspring_the_version_counts_and_not_what_it_requires(place):
    distribution(place, "mainspring", "0.1", requires=["rich"])
    distribution(place, "rich", "1")
    assert versions(place, "mainspring") == {"mainspring": "0.1"}


@pytest.mark.parametrize(("version", "direct"), [("1+cpu", None), ("1", {"url": "file:///a.whl", "archive_info": {}})])
def test_a_version_that_does_not_identify_is_joined_by_the_content(tmp_path, version, direct):
    distribution(tmp_path / "a", "thing", version, direct=direct, content="x")
    distribution(tmp_path / "b", "thing", version, direct=direct, content="y")
    distribution(tmp_path / "c", "thing", version, direct=direct and {**direct, "url": "file:///b.whl"}, content="x")
    a, b, c = (versions(tmp_path / name, "thing")["thing"] for name in "abc")
    assert a.startswith(f"{version} (")
    assert a != b
    assert a == c


def test_metadata_without_a_record_or_without_a_name_is_read_as_far_as_it_goes(place):
    info = distribution(place, "plain", "1")
    (info / "RECORD").unlink()
    (info / "top_level.txt").write_text("plain\nplain_more\n")
    broken = place / "~roken-1.dist-info"
    broken.mkdir()
    assert versions(place, "plain_more", "roken") == {"plain": "1"}


def test_the_digest_says_what_the_versions_say(place):
    distribution(place, "thing", "1")
    distribution(place, "other", "1")
    found = Environment(path=[str(place)])
    assert found.versions_for(["thing"])[0] == found.versions_for(["thing.part", "json"])[0]
    assert found.versions_for(["thing"])[0] != found.versions_for(["other"])[0]
    assert len(found.versions_for([])[0]) == 64


def test_what_was_read_is_kept_until_an_install_changes_it(place):
    memo = Kept()
    distribution(place, "thing", "1", requires=["other[more]; extra == 'x'"])
    first = Environment(memo, path=[str(place)])
    assert first.versions_for(["thing"])[1] == {"thing": "1"}
    assert Environment(memo, path=[str(place)]).installed == first.installed
    assert len(memo) == 1
    (place / "module.py").write_text("")
    assert versions(place, "thing", memo=memo) == {"thing": "1"}
    assert len(memo) == 1
    distribution(place, "late", "1")
    assert versions(place, "late", memo=memo) == {"late": "1"}
    assert len(memo) == 2


def test_a_real_install_and_a_real_upgrade_are_seen(tmp_path, place):
    memo = Kept()
    place.mkdir()
    before = Environment(memo, path=[str(place)]).versions_for(["tinything"])
    install(wheel(tmp_path, "1.0"), place)
    installed = Environment(memo, path=[str(place)]).versions_for(["tinything"])
    install(wheel(tmp_path, "1.1"), place)
    upgraded = Environment(memo, path=[str(place)]).versions_for(["tinything"])
    assert before[1] == {}
    assert installed[1]["tinything"].startswith("1.0 (")  # from a file, so the content counts
    assert upgraded[1]["tinything"].startswith("1.1 (")
    assert len({before[0], installed[0], upgraded[0]}) == 3


def test_a_later_process_reads_no_metadata(tmp_path):
    script = """
import json, sys
from pathlib import Path
from mainspring.engine.environment import Environment
path = Path(sys.argv[1])
read = []
sys.addaudithook(lambda event, args: read.append(args[0]) if event == "open" and "METADATA" in str(args[0]) else None)
class Memo(dict):
    def set(self, name, value):
        self[name] = value
memo = Memo(json.loads(path.read_text()) if path.exists() else {})
found = Environment(memo)
digest = found.versions_for(["numpy"])[0] + found.snapshot()[0]
path.write_text(json.dumps(memo))
print(digest, bool(read))
"""
    runs = [
        subprocess.run(
            [sys.executable, "-c", script, str(tmp_path / "memo.json")], check=True, capture_output=True, text=True
        ).stdout.split()
        for _ in range(2)
    ]
    assert runs[0][0] == runs[1][0]
    assert [run[1] for run in runs] == ["True", "False"]


def test_the_snapshot_says_what_the_machine_is(place, monkeypatch):
    distribution(place, "thing", "1+cpu")
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    digest, text = Environment(path=[str(place)]).snapshot()
    found = json.loads(text)
    assert found["python"] == sys.version
    assert found["host"] == os.uname().nodename
    assert found["threads"]["OMP_NUM_THREADS"] == "3"
    assert found["distributions"]["thing"]["version"] == "1+cpu"
    assert len(found["distributions"]["thing"]["content"]) == 64
    assert Environment(path=[str(place)]).snapshot() == (digest, text)
    monkeypatch.setenv("OMP_NUM_THREADS", "4")
    assert Environment(path=[str(place)]).snapshot()[0] != digest


def test_cpu_flags_come_from_the_first_cpu(tmp_path):
    source = tmp_path / "cpuinfo"
    source.write_text("processor : 0\nmodel name : One\nflags : b a\n\nprocessor : 1\nmodel name : Two\nflags : c\n")
    assert _cpu(source) == {"model": "One", "flags": "a b"}
    source.write_text("processor : 0\nFeatures : fp asimd\n")
    assert _cpu(source) == {"model": "", "flags": "asimd fp"}
    assert _cpu(tmp_path / "missing") == {}
