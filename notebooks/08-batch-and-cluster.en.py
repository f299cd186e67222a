# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Cap per department or envelope: which of the two matters most?
#
# To find out, change both at once: seven envelopes, six caps, forty-two proved decisions, kept in files that polars
# and DuckDB read directly.
#
# *SYNTHETIC data: these applications describe no real request.*

# %% tags=["parameters"]
scenario_file = "../scenarios/equite-une-region.yaml"
envelopes = [1_400, 1_500, 1_600, 1_700, 1_800, 1_900, 2_000]
caps = [297, 330, 360, 400, 450, 500]

# %% [markdown]
# A batch is a file of a few lines: a base scenario, and the values to cross. `tnt-sim batch` computes all its cases.

# %%
import subprocess
import sys
import tempfile
from pathlib import Path

import altair as alt
import ipywidgets
import polars as pl
from IPython.display import display

import tnt_sim as tnt

alt.renderers.enable("svg")  # still pictures, which ask for nothing outside
alt.renderers.set_embed_options(format_locale="en-GB")
alt.theme.register("story", enable=True)(lambda: {"config": {"font": "Arial", "title": {"anchor": "start"}}})

folder = Path(tempfile.mkdtemp())  # for real work: a folder of your own
base = tnt.read_scenario(scenario_file).with_({"envelopes.deconcentre.amount": "1.4 M€", "locale": "en"})
base.to_yaml(folder / "scenario.yaml")
(folder / "lot.yaml").write_text(
    f"""\
base: scenario.yaml
matrix:
  programme.amount: [{", ".join(f"{amount} k€" for amount in envelopes)}]
  rules.plafond-departement.max: [{", ".join(f"{cap} k€" for cap in caps)}]
name: "{{programme.amount}}, {{rules.plafond-departement.max}}"
""",
    encoding="utf-8",
)
batch = [sys.executable, "-m", "tnt_sim", "batch", folder / "lot.yaml", "--out", folder / "store"]
done = subprocess.run([*batch, "--workers", "1"], capture_output=True, check=True)
runs = pl.read_parquet(folder / "store" / "runs" / "*.parquet")
names = runs["name"].str.extract_groups(r"^(?<amount>\d+) k€, (?<cap>\d+) k€$").struct.unnest().cast(pl.Int64)
cases = runs.hstack(names).with_columns(
    score=pl.col("values").list.first().cast(pl.Float64),
    left=pl.col("unspent_cents") / 100_000,
    funded=pl.col("n_funded"),
)
measures = {
    "sum of scores": ("score", ",.0f"),
    "funded applications": ("funded", ",.0f"),
    "thousands of euros unspent": ("left", ",.0f"),
}


def draw(measure):
    column, digits = measures[measure]
    grid = alt.Chart(cases).encode(
        x=alt.X("amount:O", title="Envelope (€k)", axis=alt.Axis(labelAngle=0)),
        y=alt.Y("cap:O", sort="descending", title="Cap per department (€k)"),
    )
    middle = (cases[column].min() + cases[column].max()) / 2
    ink = alt.condition(alt.datum[column] > middle, alt.value("white"), alt.value("black"))
    return (
        grid.mark_rect().encode(color=alt.Color(column, scale=alt.Scale(scheme="blues"), legend=None))
        + grid.mark_text().encode(text=alt.Text(column, format=digits), color=ink)
    ).properties(width=520, height=240, title=measure.capitalize())


picture = display(draw(next(iter(measures))), display_id=True)
control = ipywidgets.ToggleButtons(options=list(measures))
control.observe(lambda change: picture.update(draw(change.new)), "value")
control

# %% [markdown]
# Read a row, then a column. With a cap of €297k, the envelope buys nothing more beyond €1,800k: the money stays
# (third button). With a loose cap, the envelope decides. Each limits the other.

# %% [markdown]
# ## Questions to the store
#
# Each case is a row: its proof, its totals, its list. How often is each application funded? DuckDB answers in SQL,
# without loading anything.

# %%
import duckdb

store = (folder / "store" / "runs").as_posix()
times = duckdb.sql(f"""
    select times, count(*) as dossiers
    from (select dossier, count(*) as times from (select unnest(dossier) as dossier from '{store}/*.parquet') group by dossier)
    group by times order by times
""").pl()
always = times.filter(pl.col("times") == cases.height)["dossiers"].sum()
alt.Chart(times).mark_bar(color="#3a7fc0").encode(
    x=alt.X("times:O", title="Number of cases where an application is funded", axis=alt.Axis(labelAngle=0)),
    y=alt.Y("dossiers", title="Applications"),
).properties(
    width=520,
    height=200,
    title=f"{always} applications are funded in all {cases.height} cases: only the others are open",
)

# %% [markdown]
# ## An interrupted batch goes on
#
# The same command computes nothing again: all answers are on the disk. With `--executor dask`, it shares the cases
# among several machines ([more](../docs/scale.md)).

# %%
subprocess.run([*batch, "--workers", "1"], capture_output=True, check=True)
again = pl.read_parquet(folder / "store" / "runs" / "*.parquet")
again.equals(runs)  # the same answers

# %% jupyter={"source_hidden": true} tags=["remove-cell"]
assert cases.height == len(envelopes) * len(caps)
assert set(cases["proof"]) == {"PROVED"}
assert cases["cap"].null_count() == 0
assert again.equals(runs)
wide = cases.pivot("cap", index="amount", values="score").sort("amount")
assert all(wide[str(cap)].is_sorted() for cap in caps)
assert wide.filter(pl.col("amount") >= 1_900)["297"].n_unique() == 1

# %% [markdown]
# ## Try this
#
# - Cross a third value in `matrix`, for instance `rules.communes.off: [true, false]`.
# - `store/batch.html` is the report of the batch; `store/timings.parquet` says how many seconds each case took.
# - Add an amount to `envelopes` and run `tnt-sim batch` again in another folder: how many seconds per case?
