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
# # Un pays entier, en vrai
#
# Les 24 811 projets de collectivités que l’État a réellement subventionnés en 2019 (DETR, DSIL, DSID) : 1,7 Md€. On
# les remet en concurrence dans des enveloppes réduites à 65 %, département par département.
#
# *Projets et montants réels (DGCL, traitement CGET/ANCT, Licence Ouverte 2.0) ; enveloppes FICTIVES. La liste ne
# contient que des projets financés : elle n’a ni refus ni note. Ce carnet ne dit donc pas ce qu’il aurait fallu faire ;
# il montre ce que le calcul sait faire à cette taille.*

# %% tags=["parameters"]
scenario_file = "../scenarios/detr-dsil-2019.yaml"

# %%
import altair
import polars as pl

import tnt_sim as tnt

altair.renderers.enable("svg")  # des images fixes, qui ne demandent rien à l’internet
scenario = tnt.Scenario.from_yaml(scenario_file)
scenario

# %% [markdown]
# ## Le plus de projets possible
#
# Le scénario a deux buts : le plus de projets, puis le plus d’habitants. Le second demande des minutes et n’est pas
# toujours prouvé (`docs/benchmarks.md` dit où l’on bute) ; ce carnet garde le premier, prouvé en quelques secondes :
# trois cents enveloppes, un sac à dos exact dans chacune.

# %%
projects = scenario.with_({"objective": [{"maximise": {"dossiers": 1}}]})
result = projects.solve(cross_check="never")
result

# %%
document = result.summary()
assert document["n_dossiers"] == 24_811
assert document["proof"] == "PROVED"
assert document["granted_cents"] + document["unspent_cents"] == document["amount_cents"]

# %% [markdown]
# Avec 65 % de l’argent, plus de neuf projets sur dix : compter les projets favorise les petits. Ce que montre la taille
# de ceux qui restent dehors.

# %%
dossiers = result.to_dataframe().filter(pl.col("eligible"))
sizes = (
    dossiers.group_by("funded")
    .agg(
        pl.len().alias("n_dossiers"),
        pl.col("requested_cents").sum(),
        pl.col("requested_cents").median().cast(pl.Int64).alias("median_cents"),
    )
    .sort("funded", descending=True)
)
tnt.table(sizes, heads={"n_dossiers": "Projets", "median_cents": "Demande médiane"})

# %%
kept, out = sizes.to_dicts()
assert kept["n_dossiers"] > 9 * out["n_dossiers"]
assert out["median_cents"] > 5 * kept["median_cents"]

# %% [markdown]
# ## Par fonds, par département

# %%
result.plot.by_envelope()

# %%
result.plot.by_department("head")

# %% [markdown]
# La dotation par habitant varie de plus de un à dix entre départements : c’est ainsi que ces fonds sont faits (la
# DETR est rurale), et non ce que le calcul a choisi. Chaque département est tenu par sa propre enveloppe.

# %%
departments = result.plot.by_department("head").data
heads = departments.filter((pl.col("n_funded") > 0) & pl.col("population").is_not_null())["per_head"].sort()
assert heads.len() > 95
assert heads[-1] > 10 * heads[0]
