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
# # What can two thirds of the money fund?
#
# The 24,811 projects of local authorities that the French State really subsidised in 2019 (DETR, DSIL, DSID): €1.7
# billion. They compete again, in envelopes reduced to 65 %, department by department.
#
# *Real projects and amounts (DGCL, processed by CGET/ANCT, Licence Ouverte 2.0); FICTITIOUS envelopes. The list
# contains funded projects only: it has neither refusals nor scores. So this notebook does not say what should have
# been done; it shows what the computation can do at this size.*

# %% tags=["parameters"]
scenario_file = "../scenarios/detr-dsil-2019.yaml"

# %% [markdown]
# The scenario has two objectives: the most projects, then the most inhabitants. This notebook keeps the first, proved
# in a few seconds: three hundred envelopes, an exact knapsack in each.

# %%
import altair as alt
import ipywidgets
import polars as pl
from IPython.display import display

import tnt_sim as tnt

alt.renderers.enable("svg")  # still pictures, which ask for nothing outside
alt.renderers.set_embed_options(format_locale="en-GB")
alt.theme.register("story", enable=True)(lambda: {"config": {"font": "Arial", "title": {"anchor": "start"}}})

scenario = tnt.read_scenario(scenario_file).with_(
    {"locale": "en", "objective": [tnt.goals.maximise("dossiers")]}
)
result = scenario.solve(cross_check="never")
bounds = [100, 200, 300, 500]  # k€
order = ["< 100", "100–200", "200–300", "300–500", "> 500"]
projects = (
    result.table()
    .filter(pl.col("eligible"))
    .with_columns(
        size=pl.sum_horizontal(
            pl.col("requested_cents") >= bound * 100_000 for bound in bounds
        ).replace_strict(dict(enumerate(order)))
    )
)
sizes = projects.group_by("size").agg(share=pl.col("funded").mean(), n=pl.len())
bars = (
    alt.Chart(sizes)
    .mark_bar(color="#3a7fc0")
    .encode(
        x=alt.X(
            "share",
            axis=alt.Axis(format="%"),
            scale=alt.Scale(domain=[0, 1]),
            title="Share of the projects funded",
        ),
        y=alt.Y("size", sort=order, title="Request (€k)"),
    )
)
counts = bars.mark_text(align="left", dx=5).encode(text=alt.Text("share", format=".0%"))
(bars + counts).properties(width=440, title="To count projects favours the small ones")

# %%
result

# %% [markdown]
# With 65 % of the money, more than nine projects in ten. Those left out ask for much: that is the effect of the
# objective, not of a choice by people.

# %%
totals = (
    projects.group_by("funded")
    .agg(
        n_dossiers=pl.len(),
        requested_cents=pl.col("requested_cents").sum(),
        median_cents=pl.col("requested_cents").median().cast(pl.Int64),
    )
    .sort("funded", descending=True)
)
tnt.table(totals, lang="en", heads={"n_dossiers": "Projects", "median_cents": "Median request"})

# %% [markdown]
# ## Where?
#
# Choose what the map shows. Money per head varies by more than one to ten between departments: these funds are made
# so (the DETR is rural), and the computation has not chosen it. Each department is bound by its own envelope.

# %%
measures = [("€ per head", "head"), ("amount", "amount"), ("projects", "count")]
picture = display(result.plot.by_department("head"), display_id=True)
control = ipywidgets.ToggleButtons(options=measures)
control.observe(lambda change: picture.update(result.plot.by_department(change.new)), "value")
control

# %% jupyter={"source_hidden": true} tags=["remove-cell"]
document = result.document
assert document["n_dossiers"] == 24_811
assert document["proof"] == "PROVED"
assert document["granted_cents"] + document["unspent_cents"] == document["amount_cents"]
kept, out = totals.to_dicts()
assert kept["n_dossiers"] > 9 * out["n_dossiers"]
assert out["median_cents"] > 5 * kept["median_cents"]
assert sizes["n"].sum() == projects.height
funded = projects.filter("funded").group_by("department").agg(pl.col("granted_cents").sum())
assert funded.height > 95
heads = result.plot.by_department("head").data.filter(pl.col("granted") > 0)["per_head"]
assert heads.max() > 10 * heads.min()

# %% [markdown]
# ## Try this
#
# - The original objective, then the most inhabitants: `tnt.read_scenario(scenario_file).solve()` (minutes; [what was
#   measured](../docs/benchmarks.md)).
# - Another objective: `tnt.goals.maximise("granted")`. Do the large projects come back?
# - `result.plot.by_envelope()`: each fund, what it has and what it grants.
