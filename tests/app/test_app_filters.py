"""Filters of the list: they hold together, their totals are the sums of the list, and the address has them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from html import unescape
from itertools import product
from typing import Any

import polars as pl
import pytest

from tnt_sim.app.open_page import Event
from tnt_sim.app.page import Page
from tnt_sim.app.page_state import FILTERS, decode, encode
from tnt_sim.app.panels.dossier_list import describe_filters, render_list
from tnt_sim.i18n.message import Lang
from tnt_sim.i18n.numbers import format_amount
from tnt_sim.scenario.scenario import ScenarioData

Talk = Callable[..., Mapping[str, Any]]


def listed(html: str) -> set[str]:
    return set(re.findall(r'data-label="Numéro">([^<]+)<', html)) | set(
        re.findall(r'data-label="Numéro">([^<\s]+) <span', html)
    )


def count_outcomes(html: str) -> dict[str, int]:
    found = re.findall(r'id="show-(\w+)".*?<strong>(\d+)</strong>', html, re.DOTALL)
    return {key: int(n) for key, n in found}


def table_of(page: Page) -> pl.DataFrame:
    answer = page.last_answer
    assert answer is not None
    tree = answer.problem.case.tree
    return answer.problem.case.table.select("dossier", "department", "requested_cents").with_columns(
        pl.Series("funded", answer.allocation.funded),
        pl.Series("granted_cents", answer.allocation.granted_cents),
        pl.Series("envelope", [tree.ids[k] for k in answer.problem.case.node.tolist()]),
    )


def test_filters_add_up_and_every_total_is_that_of_the_list(page: Page, say: Talk) -> None:
    table = table_of(page)
    codes = ["", *sorted(set(table["department"].drop_nulls()))[:4]]
    for envelope, code in product(("", "numerique", "mobilites"), codes):
        say("envelope", value=envelope)
        html = say("department", value=code)["parts"].get("list") or page._sent["list"]
        wanted = table
        if envelope:
            wanted = wanted.filter(envelope=envelope)
        if code:
            wanted = wanted.filter(department=code)
        assert listed(html) == set(wanted["dossier"])
        counts = count_outcomes(html)
        assert counts["all"] == counts["funded"] + counts["waiting"] + counts["closed"] == wanted.height
        assert counts["funded"] == wanted["funded"].sum()
        for key in ("granted_cents", "requested_cents"):
            assert format_amount(int(wanted[key].sum()), Lang.FR) in unescape(html)
        for show in ("funded", "waiting", "closed"):
            part = say("show", value=show)["parts"].get("list", "")
            assert len(listed(part)) == counts[show]
            say("show", value="")


def test_a_filter_is_seen_removed_and_in_the_address(page: Page, say: Talk, scenario: ScenarioData) -> None:
    say("envelope", value="mobilites")
    said = say("show", value="funded")
    assert set(re.findall(r'id="filter-(\w+)"', said["parts"]["filters"])) == {"envelope", "show"}
    assert 'id="unfilter"' in said["parts"]["filters"]
    other = Page(scenario, Lang.FR)
    list(other.receive({"do": "address", "value": said["address"]}))
    assert other.state == page.state
    assert decode(said["address"])[0].envelope == "mobilites"
    said = say("unfilter")
    assert said["parts"]["filters"] == ""
    assert said["address"] == ""
    assert not any(getattr(page.state, key) for key in FILTERS)


def test_the_number_on_the_filter_is_that_of_the_list(page: Page, say: Talk) -> None:
    assert page.last_answer is not None
    for event in ({"do": "search", "value": "E-1"}, {"do": "envelope", "value": "numerique"}):
        list(page.receive(event))
        filters = describe_filters(page.drawer, page.last_answer, page.last, page.state)
        html = render_list(page.drawer, page.last_answer, page.last, page.state)
        assert f"Voir {len(listed(html))} dossier" in str(filters["found"])


@pytest.mark.parametrize(
    "event", [{"do": "address", "value": "envelope=axe-9"}, {"do": "address", "value": "department=00"}]
)
def test_an_unknown_place_in_the_address_is_told_and_left_out(page: Page, event: Event) -> None:
    (reply,) = page.receive(event)
    assert reply.document["kind"] == "note"
    assert reply.document["address"] == ""
    assert page.state == decode("")[0]


def test_presenting_is_a_view_in_the_address(page: Page, say: Talk) -> None:
    answer = page.last_answer
    said = say("present", value="1")
    assert said["address"] == "present=1" == encode(page.state)
    assert page.last_answer is answer
    assert page.state.changes_nothing
    assert said["values"]["present"] == {"value": "1"}
    assert say("present", value="x")["kind"] == "bad"
    assert say("present", value="")["address"] == ""
