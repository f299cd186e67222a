"""The concept pages: the engine gives the figures that they and their pictures tell, in both languages."""

from __future__ import annotations

import re
from itertools import pairwise

import concept_pictures as concept
import polars as pl
import pytest
from support.paths import ROOT

import tnt_sim as tnt

PAGES = ("fr/explanation/understanding.md", "en/explanation/understanding.md")


@pytest.fixture(scope="module")
def scenario() -> tnt.Scenario:
    names = list(concept.APPLICATIONS)
    return tnt.Scenario.from_frame(
        pl.DataFrame(
            {
                "dossier": names,
                "requested": [1000 * concept.APPLICATIONS[name][0] for name in names],
                "score": [concept.APPLICATIONS[name][1] for name in names],
            }
        ),
        envelopes=f"{concept.AMOUNT} k€",
        objective=[{"maximise": {"score": 1}}],
    )


def fund(scenario: tnt.Scenario, amount: int) -> tuple[tuple[str, ...], int]:
    """The engine's list at an amount in k€, and its score."""
    result = scenario.with_({"programme.amount": f"{amount} k€"}).solve()
    assert result.proof is tnt.Proof.PROVED
    frame = result.to_dataframe().filter(pl.col("funded"))
    return tuple(frame["dossier"]), concept.score(frame["dossier"])


@pytest.mark.parametrize("amount", [80, 99, 100, 104, 105, 119, 120, 125, 130])
def test_the_curve_is_that_of_the_engine(scenario: tnt.Scenario, amount: int) -> None:
    assert fund(scenario, amount)[1] == concept.score(concept.choose_best(amount))


def test_the_engine_gives_the_figures_of_the_pages(scenario: tnt.Scenario) -> None:
    assert fund(scenario, 100) == (("B", "C"), 100)
    assert fund(scenario, 50) == (("B",), 50)
    assert concept.score(concept.choose_by_score()) == 93
    relaxed = scenario.model().relax()
    assert float(relaxed.bound) == pytest.approx(105)
    assert float(concept.bound(100)) == 105
    assert relaxed.rows["price"].to_list() == pytest.approx([0.001])
    steps = [(99, 84), (100, 100), (105, 110)]
    assert [concept.score(concept.choose_best(amount)) for amount, _ in steps] == [
        score for _, score in steps
    ]


@pytest.mark.parametrize("name", PAGES)
def test_a_page_tells_these_figures_and_its_lines_run(name: str) -> None:
    page = (ROOT / "docs" / name).read_text(encoding="utf-8")
    told = set(re.findall(r"\d+", page))
    assert {"64", "29", "93", "100", "105", "101", "95", "84", "110", "45"} <= told
    code = re.search(r"```python\n(.*?)```", page, re.S)
    assert code
    *lines, last = code[1].splitlines()
    exec("\n".join([*lines, last]), {})
    for picture in re.findall(r"\((\S*pictures/concept-[^)]+)\)", page):
        assert (ROOT / "docs" / name).parent.joinpath(picture).is_file()


def test_both_pages_show_the_same_pictures_in_the_same_order() -> None:
    found = [
        [
            re.sub(r"\.(fr|en)\.svg", "", one)
            for one in re.findall(
                r"pictures/concept-\S+svg", (ROOT / "docs" / name).read_text(encoding="utf-8")
            )
        ]
        for name in PAGES
    ]
    assert all(one == other for one, other in pairwise(found))
    assert sorted(found[0]) == sorted(f"pictures/concept-{name}" for name in concept.DRAWINGS)
