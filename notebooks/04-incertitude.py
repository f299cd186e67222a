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
# # Ce qui tient malgré l’incertitude
#
# Notes, coûts et abandons ne sont pas sûrs : quels dossiers restent financés dans presque tous les tirages ? Quelle
# liste choisir avant de savoir, et que vaudrait de savoir ?
#
# *Données SYNTHÉTIQUES, et lois en HYPOTHÈSE : le scénario le dit.* Douze tirages ici, pour aller vite ; mille en
# donnent une image plus fine (`draws`).

# %% tags=["parameters"]
scenario_file = "../scenarios/tnt-2021-incertain.yaml"
draws = 12
seed = 1

# %%
import polars as pl

import tnt_sim as tnt

found = tnt.ensemble(scenario_file, draws=draws, seed=seed, workers=1)
found

# %% [markdown]
# ## Le noyau, et ce qui se discute
#
# Le **noyau** est financé dans 95 % des tirages au moins. Il contient la plupart des dossiers : ce qui se discute est
# une minorité, que voici, du plus sûr au moins sûr.

# %%
counted = dict(found.dossiers.group_by("standing").len().iter_rows())
assert counted["core"] > counted.get("borderline", 0) > 0
borderline = found.dossiers.filter(pl.col("standing") == "borderline")
assert borderline["share"].is_between(0.05, 0.95).all()
tnt.table(borderline.select("dossier", "title", "share", "planned"), most=8)

# %% [markdown]
# ## Décider avant de savoir
#
# Une liste décidée d’avance vaut, en moyenne, moins que la meilleure liste de chaque tirage : l’écart est ce que
# vaudrait de savoir. Selon ce que l’on craint, une autre liste est la bonne.

# %%
assert found.information >= 0
assert set(found.robust) == {"average", "cvar", "regret"}
tnt.table(
    pl.DataFrame(
        {
            "Ce que l'on veut": ["la meilleure moyenne", "le moins mauvais au pire", "le moindre regret"],
            "Liste": [found.robust["average"], found.robust["cvar"], found.robust["regret"]],
        }
    )
)

# %%
float(found.information)
