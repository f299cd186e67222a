"""The YAML reader: texts stay texts, and every refusal has a place and a remedy."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support.lanes import drawn

from tnt_sim.errors import Defect, ScenarioError
from tnt_sim.scenario.yaml.nodes import YamlNode, to_tree
from tnt_sim.scenario.yaml.reader import parse_yaml, read_yaml

BROKEN = Path(__file__).parent / "broken"


def tree_of(text: str) -> Any:
    node = parse_yaml(text, "s.yaml")
    return None if node is None else to_tree(node)


def complaints(text: str) -> list[str]:
    with pytest.raises(ScenarioError) as caught:
        parse_yaml(text, "s.yaml")
    return str(caught.value).split("\n")


def complaints_of_file(name: str) -> list[str]:
    path = BROKEN / f"{name}.yaml"
    with pytest.raises(ScenarioError) as caught:
        read_yaml(path, path.name)
    return str(caught.value).split("\n")


def test_scalars_are_the_text_of_the_file() -> None:
    text = """
no: NO
on: on
octal: 012
time: 1:30
money: 88 000 000 €
exponent: 1e3
date: 2026-02-30
quoted: "null"
single: '~'
nothing:
null: ~
a_null: null
nan: .nan
long: |
  une
  deux
"""
    with pytest.raises(ScenarioError):
        tree_of(text)
    assert tree_of(text.replace("null: ~\n", "")) == {
        "no": "NO",
        "on": "on",
        "octal": "012",
        "time": "1:30",
        "money": "88 000 000 €",
        "exponent": "1e3",
        "date": "2026-02-30",
        "quoted": "null",
        "single": "~",
        "nothing": None,
        "a_null": None,
        "nan": ".nan",
        "long": "une\ndeux\n",
    }


def test_keys_are_texts() -> None:
    assert tree_of("{2021: 60 M€, 01: a, true: b}") == {"2021": "60 M€", "01": "a", "true": "b"}


def test_aliases_repeat_a_value_and_keep_its_place() -> None:
    node = parse_yaml("a: &x {b: 1}\nc: *x\n", "s.yaml")
    assert node is not None
    assert to_tree(node) == {"a": {"b": "1"}, "c": {"b": "1"}}


@pytest.mark.parametrize("text", ["", "# rien\n", "---\n# rien\n...\n"])
def test_an_empty_text_holds_nothing(text: str) -> None:
    assert tree_of(text) is None


FILES = {
    "01-duplicate-key": [
        "yaml_duplicate_key 01-duplicate-key.yaml:5:3, 01-duplicate-key.yaml:3:3 — la clé « amount » est écrite"
        " deux fois dans le même bloc. Gardez-en une."
    ],
    "06-comma": [
        "yaml_comma 06-comma.yaml:2:24 — « 22,5 M€ » : dans une liste ou entre accolades, la virgule sépare deux"
        ' valeurs, « 22 » et « 5 M€ ». Écrivez 22.5 M€, ou "22,5 M€" entre guillemets.',
        "yaml_comma 06-comma.yaml:3:10 — « 12,5 % » : dans une liste ou entre accolades, la virgule sépare deux"
        ' valeurs, « 12 » et « 5 % ». Écrivez 12.5 %, ou "12,5 %" entre guillemets.',
    ],
    "07-alias-bomb": [
        "yaml_size 07-alias-bomb.yaml:5:36 — plus de 100000 valeurs, répétitions par alias (« * ») comprises."
        " Mettez les données dans un tableau à part."
    ],
    "08-recursive": [
        "yaml_recursive 08-recursive.yaml:4:5 — « *boucle » se contient lui-même."
        " Écrivez la valeur en toutes lettres."
    ],
    "09-deep": [
        "yaml_depth 09-deep.yaml:2:75 — plus de 64 niveaux emboîtés. Un crochet ou une accolade manque-t-il ?"
    ],
    "10-tag": [
        "yaml_tag 10-tag.yaml:1:5 — l'étiquette « !!int » n'est pas lue."
        " Retirez-la, ou mettez la valeur entre guillemets si « ! » est du texte."
    ],
    "11-python-tag": [
        "yaml_tag 11-python-tag.yaml:2:8 — l'étiquette « !!python/object/apply:os.system » n'est pas lue."
        " Retirez-la, ou mettez la valeur entre guillemets si « ! » est du texte."
    ],
}


@pytest.mark.parametrize("name", FILES)
def test_each_broken_file_has_its_complaints(name: str) -> None:
    assert complaints_of_file(name) == FILES[name]


TEXTS = {
    "a:\n\tb: 1": "yaml s.yaml:2:1 — une tabulation sert de retrait. Remplacez-la par des espaces.",
    "a: @b": "yaml s.yaml:1:4 — une valeur ne peut pas commencer par « @ »."
    " Mettez la valeur entière entre guillemets.",
    "note: page 3: suite": "yaml s.yaml:1:13 — la valeur de « note » contient « : » et n'est pas entre"
    ' guillemets. Écrivez note: "page 3: suite".',
    "a: 1\nb": "yaml s.yaml:2:1 — il manque « : » après « b ». Écrivez « clé: valeur ».",
    "- a\nb: 1": "yaml s.yaml:2:1, s.yaml:1:1 — cette ligne n'est pas alignée avec les précédentes. Donnez le même"
    " retrait à toutes les clés d'un bloc et à tous les tirets d'une liste.",
    "a: [1,\n2": "yaml s.yaml:1:4 — « [ » est ouvert sur cette ligne et n'est pas refermé."
    " Ajoutez « ] » à la fin de son contenu.",
    "a: {b: 1]": "yaml s.yaml:1:9 — « , » ou « } » attendu ici. Fermez l'accolade ou le crochet, ou mettez la"
    " valeur entre guillemets.",
    'a: "x\nb: 1': "yaml s.yaml:1:4 — le guillemet ouvert ici n'est pas refermé : il manque « \" » à la fin de la"
    ' valeur. Ajoutez « " » à la fin de la valeur, sur la même ligne.',
    'a: "C:\\data"': "yaml s.yaml:1:8 — « \\ » suivi d'un caractère inconnu entre guillemets doubles."
    " Utilisez des guillemets simples, ou « / » dans un chemin.",
    "a: 1\n---\nb: 2": "yaml_documents s.yaml:2:1 — un deuxième document commence ici (« --- ») : un seul est lu"
    " par fichier. Retirez « --- » ou faites deux fichiers.",
    "%YAML 1.1\n---\na: 1": "yaml_version s.yaml:2:1 — seul YAML 1.2 est lu. Retirez la ligne « %YAML ».",
    "<<: {a: 1}": "yaml_merge s.yaml:1:1 — la fusion « << » n'est pas lue."
    " Écrivez les clés, ou utilisez « extends ».",
    "? [a]\n: b": "yaml_key s.yaml:1:3 — une clé doit être un texte, et non une liste, un bloc ou rien."
    " Mettez la clé entre guillemets.",
    "a: *b": "yaml_alias s.yaml:1:4 — « *b » ne renvoie à rien : aucun « &b » avant cette ligne."
    " Mettez la valeur entre guillemets si l'étoile est du texte.",
    "a: &x 1\nb: &x 2": "yaml_anchor s.yaml:2:4 — « &x » est défini deux fois. Renommez l'un des deux.",
    "{title: Ville, campagne, id: a}": "yaml_no_value s.yaml:1:16 — entre accolades, « campagne » est une clé sans"
    " valeur. Écrivez « clé: valeur » ; la suite d'un texte ? Tout le texte entre guillemets.",
    "{times: 1,3}": "yaml_comma s.yaml:1:11 — « 1,3 » : dans une liste ou entre accolades, la virgule sépare deux"
    ' valeurs, « 1 » et « 3 ». Écrivez 1.3, ou "1,3" entre guillemets.',
    "a: b\x00": "yaml_character s.yaml:1:5 — caractère invisible U+0000, qui n'est pas permis."
    " Effacez-le (souvent un copier-coller).",
    'a: "\\0"': "yaml_character s.yaml:1:4 — la valeur contient le caractère U+0000, qui n'est pas permis.",
}


@pytest.mark.parametrize("text", TEXTS)
def test_each_wrong_text_has_its_message(text: str) -> None:
    assert complaints(text) == [TEXTS[text]]


def test_all_defects_that_do_not_stop_the_reading_are_found() -> None:
    found = complaints("a: 1\na: 2\nb: !x 3\n<<: 4\nc: {d}\ne: [")
    codes = [line.split()[0] for line in found]
    assert codes == ["yaml_duplicate_key", "yaml_tag", "yaml_merge", "yaml_no_value", "yaml"]


def test_only_utf8_is_read_with_or_without_mark(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: \xc3\xa9\r\n")
    node = read_yaml(path, "s.yaml")
    assert node is not None
    assert to_tree(node) == {"a": "é"}
    path.write_bytes("a: 1\nb: é".encode("cp1252"))
    with pytest.raises(ScenarioError, match=r"s.yaml:2:4 — .* UTF-8 \(octet 0xE9 à la position 8\)"):
        read_yaml(path, "s.yaml")
    path.write_bytes("a: 1".encode("utf-16"))
    with pytest.raises(ScenarioError, match="le fichier est en UTF-16, et non en UTF-8"):
        read_yaml(path, "s.yaml")
    path.write_bytes(b"a: " + b"x" * 3_000_000)
    with pytest.raises(ScenarioError, match="le fichier dépasse 2 Mio"):
        read_yaml(path, "s.yaml")
    with pytest.raises(ScenarioError, match="ne peut pas être lu"):
        read_yaml(tmp_path / "absent.yaml", "absent.yaml")


PIECES = st.sampled_from(
    [*"{}[],:-?&*!|>'\"%@`#~ab01. \n\t", ": ", "- ", "\n  ", "<<: ", "&a ", "*a", "!!int ", "!x ", "%YAML 1.2\n",
     "---\n", "...\n", "é", "\u2028", "\x00", "\ufeff", "\\U00110000", "2026-02-30", "9" * 5000, "[" * 100]
)  # fmt: skip


def found_in(read: Callable[[], YamlNode | None]) -> tuple[Defect, ...]:
    """The defects that a reading finds; nothing but a ScenarioError may come out of it."""
    try:
        node = read()
    except ScenarioError as error:
        return error.defects
    assert node is None or to_tree(node) is not Ellipsis
    return ()


def all_are_located(defects: tuple[Defect, ...]) -> bool:
    places = [defect.places for defect in defects]
    texts = all(defect.text.fr and defect.text.en for defect in defects)
    return texts and all(some and all(p.file == "s.yaml" and p.line for p in some) for some in places)


@drawn(300)
@given(st.lists(PIECES, max_size=40).map("".join))
@example('a: "\\U00110000"')
@example("%YAML 1." + "9" * 5000 + "\n--- a")
@example("\ud800")
def test_any_text_is_read_or_refused_with_a_place(text: str) -> None:
    assert all_are_located(found_in(lambda: parse_yaml(text, "s.yaml")))


@drawn(200)
@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_with_a_place(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzz.yaml"
    path.write_bytes(data)
    assert all_are_located(found_in(lambda: read_yaml(path, "s.yaml")))
