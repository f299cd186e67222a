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
# # Vos données : d’un export à un rapport
#
# Vous avez un export de démarches-simplifiées. Dans un quart d’heure : des dossiers propres, un scénario à vous, une
# décision prouvée, un rapport à envoyer.
#
# *L’export de ce carnet est SYNTHÉTIQUE : la forme est celle du service, les demandes sont tirées au sort. Mettez le
# vôtre à sa place dans la cellule qui suit.*

# %% tags=["parameters"]
export_file = "../scenarios/data/demarche-exemple.csv"
amount = "2 M€"

# %%
import tempfile
from pathlib import Path

import altair
import polars as pl

import tnt_sim as tnt

altair.renderers.enable("svg")  # des images fixes, qui ne demandent rien à l’internet
folder = Path(tempfile.mkdtemp())  # pour un vrai travail : un dossier à vous

# %% [markdown]
# ## 1. Importer, et lire ce qui cloche
#
# Les colonnes sont devinées d’après leurs libellés, et à relire. Ce qui nomme une personne n’est pas repris. Rien n’est
# corrigé en silence : chaque défaut est dit, avec sa ligne et son remède.

# %%
export = tnt.import_file(export_file)
export

# %%
tnt.table(
    export.findings.select("severity", "dossier", "row", "message", "remedy"),
    heads={"severity": "Gravité", "row": "Ligne", "message": "Constat", "remedy": "Remède"},
)

# %%
assert export.document["n_read"] == export.document["n_dossiers"] + sum(export.document["excluded"].values())
assert export.document["quality"]["n_error"] == 0
assert len(export.document["left_out_personal"]) > 0
assert not {"Nom", "Prénom", "Email", "Téléphone"} & set(export.to_dataframe().columns)

# %% [markdown]
# ## 2. Garder la table propre
#
# Trois fichiers : les dossiers, les constats, et la correspondance des colonnes (`mapping.yaml`), qui servira au
# prochain export.

# %%
files = export.save(folder)
assert sorted(path.name for path in files.values()) == ["dossiers.csv", "mapping.yaml", "quality.csv"]
again = tnt.import_file(export_file, mapping=files["mapping"])
assert again.to_dataframe().equals(export.to_dataframe())

# %% [markdown]
# ## 3. Écrire le scénario
#
# Voici tout ce qu’il faut : une enveloppe, qui est éligible, combien chacun peut recevoir, une règle, un but. (En
# ligne de commande, `tnt-sim new mon-programme --from dossiers.csv` en écrit un à relire.)

# %%
scenario_text = """\
schema_version: 1
id: ma-programmation
title: Ma programmation 2026 (données synthétiques)
date: 2026-04-15

programme:
  id: dotation
  title: Dotation numérique
  amount: 1 M€            # remplacé plus bas par le paramètre du carnet

dossiers:
  - file: dossiers.csv

eligibility:
  - id: cout-connu
    require: {cost: {above: 0}}
    reason: Le coût du projet n'est pas renseigné
  - id: delai
    require: {end: {until: {date: decision, plus: 24 months}}}
    reason: Le projet s'achève plus de deux ans après la décision

grants:
  - {mode: all_or_nothing, max_rate: 80 %, source: CGCT R. 2334-27}

rules:
  - id: par-departement
    title: Trois dixièmes au plus à un même département
    kind: limit
    measure: granted
    by: department
    max: {share: 30 %, of_amount: dotation}

objective:
  - {maximise: {score: 1}}
"""
(folder / "scenario.yaml").write_text(scenario_text, encoding="utf-8")
scenario = tnt.Scenario.from_yaml(folder / "scenario.yaml", [f"programme.amount={amount}"])
scenario

# %% [markdown]
# Avant de calculer, tout ce qui se vérifie sans calcul :

# %%
check = scenario.validate()
assert check["status"] == "valid"
assert check["n_eligible"] < check["n_dossiers"]
f"{check['n_eligible']} dossiers éligibles sur {check['n_dossiers']}"

# %% [markdown]
# ## 4. Décider

# %%
result = scenario.solve()
result

# %%
assert result.summary()["publishable"]
assert result.summary()["granted_cents"] <= result.summary()["amount_cents"]
result.plot.by_department()

# %% [markdown]
# Chacun a sa raison, y compris le dossier sans coût, le dossier trop long, le dossier classé sans suite :

# %%
dossiers = result.to_dataframe()
refused = dossiers.filter(~pl.col("funded")).sort("reason_code", "dossier")
assert {"ineligible", "state"} <= set(refused["reason_code"])
tnt.table(
    refused.unique("reason_code", keep="first", maintain_order=True).select("dossier", "title", "reason")
)

# %% [markdown]
# ## 5. Remettre
#
# Le dossier de calcul se vérifie sans solveur (`tnt-sim verify`). Le rapport est une page qui ne demande rien à
# l’internet ; le classeur se relit et se recalcule.

# %%
run = result.save(folder / "runs")
result.to_html(folder / "rapport.html")
result.to_excel(folder / "classeur.xlsx")
assert tnt.open_run(run).to_dataframe()["granted_cents"].sum() == result.summary()["granted_cents"]
for name in ("rapport.html", "classeur.xlsx"):
    assert (folder / name).stat().st_size > 10_000
sorted(path.name for path in folder.iterdir())
