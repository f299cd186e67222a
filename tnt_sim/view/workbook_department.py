"""The workbook of one department: its envelopes, its dossiers as proposed, and what the prefect chooses.

The layout is stable (docs/decisions.md): the sheet `Choix` holds one row per dossier under row 1, whose columns
are, from A: number, applicant, title, envelope, base, requested, proposed, proposed amount, rate, reason, choice,
amount chosen, remark. The hidden sheet `_tnt` holds key and value in columns A and B.
"""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from tnt_sim.errors import Lang, Text
from tnt_sim.programme import GROUP_SEPARATOR
from tnt_sim.view.decided import BASE, RATE
from tnt_sim.view.run_reader import NODE, StoredRun
from tnt_sim.view.sheet import INPUT, Paper, Styles, check_rows, close, new_book, set_up, write_text
from tnt_sim.view.workbook_dossiers import (
    NAMES,
    SheetColumn,
    euros,
    set_widths,
    write_table,
    yes_no,
)

LAYOUT = "1"
SHEET, ENVELOPES, KEYS = Text("Choix", "Choices"), Text("Enveloppes", "Envelopes"), "_tnt"
CHOICES = {
    "follow": Text("suivre", "follow"),
    "fund": Text("retenir", "fund"),
    "refuse": Text("refuser", "refuse"),
    "wait": Text("attendre", "wait"),
}
"""What may be chosen for a dossier; the first is what stands there at first: do as proposed."""

_HEADS = {
    "proposed": Text("Proposé", "Proposed"),
    "amount": Text("Montant proposé", "Proposed amount"),
    "choice": Text("Choix", "Choice"),
    "chosen": Text("Montant retenu", "Chosen amount"),
    "remark": Text("Remarque", "Remark"),
}
_PROPOSED, _AMOUNT, _CHOICE, _CHOSEN = "G", "H", "K", "L"


@dataclass(frozen=True, slots=True)
class Part:
    """The dossiers of one department (or another group) and the envelopes that they ask from."""

    by: str
    group: str
    table: pl.DataFrame
    nodes: tuple[int, ...]


def parts(run: StoredRun, table: pl.DataFrame, by: str) -> list[Part]:
    """One part for each value of a column, in order; dossiers without a value come under `""`."""
    found = []
    groups = table.select(pl.col(by).fill_null("")).to_series()
    for group in sorted(groups.unique().to_list()):
        mine = table.filter(groups == group)
        nodes = tuple(mine[NODE].drop_nulls().unique().sort().to_list())
        found.append(Part(by, group, mine, nodes))
    return found


def department_bytes(run: StoredRun, part: Part, lang: Lang) -> bytes:
    """The workbook of a part."""
    check_rows(part.table.height, lang)
    stream = io.BytesIO()
    foot = f"{run.name} · {part.group or '–'} · {str(run.summary['allocation_sha256'])[:12]}"
    title = f"{part.group or '–'} – {run.title}"
    book = new_book(stream, title, foot, run.spec.date)
    styles, paper = Styles(book, lang), Paper(title, foot, lang, repeat=0)
    _choices(book, styles, run, part, paper)
    _envelopes(book, styles, run, part, paper)
    _keys(book, run, part, lang)
    return close(book, stream)


def _choices(book: Any, styles: Styles, run: StoredRun, part: Part, paper: Paper) -> None:
    lang, table = paper.lang, part.table
    sheet = book.add_worksheet(SHEET.in_(lang))
    columns = _columns(run, table, lang)
    write_table(sheet, styles, columns, 0, None, lang)
    set_widths(sheet, columns)
    n = table.height
    choice, amount, remark = (styles.cell(kind, bg_color=INPUT)[0] for kind in ("text", "money", "text"))
    first = next(iter(CHOICES.values())).in_(lang)
    for row in range(1, n + 1):
        sheet.write_string(row, 10, first, choice)
        sheet.write_blank(row, 11, None, amount)
        sheet.write_blank(row, 12, None, remark)
    if n:
        words = [text.in_(lang) for text in CHOICES.values()]
        sheet.data_validation(1, 10, n, 10, {"validate": "list", "source": words})
        least = {"validate": "decimal", "criteria": ">=", "value": 0}
        sheet.data_validation(1, 11, n, 11, least)
    sheet.autofilter(0, 0, max(n, 1), len(columns) - 1)
    sheet.freeze_panes(1, 1)
    set_up(sheet, paper)


def _columns(run: StoredRun, table: pl.DataFrame, lang: Lang) -> list[SheetColumn]:
    names = {key: text.in_(lang) for key, text in {**NAMES, **_HEADS}.items()}
    ids = {k: str(entry["id"]) for k, entry in enumerate(run.envelopes)}
    nodes = table[NODE].replace_strict(ids, default=None, return_dtype=pl.String)
    empty: Sequence[Any] = [None] * table.height
    return [
        SheetColumn(names["dossier"], "text", table["dossier"].to_list(), 13),
        SheetColumn(names["applicant"], "text", table["applicant"].to_list(), 24, wrap=True),
        SheetColumn(names["title"], "text", table["title"].to_list(), 36, wrap=True),
        SheetColumn(names["envelope"], "text", nodes.to_list(), 14),
        SheetColumn(names["base"], "money", euros(table[BASE]), 15),
        SheetColumn(names["requested"], "money", euros(table["requested_cents"]), 15),
        SheetColumn(names["proposed"], "text", yes_no(table["funded"], lang), 9),
        SheetColumn(names["amount"], "money", euros(table["granted_cents"]), 15),
        SheetColumn(names["rate"], "rate", table[RATE].to_list(), 8),
        SheetColumn(names["reason"], "text", table["reason"].to_list(), 46, wrap=True),
        SheetColumn(names["choice"], "text", empty, 11),
        SheetColumn(names["chosen"], "money", empty, 15),
        SheetColumn(names["remark"], "text", empty, 24),
    ]


def _envelopes(book: Any, styles: Styles, run: StoredRun, part: Part, paper: Paper) -> None:
    """What each envelope gives to this part as proposed, and as chosen: live sums over the choices."""
    lang = paper.lang
    sheet = book.add_worksheet(ENVELOPES.in_(lang))
    heads = (
        (Text("Enveloppe", "Envelope"), 16), (Text("Intitulé", "Title"), 44),
        (Text("Montant propre", "Own amount"), 18), (Text("Proposé", "Proposed"), 18),
        (Text("Choisi", "Chosen"), 18), (Text("Reste", "Left"), 18),
    )  # fmt: skip
    for k, (head, width) in enumerate(heads):
        sheet.set_column(k, k, width)
        sheet.write_string(0, k, head.in_(lang), styles.head(right=k > 1))
    money, text = styles.cell("money")[0], styles.cell("text")
    for row, node in enumerate(part.nodes, start=1):
        entry = run.envelopes[node]
        own = entry["effective_cents"] if _is_own(str(entry["id"]), part.group) else None
        granted = int(part.table.filter(pl.col(NODE) == node)["granted_cents"].sum()) / 100
        write_text(sheet, row, 0, str(entry["id"]), *text)
        write_text(sheet, row, 1, run.titled(node), *text)
        proposed, chosen = (_sum(part.table.height, row, lang, chosen=flag) for flag in (False, True))
        sheet.write_formula(row, 3, proposed, money, granted)
        sheet.write_formula(row, 4, chosen, money, granted)
        if own is None:
            sheet.write_blank(row, 2, None, money)
            sheet.write_blank(row, 5, None, money)
        else:
            sheet.write_number(row, 2, own / 100, money)
            sheet.write_formula(
                row, 5, f"=ROUND(C{row + 1}-E{row + 1},2)", money, round(own / 100 - granted, 2)
            )
    last = len(part.nodes) + 1
    sheet.write_string(last, 0, "Total", styles.total("text"))
    for k in (1, 2, 5):
        sheet.write_blank(last, k, None, styles.total("text"))
    for k, letter in ((3, "D"), (4, "E")):
        total = int(part.table["granted_cents"].sum()) / 100
        sheet.write_formula(last, k, f"=SUM({letter}2:{letter}{max(last, 2)})", styles.total("money"), total)
    sheet.freeze_panes(1, 0)
    set_up(sheet, paper)


def _is_own(name: str, group: str) -> bool:
    """Whether an envelope is the part of a split that belongs to this group."""
    return bool(group) and name.endswith(f"{GROUP_SEPARATOR}{group}")


def _sum(height: int, row: int, lang: Lang, *, chosen: bool) -> str:
    """Σ of the amounts of one envelope: as proposed, or as chosen, where a written amount counts first."""
    page = f"'{SHEET.in_(lang)}'"
    last = max(height, 1) + 1

    def column(letter: str) -> str:
        return f"{page}!${letter}$2:${letter}${last}"

    here = f"EXACT({column('D')},$A{row + 1})"
    if not chosen:
        return f"=SUMPRODUCT({here}*{column(_AMOUNT)})"
    follow, fund = (CHOICES[key].in_(lang) for key in ("follow", "fund"))
    written = f'({column(_CHOSEN)}<>"")'
    takes = f'(({column(_CHOICE)}="{fund}")+({column(_CHOICE)}="{follow}")*({column(_AMOUNT)}>0))'
    asked = f"({column(_AMOUNT)}>0)*{column(_AMOUNT)}+({column(_AMOUNT)}=0)*{column('F')}"
    return f"=SUMPRODUCT({here}*{takes}*({written}*{column(_CHOSEN)}+(1-{written})*({asked})))"


def _keys(book: Any, run: StoredRun, part: Part, lang: Lang) -> None:
    """What the reader of the choices must know, in a sheet that nobody sees."""
    sheet = book.add_worksheet(KEYS)
    rows = {
        "layout": LAYOUT,
        "run": run.name,
        "scenario_sha256": str(run.summary["scenario_sha256"]),
        "allocation_sha256": str(run.summary["allocation_sha256"]),
        "by": part.by,
        "group": part.group,
        "lang": lang.value,
        "n_dossiers": str(part.table.height),
        **{f"choice.{key}": text.in_(lang) for key, text in CHOICES.items()},
    }
    for row, (key, value) in enumerate(rows.items()):
        sheet.write_string(row, 0, key)
        sheet.write_string(row, 1, value)
    sheet.very_hidden()


def file_name(run: StoredRun, part: Part) -> str:
    """`<run>-<group>.xlsx`; what file systems do not like in a group is replaced by `-`."""
    group = re.sub(r"[^\w.-]+", "-", part.group).strip(".-") or "sans-groupe"
    return f"{run.name}-{group}.xlsx"
