"""The bars of what rules cost, from a document of prices."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from tnt_sim.i18n.message import Lang
from tnt_sim.reporting.charts.marginal_charts import build_price_rows

PRICES: Any = [
    SimpleNamespace(id="free", goal=None, value="0"),
    SimpleNamespace(id="cheap", goal="score", value="71.4"),
    SimpleNamespace(id="dear", goal="score", value="1906.7"),
    SimpleNamespace(id="other", goal="people", value="9999"),
]


def test_the_dearest_is_first_and_the_free_ones_say_so() -> None:
    rows = build_price_rows(PRICES, Lang.FR)
    assert [(row["id"], row["v"], row["t"]) for row in rows] == [
        ("dear", 1906.7, "1\u202f906,7 score"),
        ("cheap", 71.4, "71,4 score"),
        ("free", 0.0, "ne coûte rien"),
    ]


def test_money_is_told_as_money() -> None:
    price: Any = SimpleNamespace(id="a", goal="granted", value="330000")
    (row,) = build_price_rows([price], Lang.EN)
    assert row["t"] == "€330,000"
