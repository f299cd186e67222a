"""The keys around a decision: territory, currency, solver, letters, publisher, and what is not sure."""

from __future__ import annotations

import random
from collections.abc import Iterator
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from support.claims import (
    Award,
    Row,
    choose_best,
    draw_rows,
    find_codes,
    requested,
    score_of,
    solve_case,
    whole,
    write_case,
)
from support.enumeration.rows import UNITS
from support.text_scenarios import awards

from tnt_sim.analysis.equity.list_equity import compute_equity
from tnt_sim.analysis.uncertainty.draws import compute_input_values, draw_of, list_inputs, sample_points
from tnt_sim.engine.result import ResultData, Status
from tnt_sim.engine.run_folder.run_access import open_stored
from tnt_sim.engine.run_folder.writer import write_run
from tnt_sim.engine.solve import solve
from tnt_sim.engine.stored_run import run_of
from tnt_sim.i18n.message import Lang
from tnt_sim.i18n.numbers import format_cents, set_currency
from tnt_sim.reporting.decision_page.page import PageOptions, render_report_html
from tnt_sim.reporting.reports.decision_table import build_decision_table
from tnt_sim.reporting.reports.letters import Letters, write_letters
from tnt_sim.reporting.transparency.programme.inventory import iterate_programme_documents
from tnt_sim.scenario.load import load_scenario
from tnt_sim.scenario.problem import compile_problem

draw = partial(draw_rows, theme=("eau", "voirie"))


def best(rows: list[Row], amount: int) -> Award | None:
    return choose_best(requested(rows), lambda award: sum(award.values()) <= amount, score_of(rows))


@pytest.mark.claim("Scenario.territory", "TerritorySpec.year", "TerritorySpec.fill")
def test_the_map_fills_empty_cells_alone(tmp_path: Path) -> None:
    codes = ("48009", "48080", "48092", "48095")
    rows = [row | {"applicant_id": code, "applicant_type": "commune", "population": "", "department": "",
                   "region": dice} for row, code, dice in
            zip(draw(random.Random(1), 4), codes, ("", "11", "", ""), strict=True)]  # fmt: skip
    rows[1]["population"] = "5"
    fill = ["population", "department", "region"]

    def table(year: int, fill: list[str]) -> pl.DataFrame:
        body = whole(10**6, territory={"year": year, "fill": fill})
        return load_scenario(write_case(tmp_path, rows, body)).portfolio.table.sort("dossier")

    filled = table(2021, fill)
    people = [int(UNITS[code]["population"]) for code in codes]
    assert filled["population"].to_list() == [people[0], 5, *people[2:]]
    assert filled["department"].to_list() == ["48"] * 4
    assert filled["region"].to_list() == ["76", "11", "76", "76"]
    some = table(2021, ["region"])
    assert some["population"].to_list() == [None, 5, None, None]
    assert table(2026, fill)["population"].to_list() != filled["population"].to_list()
    assert find_codes(lambda: table(2020, fill))


@pytest.mark.claim("TerritorySpec.column", "TerritorySpec.label", "TerritorySpec.rural")
def test_another_column_names_the_territory(tmp_path: Path) -> None:
    rows = [row | {"state_name": name, "zone": zone} for row, name, zone in
            zip(draw(random.Random(2)), ("VD", "VD", "GE", "GE", "GE", "BE"),
                ("dense", "dense", "rural", "rural", "rural", "dense"), strict=True)]  # fmt: skip
    body = whole(10**6, territory={"column": "state_name", "label": "Canton", "rural": "zone"})
    result = solve_case(tmp_path, rows, body)
    assert awards(result) == best(rows, 10**6)
    run = run_of(result)
    page = render_report_html(run, PageOptions(Lang.EN))
    assert "Totals by Canton" in page
    classes = compute_equity(run.table, run.spec).list_classes("rural")
    assert {one.class_: one.n_dossiers for one in classes} == {"dense": 3, "rural": 3}
    body["territory"] = {"column": "absent"}
    assert find_codes(lambda: solve_case(tmp_path, rows, body)) == {"territory"}


@pytest.fixture
def _own_currency() -> Iterator[None]:
    set_currency(None)
    yield
    set_currency(None)


@pytest.mark.claim("Scenario.currency", "CurrencySpec.symbol", "CurrencySpec.code", "CurrencySpec.place",
                   "CurrencySpec.minor_unit")  # fmt: skip
@pytest.mark.parametrize("decimals", [0, 1, 2])
@pytest.mark.parametrize("place", ["before", "after"])
@pytest.mark.usefixtures("_own_currency")
def test_amounts_are_read_and_shown_in_the_currency(tmp_path: Path, decimals: int, place: str) -> None:
    currency = {"symbol": "Kr.", "code": "DDK", "place": place, "minor_unit": decimals}
    rows = draw(random.Random(decimals))
    for row in rows:
        row["requested"] = (
            f"{Fraction(row['requested']) * 10**decimals // 1 / Fraction(10**decimals):.{decimals}f}"
        )
    wholes = sum(Fraction(row["requested"]) for row in rows)
    for amount in (f"Kr. {float(wholes):.{decimals}f}", f"{float(wholes):.{decimals}f} DDK"):
        body = {"currency": currency, "programme": {"id": "p", "amount": amount}}
        result = solve_case(tmp_path, rows, body)
        assert result.document["granted_cents"] == result.document["amount_cents"] == wholes * 100
    shown = format_cents((123_400, 123_450, 123_456)[decimals], Lang.EN)
    assert shown.replace("\u00a0", " ").replace("\u202f", " ") == {
        ("before", 0): "Kr. 1,234", ("before", 1): "Kr. 1,234.5", ("before", 2): "Kr. 1,234.56",
        ("after", 0): "1,234 Kr.", ("after", 1): "1,234.5 Kr.", ("after", 2): "1,234.56 Kr.",
    }[place, decimals]  # fmt: skip
    if decimals < 2:
        rows[0]["requested"] = f"12.{'5' * (decimals + 1)}"
        assert find_codes(lambda: solve_case(tmp_path, rows, body))


@pytest.mark.claim("Scenario.solver", "SolverSpec.backend", "SolverSpec.gap", "SolverSpec.memory",
                   "SolverSpec.cross_check", "SolverSpec.time_limit")  # fmt: skip
def test_the_solver_is_as_written_and_the_list_the_same(tmp_path: Path) -> None:
    for seed in range(2):
        dice = random.Random(seed)
        rows, amount = draw(dice, 8), dice.randrange(100_000, 200_000)
        expected = best(rows, amount)

        def run(rows: list[Row] = rows, amount: int = amount, **keys: Any) -> ResultData:
            return solve(load_scenario(write_case(tmp_path, rows, whole(amount, solver=keys))))

        for keys in (
            {},
            {"backend": "scipy"},
            {"backend": "highs"},
            {"memory": "1 MB"},
            {"cross_check": "never"},
        ):
            result = run(**keys)
            assert awards(result) == expected, keys
            assert result.data.method.startswith("direct") is (keys.get("backend") == "scipy")
        close = run(gap="30 %")
        worth = score_of(rows)
        assert expected is not None
        assert worth(awards(close)) >= Fraction(7, 10) * worth(expected)
        stopped = run(time_limit="0.001 s")
        assert (stopped.status, stopped.data.stopped_by) == (Status.FEASIBLE, "time")
    for wrong in ({"backend": "none"}, {"cross_check": "none"}, {"memory": "1 kB"}):
        with pytest.raises(Exception, match=str(*wrong)):
            run(**wrong)


PUBLISHER = {
    "authority": "la préfète Ω", "service": "le bureau Ψ", "contact": "courriel@exemple.fr",
    "rules": "https://exemple.fr/regles", "legal_basis": "CGCT, art. L. 9999", "decided_by": "la commission Φ",
    "retention": "10 years",
}  # fmt: skip


def letters_of(folder: Path, **keys: Any) -> tuple[Letters, str]:
    """The letters of a list that refuses some, and the text of what is published."""
    rows = draw(random.Random(4))
    run = run_of(solve_case(folder, rows, whole(90_000, date="2026-03-31", **keys)))
    letters = write_letters(run, build_decision_table(run), Lang.FR)
    pages = iterate_programme_documents(run, Lang.FR)
    return letters, "".join(data.decode() for name, data in pages if name != "wording.yaml")


@pytest.mark.claim("Scenario.publisher", "PublisherSpec.authority", "PublisherSpec.service",
                   "PublisherSpec.contact", "PublisherSpec.rules", "PublisherSpec.legal_basis",
                   "PublisherSpec.decided_by", "PublisherSpec.retention")  # fmt: skip
def test_letters_and_pages_name_the_publisher(tmp_path: Path) -> None:
    letters, pages = letters_of(tmp_path, publisher=PUBLISHER)
    for key in ("authority", "contact", "rules"):
        assert PUBLISHER[key] in letters.appeal + letters.mention, key
    for key in PUBLISHER.keys() - {"retention"}:
        assert PUBLISHER[key] in pages, key
    assert "31 mars 2036" in pages
    without = {key: text for key, text in PUBLISHER.items() if key != "authority"} | {"contact": ""}
    nobody, __ = letters_of(tmp_path, publisher=without)
    assert (nobody.appeal, nobody.mention) == ("", "")
    no_contact = letters_of(tmp_path, publisher=PUBLISHER | {"contact": ""})[0]
    assert no_contact.mention.count("la préfète Ω") > letters.mention.count("la préfète Ω")  # by default
    day = letters_of(tmp_path, publisher=PUBLISHER | {"retention": "2036-12-31"})[1]
    assert "31 décembre 2036" in day


@pytest.mark.claim("PublisherSpec.columns")
def test_a_column_that_looks_personal_is_kept_where_it_is_named(tmp_path: Path) -> None:
    rows = [row | {"email": f"{row['dossier']}@exemple.fr"} for row in draw(random.Random(5))]
    for columns, kept in (([], False), (["email"], True)):
        folder = write_run(solve_case(tmp_path, rows, whole(10**6, publisher={"columns": columns})))
        assert ("email" in open_stored(folder).table.columns) is kept
    with_absent = whole(10**6, publisher={"columns": ["phone"]})
    assert find_codes(lambda: solve_case(tmp_path, rows, with_absent)) == {"publisher"}


@pytest.mark.claim("Scenario.letters", "LettersSpec.court", "LettersSpec.appeal", "LettersSpec.mention",
                   "LettersSpec.tell_changes")  # fmt: skip
def test_letters_say_what_the_block_adds(tmp_path: Path) -> None:
    plain, __ = letters_of(tmp_path, publisher=PUBLISHER)
    court, __ = letters_of(tmp_path, publisher=PUBLISHER, letters={"court": "le tribunal de Mende"})
    assert "le tribunal de Mende" in court.appeal
    assert "le tribunal de Mende" not in plain.appeal
    for key in ("appeal", "mention"):
        own, __ = letters_of(tmp_path, publisher=PUBLISHER, letters={key: "Mes propres mots."})
        assert getattr(own, key) == "Mes propres mots."
    told, __ = letters_of(tmp_path, publisher=PUBLISHER, letters={"tell_changes": True})
    silent, __ = letters_of(tmp_path, publisher=PUBLISHER, letters={"tell_changes": False})
    assert silent.sentence.to_list() == plain.sentence.to_list() != told.sentence.to_list()


@pytest.mark.claim("Scenario.uncertain", "UncertainSpec.column", "UncertainSpec.event", "UncertainSpec.where",
                   "UncertainSpec.times", "UncertainSpec.plus", "UncertainSpec.probability",
                   "UncertainSpec.correlated", "CorrelatedSpec.by", "CorrelatedSpec.rho")  # fmt: skip
@pytest.mark.parametrize("column", ["requested", "score", "points"])
def test_what_is_not_sure_is_drawn_by_its_law(tmp_path: Path, column: str) -> None:
    rows = [row | {"points": str(k + 1)} for k, row in enumerate(draw(random.Random(6), 40))]
    where = {"theme": "eau"}
    inside = np.array([row["theme"] == "eau" for row in rows])
    uncertain = [
        {"id": "a", "column": column, "where": where, "times": {"uniform": {"low": "1.5", "high": 2}}},
        {"id": "b", "column": column, "plus": {"uniform": {"low": 100, "high": 101}}},
        {"id": "c", "event": "withdrawn", "where": where, "probability": "25 %"},
        {"id": "d", "event": "lapsed", "probability": "50 %", "correlated": {"by": "theme", "rho": 1}},
        {"id": "e", "event": "final_cost", "times": {"triangular": ["0.5", "0.75", "1.5"]}},
    ]
    body = whole(10**6, uncertain=uncertain)
    sure = whole(10**6)
    assert awards(solve_case(tmp_path, rows, body)) == awards(
        solve_case(tmp_path, rows, sure)
    )  # by run, never
    problem = compile_problem(load_scenario(write_case(tmp_path, rows, body)))
    inputs = list_inputs(problem)
    points = sample_points(inputs, 60, 7)
    names = problem.case.table["dossier"].to_list()
    order = [names.index(row["dossier"]) for row in rows]
    n_gone = np.zeros(len(rows))
    before = np.array([float(row[column]) for row in rows])
    for point in points:
        sample = draw_of(problem.case.portfolio, inputs, compute_input_values(inputs, point))
        now = {name: values for name, __, values in sample.changes}
        values = (
            now[f"{column}_cents" if column == "requested" else column].cast(pl.Float64).to_numpy()[order]
        )
        values = values / 100 if column == "requested" else values
        ratio = (values - 100.5) / before
        low = np.where(inside, 1.5, 1) - 0.52 / before - 0.01
        assert np.all((ratio >= low) & (ratio <= np.where(inside, 2, 1) + 0.52 / before + 0.01))
        gone, unpaid = sample.gone[order], sample.unpaid[order]
        assert not gone[~inside].any()
        assert len(set(unpaid[inside])) == len(set(unpaid[~inside])) == 1  # a group goes together
        assert np.all((sample.final >= 0.5) & (sample.final <= 1.5))
        paid = sample.compute_paid_cents(np.full(len(rows), 10_000))
        assert np.all(paid <= 10_000)  # the grant follows the cost downwards only
        n_gone += gone
    assert abs(n_gone[inside].mean() / 60 - 0.25) < 0.1
