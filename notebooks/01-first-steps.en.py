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
# # First steps: from a table to a decision
#
# A programme, dossiers, rules: in five minutes a proven allocation, and why.
#
# *SYNTHETIC data: these dossiers describe no real request.*

# %% tags=["parameters"]
scenario_file = "../scenarios/demat-ads.yaml"

# %%
import altair

import tnt_sim as tnt

altair.renderers.enable("svg")  # still pictures, which ask for nothing outside
scenario = tnt.Scenario.from_yaml(scenario_file).with_({"locale": "en"})
scenario

# %% [markdown]
# ## Decide
#
# One line is enough. The allocation is **optimal**: no other does better, and what proves it is told. What is not
# spent is always shown with its cause: granted and left make up the amount, to the cent.

# %%
result = scenario.solve()
result

# %%
document = result.summary()
assert document["status"] == "optimal"
assert document["proof"] in ("PROVED", "CROSS_CHECKED")
assert document["granted_cents"] + document["unspent_cents"] == document["amount_cents"]
assert all(e["unspent_because"] for e in document["envelopes"] if e["unspent_cents"])

# %% [markdown]
# ## Every dossier has its reason
#
# One row a dossier, funded or not. Amounts in the table are whole cents; `tnt.table` shows them in euros.

# %%
dossiers = result.to_dataframe()
tnt.table(dossiers.select("dossier", "applicant", "funded", "granted_cents", "reason"), most=8, lang="en")

# %%
assert dossiers["funded"].sum() == document["n_funded"]
assert dossiers["granted_cents"].sum() == document["granted_cents"]
assert (dossiers["reason"] != "").all()

# %% [markdown]
# ## The picture

# %%
result.plot.by_envelope()

# %%
result.plot.by_department("count")

# %% [markdown]
# ## And if the envelope were a tenth larger?
#
# The scenario changes, its files do not: the programme, and the envelope in it. Two decisions side by side say who enters and who leaves.

# %%
tenth_more = f"{document['amount_cents'] * 11 // 1000} €"
larger = scenario.with_({"programme.amount": tenth_more, "envelopes.demat-ads.amount": tenth_more})
comparison = tnt.compare(result, larger.solve(), names=["as written", "a tenth more"])
comparison

# %%
assert scenario.spec.programme.amount == document["amount_cents"]
assert larger.spec.programme.amount > scenario.spec.programme.amount
assert comparison.to_dataframe().height > 0

# %% [markdown]
# Next: [what a bigger envelope buys](02-bigger-envelope.en.ipynb).
