"""What the script of the report reads: one JSON text, columns and not rows, positions as differences.

A position other than the decision says, of each dossier whose grant or reason differs, its row, its cents and its
reason code; everything else is that of the decision.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tnt_sim.errors import Lang
from tnt_sim.view import words
from tnt_sim.view.decided import MOTIVE
from tnt_sim.view.map import FILLS, NOTHING
from tnt_sim.view.report.phrases import PAGE, SCRIPT, said
from tnt_sim.view.report.positions import FIGURES, Position, Slider
from tnt_sim.view.report.tallies import Grouping
from tnt_sim.view.run_reader import NODE, StoredRun
from tnt_sim.view.workbook_dossiers import reason_label

_ESCAPES = {
    ord("<"): "\\u003c",
    ord(">"): "\\u003e",
    ord("&"): "\\u0026",
    0x2028: "\\u2028",
    0x2029: "\\u2029",
}


def script_text(document: Mapping[str, Any]) -> str:
    """JSON that ends no `<script>` and is no markup, whatever its texts hold."""
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.translate(_ESCAPES)


def payload(
    run: StoredRun,
    table: Any,
    groupings: Sequence[Grouping],
    envelope_rows: Sequence[Sequence[int]],
    bounds: Mapping[str, Sequence[float]],
    slider: Slider | None,
    lang: Lang,
) -> dict[str, Any]:
    """The document of the script; `table` is `decided(run)`, `envelope_rows` the envelopes of each line shown."""
    codes = _Dictionary()
    motives = _Dictionary()
    at = [codes.number(code or "") for code in table["reason_code"].to_list()]
    why = [motives.number(text or "") for text in table[MOTIVE].to_list()]
    positions = [
        _position(run, position, at, codes, lang) for position in (slider.positions if slider else ())
    ]
    funded = [reason_label(code, True, lang) for code in codes.texts]
    refused = [reason_label(code, False, lang) for code in codes.texts]
    return {
        "lang": lang.value,
        "own": run.own_lang.value,
        "told": run.lang.value,
        "words": said(SCRIPT, lang),
        "labels": {key: PAGE[key].in_(lang) for key in ("number", "title", "department", "envelope", "requested",
                                                        "decision_of", "why")},
        "fills": list(FILLS),
        "nothing": NOTHING,
        "bounds": {key: list(value) for key, value in bounds.items()},
        "envelopes": [str(entry["id"]) for entry in run.envelopes],
        "lines": [list(row) for row in envelope_rows],
        "groups": {
            one.key: {
                "codes": list(one.codes), "names": list(one.names), "population": list(one.population),
                "of": one.group.tolist(),
            }
            for one in groupings
        },
        "codes": {"funded": funded, "refused": refused},
        "motives": motives.texts,
        "dossiers": _dossiers(table, at, why),
        "positions": positions,
    }  # fmt: skip


def _dossiers(table: Any, codes: Sequence[int], motives: Sequence[int]) -> dict[str, Any]:
    """The columns of the dossiers, amounts in cents."""
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
    """Texts by number, each once."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def number(self, text: str) -> int:
        return self._numbers.setdefault(text, len(self._numbers))

    @property
    def texts(self) -> list[str]:
        return list(self._numbers)


def _position(
    run: StoredRun, position: Position, codes_of: Sequence[int], codes: _Dictionary, lang: Lang
) -> dict[str, Any]:
    """One position; what is the decision's is left out."""
    if position.summary is None:
        return {"amount": position.amount_cents, "why": position.why.in_(lang)}
    base = run.table["granted_cents"].to_numpy()
    own = [codes.number(code) for code in position.codes]
    differs = (base != position.granted_cents) | (np.array(own) != np.array(codes_of))
    rows = np.flatnonzero(differs)
    return {
        "amount": position.amount_cents,
        "proof": words.PROOF[position.summary["proof"]].in_(lang),
        "decision": bool(position.summary["allocation_sha256"] == run.summary["allocation_sha256"])
        and position.summary["scenario_sha256"] == run.summary["scenario_sha256"],
        "totals": [
            position.summary.get(key)
            for key in ("amount_cents", "granted_cents", "unspent_cents", "n_funded", "inhabitants")
        ],
        "envelopes": [[entry.get(key) for key in FIGURES] for entry in position.envelopes],
        "rows": rows.tolist(),
        "granted": position.granted_cents[rows].tolist(),
        "code": [own[k] for k in rows.tolist()],
    }
