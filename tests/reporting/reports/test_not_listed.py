"""How many more there are than a list shows: one is one."""

from __future__ import annotations

import pytest

from tnt_sim.i18n.message import Lang
from tnt_sim.i18n.numbers import not_listed
from tnt_sim.reporting.reports.extend import _more


@pytest.mark.parametrize(
    ("number", "fr", "en"),
    [(1, "1 autre : --json", "1 more: --json"), (1_788, "1 788 autres : --json", "1,788 more: --json")],
)
def test_one_and_many(number: int, fr: str, en: str) -> None:
    assert " ".join(not_listed(number, Lang.FR).split()) == fr
    assert not_listed(number, Lang.EN) == en
    assert not_listed(number, Lang.EN) in _more(number, Lang.EN)[0].plain


def test_nothing_is_said_of_none() -> None:
    assert _more(0, Lang.FR) == []
