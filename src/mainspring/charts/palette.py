"""The colours of pages and charts, in light and in dark; one place for CSS and Vega."""

from typing import Any, Final

__all__ = ["PALETTES", "css_colours", "theme"]

PALETTES: Final[dict[str, dict[str, str]]] = {
    "light": {
        "paper": "#f8f7f4",
        "surface": "#ffffff",
        "faint": "#f1f0ec",
        "line": "#e2e1dc",
        "ink": "#1c2026",
        "soft": "#5b626d",
        "accent": "#24587f",
        "ran": "#24587f",
        "hit": "#2b7463",
        "failed": "#b3342b",
        "skipped": "#636973",
        "running": "#8a5a07",
        "alarm": "#fbeeec",
        "mark": "#fff3d6",
    },
    "dark": {
        "paper": "#14171b",
        "surface": "#1b1f25",
        "faint": "#23282f",
        "line": "#31373f",
        "ink": "#e6e8eb",
        "soft": "#a3abb6",
        "accent": "#86b7e3",
        "ran": "#86b7e3",
        "hit": "#6fc4ae",
        "failed": "#f28b80",
        "skipped": "#98a0ab",
        "running": "#e2b45c",
        "alarm": "#33211f",
        "mark": "#3a3220",
    },
}
# Series in the order in which they are used; neighbours differ in lightness, so that they also differ without colour.
_SERIES: Final = {
    "light": ["#24639b", "#d0851c", "#2a8c7a", "#b8463c", "#7a5aa6", "#5a9fce", "#8a8f2a", "#b45a92"],
    "dark": ["#7db4e8", "#e9ab55", "#5cc4ad", "#ef8a7f", "#b79be3", "#a5d0f0", "#c3c765", "#e29bc6"],
}
_RAMPS: Final = {
    "light": ["#f4f6f8", "#c9dbe9", "#8fb5d3", "#5089b5", "#24587f"],
    "dark": ["#20262d", "#294257", "#386a91", "#5893c4", "#a5d0f0"],
}
_DIVERGING: Final = {
    "light": ["#b3342b", "#e5a49d", "#f4f3f0", "#9cbfd9", "#24587f"],
    "dark": ["#f28b80", "#94504a", "#262b32", "#3d6a8e", "#86b7e3"],
}
_FONT: Final = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'DejaVu Sans', sans-serif"


def css_colours(mode: str) -> str:
    """Return the colours of `light` or `dark` as CSS custom properties."""
    named = PALETTES[mode] | {f"series-{place}": colour for place, colour in enumerate(_SERIES[mode], 1)}
    return "".join([f"--{name}:{colour};" for name, colour in named.items()])


def theme(mode: str, font: str = _FONT) -> dict[str, Any]:
    """Return the Vega-Lite configuration that draws charts in `light` or `dark`."""
    colours = PALETTES[mode]
    return {
        "background": "transparent",
        "font": font,
        "view": {"stroke": None},
        "axis": {
            "domainColor": colours["line"],
            "gridColor": colours["line"],
            "tickColor": colours["line"],
            "labelColor": colours["soft"],
            "titleColor": colours["ink"],
            "titleFontWeight": "normal",
            "titleFontSize": 12,
            "titlePadding": 8,
            "labelFontSize": 11,
            "labelPadding": 4,
            "labelLimit": 160,
            "labelSeparation": 6,
        },
        "axisY": {"domain": False, "ticks": False},
        "axisX": {"grid": False},
        "axisBand": {"grid": False, "ticks": False},
        "legend": {
            "orient": "top",
            "labelColor": colours["ink"],
            "titleColor": colours["soft"],
            "titleFontWeight": "normal",
            "labelFontSize": 12,
            "labelLimit": 280,
            "columns": 4,
            "symbolStrokeWidth": 2,
            "symbolOpacity": 1,  # that of a line, not of the band around it
            "offset": 10,
        },
        "header": {"labelColor": colours["ink"], "titleColor": colours["soft"]},
        "title": {"color": colours["ink"], "anchor": "start", "fontSize": 14, "fontWeight": 600, "offset": 10},
        "mark": {"color": _SERIES[mode][0]},
        "line": {"strokeWidth": 2},
        "rule": {"color": colours["ink"]},
        "text": {"color": colours["ink"], "fontSize": 11},
        "style": {"on-strong": {"color": colours["surface"]}, "on-weak": {"color": colours["ink"]}},
        "range": {
            "category": _SERIES[mode],
            "ramp": _RAMPS[mode],
            "heatmap": _RAMPS[mode],
            "ordinal": _RAMPS[mode][1:],
            "diverging": _DIVERGING[mode],
        },
    }
