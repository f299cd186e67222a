"""Slips in YAML: the message names the true cause and the line where it is, in both languages."""

from __future__ import annotations

from pathlib import Path

import pytest

from tnt_sim.errors import ScenarioError
from tnt_sim.i18n.message import Lang
from tnt_sim.scenario.yaml.reader import parse_yaml, read_yaml

SLIPS = Path(__file__).parent / "broken" / "slips"

WORDS = {
    "quote-double": (
        "yaml s.yaml:3:8 — le guillemet ouvert ici n'est pas refermé : il manque « \" » à la fin "
        'de la valeur. Ajoutez « " » à la fin de la valeur, sur la même ligne.',
        'yaml s.yaml:3:8 — the quote opened here is not closed: a " is missing at the end of the '
        'value. Add " at the end of the value, on the same line.',
    ),
    "quote-double-later": (
        "yaml s.yaml:3:8 — le guillemet ouvert ici n'est pas refermé : il manque « \" » à la fin "
        'de la valeur. Ajoutez « " » à la fin de la valeur, sur la même ligne.',
        'yaml s.yaml:3:8 — the quote opened here is not closed: a " is missing at the end of the '
        'value. Add " at the end of the value, on the same line.',
    ),
    "quote-double-last": (
        "yaml s.yaml:8:8 — le guillemet ouvert ici n'est pas refermé : il manque « \" » à la fin "
        'de la valeur. Ajoutez « " » à la fin de la valeur, sur la même ligne.',
        'yaml s.yaml:8:8 — the quote opened here is not closed: a " is missing at the end of the '
        'value. Add " at the end of the value, on the same line.',
    ),
    "quote-single": (
        "yaml s.yaml:3:8 — le guillemet ouvert ici n'est pas refermé : il manque « ' » à la fin "
        "de la valeur. Ajoutez « ' » à la fin de la valeur, sur la même ligne.",
        "yaml s.yaml:3:8 — the quote opened here is not closed: a ' is missing at the end of the "
        "value. Add ' at the end of the value, on the same line.",
    ),
    "quote-single-later": (
        "yaml s.yaml:3:8 — le guillemet ouvert ici n'est pas refermé : il manque « ' » à la fin "
        "de la valeur. Ajoutez « ' » à la fin de la valeur, sur la même ligne.",
        "yaml s.yaml:3:8 — the quote opened here is not closed: a ' is missing at the end of the "
        "value. Add ' at the end of the value, on the same line.",
    ),
    "quote-apostrophe": (
        "yaml s.yaml:3:21 — la valeur entre guillemets se ferme avant la fin du texte : « été' » "
        "suit. Doublez l'apostrophe dans le texte (''), ou mettez la valeur entre guillemets "
        "doubles.",
        "yaml s.yaml:3:21 — the value in quotes ends before its text does: été' follows. Double "
        "the apostrophe in the text (''), or put the value in double quotes.",
    ),
    "quote-inside": (
        'yaml s.yaml:3:20 — la valeur entre guillemets se ferme avant la fin du texte : « grand" '
        'fin" » suit. Mettez la valeur entière entre guillemets, et « \\ » devant ceux du texte.',
        'yaml s.yaml:3:20 — the value in quotes ends before its text does: grand" fin" follows. '
        'Put the whole value in quotes, with "\\" before those of the text.',
    ),
    "quote-in-braces": (
        "yaml s.yaml:4:27 — le guillemet ouvert ici n'est pas refermé : il manque « \" » à la fin "
        'de la valeur. Ajoutez « " » à la fin de la valeur, sur la même ligne.',
        'yaml s.yaml:4:27 — the quote opened here is not closed: a " is missing at the end of '
        'the value. Add " at the end of the value, on the same line.',
    ),
    "quote-in-braces-later": (
        "yaml s.yaml:4:27 — le guillemet ouvert ici n'est pas refermé : il manque « \" » à la fin "
        'de la valeur. Ajoutez « " » à la fin de la valeur, sur la même ligne.',
        'yaml s.yaml:4:27 — the quote opened here is not closed: a " is missing at the end of '
        'the value. Add " at the end of the value, on the same line.',
    ),
    "quote-in-a-list": (
        "yaml s.yaml:9:12 — le guillemet ouvert ici n'est pas refermé : il manque « \" » à la fin "
        'de la valeur. Ajoutez « " » à la fin de la valeur, sur la même ligne.',
        'yaml s.yaml:9:12 — the quote opened here is not closed: a " is missing at the end of '
        'the value. Add " at the end of the value, on the same line.',
    ),
    "quote-then-text": (
        "yaml s.yaml:3:19 — la valeur entre guillemets se ferme avant la fin du texte : « "
        "national » suit. Mettez la valeur entière entre guillemets, et « \\ » devant ceux du "
        "texte.",
        "yaml s.yaml:3:19 — the value in quotes ends before its text does: national follows. Put "
        'the whole value in quotes, with "\\" before those of the text.',
    ),
    "brace": (
        "yaml s.yaml:4:12 — « { » est ouvert sur cette ligne et n'est pas refermé. Ajoutez « } » à la fin de son "
        "contenu.",
        'yaml s.yaml:4:12 — "{" is opened on this line and not closed. Add "}" at the end of its content.',
    ),
    "bracket": (
        "yaml s.yaml:5:11 — « [ » est ouvert sur cette ligne et n'est pas refermé. Ajoutez « ] » à la fin de son "
        "contenu.",
        'yaml s.yaml:5:11 — "[" is opened on this line and not closed. Add "]" at the end of its content.',
    ),
    "brace-too-many": (
        "yaml s.yaml:4:45 — « } » en trop : rien ne l'ouvre. Retirez « } », ou ouvrez-le plus tôt.",
        'yaml s.yaml:4:45 — "}" too many: nothing opens it. Take "}" out, or open it earlier.',
    ),
    "tab": (
        "yaml s.yaml:9:1 — une tabulation sert de retrait. Remplacez-la par des espaces.",
        "yaml s.yaml:9:1 — a tab is used to indent. Replace it by spaces.",
    ),
    "space-after-colon": (
        "yaml s.yaml:3:7 — il manque une espace après « title: ». Écrivez « title: Programme ».",
        'yaml s.yaml:3:7 — a space is missing after "title:". Write "title: Programme".',
    ),
    "space-after-first-colon": (
        "yaml s.yaml:1:16 — il manque une espace après « schema_version: ». Écrivez « schema_version: 1 ».",
        'yaml s.yaml:1:16 — a space is missing after "schema_version:". Write "schema_version: 1".',
    ),
    "space-after-colon-in-braces": (
        "yaml s.yaml:4:13 — il manque une espace après « id: ». Écrivez « id: p ».",
        'yaml s.yaml:4:13 — a space is missing after "id:". Write "id: p".',
    ),
    "space-after-nested-colon": (
        "yaml s.yaml:5:10 — il manque une espace après « amount: ». Écrivez « amount: 200 k€ ».",
        'yaml s.yaml:5:10 — a space is missing after "amount:". Write "amount: 200 k€".',
    ),
    "space-after-dash": (
        "yaml s.yaml:4:4 — il manque une espace après le tiret de « -id: ». Écrivez « - id: ».",
        'yaml s.yaml:4:4 — a space is missing after the dash of "-id:". Write "- id:".',
    ),
    "indent-more": (
        "yaml s.yaml:5:4 — cette ligne est en retrait de 1 espace sous la ligne 4, dont la "
        "valeur est déjà écrite. Donnez-leur le même retrait.",
        "yaml s.yaml:5:4 — this line is indented by 1 space under line 4, whose value is already "
        "written. Give both the same indentation.",
    ),
    "indent-less": (
        "yaml s.yaml:5:2, s.yaml:1:1 — cette ligne n'est pas alignée avec les précédentes. "
        "Donnez le même retrait à toutes les clés d'un bloc et à tous les tirets d'une liste.",
        "yaml s.yaml:5:2, s.yaml:1:1 — this line is not aligned with the ones before. Give the "
        "same indentation to all keys of a block and to all dashes of a list.",
    ),
    "dash-less": (
        "yaml s.yaml:5:2, s.yaml:1:1 — cette ligne n'est pas alignée avec les précédentes. "
        "Donnez le même retrait à toutes les clés d'un bloc et à tous les tirets d'une liste.",
        "yaml s.yaml:5:2, s.yaml:1:1 — this line is not aligned with the ones before. Give the "
        "same indentation to all keys of a block and to all dashes of a list.",
    ),
    "no-colon": (
        "yaml s.yaml:3:1 — il manque « : » après « title ». Écrivez « clé: valeur ».",
        'yaml s.yaml:3:1 — the ":" after "title" is missing. Write "key: value".',
    ),
    "colon-in-value": (
        "yaml s.yaml:3:17 — la valeur de « title » contient « : » et n'est pas entre guillemets. "
        'Écrivez title: "Programme: phase 2".',
        'yaml s.yaml:3:17 — the value of "title" holds ":" and is not in quotes. Write title: '
        '"Programme: phase 2".',
    ),
    "colon-in-value-in-braces": (
        "yaml s.yaml:4:28 — la valeur de « title » contient « : » et n'est pas entre guillemets. "
        'Écrivez title: "P: phase".',
        'yaml s.yaml:4:28 — the value of "title" holds ":" and is not in quotes. Write title: "P: phase".',
    ),
}


@pytest.mark.parametrize("name", WORDS)
def test_the_slip_is_named_where_it_is(name: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        read_yaml(SLIPS / f"{name}.yaml", "s.yaml")
    (defect,) = caught.value.defects
    assert (defect.line(Lang.FR), defect.line(Lang.EN)) == WORDS[name]


def test_every_file_of_slips_is_read_here() -> None:
    assert {path.stem for path in SLIPS.glob("*.yaml")} == set(WORDS)


VALID = """title: "two
  lines"
note: 'l''été
  suivant'
text: |
  title: "not a key
rules: [{id: "a", list: ["b", 'c']}]
"""


def test_what_is_right_before_the_slip_is_not_blamed() -> None:
    """Quotes over several lines and texts after `|` are in order; the slip stands in line 8."""
    parse_yaml(VALID, "s.yaml")
    with pytest.raises(ScenarioError) as caught:
        parse_yaml(VALID + "last: a: b\n", "s.yaml")
    assert [place.line for place in caught.value.defects[0].places] == [8]
