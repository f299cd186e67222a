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
# A batch crosses values of a base scenario. `tnt.batch` computes all its cases and keeps them in a folder, the one
# that `tnt-sim batch` would write.

# %%
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

folder = Path(tempfile.mkdtemp()) / "store"  # for real work: a folder of your own
base = tnt.read_scenario(scenario_file).with_({"envelopes.deconcentre.amount": "1.4 M€", "locale": "en"})
matrix = {
    "programme.amount": [f"{amount} k€" for amount in envelopes],
    "rules.plafond-departement.max": [f"{cap} k€" for cap in caps],
}
many = tnt.batch(base, folder, matrix=matrix, executor="serial")
cases = many.cases.with_columns(
    amount=pl.col("programme.amount").str.extract(r"(\d+)").cast(pl.Int64),
    cap=pl.col("rules.plafond-departement.max").str.extract(r"(\d+)").cast(pl.Int64),
    score=pl.col("value").cast(pl.Float64),
    left=pl.col("unspent_cents") / 100_000,
    funded=pl.col("n_funded"),
).select("name", "proof", "amount", "cap", "score", "left", "funded")
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
times = many.sql("""
    select times, count(*) as dossiers
    from (select dossier, count(*) as times from grants group by dossier)
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
# The same call computes nothing again: all answers are on the disk. With `executor="dask"`, it shares the cases among
# several machines ([more](../docs/en/howto/scale.md)). A case becomes a result again, with its proof and its charts:
# `many.solve(0)`.

# %%
again = tnt.batch(base, folder, matrix=matrix, executor="serial")
again.cases.equals(many.cases)  # the same answers

# %% jupyter={"source_hidden": true} tags=["remove-cell"]
assert cases.height == len(envelopes) * len(caps)
assert set(cases["proof"]) == {"PROVED"}
assert cases["cap"].null_count() == 0
assert again.cases.equals(many.cases)
wide = cases.pivot("cap", index="amount", values="score").sort("amount")
assert all(wide[str(cap)].is_sorted() for cap in caps)
assert wide.filter(pl.col("amount") >= 1_900)["297"].n_unique() == 1

# %% [markdown]
# ## Try this
#
# - Cross a third value in `matrix`, for instance `"rules.communes.off": [True, False]`.
# - `many.report.html("batch.html")` writes the report of the batch; `many.table("grants")` has one row per case and
#   application.
# - Add an amount to `envelopes` and run again in another folder: where does the cap stop mattering?
