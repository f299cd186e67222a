"""The pages `accessibility.md` and `accessibility-statement.md` of the reference: the 106 criteria of RGAA 4.1.

`docs/accessibilite.csv` has a row for each criterion: its state on the decision note and on the planner's page,
why, and how this was checked, in both languages. `tests/docs/test_accessibility.py` fails where a browser
contradicts a row.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from functools import cache
from pathlib import Path

from site_languages import link_to_twin
from typography import typeset

from tnt_sim.i18n.message import Bilingual, Lang, Text
from tnt_sim.i18n.numbers import format_day, format_number

TABLE = Path(__file__).resolve().parents[1] / "docs" / "accessibilite.csv"
DAY = "2026-11-29"
"""Day on which the criteria were read."""
THEMES = (
    (Bilingual("Images", "Images"), 9),
    (Bilingual("Cadres", "Frames"), 2),
    (Bilingual("Couleurs", "Colours"), 3),
    (Bilingual("Multimédia", "Multimedia"), 13),
    (Bilingual("Tableaux", "Tables"), 8),
    (Bilingual("Liens", "Links"), 2),
    (Bilingual("Scripts", "Scripts"), 5),
    (Bilingual("Éléments obligatoires", "Mandatory elements"), 10),
    (Bilingual("Structuration de l’information", "Structure of information"), 4),
    (Bilingual("Présentation de l’information", "Presentation of information"), 14),
    (Bilingual("Formulaires", "Forms"), 13),
    (Bilingual("Navigation", "Navigation"), 11),
    (Bilingual("Consultation", "Consultation"), 12),
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
    title: Text
    note: State
    note_reason: Text
    page: State
    page_reason: Text
    axe: tuple[str, ...]
    scripts: tuple[str, ...]
    by_hand: Text


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
            title=Bilingual(row["intitule"], row["title"]),
            note=State(row["note"]),
            note_reason=Bilingual(row["note_pourquoi"], row["note_reason"]),
            page=State(row["page"]),
            page_reason=Bilingual(row["page_pourquoi"], row["page_reason"]),
            axe=tuple(row["axe"].split()),
            scripts=tuple(row["script"].split()),
            by_hand=Bilingual(row["a_la_main"], row["by_hand"]),
        )
        for row in rows
    )
    for one in criteria:
        if not all(text.fr and text.en for text in (one.title, one.note_reason, one.page_reason)):
            raise ValueError(f"docs/accessibilite.csv: {one.number} lacks a title or a reason in a language")
        if bool(one.by_hand.fr) is not bool(one.by_hand.en):
            raise ValueError(
                f"docs/accessibilite.csv: {one.number} says in one language only what was done by hand"
            )
        if State.CONFORM in (one.note, one.page) and not (one.axe or one.scripts or one.by_hand.fr):
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


def build_accessibility_page(lang: Lang) -> str:
    """Return the table of the criteria with the rates, as Markdown in a language."""
    note, page = compute_rates()
    head = _HEAD[lang].format(twin=link_to_twin(lang, "reference/accessibility.md"))
    lines = [
        head, *_tabulate_rates(note, page, lang), "", _HOW[lang], *_tabulate_criteria(lang), "", _CREDIT[lang],
    ]  # fmt: skip
    text = "\n".join(lines)
    return typeset(text) if lang is Lang.FR else text


def _tabulate_rates(note: Rate, page: Rate, lang: Lang) -> Iterator[str]:
    yield f"| {_RATES.in_(lang)} |"
    yield "|---|---:|---:|---:|"
    for name, command, rate in ((_NOTE, "report", note), (_PAGE, "app", page)):
        cells = (
            f"{name.in_(lang)} (`tnt-sim {command}`)",
            rate.n_applicable,
            rate.n_conform,
            rate.format(lang),
        )
        yield "| " + " | ".join(str(cell) for cell in cells) + " |"


def _tabulate_criteria(lang: Lang) -> Iterator[str]:
    criteria = iter(read_criteria())
    mark = " :" if lang is Lang.FR else ":"
    by_hand = f"{_BY_HAND.in_(lang)}{mark} "
    for number, (theme, n) in enumerate(THEMES, start=1):
        yield f"\n### {number}. {theme.in_(lang)}\n"
        yield f"| {_CRITERION.in_(lang)} | {_NOTE.in_(lang)} | {_PAGE.in_(lang)} | {_CHECKED.in_(lang)} |"
        yield "|---|---|---|---|"
        for _, one in zip(range(n), criteria, strict=False):
            checks = [f"axe{mark} {_list_code(one.axe)}"] if one.axe else []
            checks += [f"script{mark} {_list_code(one.scripts)}"] if one.scripts else []
            checks += [by_hand + one.by_hand.in_(lang)] if one.by_hand.fr else []
            cells = (
                f"{one.number} {one.title.in_(lang)}",
                f"**{one.note}** {one.note_reason.in_(lang)}",
                f"**{one.page}** {one.page_reason.in_(lang)}",
                "<br>".join(checks) or by_hand + _READ.in_(lang),
            )
            yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _list_code(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def build_declaration(lang: Lang) -> str:
    """Return the declaration of accessibility that an organisation completes, as Markdown in a language."""
    note, page = compute_rates()
    total = all(rate.n_conform == rate.n_applicable for rate in (note, page))
    faults = [
        _FAULT.in_(lang).format(
            number=one.number, title=one.title.in_(lang), where=where.in_(lang), why=why.in_(lang)
        )
        for one in read_criteria()
        for where, state, why in ((_NOTE, one.note, one.note_reason), (_PAGE, one.page, one.page_reason))
        if state is State.NOT_CONFORM
    ]
    declaration = _DECLARATION[lang].format(
        twin=link_to_twin(lang, "reference/accessibility-statement.md"),
        state=(_TOTALLY if total else _PARTLY).in_(lang),
        note=note.format(lang),
        page=page.format(lang),
        faults="\n".join(faults) or _NO_FAULT.in_(lang),
        day=format_day(DAY, lang),
    )
    return typeset(declaration) if lang is Lang.FR else declaration


_NOTE = Bilingual("note de décision", "decision note")
_PAGE = Bilingual("page du planificateur", "planner’s page")
_RATES = Bilingual(
    "page | critères applicables | conformes | taux", "page | applicable criteria | conform | rate"
)
_CRITERION = Bilingual("critère", "criterion")
_CHECKED = Bilingual("vérifié par", "checked by")
_BY_HAND = Bilingual("à la main", "by hand")
_READ = Bilingual("lecture du code", "reading of the code")
_FAULT = Bilingual(
    "- Critère {number}, {title} ({where}) : {why}.", "- Criterion {number}, {title} ({where}): {why}."
)
_NO_FAULT = Bilingual("Aucune non-conformité n’est connue à ce jour.", "No non-conformity is known to date.")
_TOTALLY = Bilingual("totalement", "fully")
_PARTLY = Bilingual("partiellement", "partly")
_HEAD = {
    Lang.FR: """# Accessibilité

{twin}

Le RGAA 4.1 a 13 thèmes et 106 critères. Chacun a été lu sur deux pages : la note de décision, en français et en
anglais, en clair et en sombre, et la page du planificateur. C’est une évaluation interne. **Aucun lecteur d’écran
n’a été essayé**, et aucun auditeur extérieur n’a relu ce tableau. La
[déclaration](accessibility-statement.md) est un modèle que votre organisme complète et publie.
""",
    Lang.EN: """# Accessibility

{twin}

RGAA 4.1, the French standard of accessibility, has 13 themes and 106 criteria. Each was read on two pages: the
decision note, in French and in English, light and dark, and the planner’s page. This is an internal evaluation.
**No screen reader was tried**, and no outside auditor has read this table. The
[statement](accessibility-statement.md) is a model that your organisation completes and publishes.
""",
}
_HOW = {
    Lang.FR: """## Comment les critères sont vérifiés

- **axe** : axe-core, dans Chromium. Un test échoue si une règle trouve une faute sur un critère que le
  tableau dit conforme.
- **script** : une vérification de `tests/support/accessibility_checks.py`, dans Chromium, sur les deux pages.
- **à la main** : une personne a regardé la page.

Les autres pages (balayage, comparaison, audit et toutes celles que `--out` écrit) passent axe-core sans
faute, dans les deux langues et les deux thèmes. Elles n’ont pas leur colonne ici.

C : conforme. NC : non conforme. NA : non applicable.

## Les 106 critères""",
    Lang.EN: """## How the criteria are checked

- **axe**: axe-core, in Chromium. A test fails if a rule finds a fault on a criterion that the table calls
  conform.
- **script**: a check of `tests/support/accessibility_checks.py`, in Chromium, on both pages.
- **by hand**: a person looked at the page.

The other pages (sweep, comparison, audit and all those that `--out` writes) pass axe-core without a fault, in
both languages and both themes. They have no column here.

C: conform. NC: not conform. NA: not applicable.

## The 106 criteria""",
}
_CREDIT = {
    Lang.FR: """## Source

Numéros et thèmes : RGAA 4.1, direction interministérielle du numérique (DINUM), Licence Ouverte 2.0. Les intitulés
sont raccourcis ; le texte qui fait foi est sur le site accessibilite.numerique.gouv.fr.
""",
    Lang.EN: """## Source

Numbers and themes: RGAA 4.1, direction interministérielle du numérique (DINUM), Licence Ouverte 2.0. The titles
are shortened and translated here; the text that counts, in French, is on the site accessibilite.numerique.gouv.fr.
""",
}
_DECLARATION = {
    Lang.FR: """# Déclaration d’accessibilité

{twin}

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
  Paris CEDEX 07.
""",
    Lang.EN: """# Accessibility statement

{twin}

This page translates the French page, a model of the declaration that French law asks for. The model follows that
of the DINUM. **Complete what stands in square brackets** before you publish. The results are those of an internal
evaluation of tnt_sim; your organisation takes them as its own, or makes its own evaluation.

[Name of the organisation] undertakes to make its internet, intranet and extranet sites and its software
accessible, under article 47 of French law no. 2005-102 of 11 February 2005.

To this end it carries out the following strategy and actions: [links to the plan over several years and to the
action plan of the year].

This statement applies to the decision note and the planner’s page of tnt_sim, [address or name of the service].

## State of conformity

The decision note and the planner’s page conform {state} to the French general reference for the improvement of
accessibility (RGAA), version 4.1, by this evaluation.

### Results of the tests

The internal evaluation of conformity shows that:

- the decision note satisfies {note} of the applicable criteria of the RGAA;
- the planner’s page satisfies {page} of the applicable criteria of the RGAA.

The [table of the 106 criteria](accessibility.md) gives the state of each. No screen reader was tried.

## Content that is not accessible

### Non-conformities

{faults}

### Exemptions for disproportionate burden

No exemption is claimed.

### Content that need not be accessible

No content is left out. The texts of the scenario and of the applications are those of the organisation, which
answers for their language and clarity.

## How this statement was drawn up

This statement was drawn up on {day}. It was updated on [day, month, year].

### Technologies used

- HTML5
- CSS
- SVG
- JavaScript

### Test environment

- Chromium on Linux (Debian), with keyboard and mouse, at widths of 320, 390, 768 and 1280 pixels
- [screen readers that the organisation tried, for example NVDA with Firefox]

### Tools used

- axe-core 4.12
- the checks written for tnt_sim, in Chromium
- the code inspector of the browser

### Pages checked

- the decision note of the demonstration project, in French and in English
- the planner’s page of the same project

## Feedback and contact

If you cannot reach some content or a service, you can contact the person in charge of [name of the service], to be
directed to an accessible alternative or to get the content in another form.

- Send a message: [e-mail address or form]
- Contact [name of the entity in charge]: [contact details]

## Ways of appeal

You have reported to the person in charge of the service a fault of accessibility that keeps you from some content
or from a service, and you have had no satisfactory answer. You can:

- write to the Défenseur des droits, the French ombudsman (<https://www.defenseurdesdroits.fr/nous-contacter-355>);
- contact the delegate of the Défenseur des droits near you
  (<https://www.defenseurdesdroits.fr/carte-des-delegues>);
- send a letter by post (free, without a stamp): Défenseur des droits, Libre réponse 71120, 75342
  Paris CEDEX 07.
""",
}
