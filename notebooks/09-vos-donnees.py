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
# # Et avec vos données, ce soir ?
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

import altair as alt
import ipywidgets
import polars as pl
from IPython.display import display

import tnt_sim as tnt

alt.renderers.enable("svg")  # des images fixes, qui ne demandent rien à l’internet
alt.renderers.set_embed_options(format_locale="fr-FR")
alt.theme.register("story", enable=True)(lambda: {"config": {"font": "Arial", "title": {"anchor": "start"}}})

folder = Path(tempfile.mkdtemp())  # pour un vrai travail : un dossier à vous
export = tnt.import_file(export_file, lang="fr")
files = export.save(folder)
requests = export.to_dataframe().select(thousands=pl.col("requested_cents") / 100_000)
alt.Chart(requests).mark_bar(color="#3a7fc0").encode(
    x=alt.X("thousands", bin=alt.Bin(maxbins=20), title="Demande (k€)"),
    y=alt.Y("count()", title="Dossiers"),
).properties(
    width=520, height=200, title=f"{requests.height} dossiers lus, {export.findings.height} constats à relire"
)

# %% [markdown]
# ## Lire ce qui cloche
#
# Les colonnes sont devinées d’après leurs libellés. Ce qui nomme une personne n’est pas repris. Le programme ne
# corrige rien de lui-même : chaque défaut est dit, avec sa ligne et son remède.

# %%
tnt.table(
    export.findings.select("severity", "dossier", "row", "message", "remedy"),
    most=8,
    lang="fr",
    heads={"severity": "Gravité", "row": "Ligne", "message": "Constat", "remedy": "Remède"},
)

# %% [markdown]
# `export.save` a écrit trois fichiers : les dossiers, les constats, et la correspondance des colonnes
# (`mapping.yaml`), qui servira au prochain export.
#
# ## Écrire le scénario
#
# Une enveloppe, qui est éligible, combien chacun peut recevoir, une règle, un objectif. C’est tout, et cela se relit.
# (En ligne de commande, `tnt-sim new mon-programme --from dossiers.csv` en écrit un à compléter.)

# %%
scenario_text = f"""\
schema_version: 1
id: ma-programmation
title: Ma programmation 2026 (données synthétiques)
date: 2026-04-15
locale: fr

programme:
  id: dotation
  title: Dotation numérique
  amount: {amount}

dossiers:
  - file: dossiers.csv

eligibility:
  - id: cout-connu
    require: {{cost: {{above: 0}}}}
    reason: Le coût du projet n’est pas renseigné
  - id: delai
    require: {{end: {{until: {{date: decision, plus: 24 months}}}}}}
    reason: Le projet s’achève plus de deux ans après la décision

grants:
  - {{mode: all_or_nothing, max_rate: 80 %, source: CGCT R. 2334-27}}

rules:
  - id: par-departement
    title: Trois dixièmes au plus à un même département
    kind: limit
    measure: granted
    by: department
    max: {{share: 30 %, of_amount: dotation}}

objective:
  - {{maximise: {{score: 1}}}}
"""
(folder / "scenario.yaml").write_text(scenario_text, encoding="utf-8")
scenario = tnt.read_scenario(folder / "scenario.yaml")
scenario

# %% [markdown]
# ## Décider, et régler
#
# Déplacez le curseur : chaque montant est une décision prouvée. La figure dit ce qui arrête les autres dossiers.

# %%
result = scenario.solve()


def draw(thousands):
    return scenario.with_({"programme.amount": f"{thousands} k€"}).solve().plot.reasons()


picture = display(result.plot.reasons(), display_id=True)
control = ipywidgets.IntSlider(2_000, 500, 4_000, 250, description="k€", continuous_update=False)
control.observe(lambda change: picture.update(draw(change.new)), "value")
control

# %%
result

# %% [markdown]
# Chacun a sa raison, y compris le dossier sans coût, le dossier trop long, le dossier classé sans suite :

# %%
refused = result.table().filter(~pl.col("funded")).sort("reason_code", "dossier")
tnt.table(
    refused.unique("reason_code", keep="first", maintain_order=True).select("dossier", "title", "reason"),
    lang="fr",
)

# %% [markdown]
# ## Remettre
#
# Le dossier de calcul se vérifie sans solveur (`tnt-sim verify`). Le rapport est une page qui ne demande rien à
# l’internet ; le classeur se relit et se recalcule.

# %%
run = result.save(folder / "runs")
result.report.html(folder / "report.html")
result.report.excel(folder / "workbook.xlsx")
sorted(path.name for path in folder.iterdir())

# %% jupyter={"source_hidden": true} tags=["remove-cell"]
check = scenario.validate()
assert check["status"] == "valid"
assert check["n_eligible"] < check["n_dossiers"]
assert export.document["n_read"] == export.document["n_dossiers"] + sum(export.document["excluded"].values())
assert export.document["quality"]["n_error"] == 0
assert len(export.document["left_out_personal"]) > 0
assert not {"Nom", "Prénom", "Email", "Téléphone"} & set(export.to_dataframe().columns)
assert sorted(path.name for path in files.values()) == ["dossiers.csv", "mapping.yaml", "quality.csv"]
assert tnt.import_file(export_file, mapping=files["mapping"]).to_dataframe().equals(export.to_dataframe())
assert result.document["publishable"]
assert {"ineligible", "state"} <= set(refused["reason_code"])
assert tnt.open_run(run).to_dataframe()["granted_cents"].sum() == result.document["granted_cents"]
assert all(path.stat().st_size > 10_000 for path in (*folder.glob("*.html"), *folder.glob("*.xlsx")))

# %% [markdown]
# ## À essayer
#
# - Toute la page du planificateur dans une cellule : `tnt.explore(scenario)`, avec règles, poids, carte et liste.
# - Mettez votre export à la place de `export_file`, et une règle à vous ([le livre des règles](../docs/fr/reference/rules.md)).
# - `tnt.compare(result, …)` avec la liste de l’an dernier ; `result.export.csv("liste.csv")` pour votre tableur.
