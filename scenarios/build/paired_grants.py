"""Projects that are in both lists of grants, 2018 and 2019: what their two costs say, and what they do not.

uv run python scenarios/build/paired_grants.py LIST.csv [--out PAIRS.csv]

The list is that of DETR and DSIL, 2018 and 2019 (DGCL, traitement CGET/ANCT, Licence Ouverte 2.0). A pair has the
same beneficiary's code and the same description (case, accents and punctuation aside), once in each year, and no
word of a part or of a yearly programme. « named » are descriptions that no other beneficiary has; others are heads
of a category, which one commune may fill with another project each year. Ratios are those of 2019 to 2018.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import polars as pl

from tnt_sim.analysis.uncertainty.cost_overrun_fit import fit_table
from tnt_sim.errors import DataError
from tnt_sim.i18n.message import Lang
from tnt_sim.reporting.reports.uncertainty import fit_yaml

PARTS = (
    r"\btr(anche)?s?\b|\bphases?\b|\bt[fc]\d?\b|\b\d ?(er|ere|e|eme|nd|nde)\b|\bsuite\b|\bannee|\blots?\b"
    r"|\bcomplement|\bprogramme|\b201\d\b|\bvoirie|\bentretien"
)
KEY = ["beneficiary_code", "text"]


def pairs_of(table: pl.DataFrame) -> pl.DataFrame:
    """The pairs, with whether the description names one project, and which fund paid each time."""
    text = (
        pl.col("description")
        .str.to_lowercase()
        .str.normalize("NFD")
        .str.replace_all(r"\p{M}", "")
        .str.replace_all(r"[^a-z0-9]+", " ")
        .str.strip_chars()
    )
    table = table.with_columns(text=text).filter(pl.col("text") != "")
    owners = table.group_by("text").agg(n_owners=pl.col("beneficiary_code").n_unique())
    once = [
        table.filter(pl.col("year") == year).filter(pl.len().over(KEY) == 1).select(
            *KEY, "beneficiary", "description", "level", "fund", "cost", "grant"
        )
        for year in (2018, 2019)
    ]  # fmt: skip
    found = once[0].join(once[1].drop("beneficiary", "description", "level"), on=KEY, suffix="_2019")
    return (
        found.join(owners, on="text")
        .with_columns(ratio=pl.col("cost_2019") / pl.col("cost"), named=pl.col("n_owners") == 1)
        .with_columns(
            part=pl.col("text").str.contains(PARTS), same_fund=pl.col("fund") == pl.col("fund_2019")
        )
        .sort(KEY)
    )


def told(name: str, pairs: pl.DataFrame) -> str:
    """One line of the table."""
    ratio = pairs["ratio"]
    if not pairs.height:
        return f"{name}: 0"
    low, middle, high = (ratio.quantile(q, "linear") for q in (0.05, 0.5, 0.95))
    near = ratio.is_between(0.8, 1.25).sum() / pairs.height
    equal = ((ratio - 1).abs() < 1e-9).sum() / pairs.height
    grants = (pairs["grant_2019"] / pairs["cost_2019"] + pairs["grant"] / pairs["cost"]).median()
    return (
        f"{name}: {pairs.height} pairs, ratio {low:.2f} / {middle:.2f} / {high:.2f} (5, 50, 95 %), "
        f"{100 * near:.0f} % within 0.8 to 1.25, {100 * equal:.0f} % equal; both grants are {100 * grants:.0f} % "
        "of the cost (median)"
    )


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("list", type=Path)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    codes = {"department": pl.String, "beneficiary_code": pl.String}
    every = pairs_of(pl.read_csv(options.list, schema_overrides=codes, infer_schema_length=None))
    whole = every.filter(~pl.col("part"))
    near = whole.filter(pl.col("ratio").is_between(0.5, 2))
    named = near.filter("named")
    for name, pairs in (
        ("same code and description", every),
        ("no word of a part", whole),
        ("and ratio 0.5 to 2", near),
        ("of these, headings of a category", near.filter(~pl.col("named"))),
        ("of these, one project by name", named),
        ("named, the same fund twice", named.filter("same_fund")),
        ("named, another fund the second time", named.filter(~pl.col("same_fund"))),
    ):
        print(told(name, pairs))
    asked = named.rename({"cost_2019": "realised"})
    with tempfile.TemporaryDirectory() as folder:
        kept = ["beneficiary_code", "level", "description", "fund", "fund_2019", "cost", "realised"]
        file = options.out or Path(folder) / "pairs.csv"
        asked.select(kept).write_csv(file)
        try:
            print(fit_yaml(fit_table(file, by="level"), Lang.EN), end="")
        except DataError as error:
            print(error)
    return 0


if __name__ == "__main__":
    sys.exit(main())
