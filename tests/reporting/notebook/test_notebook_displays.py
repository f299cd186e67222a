"""What a notebook shows of a scenario, a decision, a table: small, right in both languages, escaped."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from support.run_folders.awkward_run import SCENARIO, make_run

import tnt_sim as tnt
from tnt_sim.errors import VerificationError
from tnt_sim.i18n.message import Lang
from tnt_sim.reporting.notebook.cards import About, render_result_card

HOSTILE = "<img src=x onerror=alert(1)>"


def project(folder: Path, scenario: str = SCENARIO) -> tnt.Scenario:
    make_run(folder, SCENARIO)  # writes the table beside it
    (folder / "s.yaml").write_text(scenario, encoding="utf-8")
    return tnt.Scenario.from_yaml(folder / "s.yaml")


def plain(html: str) -> str:
    """The text of a fragment, ordinary spaces, without its style."""
    text = re.sub(r"<[^>]*>", " ", re.sub(r"<style>.*?</style>", "", html, flags=re.DOTALL))
    return re.sub(r"\s+", " ", text)


def euros(cents: int) -> str:
    return f"{cents / 100:,.2f}".replace(",", " ").replace(".", ",")


def test_a_scenario_is_told_before_anything_is_solved(tmp_path: Path) -> None:
    told = plain(project(tmp_path)._repr_html_())
    assert "=Exports &amp; Cie exports · décision au 31 mars 2026" in told
    assert "9 dossiers ; demandé : 10 280,96 €, et 1 sans montant demandé" in told
    assert "Règles : Les villes ; ain" in told
    assert "But : maximiser la somme des notes des dossiers financés" in told
    assert "a · Axe A 3 600 €" in told


def test_a_result_says_status_proof_spent_and_left(tmp_path: Path) -> None:
    result = project(tmp_path).solve(cross_check="never")
    document, told = result.summary(), plain(result._repr_html_())
    assert "✔ Répartition optimale" in told
    assert "Prouvé par un certificat exact" in told
    assert document["proof"] == "PROVED"
    spent, left = (euros(document[key]) for key in ("granted_cents", "unspent_cents"))
    assert f"{spent} € accordés sur 9 000 €" in told
    assert f"{left} € non dépensés" in told
    assert f"9 dossiers déposés, {document['n_eligible']} éligibles, {document['n_funded']} financés" in told


def test_money_left_at_the_top_has_its_cause(tmp_path: Path) -> None:
    result = project(tmp_path, SCENARIO.replace("amount: 9 000 €", "amount: 20 000 €")).solve(
        cross_check="never"
    )
    top = result.summary()["envelopes"][0]
    assert top["unspent_cents"] > 0
    told = plain(result._repr_html_())
    assert f"p · 01 Programme {euros(top['effective_cents'])} €" in told
    assert plain(top["unspent_because"]).replace("'", "&#x27;") in told


def test_it_is_english_where_the_scenario_is(tmp_path: Path) -> None:
    scenario = project(tmp_path, SCENARIO.replace("date:", "locale: en\ndate:"))
    assert "9 applications; asked: €10,280.96, and 1 with no amount asked" in plain(scenario._repr_html_())
    told = scenario.solve(cross_check="never")._repr_html_()
    assert 'lang="en"' in told
    assert "Proven by an exact certificate" in plain(told)


def test_what_does_not_fit_says_what_to_do(tmp_path: Path) -> None:
    document = project(tmp_path).solve(cross_check="never").data
    nothing = replace(document, status="infeasible", granted_cents=None, unspent_cents=None)
    told = plain(render_result_card(nothing, About("Rien", "", synthetic=True), Lang.FR))
    assert "✘" in told
    assert "tnt.conflict(scenario)" in told
    assert "SYNTHÉTIQUES" in told
    assert "accordés" not in told


def test_a_relaxed_run_shows_bounds_and_no_money(tmp_path: Path) -> None:
    result = project(tmp_path).solve(relax=True)
    told = plain(result._repr_html_())
    assert "≈" in told
    whole = result.summary()["objective"][0]["value"].partition(".")[0]
    assert f"maximiser la note : aucune décision ne fait mieux que ≈{whole}," in told
    assert "accordés" not in told


def test_texts_of_planners_are_escaped(tmp_path: Path) -> None:
    hostile = SCENARIO.replace('"=Exports & Cie"', f'"{HOSTILE}"').replace("Axe A", f'"{HOSTILE}"')
    hostile = hostile.replace("title: Les villes", f'title: "{HOSTILE}"')
    scenario = project(tmp_path, hostile)
    result = scenario.solve(cross_check="never")
    run = tnt.open_run(result.save(tmp_path / "out"))
    shown = tnt.table(pl.DataFrame({HOSTILE: [HOSTILE]}))
    for html in (
        scenario._repr_html_(),
        result._repr_html_(),
        run._repr_html_(),
        shown._repr_html_(),
    ):
        assert "<img" not in html
    assert "&lt;img" in scenario._repr_html_()
    assert "&lt;img" in shown._repr_html_()


def test_a_run_folder_is_shown_as_the_result_it_came_from(tmp_path: Path) -> None:
    result = project(tmp_path).solve(cross_check="never")
    folder = result.save(tmp_path / "out")
    run = tnt.open_run(str(folder))
    assert run._repr_html_() == result._repr_html_()
    for table in ("envelopes", "rules", "groups", "objective"):
        assert run.to_dataframe(table=table).equals(result.to_dataframe(table=table))
    assert run.to_dataframe()["granted_cents"].sum() == result.summary()["granted_cents"]
    assert run.plot.by_department().to_dict() == result.plot.by_department().to_dict()
    assert "Proven" in tnt.open_run(folder, "en")._repr_html_()
    (folder / "allocation.csv").write_text("changed", encoding="utf-8")
    with pytest.raises(VerificationError):
        tnt.open_run(folder)


def test_a_result_becomes_its_documents(tmp_path: Path) -> None:
    result = project(tmp_path).solve(cross_check="never")
    page = result.to_html(tmp_path / "r.html")
    assert '"explained":true' in page
    assert '"explained":true' not in result.to_html(explain=False)
    assert (tmp_path / "r.html").read_text(encoding="utf-8") == page
    assert "default-src 'none'" in page.replace("&#39;", "'")
    assert result.to_excel(tmp_path / "r.xlsx").read_bytes().startswith(b"PK")


def test_the_map_counts_what_the_table_counts(tmp_path: Path) -> None:
    result = project(tmp_path).solve(cross_check="never")
    drawn = result.plot.by_department("count").data
    funded = result.to_dataframe().filter(pl.col("funded")).group_by("department").len()
    counts = drawn.filter(pl.col("n_funded") > 0).select("department", "n_funded")
    assert dict(counts.iter_rows()) == dict(funded.iter_rows())
    with pytest.raises(ValueError, match="amount, head, count"):
        result.plot.by_department("people")


def test_money_by_envelope_is_drawn_with_its_figures(tmp_path: Path) -> None:
    result = project(tmp_path).solve(cross_check="never")
    frame = result.plot.in_("en").by_envelope().data
    shown = {entry["id"]: entry for entry in result.summary()["envelopes"]}
    assert set(frame["envelope"]) == set(shown)
    for (name,), part in frame.filter(pl.col("part") != "left").group_by("envelope"):
        assert round(part["amount"].sum() * 100) == shown[name]["granted_cents"]


def test_a_table_is_for_the_eye_and_its_frame_for_the_machine() -> None:
    frame = pl.DataFrame(
        {
            "dossier": ["a", "b"],
            "granted_cents": [123_456, None],
            "funded": [True, False],
            "n_funded": [1_234, 5],
            "share": [0.5, 1 / 3],
            "mine": ["x", "y"],
        }
    )
    shown = tnt.table(frame, most=1, heads={"mine": "À moi"})
    told = plain(shown._repr_html_())
    assert "Numéro de dossier Accordé Financé Financés Part À moi" in told
    assert "a 1 234,56 € oui 1 234 0,5 x" in told
    assert "… et 1 autres lignes" not in told
    assert "… et 1 autre ligne" in told
    assert shown.frame.equals(frame)
    english = plain(tnt.table(frame, lang="en")._repr_html_())
    assert "a €1,234.56 yes 1,234 0.5 x" in english
    assert "b – no 5 0.333 y" in english
    with pytest.raises(ValueError, match="no such column: theirs"):
        tnt.table(frame, heads={"theirs": ""})


def test_tables_that_do_not_exist_are_named(tmp_path: Path) -> None:
    result = project(tmp_path).solve(cross_check="never")
    with pytest.raises(ValueError, match="dossiers, envelopes, rules, groups, objective"):
        result.to_dataframe(table="rule")
