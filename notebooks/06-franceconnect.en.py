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
# # What does a target of equipment cost?
#
# March 2022, FranceConnect: all departments, half of the groups of municipalities and of the towns above 3,500
# inhabitants, one small town in ten. Which budget does that suppose? And how far would €10 million go?
#
# *The targets and the lump sums are published. The starting point is SYNTHETIC: we know how many authorities were
# equipped, not which ones.* All 35,320 authorities of the map are candidates: an answer takes some seconds.

# %% tags=["parameters"]
scenario_file = "../scenarios/franceconnect.yaml"
limited_file = "../scenarios/franceconnect-10m.yaml"

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
result = scenario.session().solve()  # a session: the order among lists of equal value is not proved in it
priced = tnt.prices(scenario, kinds=["rule"])
targets = {
    "departements": "all departments",
    "grandes": "half of the large ones",
    "petites": "one small town in ten",
}
costs = pl.DataFrame(
    [
        {"id": row["id"], "target": targets[row["id"]], "millions": float(row["value"]) / 1e6}
        for row in priced.document["prices"]
    ]
)
bars = (
    alt.Chart(costs)
    .mark_bar(color="#3a7fc0")
    .encode(
        x=alt.X("millions", title="Money saved without this target (€M)"),
        y=alt.Y("target", sort=list(targets.values()), title=None, axis=alt.Axis(labelLimit=200)),
    )
)
figures = bars.mark_text(align="left", dx=5).encode(text=alt.Text("millions", format=".2f"))
(bars + figures).properties(width=420, title="Small towns cost two thirds of the whole")

# %% [markdown]
# Money is no limit here, but the answer: the least that reaches the three targets. €22.46 million, that is 4,492
# authorities at €5,000: the same as by hand. With the 1,000 already equipped, that makes 5,492, in agreement with the
# "more than 5,000" of the press release. The three prices add up to the whole budget: no equipment serves two targets
# at once.

# %%
result

# %% [markdown]
# ## Where are they?

# %%
result.plot.by_department("count")

# %% [markdown]
# ## How far would a given budget go?
#
# The targets are no longer required but approached, in this order: departments, large authorities, small towns. Move
# the slider; each budget is a decision, proved again. The tick is the target.

# %%
limited = tnt.read_scenario(limited_file)
goals = [tnt.goals.minimise(f"shortfall.{rule.id}") for rule in limited.spec.rules]
quick = limited.with_({"objective": goals, "locale": "en"})
session = quick.session()


def reach(millions):
    return session.solve({"programme.amount": f"{millions} M€"})


def draw(millions, reached):
    rows = reached.table("rules").with_columns(
        target=pl.col("id").replace_strict(targets),
        share=pl.col("num") / pl.col("den"),
        goal=pl.col("min").cast(pl.Float64),
    )
    y = alt.Y("target", sort=list(targets.values()), title=None, axis=alt.Axis(labelLimit=200))
    bars = (
        alt.Chart(rows)
        .mark_bar(color="#3a7fc0")
        .encode(
            x=alt.X(
                "share", axis=alt.Axis(format="%"), title="Share equipped", scale=alt.Scale(domain=[0, 1])
            ),
            y=y,
        )
    )
    ticks = alt.Chart(rows).mark_tick(color="#c27500", thickness=4, size=26).encode(x="goal", y=y)
    text = bars.mark_text(align="left", dx=5).encode(text=alt.Text("share", format=".1%"))
    met = rows["holds"].sum()
    return (bars + ticks + text).properties(
        width=420, title=f"€{millions} million reaches {met} targets of 3"
    )


reached = reach(10)
picture = display(draw(10, reached), display_id=True)
control = ipywidgets.SelectionSlider(
    options=[5, 7.5, 10, 15, 20, 25], value=10, description="€M", continuous_update=False
)
control.observe(lambda change: picture.update(draw(change.new, reach(change.new))), "value")
control

# %% [markdown]
# With €10 million, two thousand lump sums: the first two targets are reached, the third is not. The rest equips 607
# small towns of the 3,099 needed.

# %% jupyter={"source_hidden": true} tags=["remove-cell"]
document = result.document
assert document["proof"] == "PROVED"
assert document["n_funded"] == 66 + 1_327 + 3_099 == 4_492
assert document["granted_cents"] == 4_492 * 500_000
assert document["n_funded"] + 1_000 > 5_000
euros = dict(costs.select("id", "millions").iter_rows())
assert euros["departements"] < euros["grandes"] < euros["petites"]
assert euros["petites"] > 0.6 * document["granted_cents"] / 1e8
assert abs(sum(euros.values()) * 1e8 - document["granted_cents"]) < 1
coverage = reached.table("rules")
assert dict(coverage.select("id", "holds").iter_rows()) == {
    "departements": True,
    "grandes": True,
    "petites": False,
}
assert reached.document["n_funded"] == 2_000
assert dict(coverage.select("id", "num").iter_rows())["petites"] == 81 + 607

# %% [markdown]
# ## Try this
#
# - Change the order of the targets: `quick.with_({"objective": goals[::-1]})`. How many departments are equipped with
#   €10 million?
# - The price of a target with its certificate: `tnt.prices(scenario, kinds=["rule"])`.
# - Another rate: `"rules.petites.min": "15 %"`.
