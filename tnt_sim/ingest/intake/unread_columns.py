"""Columns that no rule reads: what each could serve, with the entry of a scenario that would read it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from tnt_sim.documents import iterate_texts
from tnt_sim.i18n.message import NO_TEXT, Text, _
from tnt_sim.i18n.numbers import get_currency
from tnt_sim.ingest.forms.form_table import infer_kind
from tnt_sim.ingest.intake.header_words import Role, identify_role
from tnt_sim.ingest.intake.values import Opinion, classify_opinion
from tnt_sim.ingest.tables.headers import normalise_header
from tnt_sim.ingest.tables.raw_table import RawColumn

_CODE = re.compile(r"\b(?:code|cp|no|n|numero|siret|siren|insee|telephone|tel|annee|year|millesime)\b")
_RANK = re.compile(r"\b(?:rang|priorite|ordre|classement|rank|priority)\b")


@dataclass(frozen=True, slots=True)
class UnreadColumn:
    """A column that no rule reads.

    Attributes
    ----------
    name : its name in the copy
    use : what it could serve
    block, entry : the entry that would read it, in YAML, and the block of the scenario where it goes; or both ""
    """

    name: str
    use: Text
    block: str = ""
    entry: str = ""

    @property
    def instruction(self) -> Text:
        """Return what to write and where."""
        if not self.entry:
            return NO_TEXT
        return _('under "{block}": - {entry}', block=self.block, entry=self.entry)


def suggest_use(name: str, cells: pl.Series, kind: str | None = None) -> UnreadColumn:
    """Return what a column could serve.

    Parameters
    ----------
    name : its name in the copy
    cells : its cells there, String
    kind : what the cells look like; inferred when None
    """
    content = kind or infer_kind(RawColumn(name, 0, cells))
    filled = cells.filter(cells != "")
    if filled.n_unique() < 2 and len(filled) == len(cells):
        return UnreadColumn(name, _("the same on every line: it decides nothing"))
    key, role = json.dumps(name, ensure_ascii=False), identify_role(name)
    if role is Role.RATE and content in ("number", "choice"):
        condition = f"{{id: {key}, require: {{{key}: {{min: {_choose_number(filled)}}}}}}}"
        return UnreadColumn(name, _("a rate: a condition"), "eligibility", condition)
    if role is Role.OPINION and content not in ("number", "date"):
        against = [value for value in filled.unique().sort() if classify_opinion(value) is Opinion.AGAINST]
        condition = render_exclusion(name, [against[0] if against else filled.sort()[-1]])
        return UnreadColumn(name, _("an opinion: a condition, or an order"), "eligibility", condition)
    if content == "number" and _CODE.search(normalise_header(name)):
        content = "choice" if filled.n_unique() * 2 < len(filled) else "text"
    match content:
        case "number" if _RANK.search(normalise_header(name)):
            rule = f"{{id: {key}, kind: order, rank: {key}, best: low}}"
            return UnreadColumn(name, _("a rank: the order in which applications are funded"), "rules", rule)
        case "number":
            goal = f"{{maximise: {{{key}: 1}}}}"
            return UnreadColumn(name, _("numbers: an objective, or a threshold"), "objective", goal)
        case "date":
            option = f"--column filed_at={key}"
            use = _("days: a condition, once read as days by {option}, or as start or end", option=option)
            return UnreadColumn(name, use)
        case "choice" | "flag":
            most = f"100 {get_currency().build_unit('k')}"
            rule = f"{{id: {key}, kind: limit, measure: granted, by: {key}, max: {most}}}"
            return UnreadColumn(
                name, _("a list of values: a cap for each value, or a condition"), "rules", rule
            )
    use = _("text: shown, or a condition")
    if not len(filled):
        return UnreadColumn(name, use)
    return UnreadColumn(name, use, "eligibility", render_exclusion(name, [str(filled.mode().sort()[0])]))


def render_exclusion(name: str, values: Sequence[str]) -> str:
    """Return the condition that excludes some values of a column, as a line under « eligibility ».

    >>> print(render_exclusion("Avis", ["réservé"]))
    {id: "Avis", require: {"Avis": {not: ["réservé"]}}}
    """
    key = json.dumps(name, ensure_ascii=False)
    return f"{{id: {key}, require: {{{key}: {{not: {json.dumps(list(values), ensure_ascii=False)}}}}}}}"


def _choose_number(filled: pl.Series) -> str:
    """Return a number that stands in a column, one from the middle."""
    numbers = filled.cast(pl.Float64, strict=False).drop_nulls().sort()
    return str(numbers[len(numbers) // 2]) if len(numbers) else "0.5"


def select_unread(names: Iterable[str], scenario: object) -> list[str]:
    """Return the columns, among some, that a scenario names nowhere, as a key or as a value.

    `scenario` is given as mappings, lists and scalars.

    >>> select_unread(["Zone", "QPV"], {"rules": [{"kind": "limit", "by": "Zone"}]})
    ['QPV']
    """
    blocks = scenario.items() if isinstance(scenario, Mapping) else ()
    mentioned = {text for block, tree in blocks if block != "dossiers" for text in iterate_texts(tree)}
    return [name for name in names if name not in mentioned]
