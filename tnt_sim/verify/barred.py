"""Dossiers that a rule between dossiers keeps out, whatever money is left: a variant, a prerequisite, an order.

A dossier is barred where funding it alone would break such a rule on the allocation as it is. What says most
comes first: another variant is funded, a prerequisite is not, a better one of its order is not. `exclusive` and
`together` rules bar as well; they have no code of their own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tnt_sim.errors import Lang, Text
from tnt_sim.rules.base import BoolArray, CompiledRule, IntArray, Mode
from tnt_sim.rules.order import Order
from tnt_sim.rules.queue import FirstCome
from tnt_sim.rules.relation import Exclusive, Requires
from tnt_sim.rules.table_links import PREREQUISITES, VARIANTS, TableRule
from tnt_sim.rules.together import Together
from tnt_sim.scenario.compile import Problem
from tnt_sim.verify.reading import Allocation

BETWEEN = (Exclusive, Requires, Together, Order, FirstCome)
CODES = {VARIANTS: "variant", PREREQUISITES: "prerequisite", "order": "order"}
_FIRST = ("variant", "prerequisite", "order", "crowded_out")


@dataclass(frozen=True, slots=True)
class Barred:
    """Who is kept out by a rule between dossiers.

    Attributes
    ----------
    code, rule : object (n,), the reason code and the rule, "" for none
    by : int64 (n,), the dossier that stands in the way, -1 for none
    coded : bool (n,), the dossiers whose code counts even where the money does not suffice
    """

    code: NDArray[Any]
    rule: NDArray[Any]
    by: IntArray
    coded: BoolArray


def is_between(rule: CompiledRule | TableRule) -> bool:
    """Whether a rule is one of those that are read here."""
    return isinstance(rule, BETWEEN)


def barred(problem: Problem, allocation: Allocation, waiting: BoolArray) -> Barred:
    """Read every hard rule between dossiers for the candidates that wait."""
    n = problem.case.n
    code, name = np.full(n, "", dtype=object), np.full(n, "", dtype=object)
    by, coded = np.full(n, -1, dtype=np.int64), np.zeros(n, dtype=np.bool_)
    found = [
        (CODES.get(rule.kind, "crowded_out"), rule)
        for rule in (*problem.table_rules, *problem.rules)
        if isinstance(rule, BETWEEN) and rule.mode is Mode.HARD
    ]
    for word, rule in sorted(found, key=lambda pair: _FIRST.index(pair[0])):
        who = rule.barred_by(allocation.funded, allocation.granted_cents)
        mine = waiting & (who >= 0) & (by < 0)
        code[mine], name[mine], by[mine] = word, rule.id, who[mine]
        coded[mine] = word != "crowded_out"
    return Barred(code, name, by, coded)


_SENTENCES = {
    "variant": Text("Une autre variante est retenue : « {by} ».", 'Another variant is funded: "{by}".'),
    "prerequisite": Text(
        "Un dossier préalable n'est pas retenu : « {by} ».", 'A required dossier is not funded: "{by}".'
    ),
    "order": Text(
        "Dans l'ordre de la règle « {rule} », « {by} » passe avant.",
        'In the order of the rule "{rule}", "{by}" goes first.',
    ),
}


def barred_sentences(
    problem: Problem, texts: NDArray[Any], code: pl.Series, rule: pl.Series, by: IntArray, lang: Lang
) -> None:
    """Fill in the sentences of the three codes."""
    numbers = problem.case.table["dossier"]
    for word, template in _SENTENCES.items():
        for row in (code == word).arg_true().to_list():
            texts[row] = template.in_(lang).format(by=numbers[int(by[row])], rule=rule[row])
