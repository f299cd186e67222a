"""Ids of a table that look the same and are not: a warning for each such group."""

from __future__ import annotations

import polars as pl

from tnt_sim.characters import build_skeleton, drop_unseen, format_difference
from tnt_sim.domain.portfolio import MAX_PLACES, Portfolio
from tnt_sim.errors import Defect
from tnt_sim.i18n.message import _

_IDS = ("dossier", "project", "envelope")


def find_look_alikes(portfolio: Portfolio) -> tuple[Defect, ...]:
    """Return a warning for the first ids that look the same and differ, in each column of ids."""
    warnings, known = [], set[tuple[str, ...]]()
    for column in _IDS:
        values = portfolio.table[column]
        for twins in _find_twins(values):
            if twins not in known and len(known) < MAX_PLACES:
                text = _(
                    'column "{column}": "{one}" and "{other}" look the same and count as two ({difference}).',
                    column=column,
                    one=drop_unseen(twins[0]),
                    other=drop_unseen(twins[1]),
                    difference=format_difference(*twins[:2]),
                )
                places = tuple(portfolio.locate(values.index_of(one) or 0, column) for one in twins)
                hint = _("Write both alike if they are one.")
                warnings.append(Defect("look_alike", text, places, hint))
            known.add(twins)
    return tuple(warnings)


def _find_twins(values: pl.Series) -> list[tuple[str, ...]]:
    """Return the groups of different values that look the same; plain letters are alike only when equal."""
    odd = values.filter(values.str.len_bytes() != values.str.len_chars()).unique(maintain_order=True)
    if odd.is_empty():
        return []
    skeleton = pl.Series("skeleton", map(build_skeleton, odd), dtype=pl.String)
    plain = values.filter(values.is_in(skeleton.unique().implode())).unique(maintain_order=True)
    frame = pl.concat(
        [pl.DataFrame({"id": odd, "skeleton": skeleton}), pl.DataFrame({"id": plain, "skeleton": plain})]
    ).unique("id", maintain_order=True)
    groups = frame.group_by("skeleton", maintain_order=True).agg("id")["id"]
    return [tuple(ids) for ids in groups.filter(groups.list.len() > 1).to_list()]
