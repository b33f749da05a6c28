"""The pages of a service: what it serves and a form to try it, and its OpenAPI document to read."""

import json
from pathlib import Path
from typing import Any, Final

import msgspec

from mainspring.charts.html import Html, Part, el
from mainspring.charts.numbers import count, duration, moment
from mainspring.charts.page import draw_page
from mainspring.package.comparing import describe
from mainspring.package.fields import Field
from mainspring.serving.app import App
from mainspring.serving.models import Served

__all__ = ["draw_docs", "draw_service"]

_FOLDER: Final = Path(__file__).parent
_POINTS: Final = 160


def draw_service(app: App) -> str:
    """Return the page of a service."""
    served = app.answering.chain[0].served
    state = "ready" if app.state.ready and not app.state.draining else "not ready"
    return draw_page(
        f"{served.name} {served.version}",
        el("p", "Mainspring service", class_="kicker"),
        el(
            "div",
            el("h1", served.name),
            el("span", state, class_=f"status pill {'succeeded' if state == 'ready' else 'failed'}"),
            class_="head",
        ),
        el("style", Html((_FOLDER / "service.css").read_text("utf-8"))),
        _alarms(app),
        _tiles(app, served),
        el("h2", "Try it"),
        _form(served),
        el("h2", "Recent requests"),
        _recent(app),
        el("h2", "What it takes and gives"),
        _signature(served),
        el("h2", "What is served"),
        _lineage(app, served),
        el(
            "footer",
            "The interface: ",
            el("a", "/docs", href="docs"),
            ", ",
            el("a", "/openapi.json", href="openapi.json"),
            ", ",
            el("a", "/metrics", href="metrics"),
            ". Figures on this page are of one worker process.",
        ),
        el("script", Html((_FOLDER / "service.js").read_text("utf-8"))),
        calls=True,
    )


def _alarms(app: App) -> Part:
    said = [
        (f"A package was refused; version {one.served.version} goes on being served", one.refused)
        for one in app.answering.chain
        if one.refused
    ]
    if app.answering.log is not None and app.answering.log.error:
        said.append(("The prediction log cannot be written; requests are refused", app.answering.log.error))
    if app.answering.overrides is not None:
        said += [
            (
                f"An override never holds for {model.served.name} {model.served.version}",
                f"{one.id} ({one.who}: {one.why}): {', '.join(why)}",
            )
            for model in app.answering.chain
            for one, why in app.answering.overrides.unfit(model.served.signature)
        ]
    return [el("div", el("h2", what), el("p", why), class_="alarm") for what, why in said]


def _tiles(app: App, served: Served) -> Part:
    times = sorted(app.metrics.recent)
    tiles = [
        ("version", served.version),
        ("alias", served.alias or "none"),
        ("served since", moment(served.since)),
        ("median", duration(times[len(times) // 2]) if times else "no request yet"),
        ("95 of 100 within", duration(times[int(0.95 * (len(times) - 1))]) if times else "no request yet"),
    ]
    return el("dl", [el("div", el("dt", name), el("dd", value)) for name, value in tiles], class_="tiles")


def _form(served: Served) -> Part:
    fields = [_entry(one, served.example.get(one.name)) for one in served.signature.fields]
    return el(
        "form",
        el("div", fields, class_="entries"),
        el(
            "p",
            el("button", "Predict", type="submit"),
            el("span", class_="soft small", id="took", role="status"),
            class_="actions",
        ),
        el("pre", class_="log", id="answer", hidden=True, tabindex="0", aria_label="The answer"),
        id="try",
        class_="box form",
        novalidate=True,
    )


def _entry(field: Field, example: Any) -> Html:
    name, kind = f"field-{field.name}", "json" if field.shape else field.type
    shown = _shown(field, example)
    settings: dict[str, Any] = {"id": name, "name": field.name, "data_type": kind, "data_nullable": _nullable(field)}
    if field.categories and not field.shape:
        options = [el("option", str(one), value=str(one), selected=str(one) == shown) for one in field.categories]
        entry = el("select", options, **settings)
    elif field.type == "bool":
        entry = el("select", [el("option", one, selected=one == shown) for one in ("true", "false")], **settings)
    else:
        number = field.type not in ("string", "date", "datetime") and not field.shape
        entry = el(
            "input",
            type="date" if field.type == "date" else "text",
            inputmode="decimal" if number else None,
            value=shown,
            autocomplete="off",
            spellcheck="false",
            **settings,
        )
    unit = el("span", field.unit, class_="soft") if field.unit else None
    problem = el("span", class_="problem", id=f"problem-{field.name}", role="alert")
    return el("label", el("span", field.name, " ", unit), entry, problem, for_=name)


def _nullable(field: Field) -> bool:
    return field.type not in ("bool", "int32", "int64")


def _shown(field: Field, example: Any) -> str:
    """A value of the golden samples as it is typed; nothing where it is null."""
    if example is None or (isinstance(example, float) and example != example):
        return ""
    if isinstance(example, bool):
        return "true" if example else "false"
    if isinstance(example, float) and not field.shape:
        return repr(int(example)) if example == int(example) else f"{example:.6g}"
    return json.dumps(example) if field.shape else str(example).replace(" ", "T")


def _recent(app: App) -> Part:
    times = list(app.metrics.recent)[-_POINTS:]
    if len(times) < 2:
        return el("p", "Times are shown after a few requests.", class_="note")
    top = max(times)
    width, height = 640, 72
    points = [
        f"{place * width / (len(times) - 1):.1f},{height - 4 - (height - 8) * value / top:.1f}"
        for place, value in enumerate(times)
    ]
    drawn = el(
        "svg",
        el("title", f"Times of the last {len(times)} requests, at most {duration(top)}"),
        el("polyline", points=" ".join(points)),
        class_="times",
        viewBox=f"0 0 {width} {height}",
        preserveAspectRatio="none",
        role="img",
    )
    note = f"The last {count(len(times), 'request')}, oldest first; the highest point is {duration(top)}."
    return el("div", drawn, el("p", note, class_="note"), class_="box padded")


def _signature(served: Served) -> Part:
    rows = [("input", one) for one in served.signature.fields] + [("output", one) for one in served.signature.outputs]
    head = el("tr", [el("th", name, scope="col") for name in ("field", "name", "what")])
    body = [el("tr", el("td", kind), el("th", one.name, scope="row"), el("td", describe(one))) for kind, one in rows]
    return el("div", el("table", el("thead", head), el("tbody", body)), class_="box")


def _lineage(app: App, served: Served) -> Part:
    pairs: list[tuple[str, Part]] = [
        ("package", el("code", served.digest, class_="digest")),
        ("made by run", served.run or "unknown"),
        ("golden samples", f"{served.loaded.parity.outputs[0].rows} predicted as they were when it was built"),
        ("stages", ", ".join(f"{row.name} ({row.kind})" for row in served.loaded.manifest.stages)),
        ("swapped in", count(app.answering.chain[0].swaps, "time")),
    ]
    pairs.extend(
        (f"fallback {level}", f"{one.served.name} {one.served.version}")
        for level, one in enumerate(app.answering.chain[1:], start=1)
    )
    if app.answering.shadow is not None:
        shadow = app.answering.shadow
        pairs.append(("shadow", f"{shadow.model.served.name} {shadow.model.served.version}, {shadow.seen} requests"))
    overrides = app.answering.overrides
    held = overrides.holding(served.signature) if overrides is not None else ()
    pairs.extend(("override", f"{one.values} where {one.when}: {one.why} ({one.who})") for one in held)
    pairs.append(("log", "on" if app.answering.log is not None else "off"))
    return el(
        "div", el("dl", [(el("dt", name), el("dd", value)) for name, value in pairs], class_="changes"), class_="box"
    )


def draw_docs(document: dict[str, Any]) -> str:
    """Return an OpenAPI document as a page."""
    sections = [
        _operation(path, method, one) for path, methods in document["paths"].items() for method, one in methods.items()
    ]
    schemas = [
        el(
            "details",
            el("summary", el("code", name)),
            el("pre", msgspec.json.format(json.dumps(schema), indent=2), class_="log"),
            id=f"schema-{name}",
        )
        for name, schema in document["components"]["schemas"].items()
    ]
    info = document["info"]
    return draw_page(
        f"{info['title']}: the interface",
        el("p", "Mainspring service", class_="kicker"),
        el("h1", info["title"], " ", info["version"]),
        el("style", Html((_FOLDER / "service.css").read_text("utf-8"))),
        el(
            "p",
            info["description"],
            " The document itself: ",
            el("a", "openapi.json", href="openapi.json"),
            class_="note",
        ),
        sections,
        el("h2", "Schemas"),
        schemas,
    )


def _operation(path: str, method: str, one: dict[str, Any]) -> Part:
    rows = [
        el("tr", el("th", code, scope="row"), el("td", said["description"]), el("td", _types(said)))
        for code, said in one["responses"].items()
    ]
    head = el("tr", [el("th", name, scope="col") for name in ("status", "when", "what")])
    taken = _types(one["requestBody"]) if "requestBody" in one else None
    return (
        el("h2", el("code", f"{method.upper()} {path}"), id=one["operationId"]),
        el("p", one["summary"], " It takes " if taken else None, taken, "." if taken else None, class_="note"),
        el("div", el("table", el("thead", head), el("tbody", rows)), class_="box"),
    )


def _types(said: dict[str, Any]) -> Part:
    parts: list[Part] = []
    for kind, content in said.get("content", {}).items():
        name = content["schema"].get("$ref", "").rpartition("/")[2]
        shown = el("a", name, href=f"#schema-{name}") if name else content["schema"].get("type", "")
        parts += [", " if parts else None, kind, " ", shown]
    return parts
