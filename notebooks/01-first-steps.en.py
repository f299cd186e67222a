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
# # From a table to a decision: who is funded, and why not the others?
#
# Eight hundred centres ask for a grant to handle building permits online; there are €7.5 million. In five minutes: a
# proved allocation, and the reason of each.
#
# *SYNTHETIC data: these applications describe no real request.*

# %% tags=["parameters"]
scenario_file = "../scenarios/demat-ads.yaml"

# %%
import altair as alt
import ipywidgets
from IPython.display import display

import tnt_sim as tnt

alt.renderers.enable("svg")  # still pictures, which ask for nothing outside
scenario = tnt.read_scenario(scenario_file).with_({"locale": "en"})
scenario

# %% [markdown]
# ## Decide
#
# One line is enough. The picture answers the first question: how many applications are funded, and what stops the
# others.

# %%
result = scenario.solve()
result.plot.reasons()

# %% [markdown]
# The allocation is **optimal**: no other does better, and an exact certificate shows it. Granted plus left equals the
# envelope, to the cent; any unspent amount has its cause.

# %%
result

# %% [markdown]
# ## Each has its reason
#
# One application per reason; the whole table has one row per application (`result.table()`).

# %%
dossiers = result.table()
tnt.table(
    dossiers.unique("reason_code", keep="first", maintain_order=True).select(
        "dossier", "applicant", "requested_cents", "granted_cents", "reason"
    ),
    lang="en",
)

# %%
result.plot.by_department("count")

# %% [markdown]
# ## And if the envelope were another?
#
# Move the slider: each amount is decided and proved again, in a second or two. At €8 million there is money left, and
# 54 applications stay refused: a town is served once only.


# %%
def decide(millions):
    amount = f"{millions} M€"
    return scenario.with_({"programme.amount": amount, "envelopes.demat-ads.amount": amount}).solve()


picture = display(decide(6.5).plot.reasons(), display_id=True)
control = ipywidgets.SelectionSlider(
    options=[6.0, 6.5, 7.0, 7.5, 8.0], value=6.5, description="€M", continuous_update=False
)
control.observe(lambda change: picture.update(decide(change.new).plot.reasons()), "value")
control

# %% [markdown]
# ## The whole planner's page
#
# In a cell: envelopes, rules, weights, decisions, map and list, all that the browser lets you set.
# `explorer.scenario` and `explorer.result` are the objects of the settings as they stand.

# %%
explorer = tnt.explore(result)
explorer

# %% jupyter={"source_hidden": true} tags=["remove-cell"]
document = result.document
assert document["proof"] in ("PROVED", "CROSS_CHECKED")
assert document["granted_cents"] + document["unspent_cents"] == document["amount_cents"]
assert all(row["unspent_because"] for row in document["envelopes"] if row["unspent_cents"])
assert dossiers["funded"].sum() == document["n_funded"]
assert dossiers["granted_cents"].sum() == document["granted_cents"]
assert (dossiers["reason"] != "").all()
ample = decide(8.0).document
assert ample["unspent_cents"] > 0
assert ample["n_dossiers"] - ample["n_funded"] == 54

# %% [markdown]
# ## Try this
#
# - `tnt.compare(result, decide(8.0))`: who enters, who leaves, because of what.
# - `result.explain(…)` with the number of a refused application: exactly what it lacks.
# - Next: [what a bigger envelope buys](02-bigger-envelope.en.ipynb).
