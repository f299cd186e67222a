"""Legal texts that a legal service edits: whole, typeset, and every defect of an edited copy in one pass."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typography import typeset

from tnt_sim.domain.publisher import PublisherSpec
from tnt_sim.errors import ScenarioError
from tnt_sim.i18n.message import Lang
from tnt_sim.reporting.text.legal_wording import load_shipped_wording, load_wording
from tnt_sim.reporting.text.verification import describe_appeal, describe_mention

PUBLISHER = PublisherSpec(authority="la préfète", contact="x@exemple.fr", rules="www.exemple.fr/regles")
SHIPPED = load_shipped_wording()


def write_copy(folder: Path, *changes: tuple[str, str]) -> Path:
    text = SHIPPED.data.decode()
    for old, new in changes:
        assert text.count(old) >= 1, old
        text = text.replace(old, new, 1)
    (folder / "textes.yaml").write_text(text, encoding="utf-8")
    return folder / "textes.yaml"


@pytest.mark.parametrize("key", list(SHIPPED.texts))
def test_every_text_is_whole_in_both_languages(key: str) -> None:
    text = SHIPPED.texts[key]
    assert typeset(text.fr) == text.fr
    assert re.search(r"\d", text.article), text.article
    named = [re.findall(r"\{(\w+)\}", words) for words in (text.fr, text.en)]
    assert sorted(named[0]) == sorted(named[1])
    assert not re.search(r"algorithm (has )?(decide|refuse|grant)", text.en)


@pytest.mark.parametrize("lang", list(Lang))
def test_the_mention_says_what_the_article_asks(lang: Lang) -> None:
    mention = describe_mention(PUBLISHER, "Plan", SHIPPED, lang)
    for words in ("Plan", "la préfète", "www.exemple.fr/regles", "x@exemple.fr", "R. 311-3-1-1", "CADA"):
        assert words in mention
    assert re.search("un mois|one month", mention)
    assert re.search("deux mois|two months", mention)
    alone = describe_mention(PublisherSpec(authority="la préfète"), "Plan", SHIPPED, lang)
    assert "contact : la préfète" in alone.replace("\u00a0", " ") or "contact: la préfète" in alone
    assert "www.exemple" not in alone
    assert describe_mention(PublisherSpec(contact="x"), "Plan", SHIPPED, lang) == ""
    assert describe_appeal(PublisherSpec(), "", SHIPPED, lang) == ""
    assert "(le tribunal)" in describe_appeal(PUBLISHER, "le tribunal", SHIPPED, lang)


def test_an_edited_text_is_used(tmp_path: Path) -> None:
    edited = load_wording(write_copy(tmp_path, ("This decision was taken in part", "We took this decision")))
    mention = describe_mention(PUBLISHER, "Plan", edited, Lang.EN)
    assert "We took this decision on the basis" in mention
    assert load_wording(write_copy(tmp_path)).texts == SHIPPED.texts


def test_every_defect_of_a_copy_is_named_with_its_line(tmp_path: Path) -> None:
    copy = write_copy(
        tmp_path,
        ("mention_title:", "mention_titel:"),
        ("published at {rules}", "published at {rule}"),
        ("(contact: {contact})", "(contact: {contact)"),
        ("appeal_to_court:\n  article: code de justice administrative, art. R. 421-1", "appeal_to_court:"),
        ("  en: Information", "  de: Information"),
    )
    with pytest.raises(ScenarioError) as caught:
        load_wording(copy)
    lines = copy.read_text(encoding="utf-8").split("\n")
    said = {one.text.en: one for one in caught.value.defects}
    assert set(said) == {
        '"mention_titel" is no key of the legal texts.',
        'the text "mention_title" is missing.',
        '"{rule}" is no placeholder of "mention_rules".',
        'a brace of "mention_right" is alone.',
        '"appeal_to_court" needs a text under "article".',
    }
    unknown = said['"mention_titel" is no key of the legal texts.']
    assert unknown.places[0].line == lines.index("mention_titel:") + 1
    assert unknown.hint is not None
    assert unknown.hint.en == 'Did you mean "mention_title"?'
    assert "« {rule} »" in said['"{rule}" is no placeholder of "mention_rules".'].text.fr
    wrong = said['"{rule}" is no placeholder of "mention_rules".'].places[0].line
    assert wrong is not None
    assert "{rule}" in lines[wrong - 1]
    assert all(one.places[0].file == str(copy) for one in caught.value.defects)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("- a\n", "a mapping of texts by key is expected here."),
        ("mention_title: text\n", '"mention_title" has no article and no texts.'),
        ("mention_title: {article: 1, fr: a, en: b, de: c}\n", '"mention_title" has no field "de".'),
        (
            "mention_title: {article: 1, fr: '{a.b}', en: b}\n",
            '"{a.b}" is no placeholder of "mention_title".',
        ),
        ("mention_title: {article: 1, fr: '{}', en: b}\n", '"{}" is no placeholder of "mention_title".'),
    ],
)
def test_a_broken_file_is_refused(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "a.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ScenarioError) as caught:
        load_wording(tmp_path / "a.yaml")
    assert words in [one.text.en for one in caught.value.defects]
