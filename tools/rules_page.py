"""The page `rules.md` of the reference, from the texts of `show --model`: `tools/docs.py write` writes it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from block_yaml import write_block
from condition_tables import ANCHOR, render_columns, render_conditions
from rule_examples import AMOUNTS, CATALOGUE, ENVELOPES, GOALS
from site_languages import link_to_twin
from typography import typeset

from tnt_sim.i18n.message import Bilingual, Lang
from tnt_sim.rules.envelopes.text import (
    describe_envelope,
    find_gaining_envelopes,
    find_receiving_envelopes,
    format_envelope_formula,
)
from tnt_sim.rules.expressions.text import capitalise
from tnt_sim.rules.kinds.registry import describe_rule, format_rule_formula, load_rule_kinds
from tnt_sim.rules.offers.cap_spec import LIBRARY, CapSpec
from tnt_sim.rules.offers.text import (
    describe_cap,
    describe_grant,
    describe_waiver,
    format_cap_formula,
    format_grant_formula,
)
from tnt_sim.scenario.objective_text import describe_stage, format_stage_formula
from tnt_sim.scenario.spec import ScenarioSpec
from tnt_sim.scenario.yaml.nodes import to_tree
from tnt_sim.scenario.yaml.reader import parse_yaml

_HEAD = {
    Lang.FR: """# Le livre des règles

{twin}

Chaque règle a un exemple, sa phrase et sa formule. `tnt-sim show SCENARIO --model` écrit les mêmes phrases pour
votre scénario.

Formules : `x_i` vaut 1 si le dossier i est financé, sinon 0 ; `g_i` est son montant en euros ; `Σ{{…}}` somme les
dossiers que les accolades désignent, dans la notation des [conditions](#{conditions}) ; `[…]` vaut 1 si
son contenu est vrai.
""",
    Lang.EN: """# The rule book

{twin}

Each rule has an example, its sentence and its formula. `tnt-sim show SCENARIO --model` writes the same sentences
for your scenario.

Formulas: `x_i` is 1 if application i is funded, else 0; `g_i` is its amount in euros; `Σ{{…}}` sums the
applications that the braces name, in the notation of [conditions](#{conditions}); `[…]` is 1 if its content is
true. The names in the examples, such as `axe-3` and `detr`, come from French programmes.
""",
}
_LEGEND = {
    Bilingual("dans une formule", "in a formula"): Bilingual("sens", "meaning"),
    "`{…}`": Bilingual(
        "après une relation entre i et j : les dossiers que i et j parcourent",
        "after a relation of i and j: the applications that i and j run over",
    ),
    "`fundable`": Bilingual(
        "recevable, qu’aucune décision ne refuse et pour qui un montant est possible, ou engagé",
        "eligible, refused by no decision and with a possible amount, or committed",
    ),
    "`free`": Bilingual(
        "`fundable`, ni engagé (à une étape d’avant non plus), ni financé par décision",
        "`fundable`, neither committed (nor granted at an earlier step) nor funded by a decision",
    ),
    "`not committed`": Bilingual(
        "les dossiers engagés restent dans la liste, recevables ou non",
        "committed applications stay in the list, eligible or not",
    ),
    "`∀ d`": Bilingual(
        "pour chaque valeur de la colonne parmi les dossiers recevables de la règle (`share` : de son "
        "dénominateur) ; une case vide n’est pas une valeur ; `Σ_d` additionne ces mêmes valeurs",
        "for each value of the column among the eligible applications of the rule (`share`: of its "
        "denominator); an empty cell is no value; `Σ_d` sums over the same values",
    ),
    "`i eligible`": Bilingual(
        "dossier `fundable`, ou qui le serait sans la décision qui le refuse",
        "application i is `fundable`, or would be without the decision that refuses it",
    ),
    "`\\ {…}`": Bilingual(
        "sans les dossiers que les accolades désignent (dérogation) ; ce que demande `requires` y reste",
        "without the applications that the braces name (waiver); what `requires` needs stays",
    ),
    "`demand`": Bilingual(
        "ce que le groupe peut atteindre si chaque dossier qui y ajoute reçoit le plus possible",
        "what the group can reach if each application that adds to it receives the most possible",
    ),
    "`jury_i·x_i`": Bilingual(
        "ce que le dossier i ajoute à la mesure `jury` ; avec `once_per`, chaque valeur compte une fois",
        "what application i adds to the measure `jury`; with `once_per`, each value counts once",
    ),
    "`[applicant a: x_i = 1]`": Bilingual(
        "chaque porteur des accolades compte une fois ; `population_a` est sa plus grande valeur",
        "each applicant of the braces counts once; `population_a` is its largest value",
    ),
    "`reference_i`": Bilingual(
        "1 si la liste de référence finance le dossier i, sinon 0",
        "1 if the reference list funds application i, else 0",
    ),
    "`score_i > score_j`": Bilingual(
        "une case vide n’est ni avant ni après ; une date vide de `first_come` vient en dernier",
        "an empty cell is neither before nor after; an empty date of `first_come` comes last",
    ),
    "`year = 2026`": Bilingual(
        "l’année de la colonne, ou de sa date", "the year in the column, or of its date"
    ),
    "`paid_i before end_i`": Bilingual(
        "la part de `profile` payée avant l’année de fin",
        "the share of `profile` paid before the year of the end",
    ),
    "`least_i`": Bilingual(
        "le plus petit montant possible du dossier i", "the smallest possible amount of application i"
    ),
    "`queue_d`": Bilingual(
        "ce que l’enveloppe accorde par elle-même : son montant moins sa réserve, les montants de ses enfants, "
        "et ce qui y est engagé ou financé par décision",
        "what the envelope grants by itself: its amount less its reserve, the amounts of its children, and what "
        "is committed or funded by a decision in it",
    ),
    "`∀ p`, `base_p`": Bilingual(
        "chaque projet qui reçoit une attribution nouvelle et dont le plafond a un chiffre ; `base_p` est le plus "
        "grand de ses lignes ; une dérogation pour une ligne laisse de côté le projet",
        "each project that gets a new grant and whose cap has a figure; `base_p` is the largest of its rows; a "
        "waiver for one row leaves out the project",
    ),
    "`open`": Bilingual(
        "dossier qui n’est pas engagé (ni retenu à une étape d’avant), dont aucune décision ne fixe le montant, "
        "et auquel aucune ligne d’avant de `grants` ne s’applique",
        "neither committed (nor granted at an earlier step), with no amount set by a decision, and matched by no "
        "earlier line of `grants`",
    ),
    "`⌊y⌋ ∈ 10 €·ℕ`": Bilingual(
        "⌊y⌋ est y arrondi à 10 € en dessous", "⌊y⌋ is y rounded down to a multiple of €10"
    ),
    "`caps`": Bilingual(
        "ce que les plafonds laissent au dossier i si rien d’autre de son projet n’est attribué",
        "what the caps leave application i if its project gets nothing else new",
    ),
    "`min(requested_i ; …)`": Bilingual("une case vide ne borne rien", "an empty cell bounds nothing"),
    "`(80 % up to 3 €, …)·base_i`": Bilingual(
        "chaque taux porte sur la part de l’assiette entre deux montants",
        "each rate applies to the part of the eligible cost between two amounts",
    ),
    "`one level for each …`": Bilingual(
        "les dossiers financés d’un groupe ont tous le même rang de la liste entre accolades",
        "the funded applications of a group all get the same place in the list between braces",
    ),
    "`free_p`, `in`, `out`": Bilingual(
        "ce que l’enveloppe p n’a pas affecté et donne, ce que des sœurs donnent et reçoivent",
        "what envelope p has not assigned and gives, what siblings give and get",
    ),
    "`distance`, `pair`": Bilingual(
        "l’écart à la règle, le nombre de manquements", "the distance from the rule, the number of breaches"
    ),
}
"""Meaning of the words of formulas, after the head of the table."""
_RULES = Bilingual("Règles", "Rules")
_HARDNESS = Bilingual(
    "Toute règle est stricte, sauf avec `penalty: {cost, per, stage}` (elle peut être rompue, à ce prix) ou "
    "`report: true` (elle est mesurée, sans rien imposer).",
    "Each rule is hard, except with `penalty: {cost, per, stage}` (it may be broken, at this price) or "
    "`report: true` (it is measured and imposes nothing).",
)
_GRANTS = Bilingual(
    "Montants : la première ligne qui convient décide", "Amounts: the first entry that matches decides"
)
_CAPS = Bilingual("Plafonds par projet et bibliothèque juridique", "Caps by project and the legal library")
_COST = Bilingual(
    "Un projet (ses lignes ont le même `project`) ne reçoit jamais plus que son coût moins les autres aides "
    "publiques, sur toutes ses lignes, avec ou sans autre aide ; aucune dérogation ne le lève. Quand ses lignes "
    "diffèrent, comptent le plus grand `cost`, le plus grand `other_state` et le plus grand `other_public` ; une "
    "cellule d’aide vide vaut 0, et un projet dont aucun coût n’est donné n’est pas limité.",
    "A project (its rows have one `project`) never gets more than its cost less other public aid, over all its "
    "rows, with other aid or without; no waiver lifts this. Where its rows differ, the largest `cost`, the "
    "largest `other_state` and the largest `other_public` count; an empty cell of aid is 0, and a project "
    "without any cost is not limited.",
)
_COST_FORMULA = "∀ p : Σ{project = p} g_i ≤ cost_p − other_state_p − other_public_p"
_WAIVERS = Bilingual("Dérogations", "Waivers")
_WAIVER = Bilingual(
    "waivers: [{of: cgct-l1111-10, where: {dossier: [D-7]}, reason: calamité publique, author: préfet}]",
    "waivers: [{of: cgct-l1111-10, where: {dossier: [D-7]}, reason: public disaster, author: prefect}]",
)
_ENVELOPES = Bilingual("Enveloppes", "Envelopes")
_GOALS = Bilingual("Objectif", "Objective")
_CATALOGUE = Bilingual(
    "65 besoins de programmes réels, et comment les écrire",
    "65 needs of real programmes, and how to write them",
)
_COLUMNS = Bilingual("n° | besoin | comment l’écrire", "no. | need | how to write it")


def parse_fragment(text: str) -> ScenarioSpec:
    """Parse a YAML part of a scenario within the smallest valid scenario."""
    node = parse_yaml(text, "rules.md")
    part: Any = {} if node is None else to_tree(node)
    whole = {"id": "doc", "programme": {"id": "tnt"}, "dossiers": [{"file": "table.csv"}], **part}
    return ScenarioSpec.model_validate(whole)


def build_rules_page(lang: Lang) -> str:
    """Return the whole text of the page in a language."""
    sections = [
        _HEAD[lang].format(twin=link_to_twin(lang, "reference/rules.md"), conditions=ANCHOR),
        *_render_legend(lang),
        *render_conditions(lang),
        *render_columns(lang),
        *_render_rules(lang),
        *_render_grants(lang),
        *_render_caps(lang),
        *_render_envelopes(lang),
        *_render_goals(lang),
        *_render_catalogue(lang),
    ]
    text = "\n".join(sections) + "\n"
    return typeset(text) if lang is Lang.FR else text


def _render_legend(lang: Lang) -> Iterator[str]:
    for k, (words, meaning) in enumerate(_LEGEND.items()):
        yield f"| {words if isinstance(words, str) else words.in_(lang)} | {meaning.in_(lang)} |"
        if k == 0:
            yield "|---|---|"
    yield ""


def _render_sample(yaml: str, sentence: str, formula: str) -> Iterator[str]:
    yield f"```yaml\n{write_block(yaml)}\n```\n"
    yield f"- {sentence}" + (f"\n- `{formula}`\n" if formula else "\n")


def _render_rules(lang: Lang) -> Iterator[str]:
    yield f"## {_RULES.in_(lang)}\n"
    mark = "\u00a0:" if lang is Lang.FR else ":"
    for kind in load_rule_kinds().values():
        yield f"### `{kind.name}`{mark} {kind.label.in_(lang)}\n"
        yield f"```yaml\n{write_block(kind.example)}\n```\n"
        for rule in parse_fragment(kind.example).rules:
            yield f"- {describe_rule(rule, lang)}\n- `{format_rule_formula(rule)}`\n"
    yield f"{_HARDNESS.in_(lang)}\n"


def _render_grants(lang: Lang) -> Iterator[str]:
    yield f"## {_GRANTS.in_(lang)}\n"
    for text in AMOUNTS:
        grant = parse_fragment(text).grants[0]
        yield from _render_sample(text, capitalise(describe_grant(grant, lang)), format_grant_formula(grant))


def _render_caps(lang: Lang) -> Iterator[str]:
    yield f"## {_CAPS.in_(lang)}\n\n- {_COST.in_(lang)}\n- `{_COST_FORMULA}`\n"
    for name, entry in LIBRARY.items():
        cap = CapSpec(use=name)
        yield f"### `{name}` ({entry.source})\n"
        yield from _render_sample(f"caps: [{name}]", describe_cap(cap, lang), format_cap_formula(cap))
    text = _WAIVER.in_(lang)
    waiver = parse_fragment(text).waivers[0]
    yield f"### {_WAIVERS.in_(lang)}\n"
    yield from _render_sample(text, describe_waiver(waiver, lang), "")


def _render_envelopes(lang: Lang) -> Iterator[str]:
    yield f"## {_ENVELOPES.in_(lang)}\n"
    for text in ENVELOPES:
        yield f"```yaml\n{write_block(text)}\n```\n"
        programme = parse_fragment(text).programme
        givers, receivers = find_gaining_envelopes(programme), find_receiving_envelopes(programme)
        for spec, _ in programme.walk():
            giver, siblings = givers.get(spec.id), receivers.get(spec.id, ())
            sentence = describe_envelope(spec, lang, giver=giver, siblings=siblings)
            yield f"- **{spec.id}** {sentence}\n  `{format_envelope_formula(spec, giver, siblings)}`"
        yield ""


def _render_goals(lang: Lang) -> Iterator[str]:
    yield f"## {_GOALS.in_(lang)}\n"
    for text in GOALS:
        stage = parse_fragment(text).objective[0]
        yield from _render_sample(text, describe_stage(stage, lang), format_stage_formula(stage))


def _render_catalogue(lang: Lang) -> Iterator[str]:
    yield f"## {_CATALOGUE.in_(lang)}\n"
    yield f"| {_COLUMNS.in_(lang)} |\n|---|---|---|"
    for entry in CATALOGUE:
        if entry.yaml:
            parse_fragment(entry.yaml)
        parts = (f"`{entry.yaml}`" if entry.yaml else "", entry.note.in_(lang))
        how = " — ".join(part for part in parts if part)
        yield f"| {entry.number} | {entry.rule.in_(lang)} | {how} |"
