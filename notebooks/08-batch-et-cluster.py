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
# Un lot croise des valeurs ; chaque réponse est écrite une fois, et polars ou DuckDB la relisent directement. La même
# commande va d’un ordinateur à une grappe de machines.
#
# *Données SYNTHÉTIQUES : ces dossiers ne décrivent aucune demande réelle.*

# %% tags=["parameters"]
batch_file = "../scenarios/lot-enveloppes.yaml"

# %%
import tempfile
from pathlib import Path

import duckdb
import polars as pl

import tnt_sim as tnt
from tnt_sim.analysis.batch.plan import read_plan
from tnt_sim.analysis.batch.runner import run_batch
from tnt_sim.analysis.shared.executors import executor

plan = read_plan([Path(batch_file)])
tnt.table(pl.DataFrame({"Cas": [case.name for case in plan.cases]}))

# %% [markdown]
# ## Calculer, une fois
#
# Le nombre de cas est connu avant de commencer ; chaque réponse acceptée est sur le disque.

# %%
store = Path(tempfile.mkdtemp()) / "lot"
result = run_batch(plan, store, executor("serial", 1), 1)
assert result.runs.height == len(plan.cases)
assert result.n_failed == 0
tnt.table(result.runs.select("name", "n_funded", "granted_cents", "proof"))

# %% [markdown]
# La même commande ne refait rien : tout est déjà là. C’est ainsi qu’un lot interrompu reprend.

# %%
again = run_batch(plan, store, executor("serial", 1), 1)
assert again.runs.equals(result.runs)

# %% [markdown]
# ## Interroger
#
# Combien de fois chaque dossier est-il financé ? Une requête sur les fichiers, par polars…

# %%
runs = pl.scan_parquet(store / "runs")
times = runs.select("dossier").explode("dossier").group_by("dossier").len().collect()
assert times["len"].max() == len(plan.cases)
counted = times.group_by("len").agg(pl.len().alias("n_funded")).sort("len", descending=True)
tnt.table(counted, heads={"len": "Financés dans … cas", "n_funded": "Dossiers"})

# %% [markdown]
# … ou en SQL, par DuckDB, sans rien charger : la réponse est la même.

# %%
question = f"""
    select fois, count(*) as dossiers
    from (select dossier, count(*) as fois
          from (select unnest(dossier) as dossier from '{(store / "runs").as_posix()}/*.parquet')
          group by dossier)
    group by fois order by fois desc
"""
answer = duckdb.sql(question).fetchall()
assert answer == counted.rows()
answer

# %% [markdown]
# ## Une grappe
#
# `executor("dask", n)` ouvre une grappe sur cette machine ; une adresse `tls://…` en désigne une autre
# (`docs/scale.md`). Les travailleurs calculent, un seul processus écrit : les octets sont ceux du calcul en série. Un
# seul travailleur ici, sur un magasin neuf.

# %%
elsewhere = Path(tempfile.mkdtemp()) / "lot"
by_dask = run_batch(plan, elsewhere, executor("dask", 1), 1)
assert by_dask.runs.equals(result.runs)
written = [
    sorted(path.read_bytes() for path in (place / "runs").glob("*.parquet")) for place in (store, elsewhere)
]
assert written[0] == written[1]
