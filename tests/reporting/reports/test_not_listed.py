"""How many more there are than a list shows: one is one."""

from __future__ import annotations

import pytest

from tnt_sim.i18n.message import Lang
from tnt_sim.i18n.numbers import format_unlisted_count
from tnt_sim.reporting.reports.extend import _render_remainder


@pytest.mark.parametrize(
    ("number", "fr", "en"),
    [(1, "1 autre : --json", "1 more: --json"), (1_788, "1 788 autres : --json", "1,788 more: --json")],
)
def test_one_and_many(number: int, fr: str, en: str) -> None:
    assert " ".join(format_unlisted_count(number, Lang.FR).split()) == fr
    assert format_unlisted_count(number, Lang.EN) == en
    assert format_unlisted_count(number, Lang.EN) in _render_remainder(number, Lang.EN)[0].plain


def test_nothing_is_said_of_none() -> None:
    assert _render_remainder(0, Lang.FR) == []
