"""Map of the 101 departments as SVG: filled by class, with tooltips.

The map is an image (`role="img"` with a label); a table with the same figures is shown beside it.

Outlines: `@gouvfr/dsfr-chart` 2.0.4, MapChart (DINUM), MIT; see `tnt_sim/data/README.md`.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from importlib.resources import files
from itertools import pairwise

from tnt_sim.i18n.message import Lang, Text, _
from tnt_sim.i18n.parameters import Items, ShortMoney, SignedMoney
from tnt_sim.reporting.charts.svg import LINE_HEIGHT, Drawing
from tnt_sim.reporting.report_tree import NARROW

FILLS = ("#dce8f2", "#b3cde3", "#83acd0", "#5288ba", "#2a6399", "#0f3d66")
"""From the lowest to the highest class: one hue, darkening, so that classes differ in greyscale."""
MORE = ("#a9cdec", "#5b9bd5", "#1f5f9e")
LESS = ("#f6cfa8", "#e8954a", "#b35900")
"""Fills of a change, from the least class to the greatest."""
NOTHING = "url(#none)"
"""Hatching of a department without a grant, so that colour is not the only sign."""
FRAME = "0 0 1010 1010"

_MOST_SIDE = 350.0
"""Most pixels of the side of a map of changes."""
_LESS_STRIPES = tuple(f"url(#less{k})" for k in range(len(LESS)))
_INSET = ("75", "92", "93", "94")
_PLACES = {"971": (10, 470), "972": (126, 470), "973": (14, 600), "976": (124, 600), "974": (14, 730)}
_SCALE_OVERSEAS, _SCALE_INSET = 2.0, 4.6


@dataclass(frozen=True, slots=True)
class Outline:
    """One shape: department code, SVG path and position; a department may have two."""

    code: str
    path: str
    transform: str = ""


@cache
def load_outlines() -> tuple[Outline, ...]:
    """Return the shapes of the 101 departments; Paris and its neighbours also enlarged in a corner."""
    raw = json.loads((files("tnt_sim") / "data" / "departments-map.json").read_text(encoding="utf-8"))
    result = [Outline(code, path) for code, path in raw["mainland"].items()]
    for code, drawn in raw["overseas"].items():
        x, y = _PLACES[code]
        result.append(Outline(code, drawn["path"], f"translate({x} {y}) scale({_SCALE_OVERSEAS})"))
    for code in _INSET:
        place = f"translate(830 20) scale({_SCALE_INSET}) translate(-484 -217)"
        result.append(Outline(code, raw["mainland"][code], place))
    return tuple(result)


def list_department_codes() -> tuple[str, ...]:
    """Return the codes of the 101 departments in order."""
    return tuple(sorted({outline.code for outline in load_outlines()}))


def compute_class_bounds(values: Iterable[float], n: int = len(FILLS)) -> list[float]:
    """Return bounds between `n` quantile classes, rounded to two digits; at most n − 1 bounds.

    Only positive values count; departments without a grant are hatched and belong to no class.

    >>> compute_class_bounds([1, 2, 3, 4, 5, 6, 7, 8, 9, 1000], 2)
    [6.0]
    """
    known = sorted(value for value in values if value > 0)
    if not known:
        return []
    cuts = (known[min(len(known) - 1, len(known) * k // n)] for k in range(1, n))
    return sorted({float(f"{cut:.1e}") for cut in cuts if float(f"{cut:.1e}") > known[0]})


def get_fill(value: float | None, bounds: Sequence[float]) -> str:
    """Return the fill of a value: its class, or hatching for nothing."""
    if value is None or value <= 0:
        return NOTHING
    return FILLS[_compute_fill_index(bisect_right(bounds, value), len(bounds) + 1)]


def list_fills(bounds: Sequence[float]) -> list[str]:
    """Return the fill of each class defined by these bounds, lowest first."""
    return [FILLS[_compute_fill_index(k, len(bounds) + 1)] for k in range(len(bounds) + 1)]


def _compute_fill_index(k: int, n: int) -> int:
    """Return which fill class k of n takes, spread over all fills."""
    return k if n == len(FILLS) else round(k * (len(FILLS) - 1) / max(n - 1, 1))


def draw_map(
    values: Mapping[str, float],
    titles: Mapping[str, str],
    label: str,
    bounds: Sequence[float] | None = None,
) -> str:
    """Return the map as an `<svg>` element.

    Parameters
    ----------
    values : by department code; absent or 0 is hatched
    titles : tooltip of each department; by default its code
    label : accessible description
    bounds : class bounds, ascending; by default `compute_class_bounds(values)`
    """
    cuts = compute_class_bounds(values.values()) if bounds is None else bounds
    fills = {outline.code: get_fill(values.get(outline.code), cuts) for outline in load_outlines()}
    return _draw_shapes(fills, titles, label)


def compute_change_bounds(changes: Mapping[str, float]) -> list[float]:
    """Return the bounds between the classes of a map of changes, the same for more and for less."""
    return compute_class_bounds([abs(value) for value in changes.values()], len(MORE))


@dataclass(frozen=True, slots=True)
class ChangeMap:
    """Gains and losses of departments: blue for more, striped orange for less, darker for larger changes.

    The classes of more and of less have the same bounds, so that equal changes are equally dark. The legend is
    beside the map, and below it on a narrow page.

    Attributes
    ----------
    changes : cents by department code; without a change it is hatched
    names : of the departments by code, for tooltips
    """

    changes: Mapping[str, int]
    names: Mapping[str, str]

    def list_classes(self) -> list[Text]:
        """Return the words of the classes, from the smallest changes to the largest."""
        bounds = [ShortMoney(round(cents)) for cents in compute_change_bounds(self.changes)]
        if not bounds:
            return [_("another amount")]
        between = [Items((low, high), " –") for low, high in pairwise(bounds)]
        ends = [_("under {displayed}", displayed=bounds[0]), _("{displayed} and more", displayed=bounds[-1])]
        return [ends[0], *between, ends[1]]

    def draw(self, label: str, lang: Lang, width: int) -> str:
        """Return its SVG for a width in pixels."""
        changes, cuts, fills = self.changes, compute_change_bounds(self.changes), {}
        for outline in load_outlines():
            value = changes.get(outline.code, 0)
            shades = MORE if value > 0 else _LESS_STRIPES
            fills[outline.code] = (
                shades[_pick_shade(bisect_right(cuts, abs(value)), len(cuts))] if value else NOTHING
            )
        titles = {}
        for code, name in self.names.items():
            gain = SignedMoney(changes.get(code, 0))
            department = f"{name} ({code})"
            titles[code] = _("{name}: {text}", name=department, text=gain).in_(lang)
        is_narrow = width <= NARROW
        side = min(float(width), _MOST_SIDE)
        drawing = Drawing(width)
        shapes = _list_shapes(fills, titles, _STRIPES)
        drawing.pieces.append(f'<svg width="{side:g}" height="{side:g}" viewBox="{FRAME}">{shapes}</svg>')
        x, y = (0.0, side + 14) if is_narrow else (side + 20, side / 3)
        for k, text in enumerate(self.list_classes()):
            shade = _pick_shade(k, len(cuts))
            _draw_swatches(drawing, x, y, (MORE[shade], _LESS_STRIPES[shade]))
            drawing.write_text(x + 50, y + 11, text.in_(lang))
            y += LINE_HEIGHT + 2
        _draw_swatches(drawing, x, y, (NOTHING,))
        drawing.write_text(x + 50, y + 11, _("the same amount").in_(lang))
        return _label_patterns(drawing.finish(max(side, y + LINE_HEIGHT), label), "n" if is_narrow else "w")


def _label_patterns(svg: str, prefix: str) -> str:
    """Name the patterns of one of two drawings: a page hides one, whose patterns then paint nothing."""
    return svg.replace('<pattern id="', f'<pattern id="{prefix}-').replace("url(#", f"url(#{prefix}-")


def _pick_shade(k: int, n_bounds: int) -> int:
    """Return the shade of class k where there are fewer classes than shades: the darkest ones."""
    return k + len(MORE) - 1 - n_bounds


def _draw_swatches(drawing: Drawing, x: float, y: float, fills: Sequence[str]) -> None:
    drawing.pieces += [
        f'<rect x="{x + 22 * k:g}" y="{y:g}" width="20" height="13" fill="{fill}" stroke="#8a949c"/>'
        for k, fill in enumerate(fills)
    ]


def _draw_shapes(fills: Mapping[str, str], titles: Mapping[str, str], label: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{FRAME}" role="img" aria-label="{escape(label)}">'
        f"{_list_shapes(fills, titles)}</svg>"
    )


def _list_shapes(fills: Mapping[str, str], titles: Mapping[str, str], patterns: str = "") -> str:
    """Return the patterns, the shapes and the frame of the enlarged part of a map."""
    shapes = [
        f'<path d="{outline.path}" data-code="{outline.code}" fill="{fills[outline.code]}"'
        + (
            f' transform="{outline.transform}" vector-effect="non-scaling-stroke"'
            if outline.transform
            else ""
        )
        + f"><title>{escape(titles.get(outline.code, outline.code))}</title></path>"
        for outline in load_outlines()
    ]
    return (
        f"{_HATCHING}{patterns}"
        '<g stroke="#ffffff" stroke-width="1.5" stroke-linejoin="round">'
        f"{''.join(shapes)}</g>"
        '<rect x="816" y="8" width="186" height="180" fill="none" stroke="#8a949c"/>'
    )


_HATCHING = (
    '<defs><pattern id="none" width="9" height="9" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<rect width="9" height="9" fill="#f4f4f2"/><path d="M0 0v9" stroke="#a9b0b5" stroke-width="2.4"/>'
    "</pattern></defs>"
)
_STRIPES = "".join(
    f'<defs><pattern id="less{k}" width="8" height="8" patternUnits="userSpaceOnUse" '
    f'patternTransform="rotate(-45)"><rect width="8" height="8" fill="{fill}"/>'
    '<path d="M0 0v8" stroke="#ffffff" stroke-width="1.6"/></pattern></defs>'
    for k, fill in enumerate(LESS)
)
"""Stripes of a department that gets less, so that colour is not the only sign."""
