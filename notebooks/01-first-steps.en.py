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
# *SYNTHETIC data: these dossiers describe no real request.*

# %% tags=["parameters"]
scenario_file = "../scenarios/demat-ads.yaml"

# %%
import tnt_sim as tnt

scenario = tnt.Scenario.from_yaml(scenario_file)
result = scenario.solve()
document = result.summary()
document["status"], document["proof"], document["n_funded"]

# %% [markdown]
# The allocation is **optimal**: no other does better, and an exact certificate proves it. Unspent money is always
# shown, with why.

# %%
assert document["status"] == "optimal"
assert document["proof"] in ("PROVED", "CROSS_CHECKED")
assert document["granted_cents"] + document["unspent_cents"] == document["amount_cents"]

# %% [markdown]
# Each dossier has its row, its decision and its reason.

# %%
table = result.to_dataframe()
table.select("dossier", "funded", "granted_cents", "reason_code", "reason").head(8)

# %%
assert table["funded"].sum() == document["n_funded"]

# %% [markdown]
# And if the envelope were a tenth larger? The scenario changes, its files do not.

# %%
larger = scenario.with_({"programme.amount": f"{document['amount_cents'] * 11 // 1000} €"})
tnt.compare(scenario, larger, names=["as written", "a tenth more"])
