"""Short reasons in words, French and English: decisions of a run, unspent money."""

from __future__ import annotations

import numpy as np
import polars as pl

from tnt_sim.errors import Defect
from tnt_sim.i18n.message import Lang, Text, describe_count
from tnt_sim.i18n.numbers import format_cents
from tnt_sim.rules.expressions.empty_cells import is_blank
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
