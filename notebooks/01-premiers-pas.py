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
# # D’une table à une décision : qui est financé, et pourquoi pas les autres ?
#
# Huit cents centres demandent une aide pour instruire l’urbanisme en ligne ; il y a 7,5 M€. En cinq minutes : une
# répartition prouvée, et la raison de chacun.
#
# *Données SYNTHÉTIQUES : ces dossiers ne décrivent aucune demande réelle.*

# %% tags=["parameters"]
scenario_file = "../scenarios/demat-ads.yaml"

# %%
import altair as alt
import ipywidgets
from IPython.display import display

import tnt_sim as tnt

alt.renderers.enable("svg")  # des images fixes, qui ne demandent rien à l’internet
scenario = tnt.read_scenario(scenario_file).with_({"locale": "fr"})
scenario

# %% [markdown]
# ## Décider
#
# Une ligne suffit. La figure répond à la première question : combien de dossiers sont financés, et ce qui arrête les
# autres.

# %%
result = scenario.solve()
result.plot.reasons()

# %% [markdown]
# La répartition est **optimale** : aucune autre ne fait mieux, et un certificat exact le montre. Accordé plus reste
# égale l’enveloppe, au centime ; tout montant non dépensé a sa cause.

# %%
result

# %% [markdown]
# ## Chacun a sa raison
#
# Un dossier par motif ; la table entière a une ligne par dossier (`result.table()`).

# %%
dossiers = result.table()
tnt.table(
    dossiers.unique("reason_code", keep="first", maintain_order=True).select(
        "dossier", "applicant", "requested_cents", "granted_cents", "reason"
    ),
    lang="fr",
)

# %%
result.plot.by_department("count")

# %% [markdown]
# ## Et si l’enveloppe changeait ?
#
# Déplacez le curseur : chaque montant est décidé et prouvé de nouveau, en une ou deux secondes. À 8 M€ l’argent ne
# manque plus, et 54 dossiers restent refusés : une commune n’est servie qu’une fois.


# %%
def decide(millions):
    amount = f"{millions} M€"
    return scenario.with_({"programme.amount": amount, "envelopes.demat-ads.amount": amount}).solve()


picture = display(decide(6.5).plot.reasons(), display_id=True)
control = ipywidgets.SelectionSlider(
    options=[6.0, 6.5, 7.0, 7.5, 8.0], value=6.5, description="M€", continuous_update=False
)
control.observe(lambda change: picture.update(decide(change.new).plot.reasons()), "value")
control

# %% [markdown]
# ## Toute la page du planificateur
#
# Dans une cellule : enveloppes, règles, poids, décisions, carte et liste, tout ce qui se règle dans le navigateur.
# `explorer.scenario` et `explorer.result` sont les objets des réglages du moment.

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
# ## À essayer
#
# - `tnt.compare(result, decide(8.0))` : qui entre, qui sort, à cause de quoi.
# - `result.explain(…)` avec le numéro d’un dossier refusé : ce qui lui manque, exactement.
# - Ensuite : [ce qu’achèterait une enveloppe plus grande](02-enveloppe-elargie.ipynb).
