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
# # What would a bigger envelope buy?
#
# From €88 to 108 million: how many more points and applications, at which amount does each enter, and what does it
# cost to promise that nobody loses a grant?
#
# *SYNTHETIC data: these applications describe no real request.*

# %% tags=["parameters"]
scenario_file = "../scenarios/tnt-2021.yaml"
local_file = "../scenarios/equite-territoriale.yaml"
amounts = [88, 92, 96, 100, 104, 108]  # M€

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
sweep = tnt.sweep(scenario, envelope="tnt", at=[f"{amount} M€" for amount in amounts])
points = sweep.to_dataframe().with_columns(
    millions=pl.col("amount_cents") // 100_000_000, points=pl.col("value_1").cast(pl.Float64)
)
free = points.filter(pl.col("curve") == "free")
base = free.row(0, named=True)


def draw(amount):
    here = free.filter(pl.col("millions") == amount)
    more = here.row(0, named=True)
    line = (
        alt.Chart(free)
        .mark_line(point=True, color="#3a7fc0")
        .encode(
            x=alt.X("millions", scale=alt.Scale(zero=False), title="Envelope (€M)"),
            y=alt.Y(
                "points", scale=alt.Scale(zero=False), title="Sum of points", axis=alt.Axis(format=",.0f")
            ),
        )
    )
    mark = alt.Chart(here).mark_point(size=260, color="black", strokeWidth=2).encode(x="millions", y="points")
    text = mark.mark_text(align="left", dx=14, dy=14, fontSize=13).encode(
        text=alt.Text("points", format=",.0f")
    )
    applications = more["n_funded"] - base["n_funded"]
    title = f"€{amount - amounts[0]} million more: {applications} more applications, {more['n_departments']} departments"
    return (line + mark + text).properties(width=540, height=280, title=title)


picture = display(draw(amounts[2]), display_id=True)
control = ipywidgets.SelectionSlider(options=amounts, value=amounts[2], description="€M")
control.observe(lambda change: picture.update(draw(change.new)), "value")
control

# %% [markdown]
# Each point is the best allocation of its amount, proved. The curve rises less and less: the first euros go to the
# applications that bring most per euro.
#
# ## Where does the added money go?
#
# Demand exceeds the money everywhere: each axis gets a part of what is added.

# %%
sweep.plot.envelopes()

# %% [markdown]
# ## What does a promise cost?
#
# **Free**: each amount on its own. **Promises kept**: whoever was funded at the amount before stays funded, for the
# same sum. The difference is the price of the promise.

# %%
kept = points.filter(pl.col("curve") == "nested").select("millions", kept="points")
price = free.join(kept, on="millions").with_columns(price=pl.col("points") - pl.col("kept"))
tnt.table(
    price.select(
        "amount_cents",
        "n_funded",
        pl.col("points").round(1),
        pl.col("kept").round(1),
        pl.col("price").round(1),
    ),
    lang="en",
    heads={"points": "Points, free", "kept": "Points, promises kept", "price": "Price"},
)

# %% [markdown]
# ## The next euro
#
# The smallest useful increase; below it nothing changes. For the local desks alone: €28 million and 2,076
# applications.

# %%
local = tnt.read_scenario(local_file).with_({"locale": "en"})
following = tnt.next_euro(local, envelopes=["fonds"], rules=[])
(step,) = following.document["next"]
tnt.table(
    pl.DataFrame(
        {
            "step_cents": [step["step_cents"]],
            "gain": [float(step["gain"])],
            "enter": [len(step["enter"])],
            "leave": [len(step["leave"])],
        }
    ),
    lang="en",
    heads={
        "step_cents": "Smallest useful increase",
        "gain": "Points gained",
        "enter": "Enter",
        "leave": "Leave",
    },
)

# %% [markdown]
# ## From which amount does each application enter?
#
# For each refused application: the smallest increase with which it can be funded without any loss to the objective.
# The figure is exact, to the cent; one can give it to the applicant.

# %%
found = tnt.entries(local, stop="29 M€")
waiting = (
    found.to_dataframe()
    .filter(~pl.col("funded") & pl.col("no_loss_cents").is_not_null())
    .sort("no_loss_cents")
)
never = pl.col("flag") == "never"
entering = waiting.filter(~never).with_columns(euros=pl.col("no_loss_cents") / 100)
most = round(entering["euros"].max() / 1_000)
alt.Chart(entering).mark_bar(color="#3a7fc0").encode(
    x=alt.X("euros", bin=alt.Bin(maxbins=24), axis=alt.Axis(format=",.0f"), title="Sufficient increase (€)"),
    y=alt.Y("count()", title="Applications refused today"),
).properties(
    width=540,
    height=220,
    title=f"{entering.height} refused applications can enter with at most €{most}k more, one at a time",
)

# %%
tnt.table(
    pl.concat([waiting.filter(~never).head(5), waiting.filter(never).head(3)]).select(
        "dossier", pl.when(~never).then(pl.col("no_loss_cents")), "flag"
    ),
    most=10,
    lang="en",
    heads={"no_loss_cents": "Sufficient increase", "flag": "Then"},
)

# %% jupyter={"source_hidden": true} tags=["remove-cell"]
assert set(points["proof"]) == {"PROVED"}
assert free["points"].is_sorted()
assert free["points"].diff().drop_nulls().is_sorted(descending=True)
axes = (
    sweep.to_dataframe(table="envelopes")
    .filter(pl.col("curve") == "free", pl.col("id").str.starts_with("axe-"))
    .sort("amount_cents")
)
assert all(part["granted_cents"][-1] > part["granted_cents"][0] for _, part in axes.group_by("id"))
assert (price["price"] >= 0).all()
assert (price["price"] > 0).any()
assert step["step_cents"] > 0
assert waiting.height > entering.height > 0
assert (waiting["no_loss_cents"] >= 0).all()
assert entering["euros"].max() <= 1_000_000

# %% [markdown]
# ## Try this
#
# - `sweep.report.html("curve.html")`: the page, with who enters at each amount.
# - `tnt.target(local, "+100")`: how much for a hundred more applications?
# - Transfer rather than extend: `tnt.extend(scenario)` ([transfer or extend](../docs/en/howto/extend.md)).
