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
# # Que finance-t-on avec les deux tiers de l’argent ?
#
# Les 24 811 projets de collectivités que l’État a réellement subventionnés en 2019 (DETR, DSIL, DSID) : 1,7 Md€. On
# les remet en concurrence dans des enveloppes réduites à 65 %, département par département.
#
# *Projets et montants réels (DGCL, traitement CGET/ANCT, Licence Ouverte 2.0) ; enveloppes FICTIVES. La liste ne
# contient que des projets financés : elle n’a ni refus ni note. Ce carnet ne dit donc pas ce qu’il aurait fallu
# faire ; il montre ce que le calcul sait faire à cette taille.*

# %% tags=["parameters"]
scenario_file = "../scenarios/detr-dsil-2019.yaml"

# %% [markdown]
# Le scénario a deux objectifs : le plus de projets, puis le plus d’habitants. Ce carnet garde le premier, prouvé en
# quelques secondes : trois cents enveloppes, un sac à dos exact dans chacune.

# %%
import altair as alt
import ipywidgets
import polars as pl
from IPython.display import display

import tnt_sim as tnt

alt.renderers.enable("svg")  # des images fixes, qui ne demandent rien à l’internet
alt.renderers.set_embed_options(format_locale="fr-FR")
alt.theme.register("story", enable=True)(lambda: {"config": {"font": "Arial", "title": {"anchor": "start"}}})

scenario = tnt.read_scenario(scenario_file).with_(
    {"locale": "fr", "objective": [tnt.goals.maximise("dossiers")]}
)
result = scenario.solve(cross_check="never")
bounds = [100, 200, 300, 500]  # k€
order = ["< 100", "100–200", "200–300", "300–500", "> 500"]
projects = (
    result.table()
    .filter(pl.col("eligible"))
    .with_columns(
        size=pl.sum_horizontal(
            pl.col("requested_cents") >= bound * 100_000 for bound in bounds
        ).replace_strict(dict(enumerate(order)))
    )
)
sizes = projects.group_by("size").agg(share=pl.col("funded").mean(), n=pl.len())
bars = (
    alt.Chart(sizes)
    .mark_bar(color="#3a7fc0")
    .encode(
        x=alt.X(
            "share",
            axis=alt.Axis(format="%"),
            scale=alt.Scale(domain=[0, 1]),
            title="Part des projets financés",
        ),
        y=alt.Y("size", sort=order, title="Demande (k€)"),
    )
)
counts = bars.mark_text(align="left", dx=5).encode(text=alt.Text("share", format=".0%"))
(bars + counts).properties(width=440, title="Compter les projets favorise les petits")

# %%
result

# %% [markdown]
# Avec 65 % de l’argent, plus de neuf projets sur dix. Ceux qui restent demandent beaucoup : c’est l’effet de
# l’objectif, non d’un choix de personnes.

# %%
totals = (
    projects.group_by("funded")
    .agg(
        n_dossiers=pl.len(),
        requested_cents=pl.col("requested_cents").sum(),
        median_cents=pl.col("requested_cents").median().cast(pl.Int64),
    )
    .sort("funded", descending=True)
)
tnt.table(totals, lang="fr", heads={"n_dossiers": "Projets", "median_cents": "Demande médiane"})

# %% [markdown]
# ## Où ?
#
# Choisissez ce que montre la carte. L’argent par habitant varie de plus de un à dix entre départements : c’est ainsi
# que ces fonds sont faits (la DETR est rurale), et non ce que le calcul a choisi. Chaque département est tenu par sa
# propre enveloppe.

# %%
measures = [("€ par habitant", "head"), ("montant", "amount"), ("projets", "count")]
picture = display(result.plot.by_department("head"), display_id=True)
control = ipywidgets.ToggleButtons(options=measures)
control.observe(lambda change: picture.update(result.plot.by_department(change.new)), "value")
control

# %% jupyter={"source_hidden": true} tags=["remove-cell"]
document = result.document
assert document["n_dossiers"] == 24_811
assert document["proof"] == "PROVED"
assert document["granted_cents"] + document["unspent_cents"] == document["amount_cents"]
kept, out = totals.to_dicts()
assert kept["n_dossiers"] > 9 * out["n_dossiers"]
assert out["median_cents"] > 5 * kept["median_cents"]
assert sizes["n"].sum() == projects.height
funded = projects.filter("funded").group_by("department").agg(pl.col("granted_cents").sum())
assert funded.height > 95
heads = result.plot.by_department("head").data.filter(pl.col("granted") > 0)["per_head"]
assert heads.max() > 10 * heads.min()

# %% [markdown]
# ## À essayer
#
# - L’objectif d’origine, le plus d’habitants ensuite : `tnt.read_scenario(scenario_file).solve()` (des minutes ; [ce
#   qui a été mesuré](../docs/benchmarks.md)).
# - Un autre objectif : `tnt.goals.maximise("granted")`. Les grands projets reviennent-ils ?
# - `result.plot.by_envelope()` : chaque fonds, ce qu’il a et ce qu’il accorde.
