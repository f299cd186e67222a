"""`docs/fr/reference/letters.md`: the letters of shipped decisions, one for each reason, in both languages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from tnt_sim.domain.publisher import PublisherSpec
from tnt_sim.engine.solve import solve
from tnt_sim.engine.stored_run import StoredRun, run_of
from tnt_sim.i18n.message import Lang
from tnt_sim.reporting.reports.decision_table import DECISION, build_decision_table
from tnt_sim.reporting.reports.letters import PHRASES, write_letters
from tnt_sim.reporting.text.legal_wording import load_wording
from tnt_sim.reporting.text.letter_reasons import SENTENCES
from tnt_sim.reporting.text.mention import describe_appeal, describe_mention
from tnt_sim.scenario.load import load_scenario

ROOT = Path(__file__).resolve().parents[1]
FLAGSHIP = ROOT / "scenarios" / "tnt-2021.yaml"
REASONS = ROOT / "scenarios" / "motifs.yaml"
_FIGURE = re.compile(r"\d[\d\s\u202f\u00a0.,]*")
_HEAD = """# Courriers : le livre des phrases

*Letters: the sample book. The English stands beside the French.*

Ce fichier est produit par `python tools/docs.py write`, à partir du code et de deux scénarios. *It is generated.*

**Données SYNTHÉTIQUES** : aucun de ces dossiers n’existe. *SYNTHETIC data: none of these applications exists.*

`tnt-sim export RUN --format publipostage` écrit un courrier par ligne : `Phrase` et `Motif` sont ceux de cette
page, dans la langue de `--lang`. `export --format demarche` et `send` reprennent le même motif. Une phrase ne
contient ni nom du fichier de scénario, ni opérateur, ni nombre de plus de deux décimales ; elle ne nomme aucun
autre demandeur. Vos titres et vos motifs ne sont cités que s’ils se lisent comme des mots, et vos sources que si
ce ne sont pas des adresses.

*`Phrase` and `Motif` of the table of letters are those of this page; `demarche` and `send` repeat the reason. A
sentence holds no name of the scenario file, no operator, no figure of more than two decimals, and names no other
applicant. Titles and reasons of yours are quoted if they read as words, sources unless they are addresses.*

## Ce que le scénario règle

*What the scenario sets.*

```yaml
publisher:
  authority: la préfète de la région d’exemple
  contact: subventions@exemple.fr
  rules: www.exemple.fr/regles
letters:
  court: tribunal administratif d’exemple
  tell_changes: false
```

Sans `publisher: authority`, `VoiesEtDelais` et `MentionTraitement` restent vides, et l’export nomme les clés
qui manquent. `arrete` porte la même mention sous son tableau. Avec `tell_changes: true`, un refus donne le
montant de la demande qui serait financé, s’il existe et si un nouveau calcul l’a confirmé ; par défaut, il ne le
donne pas. Les mentions viennent de `tnt_sim/data/legal-wording.yaml`, où l’article est à côté de chaque texte ;
`export --wording FICHIER` prend une copie que votre service juridique a modifiée. Aucun juriste n’a relu ces
mentions.

*Without `publisher: authority` both columns stay empty and the export names the keys that are missing. `arrete`
has the same mention below its table. With `tell_changes: true` a refusal gives the request that would be funded,
where there is one that a new optimisation confirmed; by default it does not. The mentions come from
`tnt_sim/data/legal-wording.yaml`, with the article beside each text; `export --wording FILE` takes a copy that
your legal service edited. No lawyer has read these mentions.*
"""
_PUBLISHER = PublisherSpec(
    authority="la préfète de la région d’exemple",
    contact="subventions@exemple.fr",
    rules="www.exemple.fr/regles",
)
_COURT = "tribunal administratif d’exemple"


def build_letters_page() -> str:
    """The whole text of the page."""
    flagship, reasons = (run_of(solve(load_scenario(file))) for file in (FLAGSHIP, REASONS))
    texts = load_wording()
    parts = [
        _HEAD,
        _format_row("colonne", "français", "English"),
        "|---|---|---|",
        _format_row("`VoiesEtDelais`", *(describe_appeal(_PUBLISHER, _COURT, texts, lang) for lang in Lang)),
        _format_row(
            "`MentionTraitement`", *(describe_mention(_PUBLISHER, "Exemple", texts, lang) for lang in Lang)
        ),
        f"\n## Le plan 2021 (`scenarios/tnt-2021.yaml`), {flagship.table.height} dossiers synthétiques\n",
        "*One letter for each reason of the flagship, without regard to its figures, and how many have it.*\n",
        *_tabulate_letters(flagship),
        "\n## Un dossier pour chaque motif (`scenarios/motifs.yaml`)\n",
        "*One application for each reason.*\n",
        *_tabulate_letters(reasons),
        "\n## Toutes les phrases\n",
        "*All sentences; names in braces are replaced.*\n",
        _format_row("clé", "français", "English"),
        "|---|---|---|",
        *(_format_row(f"`{key.value}`", text.fr, text.en) for key, text in PHRASES.items()),
        *(_format_row(f"`{key}`", text.fr, text.en) for key, text in SENTENCES.items()),
    ]
    return "\n".join(parts) + "\n"


def _tabulate_letters(run: StoredRun) -> Iterator[str]:
    """Yield the rows of a table: reason code, how many letters, an example in both languages."""
    table = build_decision_table(run)
    french, english = (write_letters(run, table, lang) for lang in Lang)
    codes = zip(table[DECISION].to_list(), table["reason_code"].to_list(), strict=True)
    examples: dict[tuple[str, str, str], int] = {}
    counts: dict[tuple[str, str, str], int] = {}
    for row, (pair, motive) in enumerate(zip(codes, french.motive.to_list(), strict=True)):
        key = (*pair, _FIGURE.sub("#", motive))
        examples.setdefault(key, row)
        counts[key] = counts.get(key, 0) + 1
    yield _format_row("motif", "nombre", "français", "English")
    yield "|---|---|---|---|"
    for key in sorted(examples):
        row = examples[key]
        yield _format_row(f"`{key[1]}`", str(counts[key]), french.sentence[row], english.sentence[row])


def _format_row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
