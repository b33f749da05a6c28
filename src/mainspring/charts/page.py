"""A whole page in one file: style, script and content, and nothing from elsewhere."""

from pathlib import Path
from typing import Final

from msgspec.json import encode

from mainspring.charts.html import Html, Part, el, join
from mainspring.charts.palette import PALETTES, css_colours, theme

__all__ = ["draw_page"]

_FOLDER: Final = Path(__file__).parent
_ICON: Final = (
    "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'><circle cx='8' cy='8' r='7' fill='{}'/></svg>"
)


def draw_page(title: str, *body: Part, state: str = "ran", bundle: str | None = None, calls: bool = False) -> Html:
    """Return an HTML document.

    It allows itself to load nothing: a policy in its head makes browsers refuse whatever is not inside the page.

    Args:
        title: What the browser's tab says.
        body: What the page shows.
        state: The status whose colour the tab's icon has.
        bundle: What `vega_bundle` returned, for a page with charts.
        calls: Whether its script calls the server that the page came from.
    """
    script = "'unsafe-inline'" + (" 'unsafe-eval'" if bundle else "")
    policy = f"default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src {script}"
    policy += "; connect-src 'self'" if calls else ""
    icon = _ICON.format(PALETTES["light"].get(state, PALETTES["light"]["skipped"])).replace("#", "%23")
    head = join(
        el("meta", charset="utf-8"),
        el("meta", http_equiv="Content-Security-Policy", content=policy),
        el("meta", name="viewport", content="width=device-width, initial-scale=1"),
        el("meta", name="color-scheme", content="light dark"),
        el("title", title),
        el("link", rel="icon", href=f"data:image/svg+xml,{icon}"),
        el("style", Html(_style())),
    )
    content = el("body", el("div", body, class_="page"), _scripts(bundle))
    return Html(f'<!DOCTYPE html>\n<html lang="en"><head>{head}</head>{content}</html>\n')


def _style() -> str:
    light, dark = css_colours("light"), css_colours("dark")
    schemes = (
        f":root{{color-scheme:light dark;{light}}}@media screen and (prefers-color-scheme:dark){{:root{{{dark}}}}}"
    )
    return f"{schemes}\n{_file('page.css')}"


def _scripts(bundle: str | None) -> Html:
    scripts = [el("script", Html(_file("page.js")))]
    if bundle:
        themes = encode({mode: theme(mode) for mode in PALETTES}).decode()
        scripts += [
            el("script", Html(themes), type="application/json", id="themes"),
            el("script", Html(bundle), type="text/plain", id="vega"),
            el("script", Html(_file("plots.js"))),
        ]
    return join(scripts)


def _file(name: str) -> str:
    return (_FOLDER / name).read_text("utf-8")
