"""Tables of answers in euros, with typed columns and headers in words."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from support.demo_project import write_demo

import tnt_sim as tnt
from tnt_sim.reporting.notebook.tables import convert_table


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> tnt.Scenario:
    folder = tmp_path_factory.mktemp("exemple")
    return write_demo(folder)


def test_euros_are_exact_and_figures_are_numbers() -> None:
    frame = pl.DataFrame(
        {
            "granted_cents": [5, -1, None, 123456789012345678, -100],
            "requested_cents": [100, 200, 300, 400, 500],
            "requested": ["a", "b", "c", "d", "e"],
            "value": ["0.5", None, "1", "-2", "3e2"],
            "bound": ["1/3", "1", "2", "3", "4"],
        }
    )
    shaped = convert_table(frame, euros=True)
    assert shaped["granted"].to_list() == [
        Decimal("0.05"), Decimal("-0.01"), None, Decimal("1234567890123456.78"), Decimal("-1.00")
    ]  # fmt: skip
    assert shaped["requested_euros"].to_list() == [Decimal(n) for n in (1, 2, 3, 4, 5)]
    assert shaped["value"].to_list() == [0.5, None, 1.0, -2.0, 300.0]
    assert shaped["bound"].to_list() == frame["bound"].to_list()
    assert convert_table(frame) is frame


def test_pandas_has_numbers_where_cells_are_empty() -> None:
    frame = pl.DataFrame(
        {"granted_cents": [150, None], "n_funded": [1, None], "score": [Decimal("1.5"), None]}
    )
    shaped = convert_table(frame, "pandas", euros=True, labels="en")
    assert [str(one) for one in shaped.dtypes] == ["float64", "Int64", "float64"]
    assert shaped.iloc[0].tolist() == [1.5, 1, 1.5]
    assert convert_table(frame, euros=True).to_pandas().shape == (2, 3)


def test_headers_are_words_of_the_language_and_differ() -> None:
    frame = pl.DataFrame({"granted_cents": [1], "n_eligible": [1], "eligible": [True], "own": [1]})
    french = convert_table(frame, euros=True, labels="fr").columns
    assert french[0] == "Accordé"
    assert french[3] == "own"
    english = convert_table(frame, euros=True, labels=tnt.Lang.EN).columns
    assert english == ["Granted", "Eligible (n_eligible)", "Eligible (eligible)", "own"]
    for wrong in ({"labels": "de"}, {"backend": "arrow"}):
        with pytest.raises(ValueError, match=r"de|arrow"):
            convert_table(frame, **wrong)


def divide(cents: Any) -> Any:
    """Euros of cents, of a list of them, or of an empty cell."""
    if isinstance(cents, list):
        return [divide(one) for one in cents]
    return None if cents is None else Decimal(cents) / 100


def test_every_answer_has_its_tables_in_euros(example: tnt.Scenario, tmp_path: Path) -> None:
    ask = example.analyse
    result = example.solve()
    unsure = example.with_({"uncertain": [{"id": "a", "event": "withdrawn", "probability": "5 %"}]})
    answers: list[tuple[Any, list[str | None]]] = [
        (result, ["dossiers", "envelopes", "rules", "groups", "objective"]),
        (tnt.open_run(result.save(tmp_path)), ["dossiers", "envelopes"]),
        (ask.sweep(stop="1.3 M€", steps=2), ["points", "envelopes", "dossiers", "steps"]),
        (ask.extend("1.3 M€"), ["gains", "moves"]),
        (tnt.ensemble(unsure, 4, workers=1), [None]),
        (ask.alternatives(count=1), [None, "portfolios"]),
        (ask.rule_prices(), [None, "prices"]),
        (ask.marginal_euro(envelopes=["programme"], rules=[]), [None]),
        (ask.weights(["score", "dossiers"]), [None]),
        (ask.entry_thresholds(), [None]),
        (result.explain("E-01"), [None, "dossiers"]),
        (tnt.compare(example, example.with_({"programme.amount": "1 M€"})), [None, "changes"]),
    ]
    n_amounts = 0
    for answer, tables in answers:
        for table in tables:
            which = {} if table is None else {"table": table}
            cents, euros = answer.to_dataframe(**which), answer.to_dataframe(**which, euros=True)
            assert euros.height == cents.height
            assert not [name for name in euros.columns if name.endswith("_cents")]
            for before, after in zip(cents.columns, euros.columns, strict=True):
                if before.endswith("_cents"):
                    n_amounts += 1
                    expected = [divide(value) for value in cents[before].to_list()]
                    assert euros[after].to_list() == expected, (answer, before)
            headed = answer.to_dataframe("pandas", **which, euros=True, labels="fr")
            assert headed.shape == euros.shape
            assert len(set(headed.columns)) == euros.width
    assert n_amounts > 40
