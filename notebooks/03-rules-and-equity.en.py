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
# # What does a rule cost, and whom?
#
# A rule protects something and costs something. Here, a national envelope of €28 million for 2,076 projects of local
# authorities, and four equity rules that are switched on one by one.
#
# *SYNTHETIC data: these applications describe no real request; the equity rules are supposed.*

# %% tags=["parameters"]
scenario_file = "../scenarios/equite-territoriale.yaml"
rules = ["plafond-departement", "partout", "communes", "par-habitant"]

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
base = scenario.solve()
alone = {rule: scenario.with_({f"rules.{rule}.off": False}).solve() for rule in rules}


def score(result):
    return float(result.document["objective"][0]["value"])


titles = {rule.id: rule.title for rule in scenario.spec.rules}
costs = pl.DataFrame(
    {"rule": [titles[rule] for rule in rules], "points": [score(base) - score(alone[rule]) for rule in rules]}
)
bars = (
    alt.Chart(costs)
    .mark_bar(color="#cc5500")
    .encode(
        x=alt.X("points", title="Points lost, of the sum of scores"),
        y=alt.Y("rule", sort="-x", title=None, axis=alt.Axis(labelLimit=330)),
    )
)
figures = bars.mark_text(align="left", dx=5).encode(text=alt.Text("points", format=",.1f"))
(bars + figures).properties(width=330, title="The cap per department is by far the most expensive rule")

# %% [markdown]
# Each bar is the difference of two proved optima: without the rule, and with it alone. No rule gains anything; the
# other three cost little.
#
# ## Whom?
#
# The cost is not spread evenly. Choose a rule: the map shows what each department gains or loses.


# %%
def difference(rule):
    return tnt.compare(base, alone[rule], names=["no rule", "with it"], attribute=False)


picture = display(difference("plafond-departement").plot.by_department(), display_id=True)
control = ipywidgets.Dropdown(
    options=[(titles[rule], rule) for rule in rules], value="plafond-departement", layout={"width": "32em"}
)
control.observe(lambda change: picture.update(difference(change.new).plot.by_department()), "value")
control

# %% [markdown]
# The same amount everywhere is not the same per head. This is the money per head with the cap: departments with few
# people stay the best endowed.

# %%
alone["plafond-departement"].plot.by_department("head")

# %% [markdown]
# ## Two rules together
#
# Two rules together do not cost the sum of what they cost alone. The price of each is then read with the other in
# place.

# %%
pair = ["plafond-departement", "communes"]
both = scenario.with_({f"rules.{rule}.off": False for rule in pair})
priced = tnt.prices(both, kinds=["rule"])
price = {row["id"]: float(row["value"]) for row in priced.document["prices"]}
tnt.table(
    pl.DataFrame(
        {
            "Rule": [titles[rule] for rule in pair],
            "Cost alone": [round(score(base) - score(alone[rule]), 1) for rule in pair],
            "Cost with the other in place": [round(price[rule], 1) for rule in pair],
        }
    ),
    lang="en",
)

# %% [markdown]
# Some do not go together. Ten projects everywhere and at most €297,000 per department: no allocation satisfies both,
# and that is proved. [Why not my application?](05-why.en.ipynb) shows how to repair at the least cost.
#
# ## Equity as an objective
#
# Instead of a rule, an objective: that the department with the least money per head has as much as possible; the
# scores count at equality only.

# %%
least = tnt.goals.smallest("granted", per="population", by="department")
fairest = scenario.with_({"objective": [tnt.goals.maximise(least), tnt.goals.maximise("score")]}).solve()
fair = tnt.compare(base, fairest, names=["scores first", "the poorest first"], attribute=False)
fair.plot.lorenz()

# %%
smallest, points = (float(goal["value"]) for goal in fairest.document["objective"])
tnt.table(
    pl.DataFrame(
        {
            "Objective": ["scores first", "the poorest first"],
            "Sum of scores": [round(score(base), 1), round(points, 1)],
            "granted_cents": [base.document["granted_cents"], fairest.document["granted_cents"]],
            "n_funded": [base.document["n_funded"], fairest.document["n_funded"]],
        }
    ),
    lang="en",
)

# %% jupyter={"source_hidden": true} tags=["remove-cell"]
assert {result.proof.value for result in (base, fairest, *alone.values())} <= {"PROVED", "CROSS_CHECKED"}
assert (costs["points"] >= 0).all()
assert (
    costs["points"].max()
    == score(base) - score(alone["plafond-departement"])
    > 4 * costs["points"].sort()[-2]
)
assert price["plafond-departement"] > price["communes"] > 0
assert points < score(base)
heads = alone["plafond-departement"].plot.by_department("head").data.sort("per_head")["population"]
assert heads[-20:].sum() * 5 < heads[:20].sum()
clash = scenario.with_({"rules.plafond-departement.off": False, "rules.partout.off": False}).solve()
assert clash.status is tnt.Status.INFEASIBLE

# %% [markdown]
# ## Try this
#
# - Raise the cap: `scenario.with_({"rules.plafond-departement.off": False, "rules.plafond-departement.max": "400
#   k€"})`. What becomes of its cost?
# - Give a rule a price instead of imposing it: the key `penalty` ([the rule book](../docs/en/reference/rules.md)).
# - Cross two values at once: [cap or envelope](08-batch-and-cluster.en.ipynb).
