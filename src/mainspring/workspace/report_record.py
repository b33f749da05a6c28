"""What a run was made of: configuration, inputs and outputs, environment, record."""

from collections.abc import Iterable
from typing import Any, Final

from mainspring.charts import Html, Part, cut, draw_digest, el, escape, join
from mainspring.charts.numbers import count, moment, size
from mainspring.digest.texts import readable_json
from mainspring.store import BlobStore
from mainspring.workspace.report_facts import Account, document_of, files_of, node_of
from mainspring.workspace.report_steps import number_cell

__all__ = ["draw_configuration", "draw_environment", "draw_flow", "draw_record"]

_LONG_VALUE: Final = 200
_MOST_ROWS: Final = 200
_FEW_ELEMENTS: Final = 8
_NOTHING: Final = "\N{EN DASH}"


def draw_configuration(account: Account) -> Html:
    """Return each key with its value and where that comes from."""
    heading = el("h2", "Configuration", id="configuration")
    config = account.record.get("config") or {}
    values, origins = config.get("values") or {}, config.get("origins") or {}
    if not values:
        return join(heading, el("p", "This pipeline takes no configuration.", class_="note"))
    rows = [
        el(
            "tr",
            el("th", key, scope="row", class_="wrap"),
            _value(value),
            el("td", origins.get(key, ""), class_="soft"),
        )
        for key, value in values.items()
    ]
    return join(heading, _table(("Key", "Value", "Origin"), rows))


def _origin(origins: dict[str, str], key: str) -> str:
    """Return where a key comes from; of a table of free keys, where its keys come from."""
    inner = (origin for name, origin in origins.items() if name.startswith(f"{key}."))
    return origins.get(key) or ", ".join(dict.fromkeys(inner))


def _value(value: Any) -> Html:
    text = value if isinstance(value, str) else readable_json(value)
    long = len(text) > _LONG_VALUE
    return el("td", el("code", cut(text, _LONG_VALUE) if text else '""'), title=text if long else None, class_="wrap")


def _table(headings: Iterable[str], rows: list[Html], *, right: str = "") -> Html:
    head = [el("th", name, class_="number" if name == right else None, scope="col") for name in headings]
    return el("div", el("table", el("thead", el("tr", head)), el("tbody", rows)), class_="box", tabindex="0")


def draw_flow(account: Account) -> Html:
    """Return what went in and what came out, by digest."""
    heading = el("h2", "Inputs and outputs", id="flow")
    inputs, outputs = _inputs(account), _outputs(account)
    nothing = "No step took a File or a Folder: the inputs are the configuration and the code."
    into = (
        _table(("File or folder", "Digest", "Used by", "Kept copy"), inputs)
        if inputs
        else el("p", nothing, class_="note")
    )
    out: Part = el("p", "No step returned anything.", class_="note")
    if outputs:
        left = len(outputs) - _MOST_ROWS
        rest = el("p", f"{count(left, 'more artifact')} not shown.", class_="note") if left > 0 else None
        out = join(_table(("Step", "Artifact", "Size", "Digest"), outputs[:_MOST_ROWS], right="Size"), rest)
    return join(heading, el("h3", "Inputs"), into, el("h3", "Outputs"), out)


def _inputs(account: Account) -> list[Html]:
    kept = {artifact.name.removeprefix("input "): artifact for artifact in account.run.artifacts}
    users: dict[tuple[str, str], dict[str, None]] = {}
    for step in account.steps:
        for path, digest in files_of(step).items():
            users.setdefault((path, digest), {})[node_of(step.name)] = None
    rows = []
    for (path, digest), steps in users.items():
        copy = kept.get(path)
        said = size(copy.size) if copy is not None else _NOTHING
        names = ", ".join(steps)
        cells = (
            el("td", draw_digest(digest)),
            el("td", cut(names, 80), class_="wrap"),
            el("td", said, class_="soft whole"),
        )
        rows.append(el("tr", el("th", el("code", path), scope="row", class_="wrap"), cells))
    return rows


def _outputs(account: Account) -> list[Html]:
    rows: list[Html] = []
    groups: dict[str, list[str]] = {}
    for step in account.steps:
        if step.name in account.results and not step.name.endswith(":items"):
            groups.setdefault(node_of(step.name), []).append(step.name)
    for node, names in groups.items():
        if len(names) > _FEW_ELEMENTS:
            stored = sum(account.size_of(name) for name in names)
            said = el("td", count(len(names), "element"))
            rows.append(el("tr", _step(node), said, el("td", size(stored), class_="number"), el("td", _NOTHING)))
            continue
        for name in names:
            rows += _artifacts(account, name)
    return rows


def _artifacts(account: Account, step: str) -> list[Html]:
    rows = []
    for artifact in account.results[step].artifacts:
        what = artifact.summary or artifact.codec
        named = el("strong", artifact.name, " ") if artifact.name != "result" else None
        shown = el("span", cut(what, 100), title=f"{what} ({artifact.codec})")
        cells = el("td", named, shown, class_="wrap"), number_cell(size(artifact.size))
        rows.append(el("tr", _step(step), cells, el("td", draw_digest(artifact.digest))))
    return rows


def _step(name: str) -> Html:
    return el("th", cut(name, 60, middle=True), scope="row")


def draw_environment(account: Account, blobs: BlobStore) -> Html:
    """Return Python, machine and what is installed."""
    heading = el("h2", "Environment", id="environment")
    found = document_of(account.run, "environment", blobs)
    if not found:
        return join(heading, el("p", "It was not recorded, or is no longer stored.", class_="note"))
    cpu = found.get("cpu") or {}
    threads = found.get("threads") or {}
    facts = [
        ("Python", str(found.get("python", "")).partition("\n")[0]),
        ("Platform", " · ".join(str(found[key]) for key in ("platform", "libc") if found.get(key))),
        ("Processor", " · ".join(part for part in (cpu.get("model"), count(found.get("cpus") or 0, "CPU")) if part)),
        (
            "Threads",
            ", ".join(f"{name}={value}" for name, value in threads.items()) or "not limited by the environment",
        ),
        ("Host", str(found.get("host", ""))),
    ]
    rows = [el("tr", el("th", name, scope="row"), el("td", value, class_="wrap")) for name, value in facts if value]
    distributions = found.get("distributions") or {}
    pairs = [
        f"<li><span>{escape(name)}</span><span>{escape(str(one.get('version', '')))}</span></li>"
        for name, one in distributions.items()
    ]
    return join(
        heading,
        el("div", el("table", el("tbody", rows)), class_="box", tabindex="0"),
        el(
            "details",
            el("summary", count(len(pairs), "installed distribution")),
            el("ul", Html("".join(pairs)), class_="box pairs"),
        ),
    )


def draw_record(account: Account) -> Html:
    """Return what identifies the run, and its record as it is kept."""
    run, record = account.run, account.record
    asked = [f"--{name} {step}" for name in ("force", "only") for step in record.get(name) or ()]
    facts: list[tuple[str, Part]] = [
        ("Run", el("code", run.id)),
        ("Started", moment(run.started)),
        ("Ended", moment(run.ended) if run.ended else _NOTHING),
        ("Pipeline file", str(record.get("file") or "")),
        ("Asked for", ", ".join(asked)),
        ("Run seed", str(run.seed)),
        ("Process", f"{run.owner.pid} on {run.owner.host}"),
        ("Environment", draw_digest(str(record["environment"])) if record.get("environment") else None),
        ("Pinned", "yes: kept by gc" if run.pinned else None),
    ]
    facts += [
        (artifact.name.capitalize(), draw_digest(artifact.digest))
        for artifact in run.artifacts[:20]
        if artifact.name == "sources"
    ]
    rows = [el("tr", el("th", name, scope="row"), el("td", value, class_="wrap")) for name, value in facts if value]
    return join(
        el("h2", "Record", id="record"),
        el("div", el("table", el("tbody", rows)), class_="box", tabindex="0"),
        el("details", el("summary", "As it is kept, in JSON"), el("pre", run.record, class_="log")),
    )
