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
# # Premiers pas : d’une table à une décision
#
# Un programme, des dossiers, des règles : en cinq minutes, une répartition prouvée, et pourquoi.
#
# *Données SYNTHÉTIQUES : ces dossiers ne décrivent aucune demande réelle.*

# %% tags=["parameters"]
scenario_file = "../scenarios/demat-ads.yaml"

# %%
import altair

import tnt_sim as tnt

altair.renderers.enable("svg")  # des images fixes, qui ne demandent rien à l’internet
scenario = tnt.Scenario.from_yaml(scenario_file)
scenario

# %% [markdown]
# ## Décider
#
# Une ligne suffit. La répartition est **optimale** : aucune autre ne fait mieux, et ce qui le prouve est dit. Ce qui
# n’est pas dépensé est toujours montré, avec sa cause : accordé et reste font le montant, au centime.

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
# ## Chaque dossier a sa raison
#
# Une ligne par dossier, financé ou non. Les montants de la table sont des centimes entiers ; `tnt.table` les montre
# en euros.

# %%
dossiers = result.to_dataframe()
tnt.table(dossiers.select("dossier", "applicant", "funded", "granted_cents", "reason"), most=8)

# %%
assert dossiers["funded"].sum() == document["n_funded"]
assert dossiers["granted_cents"].sum() == document["granted_cents"]
assert (dossiers["reason"] != "").all()

# %% [markdown]
# ## L’image

# %%
result.plot.by_envelope()

# %%
result.plot.by_department("count")

# %% [markdown]
# ## Et si l’enveloppe était un dixième plus grande ?
#
# Le scénario change, pas ses fichiers : le programme, et l’enveloppe qu’il contient. Deux décisions côte à côte disent qui entre et qui sort.

# %%
tenth_more = f"{document['amount_cents'] * 11 // 1000} €"
larger = scenario.with_({"programme.amount": tenth_more, "envelopes.demat-ads.amount": tenth_more})
comparison = tnt.compare(result, larger.solve(), names=["écrit", "un dixième de plus"])
comparison

# %%
assert scenario.spec.programme.amount == document["amount_cents"]
assert larger.spec.programme.amount > scenario.spec.programme.amount
assert comparison.to_dataframe().height > 0

# %% [markdown]
# Ensuite : [ce qu’achète une enveloppe plus grande](02-enveloppe-elargie.ipynb), [ce que coûtent les
# règles](03-regles-et-equite.ipynb), [vos propres données](09-vos-donnees.ipynb).
