"""The map: all 101 departments, each named, classes that follow the figures, and text that stays text."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from tnt_sim.domain.territory import load_territory
from tnt_sim.i18n.message import Lang
from tnt_sim.reporting.charts.department_map import (
    FILLS,
    MORE,
    NOTHING,
    ChangeMap,
    compute_class_bounds,
    draw_map,
    get_fill,
    list_department_codes,
    list_fills,
)
from tnt_sim.reporting.report_tree import NARROW, WIDE

_NS = "{http://www.w3.org/2000/svg}"


def shapes(svg: str) -> list[ElementTree.Element]:
    return find_shapes(svg, _NS)


def find_shapes(svg: str, namespace: str) -> list[ElementTree.Element]:
    return [path for path in ElementTree.fromstring(svg).iter(f"{namespace}path") if path.get("data-code")]


def test_every_department_of_the_map_is_drawn_and_no_other() -> None:
    assert list(list_department_codes()) == load_territory(2021).list_codes("department")
    drawn = [path.get("data-code") for path in shapes(draw_map({}, {}, "x"))]
    assert len(drawn) == 101 + 4  # Paris and its three neighbours once more, enlarged
    assert all(path.get("fill") == NOTHING for path in shapes(draw_map({}, {}, "x")))


def test_a_shape_is_filled_by_its_value_and_says_its_name() -> None:
    values = {code: float(k) for k, code in enumerate(list_department_codes())}
    svg = draw_map(values, {"2A": 'Corse <b> & "sud"'}, 'Une <carte> & "autre"')
    assert ElementTree.fromstring(svg).get("aria-label") == 'Une <carte> & "autre"'
    found = {path.get("data-code"): path for path in shapes(svg)}
    cuts = compute_class_bounds(values.values())
    assert len(cuts) == len(FILLS) - 1
    assert {code: path.get("fill") for code, path in found.items()} == {
        code: get_fill(value, cuts) for code, value in values.items()
    }
    title = found["2A"].find(f"{_NS}title")
    assert title is not None
    assert title.text == 'Corse <b> & "sud"'


def test_classes_are_ordered_and_about_as_full() -> None:
    values = [float(k * k) for k in range(1, 102)]
    cuts = compute_class_bounds(values)
    assert cuts == sorted(set(cuts))
    counts = [sum(1 for v in values if get_fill(v, cuts) == fill) for fill in FILLS]
    assert sum(counts) == 101
    assert min(counts) >= 12
    assert [get_fill(v, cuts) for v in (0.0, -1.0, None)] == [NOTHING] * 3


def test_few_values_need_few_classes() -> None:
    assert compute_class_bounds([]) == []
    assert compute_class_bounds([0.0, 5.0, 5.0]) == []
    assert get_fill(5.0, []) == list_fills([])[0] == FILLS[0]
    assert list_fills([10.0]) == [FILLS[0], FILLS[-1]]


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_a_map_of_changes_tells_more_from_less_without_colour(width: int) -> None:
    changes = {"01": 500, "02": -500, "03": 50_000, "04": -50_000, "05": 0}
    picture = ChangeMap(changes, {"01": "<Ain>"})
    drawn = picture.draw("x & y", Lang.EN, width)
    prefix = "w" if width == WIDE else "n"
    assert set(re.findall(r"url\(#([^)]*)\)", drawn)) <= set(re.findall(r'<pattern id="([^"]*)"', drawn))
    svg = drawn.replace(f"#{prefix}-", "#")
    assert svg != drawn
    fills = {path.get("data-code"): path.get("fill") for path in find_shapes(svg, "")}
    assert len(fills) == 101
    assert fills["05"] == fills["06"] == NOTHING
    assert fills["01"] in MORE
    assert fills["03"] in MORE
    assert fills["01"] != fills["03"]
    least, most = MORE.index(str(fills["01"])), MORE.index(str(fills["03"]))
    assert (fills["02"], fills["04"]) == (f"url(#less{least})", f"url(#less{most})")
    root = ElementTree.fromstring(svg)
    assert [text.text for text in root.iter("text")] == [
        *(text.en for text in picture.list_classes()),
        "the same amount",
    ]
    swatches = [one.get("fill") for one in root.findall("rect")]
    assert swatches == [MORE[least], f"url(#less{least})", MORE[most], f"url(#less{most})", NOTHING]
    assert ">&lt;Ain&gt; (01): +" in drawn
    height = float(str(root.get("height")))
    assert all(float(str(text.get("y"))) < height for text in root.iter("text"))


def test_a_map_of_one_change_has_one_class() -> None:
    svg = ChangeMap({"01": 700}, {}).draw("x", Lang.EN, WIDE)
    assert MORE[-1] in svg
    assert f'"{MORE[0]}"' not in svg
