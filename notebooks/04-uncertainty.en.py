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
# # Who stays funded when nothing is sure?
#
# Two juries would not have given the same score. Works cost more than planned. A town withdraws. Draw two hundred
# futures, decide at best in each, and count.
#
# *SYNTHETIC data, and laws that are HYPOTHESES: the scenario says so.*

# %% tags=["parameters"]
scenario_file = "../scenarios/tnt-2021-incertain.yaml"
draws = 200
seed = 1

# %%
import altair as alt
import ipywidgets
import polars as pl
from IPython.display import display

import tnt_sim as tnt

alt.renderers.enable("svg")  # still pictures, which ask for nothing outside
alt.renderers.set_embed_options(format_locale="en-GB")
alt.theme.register("story", enable=True)(lambda: {"config": {"font": "Arial", "title": {"anchor": "start"}}})

scenario = tnt.read_scenario(scenario_file).with_({"locale": "en"})
found = tnt.ensemble(scenario, draws=draws, seed=seed, workers=1)
margin = 2 * (pl.col("share") * (1 - pl.col("share")) / draws).sqrt()
open_ones = (
    found.dossiers.filter(pl.col("share").is_between(0.02, 0.94))
    .sort("share", descending=True)
    .with_row_index("rank", 1)
    .with_columns(low=pl.col("share") - margin, high=pl.col("share") + margin)
)


def draw(percent):
    sure, never = (
        (found.dossiers["share"] * 100 >= percent).sum(),
        (found.dossiers["share"] * 100 <= 100 - percent).sum(),
    )
    between = found.dossiers.height - sure - never
    band = (
        alt.Chart(open_ones)
        .mark_area(opacity=0.35, color="#7f878e")
        .encode(
            x=alt.X("rank", title="Contested applications, from the surest"),
            y=alt.Y("low", title="Share of draws where it is funded", axis=alt.Axis(format="%")),
            y2="high",
        )
    )
    line = alt.Chart(open_ones).mark_line(color="#3a7fc0").encode(x="rank", y="share")
    limits = pl.DataFrame({"share": [percent / 100, 1 - percent / 100]})
    rules = alt.Chart(limits).mark_rule(strokeDash=[4, 4]).encode(y="share")
    title = f"{sure} applications are {percent}% sure, {between} contested, {never} almost never funded"
    return (band + line + rules).properties(width=560, height=280, title=title)


picture = display(draw(90), display_id=True)
control = ipywidgets.IntSlider(90, 60, 94, description="%")
control.observe(lambda change: picture.update(draw(change.new)), "value")
control

# %% [markdown]
# For each contested application, the curve gives the share of draws where the best allocation funds it; the grey band
# is the margin of a count over two hundred draws (two standard deviations). Move the slider: how sure is « sure »?
#
# Almost everything is sure. The discussion is about a minority; these are the closest to a coin toss.

# %%
coin = open_ones.with_columns(percent=(pl.col("share") * 100).round(0).cast(pl.Int64)).sort(
    (pl.col("share") - 0.5).abs()
)
tnt.table(
    coin.select("dossier", "title", "department", "percent", "planned"),
    most=8,
    lang="en",
    heads={"percent": "Funded in … % of draws"},
)

# %% [markdown]
# ## What would it be worth to know?
#
# A list decided beforehand cannot be worth the best list of each future. This is what the best list is worth, draw by
# draw, and as a solid line the average of the list decided before knowing.

# %%
lists = found.table("lists").with_columns(pl.col("mean").cast(pl.Float64))
best = (
    alt.Chart(pl.DataFrame({"points": [float(value) for value in found.values]}))
    .mark_bar(color="#3a7fc0")
    .encode(
        x=alt.X("points", bin=alt.Bin(maxbins=24), scale=alt.Scale(zero=False), title="Sum of scores"),
        y=alt.Y("count()", title="Draws"),
    )
)
before = (
    alt.Chart(lists.filter(pl.col("name") == found.robust["average"]))
    .mark_rule(color="#c27500", size=3)
    .encode(x="mean")
)
worth, mean = float(found.information), float(found.document["value"]["mean"])
(best + before).properties(
    width=560, height=220, title="The best list of each draw, and the list decided beforehand (line)"
)

# %%
tnt.table(
    pl.DataFrame(
        {
            "To decide with the future known would bring, on average": [round(worth, 1)],
            "that is, in % of the sum of scores": [round(100 * worth / mean, 1)],
        }
    ),
    lang="en",
)

# %% [markdown]
# That is little: to wait or to study more would hardly change the total here. Depending on what one fears, another
# list may be the right one; this is the one to choose here.

# %%
told = {"plan": "the planned list", "average": "the average list"}
aims = {"average": "the best average", "cvar": "the best of the bad draws", "regret": "the least regret"}
tnt.table(
    pl.DataFrame(
        {
            "What one wants": list(aims.values()),
            "List to choose": [told.get(found.robust[aim], found.robust[aim]) for aim in aims],
        }
    ),
    lang="en",
)

# %% [markdown]
# The study is also one card:

# %%
found

# %% jupyter={"source_hidden": true} tags=["remove-cell"]
counted = dict(found.dossiers.group_by("standing").len().iter_rows())
assert found.n_draws == draws
assert counted["core"] > counted.get("borderline", 0) > 0
assert found.information >= 0
assert set(found.robust) == set(aims)
assert (lists["mean"] <= mean).all()

# %% [markdown]
# ## Try this
#
# - Set `draws = 1000`: does the grey band get narrower? How many applications change sides?
# - `found.report.html("draws.html")` writes the whole page: unspent amounts, payments, lists.
# - Add an uncertainty of your own: `scenario.with_({"uncertain": [{"id": "a", "event": "withdrawn", "probability":
#   "10 %"}]})`.
