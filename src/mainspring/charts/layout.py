"""Layered layout of a DAG: where boxes stand and which way the lines between them go.

The classic three stages: nodes are layered by their longest path from a source; the order within layers follows the
barycentre of neighbours; positions across are the least-squares fit to the neighbours' that keeps boxes apart. An edge
that passes layers is led through them by waypoints, which the edges of one source, or of one target, share. Many layers
are broken into bands, read like lines of text.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from msgspec import Struct, field

__all__ = ["Arrangement", "Box", "Layout", "Line", "Measure", "layered", "layers_of"]

Point = tuple[float, float]

_SWEEPS: Final = 4
_MOST_WAYPOINTS: Final = 3000
_LANES: Final = 6
_LANE: Final = 5.0


class Measure(Struct, frozen=True):
    """Sizes in pixels.

    Attributes:
        width: Width of a box.
        height: Height of a box.
        along: Gap between layers.
        across: Gap between boxes of one layer.
        layers: Number of layers in a band; 0 for one band of all.
        down: Whether layers follow each other downwards; otherwise to the right.
        margin: Free space around everything.
    """

    width: float = 160.0
    height: float = 46.0
    along: float = 40.0
    across: float = 14.0
    layers: int = 0
    down: bool = False
    margin: float = 6.0


class Box(Struct, frozen=True):
    """Where a node stands: its upper left corner."""

    name: str
    x: float
    y: float


class Line(Struct, frozen=True):
    """A piece of an edge: through `points`; `arrow` when it ends at a box. It is bent unless it turns a band."""

    points: tuple[Point, ...]
    arrow: bool
    turns: bool = False


class Layout(Struct, frozen=True):
    """Boxes in the order of the nodes, lines, and the size of the drawing."""

    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]
    width: float
    height: float


def layers_of(needs: dict[str, Sequence[str]]) -> dict[str, int]:
    """Return for each node the number of its layer: the longest path that leads to it.

    Args:
        needs: For each node those it needs, which come before it; names that are no nodes are passed over.
    """
    layer: dict[str, int] = {}
    for name, needed in needs.items():
        layer[name] = max((layer[other] + 1 for other in needed if other in layer), default=0)
    return layer


def layered(needs: dict[str, Sequence[str]], measure: Measure) -> Layout:
    """Return the layout of a DAG.

    Args:
        needs: For each node those it needs, which come before it; names that are no nodes are passed over.
        measure: Sizes, and the direction.
    """
    return Arrangement(needs).layout(measure)


class Arrangement:
    """A DAG whose nodes have their layers and their order in them, to be laid out in several sizes.

    Args:
        needs: For each node those it needs, which come before it; names that are no nodes are passed over.
    """

    def __init__(self, needs: dict[str, Sequence[str]]) -> None:
        self._names = list(needs)
        self._graph = _routed(needs)
        self._chain = all(len(spots) == 1 for spots in self._graph.layers)
        if not self._chain:
            _order(self._graph)

    @property
    def layers(self) -> int:
        """How many layers there are."""
        return len(self._graph.layers)

    @property
    def broadest(self) -> int:
        """How many nodes the broadest layer has."""
        named = ([spot for spot in spots if spot.name is not None] for spots in self._graph.layers)
        return max((len(spots) for spots in named), default=0)

    def layout(self, measure: Measure) -> Layout:
        """Return the layout in the sizes and the direction of `measure`."""
        if not self._names:
            return Layout((), (), 0.0, 0.0)
        if not self._chain:
            _place(self._graph, measure)
        return _drawn(self._graph, self._names, measure)


class _Spot(Struct, eq=False):
    """A box, or a waypoint without a name."""

    layer: int
    name: str | None
    before: list["_Spot"] = field(default_factory=list)
    after: list["_Spot"] = field(default_factory=list)
    rank: float = 0.0
    across: float = 0.0


class _Graph(Struct):
    layers: list[list[_Spot]]
    direct: list[tuple[_Spot, _Spot]]  # long edges that are drawn without waypoints, since there are too many


def _routed(needs: dict[str, Sequence[str]]) -> _Graph:
    layer = layers_of(needs)
    spots = {name: _Spot(layer[name], name) for name in needs}
    layers: list[list[_Spot]] = [[] for _ in range(max(layer.values(), default=-1) + 1)]
    for spot in spots.values():
        layers[spot.layer].append(spot)
    edges = [
        (spots[need], spots[name])
        for name, all_needs in needs.items()
        for need in dict.fromkeys(all_needs)
        if need in spots
    ]
    long = [(start, end) for start, end in edges if end.layer - start.layer > 1]
    for start, end in edges:
        if end.layer - start.layer == 1:
            _connect(start, end)
    graph = _Graph(layers, [])
    _lead(graph, long)
    return graph


def _connect(start: _Spot, end: _Spot) -> None:
    start.after.append(end)
    end.before.append(start)


def _lead(graph: _Graph, long: list[tuple[_Spot, _Spot]]) -> None:
    """Lead long edges through waypoints, one row of them for all edges of a source or of a target."""
    leaving: dict[int, int] = {}
    arriving: dict[int, int] = {}
    for start, end in long:
        leaving[id(start)] = leaving.get(id(start), 0) + 1
        arriving[id(end)] = arriving.get(id(end), 0) + 1
    rows: dict[int, dict[int, _Spot]] = {}
    made = 0
    for start, end in sorted(long, key=lambda edge: edge[0].layer - edge[1].layer):
        by_source = leaving[id(start)] >= arriving[id(end)]
        row = rows.setdefault(id(start) if by_source else -id(end), {})
        missing = [layer for layer in range(start.layer + 1, end.layer) if layer not in row]
        made += len(missing)
        if made > _MOST_WAYPOINTS:
            graph.direct.append((start, end))
            continue
        for layer in missing:
            row[layer] = _Spot(layer, None)
            graph.layers[layer].append(row[layer])
        way = [start, *(row[layer] for layer in range(start.layer + 1, end.layer)), end]
        for here, there in pairwise(way):
            if there not in here.after:
                _connect(here, there)


def _order(graph: _Graph) -> None:
    for spots in graph.layers:
        _number(spots)
    for sweep in range(_SWEEPS):
        backwards = sweep % 2 == 1
        for spots in reversed(graph.layers) if backwards else graph.layers:
            spots.sort(key=lambda spot: _mean_rank(spot, spot.after if backwards else spot.before))
            _number(spots)


def _number(spots: list[_Spot]) -> None:
    middle = (len(spots) - 1) / 2
    for place, spot in enumerate(spots):
        spot.rank = place - middle


def _mean_rank(spot: _Spot, others: list[_Spot]) -> float:
    if len(others) == 1:
        return others[0].rank
    return sum([other.rank for other in others]) / len(others) if others else spot.rank


def _place(graph: _Graph, measure: Measure) -> None:
    extent = measure.width if measure.down else measure.height
    for spots in graph.layers:
        _fit(spots, [0.0] * len(spots), extent, measure.across)
    for sweep in range(_SWEEPS):
        backwards = sweep % 2 == 0
        for spots in reversed(graph.layers) if backwards else graph.layers:
            wanted = [_mean_across(spot, spot.after if backwards else spot.before) for spot in spots]
            _fit(spots, wanted, extent, measure.across)


def _mean_across(spot: _Spot, others: list[_Spot]) -> float:
    if len(others) == 1:
        return others[0].across
    return sum([other.across for other in others]) / len(others) if others else spot.across


def _fit(spots: list[_Spot], wanted: list[float], extent: float, gap: float) -> None:
    """Give spots the positions nearest to those wanted that keep order and distance, by pooling adjacent violators."""
    if len(spots) == 1:
        spots[0].across = wanted[0]
        return
    offsets = [0.0]
    for here, there in pairwise(spots):
        offsets.append(offsets[-1] + (_extent(here, extent) + _extent(there, extent)) / 2 + gap)
    pools: list[tuple[float, int]] = []  # sum of wanted positions, and how many
    for want, offset in zip(wanted, offsets, strict=True):
        total, many = want - offset, 1
        while pools and pools[-1][0] / pools[-1][1] > total / many:
            before = pools.pop()
            total, many = total + before[0], many + before[1]
        pools.append((total, many))
    place = 0
    for total, many in pools:
        for _ in range(many):
            spots[place].across = total / many + offsets[place]
            place += 1


def _extent(spot: _Spot, extent: float) -> float:
    return extent if spot.name is not None else 0.0


def _drawn(graph: _Graph, names: list[str], measure: Measure) -> Layout:
    bands = _bands(graph, measure)
    corners = {spot.name: bands.corner(spot) for spots in graph.layers for spot in spots if spot.name is not None}
    boxes = tuple(Box(name, *corners[name]) for name in names)
    lines: list[Line] = []
    for spots in graph.layers:
        for spot in spots:
            lines += [bands.line(spot, after) for after in spot.after]
            if spot.name is None:
                lines.append(bands.through(spot))
    lines += [Line((bands.end(start), bands.start(end)), arrow=True) for start, end in graph.direct]
    return Layout(boxes, tuple(lines), bands.width, bands.height)


class _Bands(Struct):
    """Turns layers and positions across into pixels."""

    measure: Measure
    size: int
    lows: list[float]
    tops: list[float]
    width: float
    height: float
    side: float
    lanes: list[int]  # how many lines have come into each band

    def corner(self, spot: _Spot) -> Point:
        """Return the upper left corner of a box, or of the place that a waypoint takes."""
        measure = self.measure
        band, place = divmod(spot.layer, self.size)
        extent = _extent(spot, measure.width if measure.down else measure.height)
        across = spot.across - extent / 2 - self.lows[band] + self.tops[band]
        if measure.down:
            return across, measure.margin + place * (measure.height + measure.along)
        return self.side + place * (measure.width + measure.along), across

    def start(self, spot: _Spot) -> Point:
        """Return where lines to a spot arrive."""
        x, y = self.corner(spot)
        if spot.name is None:
            return x, y
        return (x + self.measure.width / 2, y) if self.measure.down else (x, y + self.measure.height / 2)

    def end(self, spot: _Spot) -> Point:
        """Return where lines from a spot leave."""
        x, y = self.corner(spot)
        wide, high = self.measure.width, self.measure.height
        if spot.name is None:
            return (x, y + high) if self.measure.down else (x + wide, y)
        return (x + wide / 2, y + high) if self.measure.down else (x + wide, y + high / 2)

    def through(self, spot: _Spot) -> Line:
        """Return the line that passes the layer of a waypoint."""
        return Line((self.start(spot), self.end(spot)), arrow=False)

    def line(self, start: _Spot, end: _Spot) -> Line:
        """Return the line between spots of neighbouring layers; between bands it goes around like a line break."""
        first, last = self.end(start), self.start(end)
        arrow = end.name is not None
        if start.layer // self.size == end.layer // self.size:
            return Line((first, last), arrow)
        band = end.layer // self.size
        lane = _LANE * (self.lanes[band] % _LANES)
        self.lanes[band] += 1
        gutter = self.tops[band] - self.measure.across - _LANE - lane
        right, left = self.width - _LANE - lane, _LANE + lane
        turns = ((right, first[1]), (right, gutter), (left, gutter), (left, last[1]))
        return Line((first, *turns, last), arrow, turns=True)


def _bands(graph: _Graph, measure: Measure) -> _Bands:
    size = measure.layers if measure.layers and not measure.down else len(graph.layers)
    extent = measure.width if measure.down else measure.height
    lows: list[float] = []
    tops: list[float] = []
    top = measure.margin
    for first in range(0, len(graph.layers), size):
        spots = [spot for layer in graph.layers[first : first + size] for spot in layer]
        low = min(spot.across - _extent(spot, extent) / 2 for spot in spots)
        high = max(spot.across + _extent(spot, extent) / 2 for spot in spots)
        if first:
            coming = sum(len(spot.before) for spot in graph.layers[first])
            top += 2 * measure.across + _LANE * (1 + min(coming, _LANES))
        lows.append(low)
        tops.append(top)
        top += high - low
    bottom = top + measure.margin
    side = measure.margin + (_LANE * (1 + _LANES) if len(lows) > 1 else 0.0)
    columns = min(size, len(graph.layers))
    step, ends = (measure.height, measure.margin) if measure.down else (measure.width, side)
    along = columns * step + (columns - 1) * measure.along + 2 * ends
    width, height = (bottom, along) if measure.down else (along, bottom)
    return _Bands(measure, size, lows, tops, width, height, side, [0] * len(lows))
