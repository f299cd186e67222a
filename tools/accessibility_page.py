"""`accessibility.md` and `accessibility-statement.md` of the reference: the 106 criteria of RGAA 4.1 on two pages.

`docs/accessibilite.csv` has a row for each criterion: its state on the decision note and on the planner's page,
why, and how this was checked. `tests/reporting/test_accessibility.py` fails where a browser contradicts a row.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from functools import cache
from pathlib import Path

from typography import typeset

from tnt_sim.i18n.message import Lang
from tnt_sim.i18n.numbers import format_day, format_number

TABLE = Path(__file__).resolve().parents[1] / "docs" / "accessibilite.csv"
DAY = "2026-11-29"
"""Day on which the criteria were read."""
THEMES = (
    ("Images", 9),
    ("Cadres", 2),
    ("Couleurs", 3),
    ("Multimédia", 13),
    ("Tableaux", 8),
    ("Liens", 2),
    ("Scripts", 5),
    ("Éléments obligatoires", 10),
    ("Structuration de l’information", 4),
    ("Présentation de l’information", 14),
    ("Formulaires", 13),
    ("Navigation", 11),
    ("Consultation", 12),
)
"""Themes of RGAA 4.1 and their numbers of criteria."""


class State(StrEnum):
    """State of a criterion on a page."""

    CONFORM = "C"
    NOT_CONFORM = "NC"
    NOT_APPLICABLE = "NA"


@dataclass(frozen=True, slots=True, kw_only=True)
class Criterion:
    """A criterion, its state on both pages and how it was checked.

    Attributes
    ----------
    axe : rules of axe-core that test it
    scripts : checks of `tests/support/accessibility_checks.py`
    by_hand : what a person looked at
    """

    number: str
    title: str
    note: State
    note_reason: str
    page: State
    page_reason: str
    axe: tuple[str, ...]
    scripts: tuple[str, ...]
    by_hand: str


@cache
def read_criteria() -> tuple[Criterion, ...]:
    """Read the table.

    Raises
    ------
    ValueError
        If a criterion is missing, out of order, or without state, reason or check.
    """
    with TABLE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    expected = [f"{theme}.{k}" for theme, (_, n) in enumerate(THEMES, start=1) for k in range(1, n + 1)]
    if [row["critere"] for row in rows] != expected:
        raise ValueError("docs/accessibilite.csv: the criteria are not 1.1 to 13.12 in their order")
    criteria = tuple(
        Criterion(
            number=row["critere"],
            title=row["intitule"],
            note=State(row["note"]),
            note_reason=row["note_pourquoi"],
            page=State(row["page"]),
            page_reason=row["page_pourquoi"],
            axe=tuple(row["axe"].split()),
            scripts=tuple(row["script"].split()),
            by_hand=row["a_la_main"],
        )
        for row in rows
    )
    for one in criteria:
        if not (one.title and one.note_reason and one.page_reason):
            raise ValueError(f"docs/accessibilite.csv: {one.number} lacks a title or a reason")
        if State.CONFORM in (one.note, one.page) and not (one.axe or one.scripts or one.by_hand):
            raise ValueError(f"docs/accessibilite.csv: {one.number} does not say how it was checked")
    return criteria


@dataclass(frozen=True, slots=True)
class Rate:
    """Conform and applicable criteria of a page."""

    n_conform: int
    n_applicable: int

    @property
    def share(self) -> Fraction:
        """Return conform criteria divided by applicable ones."""
        return Fraction(self.n_conform, self.n_applicable)

    def format(self, lang: Lang) -> str:
        """Write the rate as a percentage with at most one decimal, rounded down."""
        number = format_number(Fraction(int(self.share * 1000), 10), lang, 1)
        return f"{number} %" if lang is Lang.FR else f"{number}%"


def compute_rates() -> tuple[Rate, Rate]:
    """Return the rates of the note and of the planner's page."""
    criteria = read_criteria()
    return _compute_rate([one.note for one in criteria]), _compute_rate([one.page for one in criteria])


def _compute_rate(states: Sequence[State]) -> Rate:
    n_conform = sum(state is State.CONFORM for state in states)
    return Rate(n_conform, n_conform + sum(state is State.NOT_CONFORM for state in states))


def build_accessibility_page() -> str:
    """Return the table of the criteria with the rates, as Markdown."""
    note, page = compute_rates()
    lines = [_HEAD, *_tabulate_rates(note, page), "", _HOW, *_tabulate_criteria(), "", _CREDIT]
    return typeset("\n".join(lines))


def _tabulate_rates(note: Rate, page: Rate) -> Iterator[str]:
    yield "| page | critères applicables | conformes | taux |"
    yield "|---|---:|---:|---:|"
    for name, rate in (
        ("note de décision (`tnt-sim report`)", note),
        ("page du planificateur (`tnt-sim app`)", page),
    ):
        yield f"| {name} | {rate.n_applicable} | {rate.n_conform} | {rate.format(Lang.FR)} |"


def _tabulate_criteria() -> Iterator[str]:
    criteria = iter(read_criteria())
    for number, (theme, n) in enumerate(THEMES, start=1):
        yield f"\n### {number}. {theme}\n"
        yield "| critère | note de décision | page du planificateur | vérifié par |"
        yield "|---|---|---|---|"
        for _, one in zip(range(n), criteria, strict=False):
            checks = [f"axe : {', '.join(f'`{rule}`' for rule in one.axe)}"] if one.axe else []
            checks += [f"script : {', '.join(f'`{name}`' for name in one.scripts)}"] if one.scripts else []
            checks += [f"à la main : {one.by_hand}"] if one.by_hand else []
            cells = (
                f"{one.number} {one.title}",
                f"**{one.note}** {one.note_reason}",
                f"**{one.page}** {one.page_reason}",
                "<br>".join(checks) or "à la main : lecture du code",
            )
            yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def build_declaration() -> str:
    """Return the declaration of accessibility that an organisation completes, as Markdown."""
    note, page = compute_rates()
    total = all(rate.n_conform == rate.n_applicable for rate in (note, page))
    faults = [
        f"- Critère {one.number}, {one.title} ({where}) : {reason}."
        for one in read_criteria()
        for where, state, reason in (
            ("note de décision", one.note, one.note_reason),
            ("page du planificateur", one.page, one.page_reason),
        )
        if state is State.NOT_CONFORM
    ]
    declaration = _DECLARATION.format(
        state="totalement" if total else "partiellement",
        note=note.format(Lang.FR),
        page=page.format(Lang.FR),
        faults="\n".join(faults) or "Aucune non-conformité n’est connue à ce jour.",
        day=format_day(DAY, Lang.FR),
    )
    return typeset(declaration)


_HEAD = """# Accessibilité

*The decision note and the planner’s page against the 106 criteria of RGAA 4.1, the French standard of
accessibility. An internal reading, with axe-core, scripts in Chromium and by hand; no screen reader was
tried. The states are C (conform), NC (not conform), NA (not applicable).*

Ce fichier est produit par `python tools/docs.py write`, à partir de `docs/accessibilite.csv`.

Le RGAA 4.1 a 13 thèmes et 106 critères. Chacun a été lu sur deux pages : la note de décision, en français et en
anglais, en clair et en sombre, et la page du planificateur. C’est une évaluation interne. **Aucun lecteur d’écran
n’a été essayé**, et aucun auditeur extérieur n’a relu ce tableau. La
[déclaration](accessibility-statement.md) est un modèle que votre organisme complète et publie.
"""
_HOW = """## Comment les critères sont vérifiés

- **axe** : axe-core, dans Chromium. Un test échoue si une règle trouve une faute sur un critère que le
  tableau dit conforme.
- **script** : une vérification de `tests/support/accessibility_checks.py`, dans Chromium, sur les deux pages.
- **à la main** : une personne a regardé la page.

Les autres pages (balayage, comparaison, audit et toutes celles que `--out` écrit) passent axe-core sans
faute, dans les deux langues et les deux thèmes. Elles n’ont pas leur colonne ici.

C : conforme. NC : non conforme. NA : non applicable.

## Les 106 critères"""
_CREDIT = """## Source

Numéros et thèmes : RGAA 4.1, direction interministérielle du numérique (DINUM), Licence Ouverte 2.0. Les intitulés
sont raccourcis ; le texte qui fait foi est sur le site accessibilite.numerique.gouv.fr.
"""
_DECLARATION = """# Déclaration d’accessibilité

*Model of the declaration that French law asks for. Complete what stands in square brackets before you publish
it.*

Ce modèle suit celui de la DINUM. **Complétez ce qui est entre crochets** avant de le publier. Les résultats
sont ceux d’une évaluation interne de tnt_sim ; votre organisme les reprend à son compte, ou fait sa propre
évaluation.

[Nom de l’organisme] s’engage à rendre ses sites internet, intranet, extranet et ses progiciels accessibles,
conformément à l’article 47 de la loi n° 2005-102 du 11 février 2005.

À cette fin, il met en œuvre la stratégie et les actions suivantes : [liens vers le schéma pluriannuel et le
plan d’action de l’année].

Cette déclaration s’applique à la note de décision et à la page du planificateur de tnt_sim, [adresse ou nom
du service].

## État de conformité

La note de décision et la page du planificateur sont {state} conformes au référentiel général d’amélioration de
l’accessibilité (RGAA), version 4.1, selon cette évaluation.

### Résultats des tests

L’évaluation de conformité réalisée en interne révèle que :

- {note} des critères applicables du RGAA sont respectés par la note de décision ;
- {page} des critères applicables du RGAA sont respectés par la page du planificateur.

Le [tableau des 106 critères](accessibility.md) donne l’état de chacun. Aucun lecteur d’écran n’a été essayé.

## Contenus non accessibles

### Non-conformités

{faults}

### Dérogations pour charge disproportionnée

Aucune dérogation n’est invoquée.

### Contenus non soumis à l’obligation d’accessibilité

Aucun contenu n’est exclu. Les textes du scénario et des dossiers sont ceux de l’organisme : il répond de leur
langue et de leur clarté.

## Établissement de cette déclaration d’accessibilité

Cette déclaration a été établie le {day}. Elle a été mise à jour le [jour, mois, année].

### Technologies utilisées

- HTML5
- CSS
- SVG
- JavaScript

### Environnement de test

- Chromium sous Linux (Debian), au clavier et à la souris, aux largeurs de 320, 390, 768 et 1280 pixels
- [lecteurs d’écran essayés par l’organisme, par exemple NVDA avec Firefox]

### Outils utilisés

- axe-core 4.12
- les vérifications écrites pour tnt_sim, dans Chromium
- l’inspecteur de code du navigateur

### Pages vérifiées

- la note de décision du projet de démonstration, en français et en anglais
- la page du planificateur du même projet

## Retour d’information et contact

Si vous n’arrivez pas à accéder à un contenu ou à un service, vous pouvez contacter le responsable de [nom du
service] pour être orienté vers une alternative accessible ou obtenir le contenu sous une autre forme.

- Envoyer un message : [adresse électronique ou formulaire]
- Contacter [nom de l’entité responsable] : [coordonnées]

## Voies de recours

Vous avez signalé au responsable du service un défaut d’accessibilité qui vous empêche d’accéder à un contenu
ou à un service, et vous n’avez pas obtenu de réponse satisfaisante. Vous pouvez :

- écrire un message au Défenseur des droits (<https://www.defenseurdesdroits.fr/nous-contacter-355>) ;
- contacter le délégué du Défenseur des droits près de chez vous
  (<https://www.defenseurdesdroits.fr/carte-des-delegues>) ;
- envoyer un courrier par la poste (gratuit, sans timbre) : Défenseur des droits, Libre réponse 71120, 75342
  Paris CEDEX 07. """
