"""What can never hold, or limits nothing, is said before a solver is asked: file, line and remedy."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import draws
from support.rule_worlds import World, answer, awards_of, dossiers, quick
from support.tiny_scenario import HEAD, TABLE, tiny, with_committed

from tnt_sim.errors import InputError
from tnt_sim.i18n.message import Lang
from tnt_sim.scenario.problem import CLASHES, compile_problem

NB, NNB = "\u00a0", "\u202f"
MAP = "territory: {year: 2021}\n"


def rule(text: str, head: str = "") -> str:
    return f"{head}rules: [{{id: r, kind: {text}}}]\n"


def refusal(folder: Path, scenario: str, table: str = TABLE) -> list[str]:
    with pytest.raises(InputError) as caught:
        compile_problem(tiny(folder, scenario, table))
    is_clash = all(defect.code in CLASHES for defect in caught.value.defects)
    assert caught.value.exit_code == (4 if is_clash else 3)
    assert all(defect.hint is not None and defect.places for defect in caught.value.defects)
    assert all(defect.line(Lang.EN) for defect in caught.value.defects)
    return [defect.line(Lang.FR) for defect in caught.value.defects]


def warnings(folder: Path, scenario: str, table: str = TABLE) -> list[str]:
    problem = compile_problem(tiny(folder, scenario, table))
    assert all(defect.line(Lang.EN) for defect in problem.warnings)
    return [defect.line(Lang.FR) for defect in problem.warnings]


RATE = "un taux de 150 % dépasse 100 %. Écrivez un taux d'au plus 100 %, ou un montant en euros."
REACH = (
    "ce minimum est hors d'atteinte : même sans les autres règles, les dossiers et les enveloppes ne permettent "
    "pas plus de"
)
LOWER = "Abaissez `min`, écrivez `floor: demand` avec `by`, ou `report: true`."
REFUSED = {
    # rates and quotas above 100 %
    "grants: [{max_rate: 150 %}]\n": f"rate-above-one tiny.yaml:11:21 — {RATE}",
    "grants: [{mode: range, min_rate: 150 %}]\n": f"rate-above-one tiny.yaml:11:34 — {RATE}",
    "grants: [{max_rate: {brackets: [{rate: 150 %}]}}]\n": f"rate-above-one tiny.yaml:11:40 — {RATE}",
    "grants: [{max_rate: 50 %, bonus: [{rate: 150 %}]}]\n": f"rate-above-one tiny.yaml:11:42 — {RATE}",
    "grants: [{mode: levels, levels: [150 %]}]\n": f"rate-above-one tiny.yaml:11:34 — {RATE}",
    "caps: [{id: c, max: 150 %}]\n": f"rate-above-one tiny.yaml:11:21 — {RATE}",
    rule("share, measure: granted, where: {department: 01}, min: 150 %"): (
        "share-above-one tiny.yaml:11:78 — une part minimale de plus de 100 % ne peut jamais être "
        "respectée. Abaissez "
        "`min`, ou donnez une autre mesure à `of_measure`."
    ),
    rule("limit, measure: granted, min: {share: 150 %, of_amount: tout}"): (
        f"limit-reach tiny.yaml:11:53 — {REACH} 1{NNB}500{NB}€ pour 2{NNB}250{NB}€. {LOWER}"
    ),
    rule("coverage, units: {type: departement}, covered_by: department, min: 150 %", MAP): (
        "coverage-reach tiny.yaml:12:90 — la couverture demandée est de 152, mais tous les dossiers éligibles "
        "ensemble "
        "n'en atteignent que 3 sur 101. Abaissez `min`, ou vérifiez `units`, `covered_by` et `where`."
    ),
    rule("equity, measure: granted, by: department, min: 150 %", MAP): (
        "equity-band tiny.yaml:12:70 — la bande doit contenir 100 % : tous les groupes ne peuvent pas être d'un "
        "même "
        "côté de la moyenne. Exemple : `min: 50 %, max: 150 %`."
    ),
    # schedules that do not sum to 100 %
    rule("schedule, year: 2021, profile: [80 %, 50 %], payments: {2021: 1 €}"): (
        "schedule-profile tiny.yaml:11:54 — les parts de `profile` font 130\u202f%, et non 100 %. Exemple : "
        "`profile: "
        "[30 %, 50 %, 20 %]`."
    ),
    # units that the map does not know
    rule("coverage, units: {type: canton}, covered_by: department, min: 1", MAP): (
        "coverage-units tiny.yaml:12:40 — aucune unité de la carte de 2021 ne répond à ce critère. Valeurs de "
        "`type` : "
        "commune, epci, metropole, departement, region."
    ),
    # rules that can never hold
    rule("limit, measure: granted, min: 1 600 €"): (
        f"limit-reach tiny.yaml:11:53 — {REACH} 1{NNB}500{NB}€ pour 1{NNB}600{NB}€. {LOWER}"
    ),
    rule("limit, measure: granted, where: {envelope: b}, min: 1 300 €"): (
        f"limit-reach tiny.yaml:11:75 — {REACH} 600{NB}€ pour 1{NNB}300{NB}€. {LOWER}"
    ),
    rule("limit, measure: dossiers, min: 5"): f"limit-reach tiny.yaml:11:54 — {REACH} 4 pour 5. {LOWER}",
    rule("limit, measure: granted, by: department, min: 500 €, floor: strict"): (
        f"limit-reach tiny.yaml:11:69 — {REACH} 2A : 400{NB}€ pour 500{NB}€. {LOWER}"
    ),
    rule("limit, measure: dossiers, by: department, groups: [77], min: 1, floor: strict"): (
        f"limit-reach tiny.yaml:11:84 — {REACH} 77 : 0 pour 1. {LOWER}"
    ),
    "rules:\n  - {id: r, kind: limit, measure: granted, max: 1 k€}\n  - {id: d, kind: decide, fund: [1, 2]}\n": (
        f"limit-reach tiny.yaml:12:49 — ce qui est engagé ou retenu par décision passe déjà ce maximum : "
        f"1{NNB}100{NB}€ "
        f"pour 1{NNB}000{NB}€. Relevez `max`, retirez une décision, ou écrivez `report: true`."
    ),
    "rules:\n  - {id: r, kind: share, measure: dossiers, where: {department: 2A}, min: 60 %}\n"
    "  - {id: d, kind: decide, fund: [1]}\n": (
        "share-reach tiny.yaml:12:75 — cette part ne peut jamais être respectée, vu ce qui est engagé ou "
        "retenu par "
        "décision. Corrigez la borne ou les critères, retirez une décision, ou écrivez `report: true`."
    ),
    "rules:\n  - {id: r, kind: share, measure: dossiers, by: envelope, where: {department: 01}, max: 40 %}\n"
    "  - {id: d, kind: decide, fund: [1, 3]}\n": (
        "share-reach tiny.yaml:12:89 — cette part ne peut jamais être respectée pour a, b, vu ce qui est "
        "engagé ou "
        "retenu "
        "par décision. Corrigez la borne ou les critères, retirez une décision, ou écrivez `report: true`."
    ),
    rule("limit, measure: granted, min: 3 €, max: 2 €"): (
        "bounds-crossed tiny.yaml:11:53 — le minimum dépasse le maximum. Échangez-les, ou corrigez l'un des deux."
    ),
}  # fmt: skip


@pytest.mark.parametrize("tail", REFUSED)
def test_what_can_never_hold(tail: str, tmp_path: Path) -> None:
    assert refusal(tmp_path, HEAD + tail) == [REFUSED[tail]]


ENVELOPES = {
    "reserve: 150 %": (
        "envelope-option tiny.yaml:7:39 — une réserve dépasse 100 %. Écrivez une part d'au plus 100 %."
    ),
    "transfers: {to: [b], out_max: 150 %}": (
        "transfers tiny.yaml:7:60 — une enveloppe ne peut pas donner plus de 100 %. Écrivez une part d'au plus "
        "100 %."
    ),
    "min_use: 150 %": (
        f"min-use tiny.yaml:7:39 — l'enveloppe « a » doit employer au moins 1{NNB}350{NB}€, mais ses dossiers "
        f"éligibles "
        f"ne peuvent recevoir que 1{NNB}100{NB}€. Abaissez `min_use`, ou le montant."
    ),
    "split: {by: department, each: 800 €}": (
        f"children-exceed tiny.yaml:7:7 — les enveloppes de « a » font 1{NNB}600{NB}€, plus que ses 900{NB}€. "
        f"Corrigez "
        "les montants, ou écrivez `overbooked: true` si ce sont des plafonds."
    ),
    "split: {by: department, each: 1 €}}\n    - {id: a/01, amount: 1 €": (
        "envelope-twice tiny.yaml:7:7, tiny.yaml:8:7 — deux enveloppes s'appellent « a/01 ». Renommez l'une des "
        "deux : "
        "une part d'une répartition s'appelle ENVELOPPE/GROUPE."
    ),
}


@pytest.mark.parametrize("option", ENVELOPES)
def test_envelopes_that_cannot_be(option: str, tmp_path: Path) -> None:
    head = HEAD.replace("1 500 €", "2 k€").replace(
        "{id: a, amount: 900 €}", f"{{id: a, amount: 900 €, {option}}}"
    )
    assert refusal(tmp_path, head) == [ENVELOPES[option]]


IDLE = {
    rule("share, measure: granted, where: {score: {min: 1}}, of: {department: 99}, min: 10 %"): (
        "share-idle tiny.yaml:11:9 — cette part ne porte sur aucun dossier éligible : elle est toujours "
        "respectée. "
        "Corrigez `of`, ou retirez la règle."
    ),
    rule("share, measure: granted, where: {department: 99}, min: 10 %"): (
        "share-idle tiny.yaml:11:78 — aucun dossier éligible ne compte au numérateur : la règle interdit de "
        "financer "
        "quoi que ce soit d'autre. Corrigez `where`, ou retirez la règle."
    ),
    rule("share, measure: granted, where: {department: 01}, max: 150 %"): (
        "share-idle tiny.yaml:11:78 — une part ne dépasse jamais 100 % : ce maximum ne limite rien. Abaissez "
        "`max`, ou "
        "retirez-le."
    ),
    "grants: [{where: {envelope: a}, mode: levels, levels: [1 M€]}]\n": (
        "levels-idle tiny.yaml:11:55 — aucun de ces niveaux ne convient à 2 dossiers qu'ils concernent. "
        "Comparez les "
        "niveaux à ce qui est demandé, à l'assiette et aux plafonds."
    ),
}


@pytest.mark.parametrize("tail", IDLE)
def test_what_says_nothing_is_a_warning(tail: str, tmp_path: Path) -> None:
    assert warnings(tmp_path, HEAD + tail) == [IDLE[tail]]


@pytest.mark.parametrize("soft", ["penalty: {cost: 1}", "report: true"])
def test_what_is_priced_or_reported_may_be_out_of_reach(soft: str, tmp_path: Path) -> None:
    assert warnings(tmp_path, HEAD + rule(f"limit, measure: dossiers, min: 5, {soft}")) == []
    table = with_committed("1", 100)
    share = rule(f"share, measure: dossiers, where: {{department: 02}}, min: 90 %, {soft}")
    assert warnings(tmp_path, HEAD + share, table) == []
    assert refusal(tmp_path, HEAD + share.replace(f", {soft}", ""), table)[0].startswith("share-reach")


# what is refused is refused rightly


@st.composite
def bounded(draw: st.DrawFn) -> tuple[World, dict[str, Any]]:
    rows = draw(dossiers(5, lot=st.sampled_from(["A", "B"])))
    total = sum(d["amounts"][-1] for d in rows)
    side = draw(st.sampled_from(["min", "max"]))
    measure = draw(st.sampled_from(["granted", "dossiers", "leverage"]))
    found: dict[str, Any] = {
        "id": "r",
        "measure": measure,
        "where": {"lot": draw(st.sampled_from(["A", "B"]))},
    }
    if draw(st.booleans()):
        unit = 1 if measure == "dossiers" else 100
        most = Fraction(draw(st.integers(0, 6 if unit == 1 else total)), unit)
        found |= {"kind": "limit", side: draws.text(most)}
    else:
        measure = found["measure"] = draw(st.sampled_from(["granted", "dossiers"]))
        found |= {"kind": "share", side: f"{draws.text(Fraction(draw(st.integers(0, 1000)), 10))} %"}
    return {"dossiers": rows, "amount": total * draw(st.integers(20, 110)) // 100}, found


@quick
@given(bounded())
def test_nothing_that_could_hold_is_refused(case: tuple[World, dict[str, Any]]) -> None:
    """A rule is refused only when no allocation of the world keeps it."""
    world, found = case
    for d in world["dossiers"]:
        d["cost"] = d["score"] + 10
    engine = answer(world, ["lot", "cost"], rules=[found])
    if isinstance(engine, set):
        assert engine <= {"limit-reach", "share-reach", "committed-exceeds"}
        assert not any(held(world, found, award) for award in awards_of(world))
    elif engine is None:
        assert not any(held(world, found, award) for award in awards_of(world))
    else:
        assert held(world, found, engine)


def held(world: World, found: dict[str, Any], award: dict[str, int]) -> bool:
    """The rule read on an allocation."""
    worth = {"granted": lambda d, g: Fraction(g, 100), "dossiers": lambda d, g: Fraction(1)}
    worth["leverage"] = lambda d, g: d["cost"] - Fraction(g, 100)
    one = worth[found["measure"]]
    mine = {d["id"]: one(d, award[d["id"]]) for d in world["dossiers"] if d["id"] in award}
    num = sum(
        (mine[d["id"]] for d in world["dossiers"] if d["id"] in mine and d["lot"] == found["where"]["lot"]),
        Fraction(0),
    )
    den = sum(mine.values(), Fraction(0)) / 100 if found["kind"] == "share" else Fraction(1)
    low, high = (
        Fraction(found[side].removesuffix(" %")) if side in found else None for side in ("min", "max")
    )
    return (low is None or num >= low * den) and (high is None or num <= high * den)
