"""The DAG of a run as one SVG drawing: a box a step, with status, time and share of the time."""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from mainspring.charts.glyphs import GLYPHS, worst
from mainspring.charts.html import Html, cut, el, escape, join
from mainspring.charts.layout import Arrangement, Layout, Line, Measure, layers_of
from mainspring.charts.numbers import count, duration

__all__ = ["DagNode", "collapsed", "draw_dag"]

_WIDE: Final = 1016.0
_HEIGHT: Final = 46.0
_LEAST_WIDTH: Final = 116.0
_CUT_WIDTH: Final = 132.0  # so much is left of long names to fit all layers next to each other
_SHORT_GAP: Final = 26.0
_MOST_WIDTH: Final = 216.0
_NARROW_WIDTH: Final = 152.0
_CHARACTER: Final = 7.2
_AROUND_NAME: Final = 24.0
_REPEATED: Final = 8
_MOST_NARROW: Final = 120
_BROADEST_NARROW: Final = 3
_BAND_SIDES: Final = 84.0  # where lines go from one band to the next


class DagNode(Struct, frozen=True):
    """One box.

    Attributes:
        name: Name of the step.
        status: `ran`, `hit`, `failed`, `skipped`, `running` or `waiting`.
        seconds: Wall-clock seconds; for several step runs, of all together.
        needs: Names of the nodes that it needs, all before it.
        counts: For a node that stands for several step runs, how many have which status.
        link: Where a click leads on the page, such as `#step-3`.
    """

    name: str
    status: str
    seconds: float = 0.0
    needs: Sequence[str] = ()
    counts: Sequence[tuple[str, int]] = ()
    link: str = ""

    @property
    def state(self) -> str:
        """The status in words, with the time when there is one."""
        said = ", ".join(f"{many:,} {status}" for status, many in self.counts) or self.status
        return said if self.status in ("skipped", "waiting") else f"{said} · {duration(self.seconds)}"


def draw_dag(nodes: Sequence[DagNode], label: str) -> Html:
    """Return the drawing: for wide windows from left to right in bands, for narrow ones from top to bottom.

    Args:
        nodes: Each after the nodes that it needs.
        label: What the drawing shows, for those who do not see it.
    """
    shown = collapsed(nodes)
    if not shown:
        return Html("")
    arranged = Arrangement({node.name: node.needs for node in shown})
    measure = _wide(shown, arranged.layers)
    boxes = _boxes(shown, measure.width)
    wide = _drawing(boxes, arranged.layout(measure), label, down=False)
    if len(shown) > _MOST_NARROW or arranged.broadest > _BROADEST_NARROW:
        return wide
    narrow = Measure(width=min(measure.width, _NARROW_WIDTH), height=_HEIGHT, along=24.0, across=10.0, down=True)
    boxes = boxes if narrow.width == measure.width else _boxes(shown, narrow.width)
    return join(
        el("div", wide, class_="wide"),
        el("div", _drawing(boxes, arranged.layout(narrow), label, down=True), class_="narrow"),
    )


def _wide(nodes: Sequence[DagNode], layers: int) -> Measure:
    """Return sizes that fit the longest name, and as many layers as possible next to each other."""
    plain = Measure(height=_HEIGHT)
    longest = max(len(node.name) for node in nodes)
    natural = min(_MOST_WIDTH, max(_LEAST_WIDTH, round(longest * _CHARACTER + _AROUND_NAME)))
    for along in (plain.along, _SHORT_GAP):
        fitting = (_WIDE - 2 * plain.margin - (layers - 1) * along) // layers
        if fitting >= min(natural, _CUT_WIDTH):
            return replace(plain, along=along, width=min(natural, fitting))
    beside = _WIDE - _BAND_SIDES + plain.along
    return replace(plain, width=natural, layers=int(beside // (natural + plain.along)))


def collapsed(nodes: Sequence[DagNode]) -> list[DagNode]:
    """Return the nodes with many calls of one step in one layer drawn together as one node."""
    layer = layers_of({node.name: node.needs for node in nodes})
    groups: dict[tuple[str, int], list[DagNode]] = {}
    for node in nodes:
        groups.setdefault((node.name.partition("[")[0], layer[node.name]), []).append(node)
    merged: dict[str, str] = {}
    for (step, _), members in groups.items():
        if len(members) > _REPEATED:
            merged |= {node.name: f"{step} … {members[-1].name}" for node in members}
    if not merged:
        return list(nodes)
    parts: dict[str, list[DagNode]] = {}
    for node in sorted(nodes, key=lambda node: layer[node.name]):
        parts.setdefault(merged.get(node.name, node.name), []).append(node)
    return [_together(name, members, merged) for name, members in parts.items()]


def _together(name: str, members: list[DagNode], merged: dict[str, str]) -> DagNode:
    needs = tuple(dict.fromkeys(merged.get(need, need) for node in members for need in node.needs))
    if len(members) == 1:
        return replace(members[0], needs=needs)
    counts: dict[str, int] = {}
    for node in members:
        for status, many in node.counts or ((node.status, 1),):
            counts[status] = counts.get(status, 0) + many
    seconds = sum(node.seconds for node in members)
    return DagNode(name, worst(counts), seconds, needs, tuple(counts.items()), members[0].link)


def _drawing(boxes: Sequence[str], layout: Layout, label: str, *, down: bool) -> Html:
    parts = [
        f'<svg class="dag" role="img" width="{layout.width:g}" height="{layout.height:g}"'
        f' viewBox="0 0 {layout.width:g} {layout.height:g}" aria-label="{escape(label)}">'
    ]
    parts += _edges(layout, down=down)
    for inner, box in zip(boxes, layout.boxes, strict=True):
        parts.append(f'<g transform="translate({box.x:.1f} {box.y:.1f})">{inner}</g>')
    parts.append("</svg>")
    return Html("".join(parts))


def _edges(layout: Layout, *, down: bool) -> list[str]:
    paths = "".join([_path(line, down) for line in layout.lines])
    tips = "".join([_tip(line.points[-1], down) for line in layout.lines if line.arrow])
    return [f'<path class="edge" d="{paths}"/>', f'<path class="tip" d="{tips}"/>'] if paths else []


def _path(line: Line, down: bool) -> str:
    (x, y), (u, v) = line.points[0], line.points[-1]
    if line.turns:
        return _rounded(line.points)
    if x == u or y == v:
        return f"M{x:.1f} {y:.1f}L{u:.1f} {v:.1f}"
    if down:
        middle = (y + v) / 2
        return f"M{x:.1f} {y:.1f}C{x:.1f} {middle:.1f} {u:.1f} {middle:.1f} {u:.1f} {v:.1f}"
    middle = (x + u) / 2
    return f"M{x:.1f} {y:.1f}C{middle:.1f} {y:.1f} {middle:.1f} {v:.1f} {u:.1f} {v:.1f}"


def _rounded(points: Sequence[tuple[float, float]], radius: float = 5.0) -> str:
    """Return a path along points with right angles, whose corners are rounded."""
    (x, y), *_ = points
    path = [f"M{x:.1f} {y:.1f}"]
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        start, end = _towards(corner, before, radius), _towards(corner, after, radius)
        path.append(f"L{start[0]:.1f} {start[1]:.1f}Q{corner[0]:.1f} {corner[1]:.1f} {end[0]:.1f} {end[1]:.1f}")
    x, y = points[-1]
    return f"{''.join(path)}L{x:.1f} {y:.1f}"


def _towards(point: tuple[float, float], other: tuple[float, float], distance: float) -> tuple[float, float]:
    (x, y), (u, v) = point, other
    length = abs(u - x) + abs(v - y)
    share = min(distance, length / 2) / length if length else 0.0
    return x + (u - x) * share, y + (v - y) * share


def _tip(point: tuple[float, float], down: bool) -> str:
    x, y = point
    if down:
        return f"M{x:.1f} {y:.1f}l-3.5 -6h7Z"
    return f"M{x:.1f} {y:.1f}l-6 -3.5v7Z"


def _boxes(nodes: Sequence[DagNode], width: float) -> list[str]:
    longest = max((node.seconds for node in nodes), default=0.0)
    return [_box(node, width, node.seconds / longest if longest else 0.0) for node in nodes]


def _box(node: DagNode, width: float, share: float) -> str:
    room = int((width - _AROUND_NAME) / _CHARACTER)
    state = node.state
    title = f"{node.name}: {state}"
    if node.counts:
        title += f" ({count(sum(many for _, many in node.counts), 'step run')})"
    parts = [f'<g class="{escape(node.status)}"><title>{escape(title)}</title>']
    if node.counts:
        parts.append(f'<rect class="behind" x="4" y="4" width="{width:g}" height="{_HEIGHT:g}" rx="6"/>')
    parts.append(f'<rect class="box" width="{width:g}" height="{_HEIGHT:g}" rx="6"/>')
    if share >= 0.01:
        parts.append(f'<rect class="share" x="6" y="{_HEIGHT - 4:g}" width="{(width - 12) * share:.1f}" height="2"/>')
    parts.append(
        f'<text class="name" x="11" y="19">{escape(cut(node.name, room, middle=True))}</text>'
        f'<path class="sign" transform="translate(10 25)" d="{GLYPHS.get(node.status, "")}"/>'
        f'<text x="26" y="35">{escape(cut(state, room + 3))}</text></g>'
    )
    drawn = "".join(parts)
    return f'<a href="{escape(node.link)}">{drawn}</a>' if node.link else drawn
