"""The ladder of a sweep: what the dossiers that enter at each amount are granted, stacked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from tnt_sim.errors import Lang, Text
from tnt_sim.view.chart_theme import OKABE_ITO, altair, million, money_title
from tnt_sim.view.figures import count, short_amount
from tnt_sim.view.sweep_words import has_list

Document = Mapping[str, Any]
WIDTH, HEIGHT = 760, 330
MOST_BLOCKS = 4_000
MOST_EDGES = 150
"""Blocks of one bar that white edges still tell apart; beyond, one block an envelope."""
MOST_COLOURS = 7


def ladder(document: Document, lang: Lang) -> Any:
    """One block a dossier that enters, as high as its grant, stacked at the amount at which it enters."""
    alt = altair()
    rows, labels = ladder_rows(document, lang)
    edges = max(Counter(row["x"] for row in rows).values(), default=0) <= MOST_EDGES
    rows = rows if edges else _summed(rows)
    names = list(dict.fromkeys(row["e"] for row in rows))
    colours = alt.Scale(domain=names, range=list(OKABE_ITO[: max(1, len(names))]))
    x = alt.X("x:O", title=amount_word(document).in_(lang), sort=None, axis=alt.Axis(labelAngle=0))
    word = Text("Accordé à ceux qui entrent", "Granted to those that enter")
    y = alt.Y("g:Q", title=money_title(word, lang), axis=alt.Axis(format=",~f", tickCount=5))
    blocks = (
        alt.Chart(chart_data(alt, rows))
        .mark_bar(stroke="white", strokeWidth=0.6, size=_bar_width(document))
        .encode(
            x=x, y=y, order="o:Q",
            color=alt.Color("e:N", scale=colours, legend=_legend(alt, names)),
            tooltip=[alt.Tooltip("d:N"), alt.Tooltip("t:N"), alt.Tooltip("g:Q", format=",.3f")],
        )
    )  # fmt: skip
    text = (
        alt.Chart(chart_data(alt, labels)).mark_text(dy=-9, fontWeight=600).encode(x=x, y="top:Q", text="t:N")
    )
    title = {
        "text": Text("Les dossiers qui entrent à chaque pas", "The dossiers that enter at each step").in_(
            lang
        ),
        "subtitle": _ladder_words(names, lang, edges=edges),
    }
    return alt.layer(blocks, text).properties(width=WIDTH, height=HEIGHT, title=title)


def _ladder_words(names: Sequence[str], lang: Lang, *, edges: bool) -> list[str]:
    told = [
        Text(
            "Ce que reçoivent ceux qui entrent. Au-dessus : combien entrent (+), combien sortent (−).",
            "What those that enter are granted. Above: how many enter (+), leave (−).",
        )
        if not edges
        else Text(
            "Un bloc par dossier qui entre, haut comme sa subvention. Au-dessus : entrent (+), sortent (−).",
            "One block a dossier that enters, as high as its grant. Above: how many enter (+), leave (−).",
        )
    ]
    if len(names) == 1:
        told.append(Text(f"Tous sont dans « {names[0]} ».", f'All are in "{names[0]}".'))
    return [text.in_(lang) for text in told]


def _bar_width(document: Document) -> float:
    return max(2.0, min(46.0, 0.72 * WIDTH / max(1, len(document["points"]))))


def _legend(alt: Any, names: Sequence[str]) -> Any:
    return alt.Legend(title=None, orient="top", symbolType="square") if len(names) > 1 else None


def ladder_rows(document: Document, lang: Lang) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The blocks of the ladder, and for each step how many enter and leave.

    Uses what `dossiers` holds of each: title, envelope and grant.
    """
    curve = "free" if document["free"] else "nested"
    known = {row["dossier"]: row for row in document.get("dossiers", ())}
    shown = _few_envelopes(document, curve)
    rows: list[dict[str, Any]] = []
    labels: list[dict[str, Any]] = []
    for point in document["points"][1:]:
        if not has_list(point, curve):
            continue
        name = short_amount(point["amount_cents"], lang)
        entered = [known[d] for d in point[curve]["entered"] if d in known]
        entered.sort(key=lambda row: (shown[row["envelope"]], -row["granted_cents"]))
        for row in entered[:MOST_BLOCKS]:
            rows.append(
                {"x": name, "g": million(row["granted_cents"]), "e": shown[row["envelope"]], "d": row["dossier"],
                 "t": row["title"], "o": len(rows)}
            )  # fmt: skip
        top = sum(million(row["granted_cents"]) for row in entered)
        left = len(point[curve]["left"])
        labels.append(
            {"x": name, "top": top, "t": f"+{count(len(entered), lang)}"
             + (f" \u2212{count(left, lang)}" if left else "")}
        )  # fmt: skip
    return rows, labels


def _summed(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """One block an envelope instead of one a dossier."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for row in rows:
        mine = found.setdefault(
            (row["x"], row["e"]), {**row, "g": 0.0, "d": row["e"], "t": "", "o": len(found)}
        )
        mine["g"] += row["g"]
    return list(found.values())


def _few_envelopes(document: Document, curve: str) -> dict[str, str]:
    """The envelope that each changed dossier is drawn in: its own, or the one just under the programme.

    The parts of a split are written after a slash, and are no envelopes of the document.
    """
    own = {row["envelope"] for row in document.get("dossiers", ())}
    if len(own) <= MOST_COLOURS:
        return {name: name for name in own}
    entries = next(point[curve]["envelopes"] for point in document["points"] if has_list(point, curve))
    parents = {entry["id"]: entry["parent"] for entry in entries}

    def top(name: str) -> str:
        while name not in parents and "/" in name:
            name = name.rpartition("/")[0]
        above = parents.get(name)
        while above is not None and parents.get(above) is not None:
            name, above = above, parents[above]
        return name

    return {name: top(name) for name in own}


def amount_word(document: Document) -> Text:
    """The title of an axis of amounts."""
    one = len(document["envelopes"]) == 1
    name = document["envelopes"][0] if one else "…"
    return Text(f"Montant de {name}", f"Amount of {name}") if one else Text("Montant", "Amount")


def chart_data(alt: Any, rows: Sequence[Mapping[str, Any]]) -> Any:
    """Rows as the data of a chart."""
    return alt.Data(values=[dict(row) for row in rows])
