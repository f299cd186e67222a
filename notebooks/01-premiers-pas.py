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
# # Premiers pas : d'une table à une décision
#
# Un programme, des dossiers, des règles : en cinq minutes, une répartition prouvée, et pourquoi.
# *Données SYNTHÉTIQUES : ces dossiers ne décrivent aucune demande réelle.*

# %% tags=["parameters"]
scenario_file = "../scenarios/demat-ads.yaml"

# %%
import tnt_sim as tnt

scenario = tnt.Scenario.from_yaml(scenario_file)
result = scenario.solve()
document = result.summary()
document["status"], document["proof"], document["n_funded"]

# %% [markdown]
# La répartition est **optimale** : aucune autre ne fait mieux, et un certificat exact le prouve. Ce qui n'est pas
# dépensé est toujours dit, avec sa cause.

# %%
assert document["status"] == "optimal"
assert document["proof"] in ("PROVED", "CROSS_CHECKED")
assert document["granted_cents"] + document["unspent_cents"] == document["amount_cents"]
[
    (e["id"], e["granted_cents"] / 100, e["unspent_cents"] / 100, e["unspent_because"])
    for e in document["envelopes"]
]

# %% [markdown]
# Chaque dossier a sa ligne, sa décision et sa raison.

# %%
table = result.to_dataframe()
table.select("dossier", "funded", "granted_cents", "reason_code", "reason").head(8)

# %%
assert table["funded"].sum() == document["n_funded"]
assert (table["reason"] != "").all()

# %% [markdown]
# Et si l'enveloppe était un dixième plus grande ? Le scénario change, pas ses fichiers.

# %%
larger = scenario.with_({"programme.amount": f"{document['amount_cents'] * 11 // 1000} €"})
tnt.compare(scenario, larger, names=["écrit", "un dixième de plus"])
