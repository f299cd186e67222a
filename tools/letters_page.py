"""The page `letters.md` of the reference: the letters of shipped decisions, one for each reason."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path

from site_languages import link_to_twin
from typography import typeset

from tnt_sim.domain.publisher import PublisherSpec
from tnt_sim.engine.solve import solve
from tnt_sim.engine.stored_run import run_of
from tnt_sim.i18n.message import Bilingual, Lang, Text
from tnt_sim.i18n.numbers import format_number
from tnt_sim.reporting.reports.decision_table import DECISION, build_decision_table
from tnt_sim.reporting.reports.letters import PHRASES, write_letters
from tnt_sim.reporting.text.legal_wording import load_wording
from tnt_sim.reporting.text.letter_reasons import SENTENCES
from tnt_sim.reporting.text.verification import describe_appeal, describe_mention
from tnt_sim.scenario.load import load_scenario

ROOT = Path(__file__).resolve().parents[1]
FLAGSHIP = ROOT / "scenarios" / "tnt-2021.yaml"
REASONS = ROOT / "scenarios" / "motifs.yaml"
_FIGURE = re.compile(r"\d[\d\s\u202f\u00a0.,]*")
_HEAD = {
    Lang.FR: """# Phrases des courriers

{twin}

**Données SYNTHÉTIQUES** : aucun de ces dossiers n’existe. Les exemples viennent de deux scénarios.

`tnt-sim export RUN --format publipostage` écrit un courrier par ligne : `Phrase` et `Motif` sont ceux de cette
page, dans la langue de `--lang`. `export --format demarche` et `send` reprennent le même motif. Une phrase ne
contient ni nom du fichier de scénario, ni opérateur, ni nombre de plus de deux décimales ; elle ne nomme aucun
autre demandeur. Elle ne cite vos titres et vos motifs que s’ils se lisent comme des mots, et vos sources que si
ce ne sont pas des adresses.

## Ce que le scénario règle

```yaml
publisher:
  authority: {authority}
  contact: {contact}
  rules: {rules}
letters:
  court: {court}
  tell_changes: false
```

Sans `publisher: authority`, `VoiesEtDelais` et `MentionTraitement` restent vides, et l’export nomme les clés
qui manquent. `arrete` porte la même mention sous son tableau. Avec `tell_changes: true`, un refus donne le
montant de la demande qui serait financé, s’il existe et si un nouveau calcul l’a confirmé ; par défaut, il ne le
donne pas. Les mentions viennent de `tnt_sim/data/legal-wording.yaml`, où l’article est à côté de chaque texte ;
`export --wording FICHIER` prend une copie que votre service juridique a modifiée. Aucun juriste n’a relu ces
mentions.
""",
    Lang.EN: """# Sentences of the letters

{twin}

**SYNTHETIC data**: none of these applications exists. The examples come from two scenarios,
whose own titles and conditions are in French.

`tnt-sim export RUN --format publipostage` writes one letter per row: `Phrase` and `Motif` are those of this page,
in the language of `--lang`. `export --format demarche` and `send` repeat the same reason. A sentence contains no
name of the scenario file, no operator and no number of more than two decimals; it names no other applicant. It
quotes your titles and reasons only if they read as words, and your sources only if they are not addresses.

## What the scenario sets

```yaml
publisher:
  authority: {authority}
  contact: {contact}
  rules: {rules}
letters:
  court: {court}
  tell_changes: false
```

Without `publisher: authority`, `VoiesEtDelais` and `MentionTraitement` stay empty, and the export names the keys
that are missing. `arrete` has the same mention below its table. With `tell_changes: true` a refusal gives the
request that would be funded, if there is one and if a new optimisation confirmed it; by default it does not. The
mentions come from `tnt_sim/data/legal-wording.yaml`, with the article beside each text;
`export --wording FILE` takes a copy that your legal service edited. No lawyer has read these mentions.
""",
}
_PUBLISHERS = {
    Lang.FR: PublisherSpec(
        authority="la préfète de la région d’exemple",
        contact="subventions@exemple.fr",
        rules="www.exemple.fr/regles",
    ),
    Lang.EN: PublisherSpec(
        authority="the prefect of the example region",
        contact="grants@example.org",
        rules="www.example.org/rules",
    ),
}
_COURT = Bilingual("tribunal administratif d’exemple", "administrative court of the example region")
_COLUMN = Bilingual("colonne | texte", "column | text")
_FLAGSHIP = Bilingual(
    "Le plan 2021 (`scenarios/tnt-2021.yaml`), {n} dossiers synthétiques",
    "The plan of 2021 (`scenarios/tnt-2021.yaml`), {n} synthetic applications",
)
_FLAGSHIP_HEAD = Bilingual(
    "Un courrier pour chaque motif du plan, ses chiffres mis à part, et le nombre de dossiers qui ont ce motif.",
    "One letter for each reason of the plan, without regard to its figures, and how many applications have it.",
)
_REASONS = Bilingual(
    "Un dossier pour chaque motif (`scenarios/motifs.yaml`)",
    "One application for each reason (`scenarios/motifs.yaml`)",
)
_LETTERS = Bilingual("motif | nombre | courrier", "reason | count | letter")
_ALL = Bilingual("Toutes les phrases", "All sentences")
_ALL_HEAD = Bilingual("Les noms entre accolades sont remplacés.", "Names in braces are replaced.")
_KEYS = Bilingual("clé | phrase", "key | sentence")


@dataclass(frozen=True, slots=True)
class Example:
    """A reason of a decision: its code, how many letters give it, and one of them in both languages."""

    code: str
    count: int
    sentence: Text


def build_letters_page(lang: Lang) -> str:
    """Return the whole text of the page in a language."""
    publisher, court, texts = _PUBLISHERS[lang], _COURT.in_(lang), load_wording()
    head = _HEAD[lang].format(
        twin=link_to_twin(lang, "reference/letters.md"),
        court=court,
        authority=publisher.authority,
        contact=publisher.contact,
        rules=publisher.rules,
    )
    n, flagship = list_examples(FLAGSHIP)
    programme = "Exemple" if lang is Lang.FR else "Example"
    parts = [
        typeset(head) if lang is Lang.FR else head,
        *_start_table(_COLUMN, lang),
        _format_row("`VoiesEtDelais`", describe_appeal(publisher, court, texts, lang)),
        _format_row("`MentionTraitement`", describe_mention(publisher, programme, texts, lang)),
        f"\n## {_FLAGSHIP.in_(lang).format(n=format_number(Fraction(n), lang))}\n\n{_FLAGSHIP_HEAD.in_(lang)}\n",
        *_tabulate_examples(flagship, lang),
        f"\n## {_REASONS.in_(lang)}\n",
        *_tabulate_examples(list_examples(REASONS)[1], lang),
        f"\n## {_ALL.in_(lang)}\n\n{_ALL_HEAD.in_(lang)}\n",
        *_start_table(_KEYS, lang),
        *(_format_row(f"`{key.value}`", text.in_(lang)) for key, text in PHRASES.items()),
        *(_format_row(f"`{key}`", text.in_(lang)) for key, text in SENTENCES.items()),
    ]
    return "\n".join(parts) + "\n"


@cache
def list_examples(file: Path) -> tuple[int, tuple[Example, ...]]:
    """Solve a scenario; its number of applications, and a letter for each reason, figures left out."""
    run = run_of(solve(load_scenario(file)))
    table = build_decision_table(run)
    french, english = (write_letters(run, table, lang) for lang in Lang)
    codes = zip(table[DECISION].to_list(), table["reason_code"].to_list(), strict=True)
    rows: dict[tuple[str, str, str], list[int]] = {}
    for row, (pair, motive) in enumerate(zip(codes, french.motive.to_list(), strict=True)):
        rows.setdefault((*pair, _FIGURE.sub("#", motive)), []).append(row)
    examples = tuple(
        Example(
            key[1], len(rows[key]), Bilingual(french.sentence[rows[key][0]], english.sentence[rows[key][0]])
        )
        for key in sorted(rows)
    )
    return run.table.height, examples


def _tabulate_examples(examples: Iterable[Example], lang: Lang) -> Iterator[str]:
    yield from _start_table(_LETTERS, lang)
    for one in examples:
        yield _format_row(f"`{one.code}`", format_number(Fraction(one.count), lang), one.sentence.in_(lang))


def _start_table(columns: Text, lang: Lang) -> tuple[str, str]:
    names = columns.in_(lang).split(" | ")
    return _format_row(*names), "|" + "---|" * len(names)


def _format_row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
