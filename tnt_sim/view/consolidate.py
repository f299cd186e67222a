"""The choices of the departments put together: what they agree on as a layer, what they do not as conflicts.

    fund     the dossier is funded, at the chosen amount if one is written
    follow   as proposed: nothing is decided, unless another amount is written for a proposed dossier
    refuse   the dossier is not funded
    wait     not funded now; the reason says so

A dossier in conflict is in the table of conflicts and in no decision: nothing is guessed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from tnt_sim.errors import DataError, Defect, Defects, Lang, Place, Text
from tnt_sim.money import cents_to_decimal_text, format_cents
from tnt_sim.view.award_list import guarded
from tnt_sim.view.choices_read import Choice, Choices
from tnt_sim.view.run_folder import to_yaml

TABLE, CONFLICTS, LAYER = "choix.csv", "conflits.csv", "choix.yaml"


@dataclass(frozen=True, slots=True)
class Consolidated:
    """All choices, one per dossier where they agree, and what stands against each other."""

    run: str
    by: str
    groups: tuple[str, ...]
    choices: tuple[Choice, ...]
    conflicts: tuple[Defect, ...]

    @property
    def in_conflict(self) -> set[str]:
        """The dossiers of which nothing is decided."""
        return {place.dossier for defect in self.conflicts for place in defect.places if place.dossier}

    def settled(self, choice: str) -> list[Choice]:
        """The choices of a kind that stand against nothing."""
        left_out = self.in_conflict
        return [one for one in self.choices if one.choice == choice and one.dossier not in left_out]


def consolidate(books: Sequence[Choices]) -> Consolidated:
    """Put workbooks of one run together.

    Raises
    ------
    DataError
        They are of different runs.
    """
    _refuse_mixed(books)
    by_dossier: dict[str, list[Choice]] = defaultdict(list)
    for book in books:
        for one in book.choices:
            by_dossier[one.dossier].append(one)
    conflicts = [
        *_counts(books),
        *(defect for same in by_dossier.values() for defect in _among(same)),
        *_own_envelopes(books),
    ]
    first = tuple(same[0] for same in by_dossier.values())
    groups = tuple(sorted({book.group for book in books}))
    return Consolidated(books[0].keys["run"], books[0].keys["by"], groups, first, tuple(conflicts))


def _refuse_mixed(books: Sequence[Choices]) -> None:
    found = Defects()
    for book in books[1:]:
        if book.keys["allocation_sha256"] != books[0].keys["allocation_sha256"]:
            own, first = book.keys["run"], books[0].shown_as
            other = books[0].keys["run"]
            text = Text(
                f"ce classeur vient du calcul {own}, et {first} de {other}.",
                f"this workbook is of the run {own}, and {first} of {other}.",
            )
            hint = Text("Consolidez les classeurs d'un seul calcul.", "Consolidate the workbooks of one run.")
            found.add("choices-run", text, Place(file=book.shown_as), hint=hint)
    found.raise_if_any(DataError)


def _counts(books: Sequence[Choices]) -> Iterator[Defect]:
    """Rows that were taken out, or put in."""
    for book in books:
        sent, back = int(book.keys["n_dossiers"]), len({one.dossier for one in book.choices})
        if sent != back:
            yield Defect(
                "rows",
                Text(f"{sent} dossiers envoyés, {back} rendus.", f"{sent} dossiers sent, {back} returned."),
                (Place(file=book.shown_as),),
            )


def _among(same: Sequence[Choice]) -> Iterator[Defect]:
    """What is wrong with the choices for one dossier."""
    one = same[0]
    if len({(choice.choice, choice.chosen_cents) for choice in same}) > 1:
        said = ", ".join(f"{choice.choice} ({choice.place.file})" for choice in same)
        yield Defect(
            "two-choices",
            Text(f"plusieurs choix pour ce dossier : {said}.", f"several choices for this dossier: {said}."),
            tuple(choice.place for choice in same),
        )
        return
    if one.chosen_cents is None:
        return
    takes = one.choice == "fund" or (one.choice == "follow" and one.proposed_cents > 0)
    if not takes:
        text = Text(
            "un montant est écrit pour un dossier qui n'est pas retenu.",
            "an amount is written for a dossier that is not funded.",
        )
        yield Defect("amount-without-fund", text, (one.place,))
    elif one.requested_cents is not None and one.chosen_cents > one.requested_cents:
        yield Defect(
            "above-requested",
            Text(
                f"{_fr(one.chosen_cents)} retenus, {_fr(one.requested_cents)} demandés.",
                f"{_en(one.chosen_cents)} chosen, {_en(one.requested_cents)} requested.",
            ),
            (one.place,),
        )


def _own_envelopes(books: Sequence[Choices]) -> Iterator[Defect]:
    """Choices that come to more than the department's own envelope."""
    for book in books:
        for envelope, own in book.own_cents.items():
            total = sum(_taken(one) for one in book.choices if one.envelope == envelope)
            if total > own:
                yield Defect(
                    "own-envelope",
                    Text(
                        f"« {envelope} » : {_fr(total)} choisis pour {_fr(own)}.",
                        f'"{envelope}": {_en(total)} chosen out of {_en(own)}.',
                    ),
                    (Place(file=book.shown_as),),
                )


def _fr(cents: int) -> str:
    return format_cents(cents, Lang.FR)


def _en(cents: int) -> str:
    return format_cents(cents, Lang.EN)


def _taken(one: Choice) -> int:
    """As the workbook itself sums it: the written amount, else the proposed one, else what was asked."""
    if one.choice == "fund" or (one.choice == "follow" and one.proposed_cents > 0):
        return (
            one.chosen_cents
            if one.chosen_cents is not None
            else one.proposed_cents or one.requested_cents or 0
        )
    return 0


def layer_yaml(found: Consolidated) -> str:
    """The partial scenario for `overrides`: one `decide` rule for each group that decides something."""
    rules: list[dict[str, Any]] = []
    for group in found.groups:
        fund = [one for one in found.settled("fund") if one.group == group]
        amended = [
            one for one in found.settled("follow")
            if one.group == group and one.chosen_cents is not None and one.proposed_cents > 0
        ]  # fmt: skip
        rules += _rules(found, group, [*fund, *amended])
    head = (
        f"# Choix rendus ({', '.join(group or '–' for group in found.groups)}) sur le calcul {found.run}.\n"
        "# À mettre dans `overrides:` du scénario. Les dossiers en conflit n'y sont pas.\n"
    )
    return head + to_yaml({"schema_version": 1, "rules": rules})


def _rules(found: Consolidated, group: str, fund: Sequence[Choice]) -> Iterator[dict[str, Any]]:
    name = group or "sans-groupe"
    if fund:
        amounts = {
            one.dossier: f"{cents_to_decimal_text(one.chosen_cents)} €"
            for one in fund
            if one.chosen_cents is not None
        }
        yield {
            "id": f"choix-{name}", "kind": "decide", "fund": sorted(one.dossier for one in fund),
            **({"amounts": amounts} if amounts else {}), "reason": f"Choix de {name}", "author": name,
        }  # fmt: skip
    for choice, word in (("refuse", "Refus"), ("wait", "Mise en attente")):
        out = sorted(one.dossier for one in found.settled(choice) if one.group == group)
        if out:
            yield {
                "id": f"choix-{name}-{choice}", "kind": "decide", "refuse": out,
                "reason": f"{word}, {name}", "author": name,
            }  # fmt: skip


def tables(found: Consolidated, lang: Lang) -> Mapping[str, pl.DataFrame]:
    """Every choice, and every conflict with its place."""
    left_out = found.in_conflict
    choices = pl.DataFrame(
        [
            (one.dossier, one.group, one.envelope, one.choice, _euros(one.chosen_cents),
             _euros(one.proposed_cents), one.remark, "conflict" if one.dossier in left_out else "",
             one.place.file or "")
            for one in found.choices
        ],
        schema=["dossier", "group", "envelope", "choice", "chosen", "proposed", "remark", "status", "file"],
        orient="row",
    )  # fmt: skip
    conflicts = pl.DataFrame(
        [
            (place.dossier or "", defect.code, defect.text.in_(lang), str(place))
            for defect in found.conflicts
            for place in defect.places
        ],
        schema=dict.fromkeys(("dossier", "conflict", "sentence", "place"), pl.String),
        orient="row",
    )
    return {TABLE: _guarded(choices), CONFLICTS: _guarded(conflicts)}


def _euros(cents: int | None) -> str:
    return "" if cents is None else cents_to_decimal_text(cents)


def _guarded(table: pl.DataFrame) -> pl.DataFrame:
    """No cell begins a formula."""
    return table.select(guarded(pl.col(name)).alias(name) for name in table.columns)
