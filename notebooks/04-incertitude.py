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
# # Ce qui tient malgré l'incertitude
#
# Notes, coûts et abandons ne sont pas sûrs : quels dossiers restent financés dans presque tous les tirages ?
# *Données SYNTHÉTIQUES, et lois en HYPOTHÈSE : le scénario le dit.*

# %% tags=["parameters"]
scenario_file = "../scenarios/tnt-2021-incertain.yaml"
draws = 12
seed = 1

# %%
import tnt_sim as tnt

found = tnt.ensemble(scenario_file, draws=draws, seed=seed, workers=1)
found

# %% [markdown]
# Le **noyau** est financé dans 95 % des tirages au moins. Il contient la plupart des dossiers : ce qui se discute est
# une minorité, que voici.

# %%
counted = dict(found.dossiers.group_by("standing").len().iter_rows())
assert counted["core"] > counted.get("borderline", 0) > 0
found.dossiers.filter(standing="borderline").select("dossier", "share", "planned").head(8)

# %% [markdown]
# Décider avant de savoir coûte quelque chose ; savoir vaut donc quelque chose.

# %%
assert found.information >= 0
float(found.information), found.robust
