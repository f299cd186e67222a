"""Data of the report's script: one JSON text in columns, with slider positions stored as differences.

A slider position is an allocation of the same applications at another amount, computed beforehand.
It lists, for each application whose grant or reason differs from the decision, its row, cents and
reason code.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from tnt_sim.engine.stored_run import NODE, StoredDocument, StoredRun
from tnt_sim.errors import UsageError
from tnt_sim.i18n.message import NO_TEXT, Lang, Text, _
from tnt_sim.reporting.charts.department_map import FILLS, NOTHING
from tnt_sim.reporting.decision_page.outcomes import CLOSED
from tnt_sim.reporting.decision_page.page_text import PAGE, SCRIPT, translate_texts
from tnt_sim.reporting.decision_page.subtotals import Grouping
from tnt_sim.reporting.reports.decision_table import MOTIVE
from tnt_sim.reporting.workbook.dossier_sheet import describe_reason
from tnt_sim.values.answer_values import Support

Cents = npt.NDArray[np.int64]
ENVELOPE_KEYS = ("effective_cents", "granted_cents", "unspent_cents", "n_funded")
"""Figures of each envelope at each position."""


@dataclass(frozen=True, eq=False)
class Position:
    """Allocation at one amount.

    Attributes
    ----------
    amount_cents : amount of the envelope that the slider moves
    document : that of its run; None if there is no allocation
    granted_cents : int (n,), in the order of the decision's table
    codes : reason code of each application, in the same order
    why : reason why there is no allocation
    """

    amount_cents: int
    document: StoredDocument | None
    granted_cents: Cents = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    codes: Sequence[str] = ()
    why: Text = field(default_factory=lambda: NO_TEXT)


@dataclass(frozen=True, eq=False)
class Slider:
    """Positions by increasing amount, one of which is the decision.

    Attributes
    ----------
    envelope : id of the envelope whose amount varies
    positions : including the decision
    rule : how the envelopes below follow
    """

    envelope: str
    positions: Sequence[Position]
    rule: Text


def build_position(run: StoredRun, envelope: str, amount_cents: int | None = None) -> Position:
    """Return a stored run as a position of the slider."""
    entry = next(one for one in run.envelopes if one.id == envelope)
    amount = amount_cents if amount_cents is not None else entry.amount_cents
    codes = [code or "" for code in run.table["reason_code"].to_list()]
    return Position(amount or 0, run.data, run.table["granted_cents"].to_numpy(), codes)


def build_slider(runs: Sequence[StoredRun]) -> Slider:
    """Build a slider from stored runs of the same applications and envelopes, the first being the decision."""
    first = runs[0]
    same = all(_is_comparable(first, run) for run in runs[1:])
    root = first.envelopes[0].id
    amounts = [run.envelopes[0].amount_cents for run in runs]
    if not same or None in amounts or len(set(amounts)) < len(amounts):
        raise UsageError(
            _(
                "these runs cannot be the positions of one slider: they need the same applications, the same "
                "envelopes, and different amounts of the programme."
            ),
            code="usage.report",
        )
    positions = sorted((_align_position(first, run, root) for run in runs), key=lambda one: one.amount_cents)
    rule = _("Each position is a stored run.")
    return Slider(root, positions, rule)


def _is_comparable(run: StoredRun, other: StoredRun) -> bool:
    return [e.id for e in run.envelopes] == [e.id for e in other.envelopes] and set(
        run.table["dossier"]
    ) == set(other.table["dossier"])


def _align_position(first: StoredRun, run: StoredRun, root: str) -> Position:
    """Reorder the run's applications as in the decision's table."""
    result = build_position(run, root)
    if run is first:
        return result
    table = pl.DataFrame({"dossier": run.table["dossier"], "at": range(run.table.height)})
    order = first.table.select("dossier").join(table, on="dossier", how="left", maintain_order="left")["at"]
    return Position(
        result.amount_cents,
        result.document,
        result.granted_cents[order.to_numpy()],
        [result.codes[k] for k in order.to_list()],
    )


_ESCAPES = {
    ord("<"): "\\u003c",
    ord(">"): "\\u003e",
    ord("&"): "\\u0026",
    0x2028: "\\u2028",
    0x2029: "\\u2029",
}


def encode_script(document: Mapping[str, object]) -> str:
    """Encode JSON so that no text in it can end the `<script>` element or be read as markup."""
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.translate(_ESCAPES)


def build_script_document(
    run: StoredRun,
    table: Any,
    groupings: Sequence[Grouping],
    envelope_rows: Sequence[Sequence[int]],
    bounds: Mapping[str, Sequence[float]],
    slider: Slider | None,
    lang: Lang,
    *,
    listed: bool = True,
) -> dict[str, Any]:
    """Return the document of the script, without the list of applications, which `build_chunks` returns.

    `table` is `decided(run)`, `envelope_rows` lists the envelopes of each displayed row; `listed` is false where
    the page has no list.
    """
    codes = _Dictionary()
    at = [codes.assign_number(code or "") for code in table["reason_code"].to_list()] if slider else []
    for code in () if slider else table["reason_code"].fill_null("").unique().sort().to_list():
        codes.assign_number(code)
    positions = [
        _encode_position(run, position, at, codes, lang) for position in (slider.positions if slider else ())
    ]
    funded = [describe_reason(code, True, lang) for code in codes.texts]
    refused = [describe_reason(code, False, lang) for code in codes.texts]
    return {
        "lang": lang.value,
        "own": run.own_lang.value,
        "told": run.lang.value,
        "words": translate_texts(SCRIPT, lang),
        "labels": _list_labels(run, lang),
        "fills": list(FILLS),
        "nothing": NOTHING,
        "bounds": {key: list(value) for key, value in bounds.items()},
        "envelopes": [run.get_title(k) for k in range(len(run.envelopes))],
        "lines": [list(row) for row in envelope_rows],
        "groups": {
            one.key: {
                "codes": list(one.codes), "names": list(one.names), "population": list(one.population),
                "of": one.group.tolist() if listed else [],
            }
            for one in groupings
        },
        "codes": {
            "names": codes.texts, "funded": funded, "refused": refused,
            "closed": [int(code in CLOSED) for code in codes.texts],
        },
        "positions": positions,
    }  # fmt: skip


def _list_labels(run: StoredRun, lang: Lang) -> dict[str, str]:
    """Return the headers of the list; that of the territory is the scenario's own, if it has one."""
    keys = ("number", "title", "department", "envelope", "requested", "decision_of", "why")
    labels = {key: PAGE[key].in_(lang) for key in keys}
    return labels | ({"department": run.spec.place_label} if run.spec.place_label else {})


CHUNK = 10_000
"""Applications in one chunk of the list."""
_FIGURE = re.compile(r"\d(?:[\d\u202f.,]*\d)?")
FIGURE, GROUPING = "\x01", "_"
"""Signs of a figure in a form, and of U+202F in the figures of a reason."""


def build_chunks(table: pl.DataFrame, codes: Sequence[str]) -> Iterator[dict[str, object]]:
    """Yield the list of applications in chunks, each with the reasons and forms that no earlier one has.

    A reason is a form, by number, and the figures that fill it: most reasons of a long list differ by these alone.
    `codes` are the reason codes by number.
    """
    number, motives, forms = {name: k for k, name in enumerate(codes)}, _Dictionary(), _Dictionary()
    for start in range(0, max(table.height, 1), CHUNK):
        piece, n_motives, n_forms = table[start : start + CHUNK], len(motives.texts), len(forms.texts)
        at = [number[code or ""] for code in piece["reason_code"].to_list()]
        why = [motives.assign_number(text or "") for text in piece[MOTIVE].to_list()]
        filled = [_encode_motive(text, forms) for text in motives.texts[n_motives:]]
        dossiers = _encode_dossiers(piece, at, why)
        yield {"forms": forms.texts[n_forms:], "motives": filled, "dossiers": dossiers}


def _encode_motive(text: str, forms: _Dictionary) -> str:
    """Return `FORM;FIGURE;FIGURE…`; a text with the sign of a figure is a form of its own."""
    if FIGURE in text:
        return str(forms.assign_number(text))
    figures = [figure.replace("\u202f", GROUPING) for figure in _FIGURE.findall(text)]
    return ";".join([str(forms.assign_number(_FIGURE.sub(FIGURE, text))), *figures])


def _encode_dossiers(table: pl.DataFrame, codes: Sequence[int], motives: Sequence[int]) -> dict[str, object]:
    """Return the columns of the applications, amounts in cents."""
    return {
        "number": table["dossier"].to_list(),
        "title": [text or "" for text in table["title"].to_list()],
        "applicant": [text or "" for text in table["applicant"].to_list()],
        "envelope": [-1 if node is None else node for node in table[NODE].to_list()],
        "requested": table["requested_cents"].to_list(),
        "committed": table["committed_cents"].is_not_null().cast(int).to_list(),
        "granted": table["granted_cents"].to_list(),
        "code": list(codes),
        "motive": list(motives),
    }


class _Dictionary:
    """Texts by number, each stored once."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def assign_number(self, text: str) -> int:
        return self._numbers.setdefault(text, len(self._numbers))

    @property
    def texts(self) -> list[str]:
        return list(self._numbers)


def _encode_position(
    run: StoredRun, position: Position, codes_of: Sequence[int], codes: _Dictionary, lang: Lang
) -> dict[str, Any]:
    """Encode one position, without what equals the decision."""
    document = position.document
    if document is None:
        return {"amount": position.amount_cents, "why": position.why.in_(lang)}
    base = run.table["granted_cents"].to_numpy()
    own = [codes.assign_number(code) for code in position.codes]
    differs = (base != position.granted_cents) | (np.array(own) != np.array(codes_of))
    rows = np.flatnonzero(differs)
    return {
        "amount": position.amount_cents,
        "proof": Support(document.proof).in_(lang),
        "decision": document.allocation_sha256 == run.data.allocation_sha256
        and document.scenario_sha256 == run.data.scenario_sha256,
        "totals": [
            document.amount_cents,
            document.granted_cents,
            document.unspent_cents,
            document.n_funded,
            document.inhabitants,
        ],
        "envelopes": [[getattr(entry, key) for key in ENVELOPE_KEYS] for entry in document.envelopes],
        "rows": rows.tolist(),
        "granted": position.granted_cents[rows].tolist(),
        "code": [own[k] for k in rows.tolist()],
    }
