"""The page of a run, against documents made by hand: what a planner reads, at 80 and at 120 columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from support.typed import as_typed

from tnt_sim.i18n.message import Lang
from tnt_sim.reporting.renderers.terminal import render_nodes, render_report
from tnt_sim.reporting.report_tree import Paragraph, Table
from tnt_sim.reporting.reports.envelope_table import build_envelope_table
from tnt_sim.reporting.reports.run import build_report, build_rules, build_unspent
from tnt_sim.reporting.text.vocabulary import Labels, describe_verdict
from tnt_sim.verify.run_document import (
    GroupEntry,
    RuleEntry,
    RunDocument,
    RunEnvelope,
    ShadowPrice,
    StageEntry,
    TieEvidence,
)
from tnt_sim.verify.verification import NO_ROWS

FR, EN = Lang.FR, Lang.EN
MILLION = 100_000_000


def envelope(name: str, parent: str | None, amount: int | None, granted: int, **more: Any) -> RunEnvelope:
    entry = RunEnvelope(
        id=name,
        parent=parent,
        title=f"Titre de l'enveloppe {name}",
        amount_cents=amount,
        effective_cents=amount,
        transferred_in_cents=0,
        transferred_out_cents=0,
        reserved_cents=0,
        overprogrammed_cents=0,
        committed_cents=0,
        granted_cents=granted,
        unspent_cents=None if amount is None else amount - granted,
        n_dossiers=3206,
        n_eligible=2901,
        n_funded=2300,
        unspent_code=None,
        unspent_rule=None,
        unspent_because=None,
    )
    return replace(entry, **more)


def rule(name: str, **more: Any) -> RuleEntry:
    entry = RuleEntry(
        id=name,
        kind="share",
        mode="hard",
        min="0.25",
        value="0.253333333333",
        num=19,
        den=75,
        slack="0.003333333333",
        holds=True,
        binds=False,
        groups=(),
    )
    return replace(entry, **more)


def document(**more: Any) -> RunDocument:
    goal = StageEntry(
        goal="score",
        sense="maximise",
        value="12345.6",
        bound="12345.6",
        gap="0",
        gap_money_cents=0,
        proof="CROSS_CHECKED",
    )
    found = RunDocument(
        scenario="tnt-2021",
        scenario_sha256="",
        title="",
        relaxed=False,
        status="optimal",
        stopped_by=None,
        proof="CROSS_CHECKED",
        publishable=True,
        canonical=True,
        canonical_proof=TieEvidence(),
        proof_rows=NO_ROWS,
        method="direct",
        objective=[goal],
        amount_cents=88 * MILLION,
        granted_cents=88 * MILLION - 800,
        unspent_cents=800,
        n_dossiers=3206,
        n_eligible=2901,
        n_funded=2300,
        inhabitants=None,
        n_unlocated=None,
        envelopes=[
            envelope("tnt", None, 88 * MILLION, 88 * MILLION - 800, unspent_code="none_fits"),
            envelope("axe-1", "tnt", 30 * MILLION, 30 * MILLION),
            envelope("appels", "axe-1", None, 7 * MILLION),
        ],
        rules=[rule("quart")],
        warnings=["attention — quelque chose."],
        allocation_sha256=None,
        seconds={},
    )
    return replace(found, **more)


LABELS = Labels(
    title="Programme",
    day="22 novembre 2021",
    synthetic=True,
    second="CBC",
    rule_titles={"quart": "Un quart"},
    rule_units={"quart": "rate"},
    goal_units=["number"],
    reasons={True: {"merit": 2000, "committed": 300}, False: {"outranked": 601, "decided": 5}},
)


def page(found: RunDocument, width: int, lang: Lang = FR) -> list[str]:
    report = build_report(found, LABELS, further=[Paragraph("runs/tnt-2021-1a2b3c4d")])
    return [line.plain for line in render_report(report, lang, width)]


def lines_of(table: Table, width: int) -> list[str]:
    return [line.plain for line in render_nodes([table], FR, width)]


@pytest.mark.parametrize("width", [80, 120])
def test_the_page_fits_and_says_the_essential(width: int) -> None:
    lines = page(document(), width)
    text = as_typed("\n".join(lines))
    assert all(len(line) <= width for line in lines)
    assert "Données SYNTHÉTIQUES" in text
    assert "décision au 22 novembre 2021" in text
    assert "confirmé par un second" in text
    assert "(CBC)" in text
    assert "87 999 992 € accordés sur 88 000 000 € ; 8 € non dépensés" in text
    assert "3 206 dossiers déposés, 2 901 éligibles, 2 300 financés" in text
    assert "c'est trop peu pour les dossiers éligibles qui ne sont pas financés" in text
    assert "25,33 %  ≥ 25 %" in text
    assert text.endswith("\n\nruns/tnt-2021-1a2b3c4d")


def test_the_exact_page_in_french() -> None:
    lines = [as_typed(line) for line in page(document(), 120)]
    assert lines[4] == (
        "✔ Répartition optimale : aucune autre ne fait mieux. Confirmé par un second solveur "
        "indépendant (CBC)."
    )
    assert lines[lines.index("Non dépensé, et pourquoi") + 1] == (
        "  tnt  8 €  c'est trop peu pour les dossiers éligibles qui ne sont pas financés"
    )
    start = lines.index("Dossiers")
    assert lines[start + 1 : start + 7] == [
        "  Financés                                                    2 300",
        "    déjà engagés                                                300",
        "    retenus au mérite                                         2 000",
        "  Non financés                                                  606",
        "    refusés par décision                                          5",
        "    devancés par euro par tous les retenus de leur enveloppe    601",
    ]


def test_the_page_of_a_document_in_english() -> None:
    text = "\n".join(page(document(), 120, EN))
    assert "€87,999,992 granted of €88,000,000; €8 not spent" in text
    assert "SYNTHETIC data" in text
    assert "Confirmed by a second, independent solver (CBC)" in text


def envelopes(entries: Sequence[RunEnvelope], width: int) -> list[str]:
    return lines_of(build_envelope_table(entries), width)


def test_narrow_tables_use_short_amounts_and_never_cut_an_id() -> None:
    name = "une-enveloppe-au-nom-vraiment-long"
    lines = envelopes([envelope(name, None, 88 * MILLION, 800)], 80)
    assert all(len(line) <= 80 for line in lines)
    assert name in lines[1]
    assert "88\u00a0M€" in lines[1]
    assert "8\u00a0€" in lines[1]
    longer = f"{name}-qui-depasse-la-largeur-de-l-ecran"
    assert envelopes([envelope(longer, None, 88 * MILLION, 800)], 80)[0].startswith(f"  {longer}")


def test_titles_fold_within_the_tree_or_leave_it_to_the_ids() -> None:
    assert "axe-1 · Titre de l'enveloppe axe-1" in envelopes(document().envelopes, 140)[2]
    folded = [as_typed(line) for line in envelopes(document().envelopes, 92)]
    assert all(len(line) <= 92 for line in folded)
    assert [line[:26].rstrip() for line in folded[3:]] == [
        "  └─ axe-1 · Titre de",
        "     l'enveloppe axe-1",
        "     └─ appels · Titre de",
        "        l'enveloppe appels",
    ]
    assert not any("Titre" in line for line in envelopes(document().envelopes, 79))


def test_the_parts_of_a_split_stand_together() -> None:
    parts = [envelope(f"detr/{k:02}", "detr", 1000, 400, unspent_code="none_fits") for k in range(100)]
    entries = [envelope("detr", None, 100_000, 40_000, unspent_code="rule"), *parts]
    lines = envelopes(entries, 120)
    assert len(lines) == 3
    assert "100 parts" in lines[2]
    why = lines_of(build_unspent(entries), 120)
    assert len(why) == 2
    assert why[1].strip().startswith("detr · 100 parts  600\u00a0€")


def test_available_money_is_shown_when_it_differs() -> None:
    entries = [envelope("a", None, 1000, 1000), envelope("b", "a", 400, 600, effective_cents=600)]
    assert "Disponible" in envelopes(entries, 120)[0]
    assert "Disponible" not in envelopes(entries[:1], 120)[0]


def test_a_broken_rule_names_its_broken_groups() -> None:
    group = GroupEntry(
        group="01",
        lowered=True,
        min="200000",
        max=None,
        value="150000",
        num=150_000,
        den=1,
        slack="-50000",
        holds=False,
        binds=False,
    )
    broken = rule("plancher", kind="limit", min="200000", value="150000", holds=False, groups=[group])
    labels = Labels(rule_units={"plancher": "money"})
    text = "\n".join(lines_of(build_rules([broken], labels), 120))
    assert "NON RESPECTÉE" in text
    assert "Non respectée pour 01 : 150\u202f000\u00a0€ (≥ 200\u202f000\u00a0€)" in text
    assert "plancher abaissé à la demande pour 01" in text


@pytest.mark.parametrize(
    ("status", "proof", "french"),
    [
        ("optimal", "PROVED", "Prouvé par un certificat exact."),
        ("optimal", "FEASIBLE_GAP", "selon un seul solveur ; rien ne le démontre. À ne pas publier."),
        ("feasible", "FEASIBLE_GAP", "rien ne prouve que c'est la meilleure (la limite de temps a arrêté"),
        ("infeasible", "CROSS_CHECKED", "le scénario se contredit."),
        ("infeasible", None, "selon un seul solveur."),
        ("stopped", None, "sans répartition (la limite de temps"),
    ],
)
def test_verdicts_promise_no_more_than_is_known(status: str, proof: str | None, french: str) -> None:
    found = document(
        status=status, proof=proof, stopped_by="time" if status in ("feasible", "stopped") else None
    )
    assert french in describe_verdict(found).fr


def test_infeasible_and_relaxed_pages() -> None:
    nothing = document(status="infeasible", granted_cents=None, unspent_cents=None, n_funded=None, rules=[])
    text = "\n".join(page(nothing, 80))
    assert "✘ Aucune répartition" in text
    assert "tnt-sim conflict SCENARIO" in " ".join(text.split())
    price = ShadowPrice(
        stage=1,
        goal="score",
        kind="envelope",
        id="tnt",
        group=None,
        side="max",
        price="0.00065",
        per="granted",
    )
    relaxed = document(relaxed=True, proof=None, prices=[price])
    lines = page(relaxed, 120)
    assert any("Ce n'est pas une décision" in line for line in lines)
    assert any(line.split() == ["1.", "note", "enveloppe", "tnt", "650", "/", "M€"] for line in lines)
