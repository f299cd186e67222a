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
# # Beaucoup de scénarios, et où ils sont gardés
#
# Un lot croise des valeurs ; chaque réponse est écrite une fois, et polars la relit directement.
# *Données SYNTHÉTIQUES : ces dossiers ne décrivent aucune demande réelle.*

# %% tags=["parameters"]
batch_file = "../scenarios/lot-enveloppes.yaml"

# %%
import tempfile
from pathlib import Path

import polars as pl

from tnt_sim.study.batch.executors import executor
from tnt_sim.study.batch.plan import read_plan
from tnt_sim.study.batch.run import run_batch

plan = read_plan([Path(batch_file)])
[case.name for case in plan.cases]

# %%
store = Path(tempfile.mkdtemp()) / "lot"
result = run_batch(plan, store, executor("serial", 1), 1)
result.runs.select("name", "n_funded", "granted_cents", "proof")

# %% [markdown]
# La même commande ne refait rien : tout est déjà là.

# %%
again = run_batch(plan, store, executor("serial", 1), 1)
assert again.runs.equals(result.runs)

# %% [markdown]
# Combien de fois chaque dossier est-il financé ? Une requête sur les fichiers.

# %%
runs = pl.scan_parquet(store / "runs")
times = runs.select("dossier").explode("dossier").group_by("dossier").len().collect()
assert times["len"].max() == len(plan.cases)
times.group_by("len").agg(pl.len().alias("dossiers")).sort("len")
