"""Rules written in the dossier table itself: prerequisites and variants of one project.

Column `requires`: a dossier is funded only with all the dossiers named there (precedence constraints).
Column `variant_of`: at most one dossier is funded for each label; the dossier whose own number is the label
belongs to the group too.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import polars as pl

from tnt_sim.errors import suggest_name
from tnt_sim.i18n.message import Text, _
from tnt_sim.rules.kinds.exclusive.rule import Exclusive, refuse_full
from tnt_sim.rules.kinds.requires.rule import Requires, report_impossible
from tnt_sim.rules.offers.funded_rows import MAX_LISTED, Members
from tnt_sim.rules.offers.grants import Offers
from tnt_sim.rules.protocols import Case, Mode

VARIANTS, PREREQUISITES = "variant_of", "requires"

LINKS: Mapping[str, tuple[Text, str]] = MappingProxyType(
    {
        VARIANTS: (
            _(
                "Of the applications with the same value of the column variant_of, and the one that has this "
                "value as its number, at most 1 is funded."
            ),
            "∀ v : Σ{variant_of = v} x_i + x_v ≤ 1",
        ),
        PREREQUISITES: (
            _("Each application is funded only if all those that its column requires names are funded."),
            "∀ i, j ∈ requires_i : x_i ≤ x_j",
        ),
    }
)
"""Sentence and formula of each column."""

TableRule = Exclusive | Requires


def compile_table_links(case: Case, offers: Offers) -> tuple[TableRule, ...]:
    """Return the rules that the two columns imply; record defects."""
    result: list[TableRule] = []
    variants = _compile_variants(case, offers)
    if variants is not None:
        result.append(variants)
    needs = _compile_prerequisites(case, offers)
    if needs is not None:
        result.append(needs)
    return tuple(result)


def _compile_variants(case: Case, offers: Offers) -> Exclusive | None:
    if not case.portfolio.memoise(
        ("variants",), lambda: bool((case.table["variant_of"] != "").any()), ("variant_of",)
    ):
        return None
    label = case.table["variant_of"].fill_null("")
    table = pl.DataFrame({"row": np.arange(case.n), "label": label, "dossier": case.table["dossier"]})
    labelled = table.filter(pl.col("label") != "").select("row", key="label")
    if labelled.height == 0:
        return None
    own = table.select("row", key="dossier").join(labelled.select("key").unique(), on="key", how="semi")
    pairs = pl.concat([labelled, own]).unique()
    pairs = pairs.filter(pl.Series(offers.in_play[pairs["row"].to_numpy()]))
    return _build_exclusive(case, pairs, offers)


def _build_exclusive(case: Case, pairs: pl.DataFrame, offers: Offers) -> Exclusive | None:
    """Return one exclusive group per label that has several dossiers in play."""
    several = pairs.filter(pl.len().over("key") > 1).sort("key", "row")
    if several.height == 0:
        return None
    code = several["key"].rank("dense").cast(pl.Int64).to_numpy() - 1
    names = tuple(several["key"].unique(maintain_order=True).to_list())
    members = Members(names, code, several["row"].cast(pl.Int64).to_numpy(), grouped=True)
    refuse_full(case, members, 1, offers, None)
    return Exclusive(VARIANTS, VARIANTS, Mode.HARD, members, 1, offers.committed)


def _compile_prerequisites(case: Case, offers: Offers) -> Requires | None:
    if not case.portfolio.memoise(
        ("requires",), lambda: bool((case.table["requires"].list.len() > 0).any()), ("requires",)
    ):
        return None
    numbers = pl.DataFrame({"need": case.table["dossier"], "to": np.arange(case.n)})
    requested = (
        pl.DataFrame({"row": np.arange(case.n), "need": case.table["requires"]})
        .explode("need")
        .filter(pl.col("need").fill_null("") != "")
        .unique()
        .join(numbers, on="need", how="left")
        .sort("row", "need")
    )
    if requested.height == 0:
        return None
    _record_unknown_dossiers(case, requested.filter(pl.col("to").is_null()))
    known = requested.filter(pl.col("to").is_not_null()).sort("row", "to")
    pairs = known["row"].cast(pl.Int64).to_numpy(), known["to"].cast(pl.Int64).to_numpy()
    head, group, count = np.unique(pairs[0], return_inverse=True, return_counts=True)
    names = tuple(case.table["dossier"].gather(head).to_list())
    rule = Requires(
        PREREQUISITES,
        PREREQUISITES,
        Mode.HARD,
        head,
        count.astype(np.int64),
        Members(names, group.astype(np.int64), pairs[1], grouped=True),
        offers.committed,
        case.table["dossier"],
    )
    report_impossible(case, rule, offers, None)
    return rule


def _record_unknown_dossiers(case: Case, references: pl.DataFrame) -> None:
    numbers = case.table["dossier"].to_list()
    for row, name in references.select("row", "need").head(MAX_LISTED).iter_rows():
        case.defects.add(
            "unknown-dossier",
            _('there is no application "{name}" to be required.', name=name),
            case.portfolio.locate(row, "requires"),
            hint=suggest_name(name, numbers),
        )
    if references.height > MAX_LISTED:
        case.defects.add(
            "unknown-dossier",
            _(
                "further required applications that do not exist: {height}.",
                height=references.height - MAX_LISTED,
            ),
        )
