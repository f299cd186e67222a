"""What needs no solver is said before one is asked: exact text, file and line."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.tiny_scenario import HEAD, TABLE, funded, tiny, with_committed

from tnt_sim.engine.result import Status
from tnt_sim.engine.solve import solve
from tnt_sim.errors import InputError
from tnt_sim.i18n.message import Lang
from tnt_sim.scenario.problem import CLASHES

NB = "\u00a0"
CASES = {
    "children exceed their parent": (
        HEAD.replace("{id: b, amount: 600 €}", "{id: b, amount: 700 €}"),
        TABLE,
        [
            f"children-exceed tiny.yaml:4:3 — les enveloppes de « tout » font 1\u202f600{NB}€, plus que ses "
            f"1\u202f500{NB}€. Corrigez les montants, ou écrivez `overbooked: true` si ce sont des plafonds."
        ],
    ),
    "an unknown envelope in the table": (
        HEAD,
        TABLE.replace("4,b", "4,bb"),
        [
            "unknown-envelope table.csv:5 [4] — l'enveloppe « bb » n'existe pas (1 dossier). "
            "Vouliez-vous dire « b » ?"
        ],
    ),
    "committed above its envelope": (
        HEAD,
        with_committed("1", 1000),
        [
            f"committed-exceeds tiny.yaml:7:7 — les engagements de l'enveloppe « a » font 1\u202f000{NB}€ ; elle "
            f"peut accorder 900{NB}€ : 100{NB}€ de trop. Relevez « a » de 100{NB}€, et pour cela « tout » de "
            f"100{NB}€, ou corrigez la colonne `committed`."
        ],
    ),
    "rules and goals that name what does not exist": (
        HEAD.replace("{score: 1}", "{scores: 1}")
        + "rules:\n"
        + "  - {id: r, kind: limit, measure: granted, by: departement, max: 1 k€}\n"
        + "  - {id: s, kind: share, measure: granted, where: {applicant_types: epci}, min: 10 %}\n"
        + "  - {id: t, kind: decide, fund: [11]}\n",
        TABLE,
        [
            "unknown-measure tiny.yaml:10:33 — la mesure « scores » n'existe pas. Vouliez-vous dire « score » ?",
            "unknown-column tiny.yaml:12:48 — la colonne « departement » n'existe pas. Vouliez-vous dire "
            "« department » ?",
            "unknown-column tiny.yaml:13:69 — la colonne « applicant_types » n'existe pas. Vouliez-vous dire "
            "« applicant_type » ?",
            "unknown-dossier tiny.yaml:14:34 — le dossier « 11 » n'existe pas. Vouliez-vous dire « 1 » ?",
        ],
    ),
    "a register in which nothing is signed": (
        HEAD + "committed_from: registre/\n",
        TABLE,
        [
            "register tiny.yaml:11:17 — « registre/ » n'est pas un registre de décisions : rien n'y est signé. "
            "Signez d'abord une liste : `tnt-sim sign DOSSIER --as liste-1`, ou retirez cette ligne."
        ],
    ),
    "a range without a minimum": (
        HEAD + "grants: [{mode: range}]\n",
        TABLE,
        [
            "grant-needs tiny.yaml:11:10, table.csv:2 [1], table.csv:3 [2], table.csv:4 [3], table.csv:5 [4] — le "
            "montant ne peut pas être calculé : « min_grant » est vide pour 1, 2, 3, 4. Le mode `range` "
            "demande un "
            "minimum : `min`, `min_rate`, ou la colonne `min_grant`."
        ],
    ),
    "a minimum share above one": (
        HEAD + "rules: [{id: r, kind: share, measure: granted, where: {department: 01}, min: 120 %}]\n",
        TABLE,
        [
            "share-above-one tiny.yaml:11:78 — une part minimale de plus de 100 % ne peut jamais être respectée. "
            "Abaissez "
            "`min`, ou donnez une autre mesure à `of_measure`."
        ],
    ),
    "a decision on a committed dossier": (
        HEAD + "rules: [{id: r, kind: decide, refuse: [1]}]\n",
        with_committed("1", 100),
        [
            "decide-committed tiny.yaml:11:40 — le dossier « 1 » est déjà engagé ; une décision ne peut pas le "
            "refuser. Retirez-le de `refuse`, ou videz son montant `committed`."
        ],
    ),
    "a measure that is empty where it counts": (
        HEAD,
        TABLE.replace("500,9", "500,"),
        [
            "measure-empty tiny.yaml:10:32, table.csv:3 [2] — la mesure « score » est vide pour 1 dossier "
            "éligible : 2. Remplissez ces cellules, ou écrivez `empty: 0` dans une mesure nommée."
        ],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_each_contradiction_is_told_before_solving(name: str, tmp_path: Path) -> None:
    scenario, table, expected = CASES[name]
    with pytest.raises(InputError) as caught:
        solve(tiny(tmp_path, scenario, table), cross_check="never")
    is_clash = all(defect.code in CLASHES for defect in caught.value.defects)
    assert caught.value.exit_code == (4 if is_clash else 3)
    assert [defect.line(Lang.FR) for defect in caught.value.defects] == expected
    assert all(defect.line(Lang.EN) for defect in caught.value.defects)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["table.csv", "tiny.yaml"]


def test_no_eligible_dossier_is_a_warning(tmp_path: Path) -> None:
    text = HEAD + "eligibility: [{id: e, require: {population: {above: 9999}}, reason: Trop petit}]\n"
    result = solve(tiny(tmp_path, text), cross_check="never")
    assert (result.status, funded(result)) == (Status.OPTIMAL, {})
    assert result.warnings[0].code == "none-eligible"
    assert set(result.dossiers["reason_code"]) == {"ineligible"}
    assert (
        result.dossiers["reason"][0]
        == "Trop petit (population : 100 ; exigé : la population dépasse 9\u202f999)"
    )


def test_an_envelope_of_nothing_is_a_warning(tmp_path: Path) -> None:
    text = HEAD.replace("1 500 €", "0 €").replace("900 €", "0 €").replace("600 €", "0 €")
    result = solve(tiny(tmp_path, text), cross_check="never")
    assert (result.status, funded(result)) == (Status.OPTIMAL, {})
    assert result.warnings[0].code == "zero-envelope"


def test_infeasible_is_a_result_not_an_allocation(tmp_path: Path) -> None:
    text = HEAD + "rules: [{id: r, kind: limit, measure: dossiers, min: 4}]\n"
    result = solve(tiny(tmp_path, text))
    assert result.status is Status.INFEASIBLE
    assert result.document["allocation_sha256"] is None
    assert result.document["granted_cents"] is None
    assert result.document["conflict"] == []


def test_shares_of_what_counts_once_are_looked_at_one_by_one(tmp_path: Path) -> None:
    rules = "rules:\n" + "".join(
        f"  - {{id: s{k}, kind: share, measure: applicants, where: {{envelope: {name}}}, max: 100 %}}\n"
        for k, name in enumerate("ab")
    )
    assert solve(tiny(tmp_path, HEAD + rules, TABLE)).status is Status.OPTIMAL
