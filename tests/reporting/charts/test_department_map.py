"""The map: all 101 departments, each named, classes that follow the figures, and text that stays text."""

from __future__ import annotations

from xml.etree import ElementTree

from tnt_sim.domain.territory import territory
from tnt_sim.reporting.charts.department_map import (
    FILLS,
    NOTHING,
    breaks,
    department_codes,
    fill_of,
    fills_of,
    map_svg,
)

_NS = "{http://www.w3.org/2000/svg}"


def shapes(svg: str) -> list[ElementTree.Element]:
    return [path for path in ElementTree.fromstring(svg).iter(f"{_NS}path") if path.get("data-code")]


def test_every_department_of_the_map_is_drawn_and_no_other() -> None:
    assert list(department_codes()) == territory(2021).codes("department")
    drawn = [path.get("data-code") for path in shapes(map_svg({}, {}, "x"))]
    assert len(drawn) == 101 + 4  # Paris and its three neighbours once more, enlarged
    assert all(path.get("fill") == NOTHING for path in shapes(map_svg({}, {}, "x")))


def test_a_shape_is_filled_by_its_value_and_says_its_name() -> None:
    values = {code: float(k) for k, code in enumerate(department_codes())}
    svg = map_svg(values, {"2A": 'Corse <b> & "sud"'}, 'Une <carte> & "autre"')
    assert ElementTree.fromstring(svg).get("aria-label") == 'Une <carte> & "autre"'
    found = {path.get("data-code"): path for path in shapes(svg)}
    cuts = breaks(values.values())
    assert len(cuts) == len(FILLS) - 1
    assert {code: path.get("fill") for code, path in found.items()} == {
        code: fill_of(value, cuts) for code, value in values.items()
    }
    title = found["2A"].find(f"{_NS}title")
    assert title is not None
    assert title.text == 'Corse <b> & "sud"'


def test_classes_are_ordered_and_about_as_full() -> None:
    values = [float(k * k) for k in range(1, 102)]
    cuts = breaks(values)
    assert cuts == sorted(set(cuts))
    counts = [sum(1 for v in values if fill_of(v, cuts) == fill) for fill in FILLS]
    assert sum(counts) == 101
    assert min(counts) >= 12
    assert [fill_of(v, cuts) for v in (0.0, -1.0, None)] == [NOTHING] * 3


def test_few_values_need_few_classes() -> None:
    assert breaks([]) == []
    assert breaks([0.0, 5.0, 5.0]) == []
    assert fill_of(5.0, []) == fills_of([])[0] == FILLS[0]
    assert fills_of([10.0]) == [FILLS[0], FILLS[-1]]
