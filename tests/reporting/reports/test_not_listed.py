"""How many more there are than a list shows: one is one."""

from __future__ import annotations

import pytest

from tnt_sim.i18n.lists import format_unlisted_count
from tnt_sim.i18n.message import Lang
from tnt_sim.reporting.renderers.terminal import render_nodes
from tnt_sim.reporting.report_tree import Column, Table


@pytest.mark.parametrize(
    ("number", "fr", "en"),
    [(1, "1 autre : --json", "1 more: --json"), (1_788, "1 788 autres : --json", "1,788 more: --json")],
)
def test_one_and_many(number: int, fr: str, en: str) -> None:
    assert " ".join(format_unlisted_count(number, Lang.FR).split()) == fr
    assert format_unlisted_count(number, Lang.EN) == en
    table = Table([Column("", ["one"])], n_unlisted=number)
    assert en in render_nodes([table], Lang.EN, 80)[-1].plain


def test_nothing_is_said_of_none() -> None:
    assert len(render_nodes([Table([Column("", ["un"])])], Lang.FR, 80)) == 1
