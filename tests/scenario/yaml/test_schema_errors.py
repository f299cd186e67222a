"""What pydantic refuses, as a planner reads it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.small_model import Scenario

from tnt_sim.errors import ScenarioError
from tnt_sim.i18n.message import Lang
from tnt_sim.scenario.json_schema import build_schema, render_schema
from tnt_sim.scenario.yaml.layers import load_tree
from tnt_sim.scenario.yaml.schema_errors import validate_model

BROKEN = Path(__file__).parent / "broken"


def complaints(path: Path, *sets: str, lang: Lang = Lang.FR) -> list[str]:
    raw = load_tree(path, sets)
    with pytest.raises(ScenarioError) as caught:
        validate_model(Scenario, raw.tree, raw.origins)
    return [defect.line(lang).replace("tests/scenario/yaml/broken/", "") for defect in caught.value.defects]


def complaints_of(folder: Path, text: str, *sets: str) -> list[str]:
    (folder / "s.yaml").write_text(text, encoding="utf-8")
    return complaints(folder / "s.yaml", *sets)


FILES = {
    "04-money": [
        "money 04-money.yaml:2:21 — « 88e6 » : l'écriture avec exposant n'est pas lue : les chiffres exacts"
        " sont peut-être perdus. Écrivez par exemple 88 M€, 12.5 k€ ou 1234.56.",
    ],
    "05-not-a-number": [
        "money 05-not-a-number.yaml:3:11 — « .nan » : ce n'est pas un nombre. "
        "Écrivez par exemple 88 M€, 12.5 k€ ou 1234.56.",
        "money_negative 05-not-a-number.yaml:4:12 — « -5 € » : un montant ne peut pas être négatif. "
        "Retirez le signe moins, ou corrigez le montant.",
        "money 05-not-a-number.yaml:5:10 — « 12.345,678 € » : plus de deux décimales d'euro. Écrivez par "
        "exemple 88 M€, 12.5 k€ ou 1234.56.",
        "money 05-not-a-number.yaml:6:10 — « .inf » : ce n'est pas un nombre. "
        "Écrivez par exemple 88 M€, 12.5 k€ ou 1234.56.",
    ],
    "06-unknown-key": [
        "unknown_key 06-unknown-key.yaml:2:1 — clé inconnue « programmme ». Vouliez-vous dire « programme » ?",
        "unknown_value 06-unknown-key.yaml:5:20 — « limt » n'est pas une valeur de « kind »."
        " Vouliez-vous dire « limit » ?",
        "unknown_key 06-unknown-key.yaml:6:27 — clé inconnue « maxx » dans « rules.r2 »."
        " Vouliez-vous dire « max » ?",
    ],
    "10-day": [
        "day 10-day.yaml:2:7 — « 2026-02-30 » n'existe pas au calendrier. Corrigez le jour, le mois ou l'heure.",
        "day 10-day.yaml:3:15 — « 30/02/2026 » n'est pas un jour écrit AAAA-MM-JJ. Écrivez 2026-02-30.",
    ],
}


@pytest.mark.parametrize("name", FILES)
def test_each_broken_file_has_its_complaints(name: str) -> None:
    assert complaints(BROKEN / f"{name}.yaml") == FILES[name]


def test_codes_stay_texts() -> None:
    raw = load_tree(BROKEN / "03-octal.yaml")
    found = validate_model(Scenario, raw.tree, raw.origins)
    assert (found.id, found.rules[0].id) == ("012", "1:30")
    assert complaints(BROKEN / "02-booleans.yaml") == [
        "flag 02-booleans.yaml:3:32 — « on » : seuls true et false sont lus ici. Écrivez true."
    ]


def test_long_integers_are_refused_in_short_lines() -> None:
    found = complaints(BROKEN / "10-long-integer.yaml")
    assert [line.split(" — ")[0] for line in found] == [
        "money 10-long-integer.yaml:2:21",
        "count 10-long-integer.yaml:3:8",
    ]
    assert all(len(line) < 250 for line in found)


TEXTS = {
    "programme: {}": [
        "missing_key s.yaml:1:1 — il manque « id ». Ajoutez « id: … ».",
        "missing_key s.yaml:1:12 — il manque « amount » dans « programme ». Ajoutez « amount: … ».",
    ],
    "id: a\nprogramme: {amont: 3 M€}": [
        "unknown_key s.yaml:2:13 — clé inconnue « amont » dans « programme ». Vouliez-vous dire « amount » ?"
    ],
    "id:\n": ["missing_key s.yaml:1:1 — « id » est vide. Donnez-lui une valeur."],
    "id: a\nrules: {r1: 3}": [
        "wrong_type s.yaml:2:8 — une liste est attendue ici, et non un bloc de clés."
        " Précédez chaque entrée d'un tiret « - »."
    ],
    "id: a\nlevels: 20 %": [
        "wrong_type s.yaml:2:9 — une liste est attendue ici, et non « 20 % ». Écrivez [20 %]."
    ],
    "id: a\nlevels: [80, 20 %, a lot]": [
        "rate_without_percent s.yaml:2:10 — « 80 » sans « % » voudrait dire 8000 %."
        " Écrivez « 80 % », ou « 8000 % » si c'est bien cela.",
        "rate s.yaml:2:20 — « a lot » : ce n'est pas un nombre. Écrivez par exemple 80 %.",
    ],
    "id: a\nvalid: hier": [
        "wrong_type s.yaml:2:8 — un bloc de clés est attendu ici, et non « hier »."
        " Clés possibles : from, until."
    ],
    "id: a\nvalid:\n  from: 2022-01-02\n  until: 2022-01-01": [
        "valid_order s.yaml:4:10 — « until » (2022-01-01) est avant « from » (2022-01-02) : jamais en "
        "vigueur. Échangez les deux jours, ou corrigez l'un d'eux."
    ],
    "id: a\ntitle: [b]": [
        "wrong_type s.yaml:2:8 — un texte est attendu ici, et non une liste. Écrivez une seule valeur, "
        "sans tiret, crochets ni accolades."
    ],
    "id: a\nrules: [{id: r1, max: 3}]": [
        "missing_key s.yaml:2:9 — il manque « kind » dans « rules.r1 ». Ajoutez « kind: … »."
    ],
    "id: a\nrules: [{id: r1, kind: limit, measure: grantd}]": [
        "unknown_value s.yaml:2:40 — « grantd » n'est pas une valeur de « measure »."
        " Vouliez-vous dire « granted » ?"
    ],
    # a union: only the member that was meant complains
    "id: a\nrules: [{id: r1, kind: limit, max: beaucoup}]": [
        "money s.yaml:2:36 — « beaucoup » : ce n'est pas un nombre. "
        "Écrivez par exemple 88 M€, 12.5 k€ ou 1234.56."
    ],
    "id: a\nrules: [{id: r1, kind: limit, max: {share: 20 %, of: tnt}}]": [
        "missing_key s.yaml:2:36 — il manque « of_amount » dans « rules.r1.max ». Ajoutez « of_amount: … ».",
        "unknown_key s.yaml:2:50 — clé inconnue « of » dans « rules.r1.max ». Noms connus : of_amount, share.",
    ],
    "id: a\nrules: [{id: r1, kind: limit, max: {colum: cost}}]": [
        "unknown_key s.yaml:2:37 — clé inconnue « colum » dans « rules.r1.max »."
        " Vouliez-vous dire « column » ?"
    ],
    "id: a\nrules: [{id: r1, kind: limit, max: {share: 150, of_amount: tnt}}]": [
        "rate_without_percent s.yaml:2:44 — « 150 » sans « % » voudrait dire 15000 %."
        " Écrivez « 150 % », ou « 15000 % » si c'est bien cela."
    ],
    # nulls: removed where the key is known, refused where it is not, and in a condition
    "id: a\nprogramme: null\nlevels:\nprogramm: null": [
        "unknown_key s.yaml:4:1 — clé inconnue « programm ». Vouliez-vous dire « programme » ?"
    ],
    "id: a\nrules: [{id: r1, kind: limit, where: {department: null}}]": [
        "wrong_type s.yaml:2:51 — la valeur est vide : un texte est attendu ici. Écrivez une seule "
        "valeur, sans tiret, crochets ni accolades."
    ],
    "id: a\n? programme\n: amount: 22\n  5 M€: x": [
        "yaml_comma s.yaml:4:3 — « 22,5 M€ » : dans une liste ou entre accolades, la virgule sépare deux valeurs,"
        ' « 22 » et « 5 M€ ». Écrivez 22.5 M€, ou "22,5 M€" entre guillemets.'
    ],
    "id: a\nprogramme: {amount: 1 M€, envelopes: [{amount: 2 M€}, {id: b, amount: z}]}": [
        "money s.yaml:2:71 — « z » : ce n'est pas un nombre. Écrivez par exemple 88 M€, 12.5 k€ ou 1234.56."
    ],
}


@pytest.mark.parametrize("text", TEXTS)
def test_each_wrong_text_has_its_message(tmp_path: Path, text: str) -> None:
    assert complaints_of(tmp_path, text) == TEXTS[text]


def test_places_of_sets_and_of_bases(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text("id: a\nprogramme:\n  amount: x\n", encoding="utf-8")
    found = complaints_of(tmp_path, "extends: base.yaml\nlimit: -1\n", "programme.reserve=y", "titel=z")
    assert [line.split(" — ")[0] for line in found] == [
        "money --set programme.reserve",
        "unknown_key --set titel",
        "money base.yaml:3:11",
        "count s.yaml:2:8",
    ]


def test_complaints_of_the_schema_in_english(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text("id: a\ntitel: b\nlimit: x\n", encoding="utf-8")
    assert complaints(tmp_path / "s.yaml", lang=Lang.EN) == [
        'unknown_key s.yaml:2:1 — unknown key "titel". Did you mean "title"?',
        'count s.yaml:3:8 — "x" is not a whole number, zero or more, of at most 15 digits.'
        " Write for example 3500 or 3 500.",
    ]


def test_a_good_scenario(tmp_path: Path) -> None:
    text = "id: a\nprogramme: {amount: 22.5 M€}\n"
    text += "rules: [{id: r1, kind: limit, max: 3, department: 01, off: true}]\n"
    (tmp_path / "s.yaml").write_text(text, encoding="utf-8")
    raw = load_tree(tmp_path / "s.yaml")
    found = validate_model(Scenario, raw.tree, raw.origins)
    assert found.programme is not None
    assert found.programme.amount == 2_250_000_000
    assert found.rules[0].off
    dumped = found.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    assert dumped["programme"] == {"amount": "22500000.00 €"}
    assert validate_model(Scenario, dumped, {}) == found


def test_schema_is_deterministic_and_allows_partial_files() -> None:
    schema = build_schema(Scenario)
    assert render_schema(Scenario) == render_schema(Scenario)
    assert json.loads(render_schema(Scenario)) == schema
    assert schema["properties"]["extends"]["type"] == "string"
    assert schema["anyOf"] == [{"required": ["extends"]}, {"required": ["id"]}]
    assert schema["additionalProperties"] is False
    assert schema["$defs"]["Limit"]["properties"]["department"]["anyOf"][0]["type"] == ["string", "number"]
    assert "required" not in json.dumps(build_schema(Scenario, partial=True))
