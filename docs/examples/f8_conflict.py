"""
fr: Page : des règles incompatibles
en: Page: rules that exclude each other

fr: Et les réparations les moins chères. La même page : `tnt-sim conflict`.
en: And the cheapest repairs. The same page: `tnt-sim conflict`.
"""

import polars as pl

import tnt_sim as tnt

requests = pl.DataFrame(
    {
        "dossier": ["A", "B", "C", "D"],
        "requested": [40_000, 30_000, 30_000, 20_000],
        "score": [12, 14, 9, 11],
        "department": ["22", "22", "35", "35"],
    }
)
scenario = tnt.Scenario.from_frame(
    requests,
    envelopes="100 k€",
    objective=[{"maximise": {"score": 1}}],
    rules=[
        tnt.rules.limit(id="plafond", measure="granted", by="department", max="35 k€"),
        tnt.rules.limit(id="bretagne-nord", measure="granted", where={"department": "22"}, min="60 k€"),
    ],
)
tnt.conflict(scenario).report.html("conflict.html")
