"""Reasons in words, French and English: decisions, changes that would fund a refusal, unspent money.

Three kinds of sentences: the short reason of each application in a run; the full reason with its
figures, suitable for a letter (`SENTENCES`, by reason code, filled from an entry of
`explain.dossiers[]`); and the smallest change that would fund a refused application.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import polars as pl

from tnt_sim.domain.money import format_cents, format_rate, parse_decimal
from tnt_sim.errors import Defect
from tnt_sim.i18n import message
from tnt_sim.i18n.message import Lang, Text, describe_count
from tnt_sim.i18n.numbers import format_amount, format_count, format_decimal, format_euros
from tnt_sim.rules.expressions import column_text
from tnt_sim.rules.expressions.column_text import format_list
from tnt_sim.rules.expressions.empty_cells import is_blank
from tnt_sim.rules.expressions.text import describe_selector
from tnt_sim.rules.linear_terms import IntArray, sum_exactly
from tnt_sim.rules.offers.eligibility import INELIGIBLE_CODES, describe_failures
from tnt_sim.rules.offers.funded_rows import format_dossier_rows
from tnt_sim.scenario.objective import list_zero_columns
from tnt_sim.scenario.problem import Problem
from tnt_sim.verify.allocation_reading import Allocation
from tnt_sim.verify.decision_reasons import (
    FUNDED_CODES,
    Reasons,
    compute_worth_per_euro,
    main_rule,
    write_blocking_sentences,
)


def describe_unspent(problem: Problem, reasons: Reasons, node: int) -> Text:
    """Say why money is left in an envelope; if most of it is left in one below, that envelope is named."""
    at = reasons.unspent_at[node]
    why = _explain_unspent(problem, reasons, node, at)
    if at == node:
        return why
    name = problem.case.tree.titles[at]
    return Text(f"Surtout dans « {name} ». {why.fr}", f'Mostly in "{name}". {why.en}')


def _explain_unspent(problem: Problem, reasons: Reasons, node: int, at: int) -> Text:
    code, rule = reasons.unspent_code[node], reasons.unspent_rule[node]
    if code == "all_funded":
        return _describe_all_funded(problem, reasons, at)
    if code == "reserve":
        return Text("C'est la réserve de précaution.", "This is the precautionary reserve.")
    if code == "none_fits":
        head = _NONE_FITS[bool(problem.case.tree.list_children(at))]
        return _with_exceptions(head, _describe_fitting(problem, reasons, at))
    if code == "parent_full":
        return Text(
            "Des dossiers tiendraient ici, mais l'enveloppe au-dessus est épuisée.",
            "Dossiers would fit here, but the envelope above is used up.",
        )
    if code == "rule":
        return Text(
            f"La règle « {rule} » empêche de financer un dossier de plus.",
            f'The rule "{rule}" bars one dossier more.',
        )
    if reasons.unclear[reasons.rows_under(at)].any():
        return Text(
            "Des dossiers y tiendraient ; ce qui les écarte n'a pas été établi.",
            "Some dossiers would fit; what keeps them out was not established.",
        )
    return Text(
        "Un dossier de plus n'apporterait rien à l'objectif.",
        "One dossier more would add nothing to the goal.",
    )


_NONE_FITS = (
    Text("Aucun dossier restant ne tient dans ce qui reste", "No remaining dossier fits in what is left"),
    Text(
        "Aucun dossier restant ne tient dans ce qui reste à son enveloppe",
        "No remaining dossier fits in what is left of its own envelope",
    ),
)
"""Sentences for an envelope without children, and for one with children."""


def _describe_all_funded(problem: Problem, reasons: Reasons, node: int) -> Text:
    under = reasons.rows_under(node)
    if not len(under):
        return Text("Aucun dossier n'y est déposé.", "No dossier is filed there.")
    if not problem.offers.in_play[under].any():
        return Text("Aucun dossier n'y est éligible.", "No dossier is eligible there.")
    exceptions = _describe_unfunded(problem, reasons, under)
    refused = int(problem.offers.refused[under].sum())
    if refused:
        exceptions.append(
            describe_count(
                refused,
                ("refusé par décision", "refusés par décision"),
                ("refused by decision", "refused by decision"),
            )
        )
    head = Text("Tous les dossiers éligibles sont financés", "Every eligible dossier is funded")
    return _with_exceptions(head, exceptions)


def _with_exceptions(head: Text, exceptions: list[Text]) -> Text:
    if not exceptions:
        return Text(f"{head.fr}.", f"{head.en}.")
    fr, en = " et ".join(one.fr for one in exceptions), " and ".join(one.en for one in exceptions)
    return Text(f"{head.fr}, sauf {fr}.", f"{head.en}, but for {en}.")


def _describe_fitting(problem: Problem, reasons: Reasons, node: int) -> list[Text]:
    """Describe the applications below a node that would fit in the money, and what keeps them out."""
    under = reasons.rows_under(node)
    return _describe_unfunded(problem, reasons, under[reasons.blocking[under] < 0])


def _describe_unfunded(problem: Problem, reasons: Reasons, rows: IntArray) -> list[Text]:
    """Say how many candidates are not funded, what they ask for, and which rule keeps most of it out."""
    rows = rows[problem.offers.candidate[rows]]
    rows = rows[~reasons.code.gather(rows).is_in(FUNDED_CODES).to_numpy()]
    if len(rows) == 0:
        return []
    ask = problem.offers.least_cents
    asked = sum_exactly(ask[rows])
    fr, en = format_cents(asked, Lang.FR), format_cents(asked, Lang.EN)
    named = {int(row): name for row, name in zip(rows, reasons.rule.gather(rows), strict=True) if name}
    out = describe_count(len(rows), ("non retenu", "non retenus"), ("not funded", "not funded"))
    if not named:
        return [Text(f"{out.fr} ({fr})", f"{out.en} ({en})")]
    rule = main_rule(named, ask)
    if len(named) == len(rows) and len(set(named.values())) == 1:
        return [
            Text(
                f"{len(rows)} que la règle « {rule} » écarte ({fr})",
                f'{len(rows)} kept out by the rule "{rule}" ({en})',
            )
        ]
    return [
        Text(
            f"{out.fr}, surtout par la règle « {rule} » ({fr})",
            f'{out.en}, mostly for the rule "{rule}" ({en})',
        )
    ]


def describe_dossiers(problem: Problem, allocation: Allocation, reasons: Reasons, lang: Lang) -> pl.Series:
    """Return the reason of each application in one sentence, String (n,)."""
    case = problem.case
    texts = np.full(case.n, "", dtype=object)
    code, rule = reasons.code, reasons.rule
    ineligible = code.is_in(INELIGIBLE_CODES).to_numpy()
    for failure in problem.eligibility.failures:
        displayed = describe_failures(case, failure, lang).to_numpy()
        mask = failure.mask & ineligible
        first = mask & (texts == "")
        later = mask & (texts != "")
        texts[later] = texts[later] + " ; " + displayed[later].astype(object)
        texts[first] = displayed[first]
    titles = np.array([*case.tree.titles, ""], dtype=object)
    for name, template in _TEMPLATES.items():
        rows = (code == name).arg_true().to_numpy()
        if name not in _BY_NODE:
            texts[rows] = template.in_(lang)
            continue
        places = np.stack([reasons.blocking[rows], reasons.left_cents[rows]], axis=1)
        known, which = np.unique(places, axis=0, return_inverse=True)
        words = [
            template.in_(lang).format(
                envelope=titles[node], left=format_cents(cents, lang) if node >= 0 else ""
            )
            for node, cents in known.tolist()
        ]
        texts[rows] = np.array(words, dtype=object)[which]
    _fill_decided(problem, texts, code, lang)
    _with_rule(texts, code, rule, lang)
    for row, names in map_empty_columns(problem, reasons).items():
        listed = ", ".join(names)
        texts[row] = Text(
            f"Aucune valeur n'est donnée ({listed}) : il compte pour zéro dans l'objectif.",
            f"No value is given ({listed}): it counts as zero in the objective.",
        ).in_(lang)
    texts[reasons.unclear] = NOT_ESTABLISHED.in_(lang)
    write_blocking_sentences(problem, texts, code, rule, reasons.by, lang)
    return pl.Series("reason", texts.tolist(), dtype=pl.String)


_BY_NODE = frozenset({"outranked", "none_fits"})
_TEMPLATES = {
    "committed": Text("Déjà engagé.", "Already committed."),
    "merit": Text("Retenu selon l'objectif du programme.", "Funded by the programme's goal."),
    "capped_out": Text(
        "Éligible, mais ses plafonds ne laissent aucun montant possible.",
        "Eligible, but its caps leave no possible amount.",
    ),
    "outranked": Text(
        "Devancé : dans « {envelope} », les dossiers retenus apportent au moins autant par euro, "
        "et il reste {left}.",
        'Outranked: in "{envelope}", the funded dossiers bring at least as much per euro; {left} is left.',
    ),
    "none_fits": Text(
        "Ne tient pas dans ce qui reste de « {envelope} » ({left}).",
        'Does not fit in what is left of "{envelope}" ({left}).',
    ),
}


def map_empty_columns(problem: Problem, reasons: Reasons) -> dict[int, tuple[str, ...]]:
    """Map each row that adds nothing to the objective to its empty columns, which count as zero."""
    case = problem.case
    columns = () if case.as_0_1_0 else list_zero_columns(problem.scenario.spec)
    idle = (reasons.code == "crowded_out").to_numpy() & (reasons.rule == "").to_numpy() & ~reasons.unclear
    result: dict[int, tuple[str, ...]] = {}
    for column in columns:
        for row in np.flatnonzero(idle & is_blank(case, column)).tolist():
            result[row] = (*result.get(row, ()), column)
    return result


def warn_zero_gain(problem: Problem, reasons: Reasons) -> Defect | None:
    """Warn if money is unspent while eligible applications count for nothing in the objective."""
    case, offered = problem.case, problem.offers
    idle = (reasons.code == "crowded_out").to_numpy() & (reasons.rule == "").to_numpy() & ~reasons.unclear
    rows = np.flatnonzero(idle & (compute_worth_per_euro(problem) == 0))
    if case.as_0_1_0 or problem.stages[0].goal_parts or not len(rows):
        return None
    requested = sum_exactly(offered.least_cents[rows])
    n = describe_count(
        len(rows),
        (
            "dossier éligible compte pour zéro dans l'objectif et reste sans subvention",
            "dossiers éligibles comptent pour zéro dans l'objectif et restent sans subvention",
        ),
        (
            "eligible dossier counts as zero in the objective and gets no grant",
            "eligible dossiers count as zero in the objective and get no grant",
        ),
    )
    names = format_dossier_rows(case, rows)
    return Defect(
        "idle-money",
        Text(
            f"{n.fr}, bien que l'argent suffise ({names} ; {format_cents(requested, Lang.FR)} demandés).",
            f"{n.en}, though the money would suffice ({names}; {format_cents(requested, Lang.EN)} requested).",
        ),
    )


NOT_ESTABLISHED = Text(
    "Il tiendrait dans ce qui reste ; ce qui l'écarte n'a pas été établi.",
    "It would fit in what is left; what keeps it out was not established.",
)


def _fill_decided(problem: Problem, texts: np.ndarray, code: pl.Series, lang: Lang) -> None:
    for k, spec in enumerate(problem.decided.specs):
        by = f" ({spec.author})" if spec.author else ""
        words = spec.reason or spec.title or spec.id
        retained = Text(f"Retenu par décision{by} : {words}.", f"Funded by decision{by}: {words}.").in_(lang)
        lost = Text(f"Refusé par décision{by} : {words}.", f"Refused by decision{by}: {words}.").in_(lang)
        mine = (problem.decided.rule == k) & (code == "decided").to_numpy()
        texts[mine & (problem.decided.choice > 0)] = retained
        texts[mine & (problem.decided.choice < 0)] = lost


def _with_rule(texts: np.ndarray, code: pl.Series, rule: pl.Series, lang: Lang) -> None:
    rows = (code == "crowded_out").arg_true().to_numpy()
    crowded = rule.gather(rows)
    for name in sorted(set(crowded.to_list())):
        text = (
            Text(
                f"Le financer ferait rompre la règle « {name} ».",
                f'Funding it would break the rule "{name}".',
            )
            if name
            else Text("Il n'apporterait rien à l'objectif.", "It would add nothing to the goal.")
        )
        texts[rows[(crowded == name).to_numpy()]] = text.in_(lang)


def describe_reserve(rank: int, cents: int, lang: Lang) -> str:
    """Say that an application is on the reserve list, and what it would get."""
    money = format_cents(cents, lang)
    return Text(
        f"Sur la liste de réserve, rang {rank} ({money}).", f"On the reserve list, rank {rank} ({money})."
    ).in_(lang)


Entry = Mapping[str, Any]


def describe_change(change: Entry, lang: Lang) -> str:
    """Write a change: « Il serait retenu avec « score » à 14,5 au lieu de 12 (+2,5) ; 14,4 ne suffit pas. »"""
    word = _describe_change_value(change, lang)
    if change.get("proof") != "FEASIBLE_GAP":
        return word
    return f"{word.removesuffix('.')} {UNPROVEN_NOTE.in_(lang)}."


UNPROVEN_NOTE = Text("(selon un seul solveur, sans preuve)", "(by one solver alone, without a proof)")


def _describe_change_value(change: Entry, lang: Lang) -> str:
    if change["status"] in ("impossible", "undefined"):
        return _describe_impossibility(change, lang)
    write = {
        "score": _describe_score,
        "grant": _describe_grant,
        "envelope": _describe_envelope,
        "rule": _describe_rule,
        "requirement": _describe_relaxation,
        "decision": _describe_relaxation,
    }[str(change["kind"])]
    return write(change, lang)


def _describe_score(change: Entry, lang: Lang) -> str:
    column = column_text.describe_column(str(change["of"])).in_(lang)
    now, step = format_decimal(change["from"], lang), format_decimal(change["step"], lang)
    above = _describe_above_top(change, lang)
    if change["status"] == "interval":
        low, high = format_decimal(change["low"], lang), format_decimal(change["high"], lang)
        if change["high"] is None:
            return Text(
                f"Il lui faudrait {column} d'au moins {low} (aujourd'hui {now}) ; demandez-le seul pour l'exact.",
                f"It would take {column} of at least {low} ({now} today); ask for it alone for the exact figure.",
            ).in_(lang)
        return Text(
            f"Il lui faudrait {column} entre {low} et {high} (aujourd'hui {now}) ; {high} suffit.",
            f"It would take {column} between {low} and {high} ({now} today); {high} is enough.",
        ).in_(lang)
    to, by = format_decimal(change["to"], lang), format_decimal(str(change["by"]).lstrip("-"), lang)
    sign = "\u2212" if str(change["by"]).startswith("-") else "+"
    return Text(
        f"Il serait retenu avec {column} de {to} au lieu de {now} ({sign}{by}, par pas de {step}) ; "
        f"un pas de moins ne suffit pas{above}.",
        f"It would be funded with {column} of {to} instead of {now} ({sign}{by}, in steps of {step}); "
        f"one step less is not enough{above}.",
    ).in_(lang)


def _describe_above_top(change: Entry, lang: Lang) -> str:
    """Say that no application of the table reaches that figure."""
    top, to = change.get("top"), change.get("to")
    if top is None or to is None or float(to) <= float(top):
        return ""
    shown = format_decimal(top, lang)
    return Text(f" ; aucun dossier n'a plus de {shown}", f"; no dossier has more than {shown}").in_(lang)


def _describe_grant(change: Entry, lang: Lang) -> str:
    to, now, step = (format_amount(change[f"{key}_cents"], lang) for key in ("to", "from", "step"))
    return Text(
        f"Il serait retenu pour {to} au lieu de {now} ; {step} de plus ne passe pas.",
        f"It would be funded for {to} instead of {now}; {step} more is too much.",
    ).in_(lang)


def _describe_envelope(change: Entry, lang: Lang) -> str:
    name = f"« {change['title']} »" if lang is Lang.FR else f'"{change["title"]}"'
    if change["by_cents"] is None:
        if change["low_cents"] == 0:  # a bound that says nothing is not shown as an amount
            return Text(
                f"Combien il faudrait de plus dans {name} n'est pas calculé ici : demandez ce dossier seul.",
                f"How much more it would take in {name} is not computed here: ask for this dossier alone.",
            ).in_(lang)
        low = format_amount(change["low_cents"], lang)
        return Text(
            f"Sans perte, il lui faudrait au moins {low} de plus dans {name}.",
            f"At no loss it would take at least {low} more in {name}.",
        ).in_(lang)
    by, to = format_amount(change["by_cents"], lang), format_amount(change["to_cents"], lang)
    if change["status"] == "interval":
        low = format_amount(change["low_cents"], lang)
        return Text(
            f"Il pourrait être retenu sans perte avec {low} à {by} de plus dans {name}.",
            f"It could be funded at no loss with {low} to {by} more in {name}.",
        ).in_(lang)
    if change.get("tie"):
        return Text(
            f"Il est à égalité : une répartition aussi bonne le contient déjà, sans rien ajouter à {name}.",
            f"It is tied: an allocation as good holds it already, with nothing more in {name}.",
        ).in_(lang)
    text = Text(
        f"Il pourrait être retenu sans perte avec {by} de plus dans {name} ({to}) ; un centime de moins ne suffit "
        "pas",
        f"It could be funded at no loss with {by} more in {name} ({to}); one cent less is not enough",
    ).in_(lang)
    first = change.get("first_cents")
    if first is None:
        return f"{text}."
    label = format_amount(first, lang)
    return text + Text(
        f". La meilleure répartition le retient pour la première fois à {label}.",
        f". The best allocation first holds it at {label}.",
    ).in_(lang)


def _describe_rule(change: Entry, lang: Lang) -> str:
    by = format_euros(change["by"], lang) if change["unit"] == "money" else format_decimal(change["by"], lang)
    return Text(
        f"Il pourrait être retenu sans perte si la règle « {change['of']} » cédait de {by}, et pas moins.",
        f'It could be funded at no loss if the rule "{change["of"]}" gave way by {by}, and no less.',
    ).in_(lang)


def _describe_relaxation(change: Entry, lang: Lang) -> str:
    grant = format_amount(change["grant_cents"], lang)
    if change["kind"] == "decision":
        return Text(
            f"Sans la décision « {change['of']} », il serait retenu pour {grant}.",
            f'Without the decision "{change["of"]}" it would be funded for {grant}.',
        ).in_(lang)
    return Text(
        f"S'il remplissait la condition « {change['of']} », il serait retenu pour {grant}.",
        f'If it met the requirement "{change["of"]}", it would be funded for {grant}.',
    ).in_(lang)


def _describe_impossibility(change: Entry, lang: Lang) -> str:
    what = KINDS[str(change["kind"])].in_(lang).format(of=change["of"])
    why = WHY_NOT[str(change["why"])].in_(lang).format(by=change.get("by", ""))
    colon = " : " if lang is Lang.FR else ": "
    return f"{what}{colon}{why}."


KINDS: Mapping[str, Text] = MappingProxyType(
    {
        "any": Text("Changements", "Changes"),
        "score": Text("Relever « {of} »", 'Raising "{of}"'),
        "grant": Text("Demander moins", "Asking for less"),
        "envelope": Text("Relever l'enveloppe « {of} »", 'Raising envelope "{of}"'),
        "rule": Text("Relâcher la règle « {of} »", 'Relaxing the rule "{of}"'),
        "requirement": Text("Remplir la condition « {of} »", 'Meeting the requirement "{of}"'),
        "decision": Text("Lever la décision « {of} »", 'Lifting the decision "{of}"'),
    }
)
WHY_NOT: Mapping[str, Text] = MappingProxyType(
    {
        "not_proven": Text(
            "le calcul n'est pas allé au bout de la meilleure répartition ; relancez-le avec plus de temps",
            "the run did not find the one best allocation; run it again with more time",
        ),
        "other_use": Text(
            "ce chiffre compte aussi dans « {by} », et le changer changerait plus que l'objectif",
            'this figure counts in "{by}" too, and changing it would change more than the goal',
        ),
        "no_plain_sum": Text(
            "ce chiffre n'entre pas dans l'objectif comme une simple somme",
            "this figure does not enter the goal as a plain sum",
        ),
        "no_figure": Text(
            "ce dossier n'a pas de chiffre dans cette colonne", "this dossier has no figure in this column"
        ),
        "tolerance": Text(
            "l'objectif cède une part d'une étape aux suivantes, et ce seuil n'est alors pas défini",
            "the goal gives up part of a stage for later ones, and this threshold is then not defined",
        ),
        "stopped": Text(
            "une limite a arrêté le calcul avant la réponse", "a limit stopped the solve before the answer"
        ),
        "no_allocation": Text(
            "aucune répartition permise ne le contient, quel que soit ce chiffre",
            "no allocation that is allowed holds it, whatever this figure",
        ),
        "earlier_goal": Text(
            "ce qui l'écarte est une étape antérieure de l'objectif, où ce chiffre ne compte pas",
            "what keeps it out is an earlier stage of the goal, in which this figure does not count",
        ),
        "ask_alone": Text(
            "à demander pour ce dossier seul (`explain RUN_DIR DOSSIER`)",
            "to be asked for this dossier alone (`explain RUN_DIR DOSSIER`)",
        ),
        "not_one_amount": Text(
            "son montant est déjà libre ou à paliers, ou déjà au minimum ; demander moins serait deux changements",
            "its amount is open or by levels already, or at its minimum; asking for less would be two changes",
        ),
        "no_amount": Text(
            "aucun montant, même le plus petit, ne suffit", "no amount, not even the least, is enough"
        ),
        "request_counts": Text(
            "sa demande compte ailleurs (un plancher suit la demande) : ce seuil n'est pas défini",
            "what it asks counts elsewhere (a floor follows the demand): this threshold is not defined",
        ),
        "capped_out": Text(
            "ses plafonds ne laissent aucun montant possible", "its caps leave no possible amount"
        ),
        "several_missed": Text(
            "il manque d'autres conditions : celle-ci seule ne suffit pas",
            "it misses other requirements: this one alone is not enough",
        ),
        "not_liftable": Text(
            "cet obstacle n'est pas une condition du scénario qu'on puisse lever",
            "this obstacle is no requirement of the scenario that can be lifted",
        ),
        "not_enough": Text("même alors, il ne serait pas retenu", "even then it would not be funded"),
        "envelope_never": Text(
            "aucun montant de cette enveloppe ne suffit à lui seul",
            "no amount of this envelope is enough by itself",
        ),
    }
)


def explain_dossier(entry: Entry, lang: Lang) -> str:
    """Write the reason of one application with its figures and names."""
    return SENTENCES[get_sentence_key(entry)].in_(lang).format_map(_build_fields(entry, lang))


SENTENCES: Mapping[str, Text] = MappingProxyType(
    {
        "committed": Text("Déjà engagé pour {granted}.", "Already committed for {granted}."),
        "decided_funded": Text(
            "Retenu par décision{author}, pour {granted} : {why}.",
            "Funded by decision{author}, for {granted}: {why}.",
        ),
        "merit": Text(
            "Retenu pour {granted} : il est dans la meilleure répartition de l'objectif du programme.",
            "Funded for {granted}: it belongs to the best allocation for the programme's goal.",
        ),
        "listed": Text(
            "Retenu pour {granted} : il est dans la répartition trouvée, dont rien ne prouve qu'elle est la "
            "meilleure.",
            "Funded for {granted}: it belongs to the allocation that was found, which nothing proves to be the "
            "best.",
        ),
        "rule": Text(
            "Retenu pour {granted} grâce à {rule} : sans elle, la répartition recalculée ne le compte pas.",
            "Funded for {granted} thanks to {rule}: without it the recomputed allocation does not hold it.",
        ),
        "state": Text("Non retenu : {missed}.", "Not funded: {missed}."),
        "ineligible": Text("Non éligible : {missed}.", "Not eligible: {missed}."),
        "not_given": Text(
            "Non éligible, faute de réponse : {missed}.", "Not eligible for want of an answer: {missed}."
        ),
        "capped_out": Text(
            "Éligible, mais ses plafonds ne laissent aucun montant possible.",
            "Eligible, but its caps leave no possible amount.",
        ),
        "decided_refused": Text(
            "Non retenu par décision{author} : {why}.", "Not funded by decision{author}: {why}."
        ),
        "variant": Text(
            "Non retenu : l'autre variante « {by} » est retenue, et une seule peut l'être.",
            'Not funded: the other variant "{by}" is funded, and only one may be.',
        ),
        "prerequisite": Text(
            "Non retenu : il exige le dossier « {by} », qui n'est pas retenu.",
            'Not funded: it requires dossier "{by}", which is not funded.',
        ),
        "order": Text(
            "Non retenu : dans l'ordre de {rule}, « {by} » passe avant et n'est pas retenu.",
            'Not funded: in the order of {rule}, "{by}" goes first and is not funded.',
        ),
        "outranked": Text(
            "Devancé dans « {envelope} » : il lui faut {asked}, il reste {left}, et les derniers retenus "
            "({margin}) apportent au moins autant par euro.",
            'Outranked in "{envelope}": it needs {asked}, {left} is left, and the last that were funded '
            "({margin}) bring at least as much per euro.",
        ),
        "none_fits": Text(
            "Ne tient pas dans ce qui reste de « {envelope} » : il lui faut {asked} et il reste {left}.",
            'Does not fit in what is left of "{envelope}": it needs {asked} and {left} is left.',
        ),
        "outranked_barred": Text(
            "Devancé dans « {envelope} » : il lui faut {asked}, il reste {left}, et les derniers retenus "
            "({margin}) apportent au moins autant par euro. Même avec plus d'argent, le financer sans "
            "changer les autres ferait rompre {bar}.",
            'Outranked in "{envelope}": it needs {asked}, {left} is left, and the last that were funded '
            "({margin}) bring at least as much per euro. Even with more money, funding it without changing "
            "the others would break {bar}.",
        ),
        "none_fits_barred": Text(
            "Ne tient pas dans ce qui reste de « {envelope} » : il lui faut {asked} et il reste {left}. Même avec "
            "plus d'argent, le financer sans changer les autres ferait rompre {bar}.",
            'Does not fit in what is left of "{envelope}": it needs {asked} and {left} is left. Even with more '
            "money, funding it without changing the others would break {bar}.",
        ),
        "crowded_out": Text(
            "Non retenu : le financer ferait rompre {rule}.", "Not funded: funding it would break {rule}."
        ),
        "no_gain": Text(
            "Non retenu : il n'apporterait rien à l'objectif du programme.",
            "Not funded: it would add nothing to the programme's goal.",
        ),
        "no_note": Text(
            "Non retenu : aucune valeur n'est donnée ({empty}), il compte pour zéro dans l'objectif.",
            "Not funded: no value is given ({empty}), it counts as zero in the objective.",
        ),
        "unclear": Text(
            "Non retenu : il tiendrait dans ce qui reste ; ce qui l'écarte n'a pas été établi.",
            "Not funded: it would fit in what is left; what keeps it out was not established.",
        ),
        "displaced": Text(
            "Évincé par {rule} : sans elle, la répartition recalculée le compte.",
            "Crowded out by {rule}: without it the recomputed allocation holds it.",
        ),
        "reserve": Text(
            "Sur la liste de réserve, rang {rank} ({reserved}).",
            "On the reserve list, rank {rank} ({reserved}).",
        ),
    }
)
"""By reason code. Some codes have several sentences: `decided` by the decision, `merit` by whether
the list is proved optimal, `crowded_out` by what crowds it out."""


def get_sentence_key(entry: Entry) -> str:
    """Return the key of the sentence for an entry."""
    code = str(entry["reason_code"])
    if code == "decided":
        return "decided_funded" if entry["funded"] else "decided_refused"
    if code == "merit" and not entry["optimal"]:
        return "listed"
    if code == "crowded_out" and any(one["enters"] for one in entry["because"]):
        return "displaced"
    if code in ("outranked", "none_fits"):
        short = "none_fits" if not entry["margin"]["dossiers"] else code
        return short if entry.get("barred_by") is None else f"{short}_barred"
    if code == "crowded_out" and entry["rule"] is None:
        return "unclear" if entry["unclear"] else "no_note" if entry["empty"] else "no_gain"
    return code


def _build_fields(entry: Entry, lang: Lang) -> dict[str, str]:
    margin: Entry = entry["margin"] or {}
    decision: Entry = entry["decision"] or {}
    reserve: Entry = entry.get("on_reserve") or {}
    author = f" ({decision['author']})" if decision.get("author") else ""
    return {
        "granted": format_amount(entry["granted_cents"], lang),
        "asked": format_amount(margin.get("asked_cents"), lang),
        "left": format_amount(margin.get("left_cents"), lang),
        "envelope": str(margin.get("title") or ""),
        "margin": format_list([f"« {one['dossier']} »" if lang is Lang.FR else f'"{one["dossier"]}"'
                          for one in margin.get("dossiers", ())], lang),
        "by": str(entry["by"] or ""),
        "rule": _list_causes(entry, lang),
        "bar": describe_cause(entry["barred_by"], lang) if entry.get("barred_by") else "",
        "author": author,
        "why": str(decision.get("reason") or decision.get("title") or decision.get("rule") or "").rstrip("."),
        "missed": " ; ".join(describe_missed_requirement(one, lang) for one in entry["missed"]),
        "rank": str(reserve.get("rank", "")),
        "reserved": format_amount(reserve.get("cents"), lang),
        "empty": ", ".join(entry["empty"]),
    }  # fmt: skip


def _list_causes(entry: Entry, lang: Lang) -> str:
    causes = [one for one in entry["because"] if one["enters"] != entry["funded"]] or entry["because"]
    if causes and get_sentence_key(entry) in ("rule", "displaced"):
        return format_list([describe_cause(one, lang) for one in causes], lang, most=3)
    return describe_cause(entry["rule"], lang) if entry["rule"] else ""


def describe_cause(rule: Entry, lang: Lang) -> str:
    """Name a rule, a decision or an envelope option in a sentence, with its title if it has one."""
    kind, name, title = str(rule["kind"]), str(rule["id"]), str(rule.get("title") or "")
    text = f"{name} : {title}" if title and lang is Lang.FR else f"{name}: {title}" if title else name
    nouns = {
        "decide": Text("la décision", "the decision"),
        "cap": Text("le plafond", "the cap"),
        "envelope": Text("l'option d'enveloppe", "the envelope's option"),
        "column": Text("la colonne", "the column"),
    }
    noun = nouns.get(kind, Text("la règle", "the rule")).in_(lang)
    return f"{noun} « {text} »" if lang is Lang.FR else f'{noun} "{text}"'


def describe_missed_requirement(entry: Entry, lang: Lang) -> str:
    """Write a missed requirement: « population = 120 000, exigé : … ; il manque 180 000 (source) »."""
    if entry["rule"] == "state":
        state = {
            "refuse": Text("refusé par l'instruction", "refused by the service"),
            "sans_suite": Text("classé sans suite", "closed without follow-up"),
        }
        return state.get(str(entry["value"]), Text("dossier clos", "closed dossier")).in_(lang)
    if entry["not_given"]:
        return _describe_missing_value(entry, lang)
    head = entry["reason"] or Text("condition non remplie", "requirement not met").in_(lang)
    parts = [_describe_held_value(entry, lang), _describe_gap(entry, lang)]
    source = f" ({entry['source']})" if entry["source"] else ""
    body = " ; ".join(part for part in parts if part)
    colon = " : " if lang is Lang.FR else ": "
    return f"{head}{colon}{body}{source}" if body else f"{head}{source}"


def _describe_missing_value(entry: Entry, lang: Lang) -> str:
    """Write a requirement missed for lack of a value: « non renseigné : Avis DDT (exigé : …) »"""
    names, wanted = ", ".join(entry["not_given"]), describe_selector(entry["wanted"], lang)
    return Text(
        f"non renseigné : {names} (exigé : {wanted})", f"not given: {names} (required: {wanted})"
    ).in_(lang)


def _describe_held_value(entry: Entry, lang: Lang) -> str:
    """Write the value of the application and what is required."""
    wanted = describe_selector(entry["wanted"], lang) if entry["wanted"] else ""
    column = column_text.describe_bare_column(str(entry["column"])).in_(lang)
    nothing = Text("non renseigné", "not given").in_(lang)
    known = entry["unit"] in ("money", "number", "days", "text") and entry["column"] not in (
        "any",
        "all",
        "not",
    )
    pieces = []
    if known:
        value = (
            format_value(entry["value"], str(entry["unit"]), lang) if entry["value"] is not None else nothing
        )
        pieces.append(f"{column} = {value}")
    if wanted:
        pieces.append(f"exigé : {wanted}" if lang is Lang.FR else f"required: {wanted}")
    return ", ".join(pieces)


CHANGEABLE = frozenset({"cost", "base", "requested", "min_grant", "start", "end"})
"""Columns that an applicant can change; for other columns the shortfall is not given as advice."""


def _describe_gap(entry: Entry, lang: Lang) -> str:
    if entry["shortfall"] is None or entry["test"] is None or entry["column"] not in CHANGEABLE:
        return ""
    gap = format_value(entry["shortfall"], str(entry["unit"]), lang, span=True)
    if entry["unit"] == "days":
        late = entry["test"] in ("until", "before")
        return (
            Text(f"{gap} de retard", f"{gap} late") if late else Text(f"{gap} trop tôt", f"{gap} early")
        ).in_(lang)
    short = entry["test"] in ("min", "above")
    return (
        Text(f"il manque {gap}", f"{gap} short") if short else Text(f"{gap} de trop", f"{gap} too much")
    ).in_(lang)


def format_value(text: str | None, unit: str, lang: Lang, *, span: bool = False) -> str:
    """Write a figure of the document in its unit: euros, number, days, rate or date."""
    if text is None:
        return "–"
    if unit == "money":
        return format_euros(text, lang)
    if unit == "number":
        return format_decimal(text, lang)
    if unit == "rate":
        return format_rate(parse_decimal(text), lang)
    if unit == "days" and span:
        return format_count(int(parse_decimal(text)), ("jour", "jours"), ("day", "days"), lang)
    if unit == "days":
        return message.format_long_day(text).in_(lang)
    return f"« {text} »" if lang is Lang.FR else f'"{text}"'
