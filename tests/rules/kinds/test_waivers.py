"""Waivers of an eligibility entry, a cap and every kind of rule; and the options of grants that they meet."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.tiny_scenario import HEAD, TABLE, funded, tiny, with_committed

from tnt_sim.engine.solve import solve
from tnt_sim.errors import ScenarioError
from tnt_sim.i18n.message import Lang

WIDE = HEAD.replace("1 500 €", "9 k€").replace("900 €", "4 k€").replace("600 €", "4 k€")


def answer(folder: Path, tail: str, table: str = TABLE, head: str = WIDE) -> dict[str, int]:
    return funded(solve(tiny(folder, head + tail, table), cross_check="never"))


def refusal(folder: Path, tail: str, table: str = TABLE) -> list[str]:
    with pytest.raises(ScenarioError) as caught:
        solve(tiny(folder, WIDE + tail, table), cross_check="never")
    assert all(defect.line(Lang.EN) for defect in caught.value.defects)
    return [defect.line(Lang.FR) for defect in caught.value.defects]


def test_an_eligibility_entry_is_lifted(tmp_path: Path) -> None:
    tail = "eligibility: [{id: grand, require: {population: {min: 300}}}]\n"
    assert answer(tmp_path, tail) == {"3": 800_00, "4": 400_00}
    tail += "waivers: [{of: grand, where: {dossier: [1]}, reason: calamité publique, author: préfet}]\n"
    result = solve(tiny(tmp_path, WIDE + tail), cross_check="never")
    assert funded(result) == {"1": 600_00, "3": 800_00, "4": 400_00}
    assert result.warnings[0].line(Lang.FR) == (
        "waiver tiny.yaml:12:11 — dérogation à « grand » pour 1 dossier (1) : calamité publique (préfet)."
    )
    assert (
        result.warnings[0]
        .line(Lang.EN)
        .endswith('waiver of "grand" for 1 application (1): calamité publique (préfet).')
    )


def test_a_cap_is_lifted_for_the_whole_project(tmp_path: Path) -> None:
    table = TABLE.replace("dossier,", "dossier,project,").replace("1,a", "1,p,a").replace("2,a", "2,p,a")
    table = table.replace("3,b", "3,q,b").replace("4,b", "4,r,b")
    cap = "caps: [{id: moitie, max: 50 %, of: cost}]\n"
    assert answer(tmp_path, cap, table) == {"1": 500_00, "3": 800_00, "4": 400_00}
    waived = cap + "waivers: [{of: moitie, where: {dossier: 2}}]\n"
    # no waiver lifts the cost of the project, 1,000 €: 600 and 500 are more
    assert answer(tmp_path, waived, table) == {"1": 600_00, "3": 800_00, "4": 400_00}
    # an entry of the library goes by its name
    library = "caps: [r2334-27]\nwaivers: [{of: r2334-27, where: {department: 2A}, off: true}]\n"
    assert len(answer(tmp_path, library, table)) == 3


def test_a_limit_is_lifted(tmp_path: Path) -> None:
    rule = "rules: [{id: plafond, kind: limit, measure: granted, where: {envelope: a}, max: 500 €}]\n"
    assert answer(tmp_path, rule) == {"2": 500_00, "3": 800_00, "4": 400_00}
    waived = rule + "waivers: [{of: plafond, where: {dossier: [1]}}]\n"
    assert answer(tmp_path, waived) == {"1": 600_00, "2": 500_00, "3": 800_00, "4": 400_00}


def test_a_minimum_does_not_ask_for_a_group_of_waived_dossiers(tmp_path: Path) -> None:
    narrow = HEAD.replace("1 500 €", "800 €").replace(", amount: 900 €", "").replace(", amount: 600 €", "")
    rule = (
        "rules: [{id: chacun, kind: limit, measure: dossiers, by: department, min: 1, floor: strict, "
        "where: {envelope: a}}]\n"
    )
    table = TABLE.replace("3,b,01,z", "3,b,02,z").replace("4,b,2A", "4,b,02")
    # one dossier of 01 in envelope a: 1; one of 02: 2; 600 + 500 is more than 800
    assert refusal_or_none(tmp_path, rule, table, narrow) is None
    waived = rule + "waivers: [{of: chacun, where: {department: 01}}]\n"
    assert answer(tmp_path, waived, table, narrow) == {"2": 500_00}


def refusal_or_none(folder: Path, tail: str, table: str, head: str) -> object:
    result = solve(tiny(folder, head + tail, table), cross_check="never")
    return None if result.document["allocation_sha256"] is None else funded(result)


def test_a_share_is_lifted(tmp_path: Path) -> None:
    rule = "rules: [{id: part, kind: share, measure: granted, where: {department: 2A}, max: 20 %}]\n"
    # 400 of 2300 is 17 %; without dossier 3 in the sum 400 of 1500 is 27 %
    assert answer(tmp_path, rule) == {"1": 600_00, "2": 500_00, "3": 800_00, "4": 400_00}
    left_out = rule + "waivers: [{of: part, where: {dossier: 3}}]\n"
    assert answer(tmp_path, left_out) == {"1": 600_00, "2": 500_00, "3": 800_00}
    both = rule + "waivers: [{of: part, where: {dossier: 3}}, {of: part, where: {dossier: 4}}]\n"
    assert answer(tmp_path, both) == {"1": 600_00, "2": 500_00, "3": 800_00, "4": 400_00}


LINKED = (
    "dossier,envelope,department,applicant_id,applicant_type,year,lot,rank,filed_at,cost,requested,score\n"
)
LINKED += "1,a,01,01,departement,2021,x,2,2021-01-03,1000,600,10\n"
LINKED += "2,a,02,02,departement,2021,x,1,2021-01-02,1000,500,9\n"
LINKED += "3,b,01,01,departement,2022,y,1,2021-01-01,2000,800,8\n"
LINKED += "4,b,03,03,departement,2022,,3,2021-01-04,900,400,7\n"
REFUSE = "{id: d, kind: decide, refuse: [3]}"
KINDS = {
    # rule, dossiers lifted, answer with the rule, answer with the waiver
    "exclusive": ("kind: exclusive, dossiers: [1, 2, 3], max: 1", "[1]", "14", "124"),
    "exclusive by a column": ("kind: exclusive, by: lot, max: 1", "[2]", "134", "1234"),
    "requires": ("kind: requires, dossiers: [1, 2], need: [3]", "[2]", "4", "24"),
    "together": ("kind: together, dossiers: [1, 2, 3]", "[3]", "4", "124"),
    "together by a column": ("kind: together, by: lot", "[2]", "34", "134"),
    "order": ("kind: order, where: {envelope: a}, rank: rank", "[1]", "234", "134"),
    "first come": ("kind: order, where: {envelope: a}, first_come: filed_at, skip: true", "[2]", "234", "134"),
    "coverage": (
        "kind: coverage, units: {type: departement}, covered_by: applicant_id, max: 2", "[4]", "123", "1234",
    ),
    "schedule": ("kind: schedule, year: {column: year}, commitments: {2021: 600 €}", "[2]", "134", "1234"),
    "equity": ("kind: equity, measure: dossiers, by: department, max: 110 %", "[2, 4]", "", "1234"),
}  # fmt: skip


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_of_rule_is_lifted(name: str, tmp_path: Path) -> None:
    """A waived dossier is as if the rule's `where` did not name it."""
    rule, lifted, held, free = KINDS[name]
    more = ", " + REFUSE if name in ("requires", "together") else ""
    head = WIDE + "territory: {year: 2021}\n"
    if name in ("first come", "order", "together by a column"):
        head = head.replace("{id: a, amount: 4 k€}", "{id: a, amount: 600 €, ring_fenced: true}")
    rules = f"rules: [{{id: r, {rule}}}{more}]\n"
    waiver = f"waivers: [{{of: r, where: {{dossier: {lifted}}}}}]\n"
    assert "".join(sorted(answer(tmp_path, rules, LINKED, head))) == held
    assert "".join(sorted(answer(tmp_path, rules + waiver, LINKED, head))) == free


def test_a_waived_prerequisite_is_still_needed(tmp_path: Path) -> None:
    rules = "rules: [{id: r, kind: requires, dossiers: [1], need: [3]}, " + REFUSE + "]\n"
    waiver = "waivers: [{of: r, where: {dossier: [3]}}]\n"
    assert "1" not in answer(tmp_path, rules + waiver, LINKED)


def test_what_cannot_be_lifted(tmp_path: Path) -> None:
    entry = "eligibility: [{id: grand, require: {population: {min: 300}}}]\n"
    assert refusal(tmp_path, entry + "waivers: [{of: grands, where: {dossier: [1]}}]\n") == [
        "unknown-waiver tiny.yaml:12:16 — aucune condition, aucun plafond ni aucune règle ne s'appelle "
        "« grands ». Vouliez-vous dire « grand » ?"
    ]
    decision = "rules: [{id: jury, kind: decide, fund: [1]}]\nwaivers: [{of: jury, where: {dossier: [1]}}]\n"
    assert refusal(tmp_path, decision) == [
        "waiver-kind tiny.yaml:12:16 — une règle de genre « decide » ne peut pas être levée pour quelques "
        "dossiers. Retirez ces dossiers de la règle elle-même."
    ]
    assert refusal(tmp_path, entry + "waivers: [{of: grand, where: {dosier: [1]}}]\n") == [
        "unknown-column tiny.yaml:12:39 — la colonne « dosier » n'existe pas. Vouliez-vous dire « dossier » ?"
    ]
    shared = entry + "rules: [{id: grand, kind: limit, measure: granted, max: 1 k€}]\n"
    assert refusal(tmp_path, shared + "waivers: [{of: grand, where: {dossier: [1]}}]\n") == [
        "waiver-unclear tiny.yaml:13:16 — « grand » est le nom de plusieurs choses (eligibility, limit) : la "
        "dérogation ne dit pas laquelle lever. Donnez à chacune son nom."
    ]
    idle = entry + "waivers: [{of: grand, where: {department: 99}}]\n"
    result = solve(tiny(tmp_path, WIDE + idle), cross_check="never")
    assert result.warnings[0].line(Lang.FR) == (
        "waiver-idle tiny.yaml:12:11 — la dérogation à « grand » ne vise aucun dossier."
    )


def test_a_bonus_raises_the_rate_exactly(tmp_path: Path) -> None:
    head, *rows = TABLE.strip().split("\n")
    tags = {"1": "mutualise", "2": "", "3": "mutualise;vert", "4": "vert"}
    table = "\n".join([f"{head},tags", *(f"{row},{tags[row[0]]}" for row in rows)]) + "\n"
    rates = "grants: [{max_rate: 1/3, bonus: [{where: {tags: {has: mutualise}}, rate: 10 %, up_to: 40 %}"
    # 1000/3 + 100 > 400; a third of 1000 is 333.33; 2000·0.4 = 800; 900/3 = 300
    assert answer(tmp_path, rates + "]}]\n", table) == {"1": 400_00, "2": 333_33, "3": 800_00, "4": 300_00}
    # a second bonus comes on top of the first: 4: 300 + 45 = 345; 3 already gets all that it asks
    more = rates + ", {where: {tags: {has: vert}}, rate: 5 %}]}]\n"
    assert answer(tmp_path, more, table) == {"1": 400_00, "2": 333_33, "3": 800_00, "4": 345_00}
    brackets = (
        "grants: [{max_rate: {brackets: [{up_to: 500 €, rate: 40 %}, {rate: 10 %}]}, "
        "bonus: [{where: {tags: {has: vert}}, rate: 10 %, up_to: 30 %}]}]\n"
    )
    # 200 + 50; 3: 200 + 150 + 200 = 550 ≤ 600; 4: 200 + 40 = 240, and 240 + 90 is above 270
    assert answer(tmp_path, brackets, table) == {"1": 250_00, "2": 250_00, "3": 550_00, "4": 270_00}


BAD_GRANTS = {
    "grants: [{max_rate: 150 %}]": [
        "rate-above-one tiny.yaml:11:21 — un taux de 150 % dépasse 100 %. Écrivez un taux d'au plus 100 %, ou un "
        "montant en euros."
    ],
    "grants: [{mode: levels, levels: [20 %, 120 %]}]": [
        "rate-above-one tiny.yaml:11:40 — un taux de 120 % dépasse 100 %. Écrivez un taux d'au plus 100 %, ou un "
        "montant en euros."
    ],
    "grants: [{bonus: [{rate: 10 %}]}]": [
        "bonus-without-rate tiny.yaml:11:18 — `bonus` relève `max_rate`, qui manque ici. Donnez `max_rate`, ou "
        "retirez `bonus`."
    ],
    "grants: [{max_rate: 50 %, bonus: [{rate: 10 %, up_to: 40 %}]}]": [
        "bonus-idle tiny.yaml:11:55 — ce bonus ne peut rien relever : `up_to` est sous `max_rate`. "
        "Relevez `up_to`, ou retirez le bonus."
    ],
    "grants: [{mode: range, min_rate: 60 %, max_rate: 50 %}]": [
        "rates-order tiny.yaml:11:34 — `min_rate` dépasse `max_rate` : aucun dossier ne peut rien recevoir."
    ],
    "grants: [{max_rate: {brackets: [{rate: 50 %}, {up_to: 100 €, rate: 20 %}]}}]": [
        "brackets-order tiny.yaml:11:33 — les tranches vont du plus petit `up_to` au plus grand, et seule la "
        "dernière peut ne pas en avoir. Mettez-les dans cet ordre, ou ajoutez le `up_to` qui manque."
    ],
}


@pytest.mark.parametrize("tail", BAD_GRANTS)
def test_grants_that_cannot_be_meant(tail: str, tmp_path: Path) -> None:
    assert refusal(tmp_path, tail + "\n") == BAD_GRANTS[tail]


def test_a_menu_that_fits_nobody(tmp_path: Path) -> None:
    tail = "grants: [{where: {envelope: a}, mode: levels, levels: [1 k€, 2 k€]}]\n"
    result = solve(tiny(tmp_path, WIDE + tail), cross_check="never")
    assert funded(result) == {"3": 800_00, "4": 400_00}
    assert result.warnings[0].line(Lang.FR) == (
        "levels-idle tiny.yaml:11:55 — aucun de ces niveaux ne convient à 2 dossiers qu'ils concernent. "
        "Comparez les niveaux à ce qui est demandé, à l'assiette et aux plafonds."
    )
    assert set(result.dossiers.filter(result.dossiers["envelope"] == "a")["reason_code"]) == {"capped_out"}


def test_a_maximum_that_is_no_amount_says_its_column_and_its_key(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError) as raised:
        answer(tmp_path, "grants: [{max: {column: envelope}}]\n")
    assert "colonne « envelope » (grants.0.max.column) : « a » n'est pas un montant." in str(raised.value)


def test_a_maximum_from_a_column_and_a_commitment(tmp_path: Path) -> None:
    table = with_committed("1", 700)
    tail = "grants: [{max: {column: population}}]\n"
    # population as euros: 200, 300, 400; the commitment of 700 € stays
    assert answer(tmp_path, tail, table) == {"1": 700_00, "2": 200_00, "3": 300_00, "4": 400_00}
