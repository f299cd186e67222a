"""The rule kind `order`: its words and its record."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from tnt_sim.i18n.message import Lang, Text, _
from tnt_sim.rules.expressions import column_text
from tnt_sim.rules.expressions.text import _format_quantifier, _format_selector, describe_scope
from tnt_sim.rules.kind_support.rule_kind import RuleKind
from tnt_sim.rules.kind_support.text import format_related_dossiers
from tnt_sim.rules.kinds.order.check import add_order_rows, add_queue_rows
from tnt_sim.rules.kinds.order.rule import FirstCome, Order, OrderSpec, compile_order

LABEL = _("order")

EXAMPLE = (
    "rules: [{id: merite, kind: order, where: {envelope: deconcentre}, by: cost_class, rank: score, "
    "best: high}, {id: guichet, kind: order, where: {envelope: fc}, first_come: filed_at, skip: "
    "false}]"
)

KEYS: Mapping[str, Text] = MappingProxyType(
    {
        "by": _("one order for each value of this column"),
        "rank": _("the column of the rank"),
        "best": _("low: the smallest first; high: the greatest"),
        "first_come": _("first come, first served, by this column"),
        "ties": _(
            "free (the default): equal applications are not ordered among themselves; rank: the first "
            "filed goes first, then the smallest number (always with skip: true)"
        ),
        "skip": _("true: passes one that does not fit; false: stops there"),
    }
)


def describe_order(rule: OrderSpec, lang: Lang) -> str:
    """Return « aucun dossier n'est financé tant qu'un mieux classé ne l'est pas, selon la note (…) »."""
    whom = describe_scope(rule.by, rule.where, lang)
    if rule.first_come is not None:
        return _describe_first_come(rule, whom, lang)
    column = column_text.describe_column(rule.rank or "").in_(lang)
    equals = _TIES[rule.ties_used].in_(lang)
    text = _(
        "no application is funded while a better ranked one is not, by {column} where the cell is filled "
        "({best}; {equals})",
        column=column,
        best=_("the largest first") if rule.best == "high" else _("the smallest first"),
        equals=equals,
    )
    return whom + text.in_(lang)


_TIES = {
    "free": _("no order among equals"),
    "rank": _("among equals the first filed, then the smallest number"),
}

_SAME_INSTANT = {
    "free": _("no order within one instant"),
    "rank": _("within one instant the first filed, then the smallest number"),
}

_SAME_FILING = _("within one instant the smallest number")


def _describe_first_come(rule: OrderSpec, whom: str, lang: Lang) -> str:
    column = column_text.describe_column(str(rule.first_come)).in_(lang)
    filed = rule.ties_used == "rank" and rule.first_come == "filed_at"
    equals = (_SAME_FILING if filed else _SAME_INSTANT[rule.ties_used]).in_(lang)
    after = (
        _("an application that does not fit in what is left is passed over, and the next may fit")
        if rule.skip
        else _("the first that is not funded stops those after it")
    )
    text = _(
        "first come, first served, by {column}, empty cells last ({equals}); {after}",
        column=column,
        equals=equals,
        after=after,
    )
    return whom + text.in_(lang)


def format_order_formula(rule: OrderSpec) -> str:
    """Return `score_i > score_j ⇒ x_j ≤ x_i`, or the formula of a queue."""
    all_text, group = _format_quantifier(rule.by)
    where = _format_selector(rule.where)
    if rule.skip:
        rest = f"queue_d − Σ{{{_format_precedence(rule, 'j', 'i')}}} g_j"
        turn = f"x_i = [least_i ≤ rest_i], g_i ≤ rest_i, rest_i = {rest}"
        return f"∀ d : {turn}{format_related_dossiers(rule, 'envelope = d', where)}"
    turn = f"{_format_precedence(rule, 'i', 'j')} ⇒ x_j ≤ x_i"
    return f"{all_text}{turn}{format_related_dossiers(rule, group, where)}"


def _format_precedence(rule: OrderSpec, i: str, j: str) -> str:
    """Return that i is strictly before j: `score_i > score_j`, with the order of filing for ties."""
    column, high = rule.first_come or rule.rank, rule.best == "high"
    if rule.ties_used == "free":
        return f"{column}_{i} {'>' if high else '<'} {column}_{j}"
    ties = [key for key in ("filed_at", "dossier") if key != column]

    def format_key(mark: str) -> str:
        return ", ".join([f"{'−' if high else ''}{column}_{mark}", *(f"{name}_{mark}" for name in ties)])

    return f"({format_key(i)}) < ({format_key(j)})"


ORDER = RuleKind(
    name="order",
    spec=OrderSpec,
    compile_rule=compile_order,
    second_reading={Order: add_order_rows, FirstCome: add_queue_rows},
    label=LABEL,
    describe=describe_order,
    format_formula=format_order_formula,
    example=EXAMPLE,
    keys=KEYS,
    reads_amounts=True,
)
