"""Short reasons in words, French and English: decisions of a run, unspent money."""

from __future__ import annotations

import numpy as np
import polars as pl

from tnt_sim.errors import Defect
from tnt_sim.i18n.message import Lang, Text, _, _n
from tnt_sim.i18n.numbers import format_cents
from tnt_sim.i18n.parameters import Count, Listed, Money
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
    return _('Mostly in "{name}". {why}', name=name, why=why)


def _explain_unspent(problem: Problem, reasons: Reasons, node: int, at: int) -> Text:
    code, rule = reasons.unspent_code[node], reasons.unspent_rule[node]
    if code == "all_funded":
        return _describe_all_funded(problem, reasons, at)
    if code == "reserve":
        return _("This is the precautionary reserve.")
    if code == "none_fits":
        head = _NONE_FITS[bool(problem.case.tree.list_children(at))]
        return _with_exceptions(head, _describe_fitting(problem, reasons, at))
    if code == "parent_full":
        return _("Applications would fit here, but the envelope above is used up.")
    if reasons.unclear[reasons.rows_under(at)].any():
        return _("Some applications would fit; what keeps them out was not established.")
    if code == "rule":
        return _('No further application can be funded without breaking the rule "{rule}".', rule=rule or "")
    return _("One application more would add nothing to the goal.")


_NONE_FITS = (
    _("No remaining application fits in what is left"),
    _("No remaining application fits in what is left of its own envelope"),
)
"""Sentences for an envelope without children, and for one with children."""


def _describe_all_funded(problem: Problem, reasons: Reasons, node: int) -> Text:
    under = reasons.rows_under(node)
    if not len(under):
        return _("No application is filed there.")
    if not problem.offers.in_play[under].any():
        return _("No application is eligible there.")
    exceptions = _describe_unfunded(problem, reasons, under)
    refused = int(problem.offers.refused[under].sum())
    if refused:
        exceptions.append(_n("{n} refused by decision", "{n} refused by decision", n=refused))
    head = _("Every eligible application is funded")
    return _with_exceptions(head, exceptions)


def _with_exceptions(head: Text, exceptions: list[Text]) -> Text:
    if not exceptions:
        return _("{head}.", head=head)
    return _("{head}, but for {exceptions}.", head=head, exceptions=Listed(exceptions))


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
    requested, n = Money(sum_exactly(ask[rows])), len(rows)
    named = {int(row): name for row, name in zip(rows, reasons.rule.gather(rows), strict=True) if name}
    if not named:
        return [_n("{n} not funded ({requested})", "{n} not funded ({requested})", n=n, requested=requested)]
    rule = main_rule(named, ask)
    if len(named) == n and len(set(named.values())) == 1:
        return [
            _('{n} kept out by the rule "{rule}" ({requested})', n=Count(n), rule=rule, requested=requested)
        ]
    return [
        _n(
            '{n} not funded, mostly for the rule "{rule}" ({requested})',
            '{n} not funded, mostly for the rule "{rule}" ({requested})',
            n=n,
            rule=rule,
            requested=requested,
        )
    ]


def describe_dossiers(problem: Problem, allocation: Allocation, reasons: Reasons, lang: Lang) -> pl.Series:
    """Return the reason of each application in one sentence, String (n,)."""
    case = problem.case
    texts = np.full(case.n, "", dtype=object)
    semicolon = _("; ").in_(lang)
    code, rule = reasons.code, reasons.rule
    ineligible = code.is_in(INELIGIBLE_CODES).to_numpy()
    for failure in problem.eligibility.failures:
        displayed = describe_failures(case, failure, lang).to_numpy()
        mask = failure.mask & ineligible
        first = mask & (texts == "")
        later = mask & (texts != "")
        texts[later] = texts[later] + semicolon + displayed[later].astype(object)
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
            _choose_template(reasons, name, node, cents)
            .in_(lang)
            .format(envelope=titles[node], left=format_cents(cents, lang) if node >= 0 else "")
            for node, cents in known.tolist()
        ]
        texts[rows] = np.array(words, dtype=object)[which]
    _fill_decided(problem, texts, code, lang)
    _with_rule(texts, code, rule, lang)
    for row, names in map_empty_columns(problem, reasons).items():
        listed = ", ".join(names)
        texts[row] = _(
            "No value is given ({listed}): it counts as zero in the objective.", listed=listed
        ).in_(lang)
    texts[reasons.unclear] = NOT_ESTABLISHED.in_(lang)
    write_blocking_sentences(problem, texts, code, rule, reasons.by, lang)
    return pl.Series("reason", texts.tolist(), dtype=pl.String)


_BY_NODE = frozenset({"outranked", "none_fits"})
_TEMPLATES = {
    "committed": _("Already committed."),
    "merit": _("Funded by the programme's goal."),
    "capped_out": _("Eligible, but its caps leave no possible amount."),
    "outranked": _(
        'Outranked: in "{{envelope}}", the funded applications bring at least as much per euro; {{left}} is left.'
    ),
    "none_fits": _('Does not fit in what is left of "{{envelope}}" ({{left}}).'),
}


_FROM_OTHERS = {
    "outranked": _(
        'Outranked: in "{{envelope}}", the funded applications bring at least as much per euro; {{left}} can '
        "still go there."
    ),
    "none_fits": _('Not funded: {{left}} can still go to "{{envelope}}", less than it needs.'),
}
"""Where the money is left in other envelopes, from which it may come."""


def _choose_template(reasons: Reasons, code: str, node: int, left_cents: int) -> Text:
    shared = node >= 0 and left_cents > max(0, reasons.unspent_cents[node])
    return (_FROM_OTHERS if shared else _TEMPLATES)[code]


def map_empty_columns(problem: Problem, reasons: Reasons) -> dict[int, tuple[str, ...]]:
    """Map each row that adds nothing to the objective to its empty columns, which count as zero."""
    case = problem.case
    columns = list_zero_columns(problem.scenario.spec)
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
    if problem.stages[0].goal_parts or not len(rows):
        return None
    requested = sum_exactly(offered.least_cents[rows])
    n = _n(
        "{n} eligible application counts as zero in the objective and gets no grant",
        "{n} eligible applications count as zero in the objective and get no grant",
        n=len(rows),
    )
    names = format_dossier_rows(case, rows)
    return Defect(
        "idle-money",
        _(
            "{n}, though the money would suffice ({names}; {requested} requested).",
            n=n,
            names=names,
            requested=Money(requested),
        ),
    )


NOT_ESTABLISHED = _("It would fit in what is left; what keeps it out was not established.")


def _fill_decided(problem: Problem, texts: np.ndarray, code: pl.Series, lang: Lang) -> None:
    for k, spec in enumerate(problem.decided.specs):
        by = f" ({spec.author})" if spec.author else ""
        words = spec.reason or spec.title or spec.id
        retained = _("Funded by decision{by}: {motive}.", by=by, motive=words).in_(lang)
        lost = _("Refused by decision{by}: {motive}.", by=by, motive=words).in_(lang)
        mine = (problem.decided.rule == k) & (code == "decided").to_numpy()
        texts[mine & (problem.decided.choice > 0)] = retained
        texts[mine & (problem.decided.choice < 0)] = lost


def _with_rule(texts: np.ndarray, code: pl.Series, rule: pl.Series, lang: Lang) -> None:
    rows = (code == "crowded_out").arg_true().to_numpy()
    crowded = rule.gather(rows)
    for name in sorted(set(crowded.to_list())):
        text = (
            _('Funding it would break the rule "{name}".', name=name)
            if name
            else _("It would add nothing to the goal.")
        )
        texts[rows[(crowded == name).to_numpy()]] = text.in_(lang)


def describe_reserve(rank: int, cents: int, lang: Lang) -> str:
    """Say that an application is on the reserve list, and what it would get."""
    money = format_cents(cents, lang)
    return _("On the reserve list, rank {rank} ({money}).", rank=rank, money=money).in_(lang)
