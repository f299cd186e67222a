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
# # Qui reste financé quand rien n’est sûr ?
#
# Deux jurys n’auraient pas donné la même note. Un chantier coûte plus que prévu. Une commune renonce. Tirons deux
# cents avenirs, décidons au mieux dans chacun, et comptons.
#
# *Données SYNTHÉTIQUES, et lois en HYPOTHÈSE : le scénario le dit.*

# %% tags=["parameters"]
scenario_file = "../scenarios/tnt-2021-incertain.yaml"
draws = 200
seed = 1

# %%
import altair as alt
import ipywidgets
import polars as pl
from IPython.display import display

import tnt_sim as tnt

alt.renderers.enable("svg")  # des images fixes, qui ne demandent rien à l’internet
alt.renderers.set_embed_options(format_locale="fr-FR")
alt.theme.register("story", enable=True)(lambda: {"config": {"font": "Arial", "title": {"anchor": "start"}}})

scenario = tnt.read_scenario(scenario_file).with_({"locale": "fr"})
found = tnt.ensemble(scenario, draws=draws, seed=seed, workers=1)
margin = 2 * (pl.col("share") * (1 - pl.col("share")) / draws).sqrt()
open_ones = (
    found.dossiers.filter(pl.col("share").is_between(0.02, 0.94))
    .sort("share", descending=True)
    .with_row_index("rank", 1)
    .with_columns(low=pl.col("share") - margin, high=pl.col("share") + margin)
)


def draw(percent):
    sure, never = (
        (found.dossiers["share"] * 100 >= percent).sum(),
        (found.dossiers["share"] * 100 <= 100 - percent).sum(),
    )
    between = found.dossiers.height - sure - never
    band = (
        alt.Chart(open_ones)
        .mark_area(opacity=0.35, color="#7f878e")
        .encode(
            x=alt.X("rank", title="Dossiers disputés, du plus sûr au moins sûr"),
            y=alt.Y("low", title="Part des tirages où il est financé", axis=alt.Axis(format="%")),
            y2="high",
        )
    )
    line = alt.Chart(open_ones).mark_line(color="#3a7fc0").encode(x="rank", y="share")
    limits = pl.DataFrame({"share": [percent / 100, 1 - percent / 100]})
    rules = alt.Chart(limits).mark_rule(strokeDash=[4, 4]).encode(y="share")
    title = f"{sure} dossiers sûrs à {percent} %, {between} disputés, {never} presque jamais financés"
    return (band + line + rules).properties(width=560, height=280, title=title)


picture = display(draw(90), display_id=True)
control = ipywidgets.IntSlider(90, 60, 94, description="%")
control.observe(lambda change: picture.update(draw(change.new)), "value")
control

# %% [markdown]
# La courbe donne, pour chaque dossier disputé, la part des tirages où la meilleure répartition le finance ; la bande
# grise est la marge d’un compte sur deux cents tirages (deux écarts types). Déplacez le curseur : combien de dossiers
# faut-il pour dire « sûr » ?
#
# Presque tout est sûr. La discussion porte sur une minorité, que voici, au plus près de pile ou face.

# %%
coin = open_ones.with_columns(percent=(pl.col("share") * 100).round(0).cast(pl.Int64)).sort(
    (pl.col("share") - 0.5).abs()
)
tnt.table(
    coin.select("dossier", "title", "department", "percent", "planned"),
    most=8,
    lang="fr",
    heads={"percent": "Financé dans … % des tirages"},
)

# %% [markdown]
# ## Que vaudrait de savoir ?
#
# Une liste décidée d’avance ne peut pas valoir la meilleure liste de chaque avenir. Voici ce que vaut la meilleure
# liste, tirage par tirage, et en trait plein la moyenne de la liste décidée avant de savoir.

# %%
lists = found.table("lists").with_columns(pl.col("mean").cast(pl.Float64))
best = (
    alt.Chart(pl.DataFrame({"points": [float(value) for value in found.values]}))
    .mark_bar(color="#3a7fc0")
    .encode(
        x=alt.X("points", bin=alt.Bin(maxbins=24), scale=alt.Scale(zero=False), title="Somme des notes"),
        y=alt.Y("count()", title="Tirages"),
    )
)
before = (
    alt.Chart(lists.filter(pl.col("name") == found.robust["average"]))
    .mark_rule(color="#c27500", size=3)
    .encode(x="mean")
)
worth, mean = float(found.information), float(found.document["value"]["mean"])
(best + before).properties(
    width=560, height=220, title="La meilleure liste de chaque tirage, et la liste décidée d’avance (trait)"
)

# %%
tnt.table(
    pl.DataFrame(
        {
            "Décider en connaissant l’aléa rapporterait, en moyenne": [round(worth, 1)],
            "soit, en % de la somme des notes": [round(100 * worth / mean, 1)],
        }
    ),
    lang="fr",
)

# %% [markdown]
# C’est peu : ici, attendre ou étudier davantage ne changerait presque rien au total. Selon ce que l’on craint, une
# autre liste peut être la bonne ; voici celle qu’il faut choisir ici.

# %%
told = {"plan": "la liste prévue", "average": "la liste moyenne"}
aims = {
    "average": "la meilleure moyenne",
    "cvar": "le moins mauvais des mauvais tirages",
    "regret": "le moindre regret",
}
tnt.table(
    pl.DataFrame(
        {
            "Ce que l’on veut": list(aims.values()),
            "Liste à choisir": [told.get(found.robust[aim], found.robust[aim]) for aim in aims],
        }
    ),
    lang="fr",
)

# %% [markdown]
# L’étude tient aussi en une carte :

# %%
found

# %% jupyter={"source_hidden": true} tags=["remove-cell"]
counted = dict(found.dossiers.group_by("standing").len().iter_rows())
assert found.n_draws == draws
assert counted["core"] > counted.get("borderline", 0) > 0
assert found.information >= 0
assert set(found.robust) == set(aims)
assert (lists["mean"] <= mean).all()

# %% [markdown]
# ## À essayer
#
# - Mettez `draws = 1000` : la bande grise se resserre-t-elle ? Combien de dossiers changent de camp ?
# - `found.report.html("tirages.html")` écrit la page complète : montants non dépensés, paiements, listes.
# - Ajoutez une incertitude à vous : `scenario.with_({"uncertain": [{"id": "a", "event": "withdrawn", "probability":
#   "10 %"}]})`.
