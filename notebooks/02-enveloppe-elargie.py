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
# # Qu’achèterait une enveloppe plus grande ?
#
# De 88 à 108 M€ : combien de points et de dossiers de plus, à quel montant entre chacun, et que coûte la promesse de
# ne reprendre à personne ce qu’il a déjà ?
#
# *Données SYNTHÉTIQUES : ces dossiers ne décrivent aucune demande réelle.*

# %% tags=["parameters"]
scenario_file = "../scenarios/tnt-2021.yaml"
local_file = "../scenarios/equite-territoriale.yaml"
amounts = [88, 92, 96, 100, 104, 108]  # M€

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
sweep = tnt.sweep(scenario, envelope="tnt", at=[f"{amount} M€" for amount in amounts])
points = sweep.to_dataframe().with_columns(
    millions=pl.col("amount_cents") // 100_000_000, points=pl.col("value_1").cast(pl.Float64)
)
free = points.filter(pl.col("curve") == "free")
base = free.row(0, named=True)


def draw(amount):
    here = free.filter(pl.col("millions") == amount)
    more = here.row(0, named=True)
    line = (
        alt.Chart(free)
        .mark_line(point=True, color="#3a7fc0")
        .encode(
            x=alt.X("millions", scale=alt.Scale(zero=False), title="Enveloppe (M€)"),
            y=alt.Y(
                "points", scale=alt.Scale(zero=False), title="Somme des points", axis=alt.Axis(format=",.0f")
            ),
        )
    )
    mark = alt.Chart(here).mark_point(size=260, color="black", strokeWidth=2).encode(x="millions", y="points")
    text = mark.mark_text(align="left", dx=14, dy=14, fontSize=13).encode(
        text=alt.Text("points", format=",.0f")
    )
    applications = more["n_funded"] - base["n_funded"]
    title = f"{amount - amounts[0]} M€ de plus : {applications} dossiers de plus, {more['n_departments']} départements"
    return (line + mark + text).properties(width=540, height=280, title=title)


picture = display(draw(amounts[2]), display_id=True)
control = ipywidgets.SelectionSlider(options=amounts, value=amounts[2], description="M€")
control.observe(lambda change: picture.update(draw(change.new)), "value")
control

# %% [markdown]
# Chaque point est la meilleure répartition de ce montant, prouvée. La courbe monte de moins en moins vite : les
# premiers euros vont aux dossiers qui rapportent le plus par euro.
#
# ## Où va l’argent qui s’ajoute ?
#
# La demande dépasse l’argent partout : chaque axe reçoit une part de ce qui s’ajoute.

# %%
sweep.plot.envelopes()

# %% [markdown]
# ## Que coûte une promesse ?
#
# **Libre** : chaque montant pour lui-même. **Engagements maintenus** : qui était financé au montant d’avant le reste,
# pour la même somme. La différence est le prix de la promesse.

# %%
kept = points.filter(pl.col("curve") == "nested").select("millions", kept="points")
price = free.join(kept, on="millions").with_columns(price=pl.col("points") - pl.col("kept"))
tnt.table(
    price.select(
        "amount_cents",
        "n_funded",
        pl.col("points").round(1),
        pl.col("kept").round(1),
        pl.col("price").round(1),
    ),
    lang="fr",
    heads={"points": "Points, libre", "kept": "Points, engagements maintenus", "price": "Prix"},
)

# %% [markdown]
# ## Le prochain euro
#
# Le plus petit supplément utile ; en dessous, rien ne change. Pour les seuls guichets déconcentrés : 28 M€ et 2 076
# dossiers.

# %%
local = tnt.read_scenario(local_file).with_({"locale": "fr"})
following = tnt.next_euro(local, envelopes=["fonds"], rules=[])
(step,) = following.document["next"]
tnt.table(
    pl.DataFrame(
        {
            "step_cents": [step["step_cents"]],
            "gain": [float(step["gain"])],
            "enter": [len(step["enter"])],
            "leave": [len(step["leave"])],
        }
    ),
    lang="fr",
    heads={
        "step_cents": "Plus petit supplément utile",
        "gain": "Points gagnés",
        "enter": "Entrent",
        "leave": "Sortent",
    },
)

# %% [markdown]
# ## À partir de quel montant chaque dossier entre-t-il ?
#
# Pour chaque dossier refusé : le plus petit supplément avec lequel il peut être financé sans que l’objectif y perde.
# C’est un chiffre exact, au centime, que l’on peut donner au porteur.

# %%
found = tnt.entries(local, stop="29 M€")
waiting = (
    found.to_dataframe()
    .filter(~pl.col("funded") & pl.col("no_loss_cents").is_not_null())
    .sort("no_loss_cents")
)
never = pl.col("flag") == "never"
entering = waiting.filter(~never).with_columns(euros=pl.col("no_loss_cents") / 100)
most = round(entering["euros"].max() / 1_000)
alt.Chart(entering).mark_bar(color="#3a7fc0").encode(
    x=alt.X(
        "euros", bin=alt.Bin(maxbins=24), axis=alt.Axis(format=",.0f"), title="Supplément qui suffit (€)"
    ),
    y=alt.Y("count()", title="Dossiers refusés aujourd’hui"),
).properties(
    width=540,
    height=220,
    title=f"{entering.height} dossiers refusés peuvent entrer avec {most} k€ de plus au maximum, un à la fois",
)

# %%
tnt.table(
    pl.concat([waiting.filter(~never).head(5), waiting.filter(never).head(3)]).select(
        "dossier", pl.when(~never).then(pl.col("no_loss_cents")), "flag"
    ),
    most=10,
    lang="fr",
    heads={"no_loss_cents": "Supplément qui suffit", "flag": "Ensuite"},
)

# %% jupyter={"source_hidden": true} tags=["remove-cell"]
assert set(points["proof"]) == {"PROVED"}
assert free["points"].is_sorted()
assert free["points"].diff().drop_nulls().is_sorted(descending=True)
axes = (
    sweep.to_dataframe(table="envelopes")
    .filter(pl.col("curve") == "free", pl.col("id").str.starts_with("axe-"))
    .sort("amount_cents")
)
assert all(part["granted_cents"][-1] > part["granted_cents"][0] for _, part in axes.group_by("id"))
assert (price["price"] >= 0).all()
assert (price["price"] > 0).any()
assert step["step_cents"] > 0
assert waiting.height > entering.height > 0
assert (waiting["no_loss_cents"] >= 0).all()
assert entering["euros"].max() <= 1_000_000

# %% [markdown]
# ## À essayer
#
# - `sweep.report.html("courbe.html")` : la page, avec qui entre à chaque montant.
# - `tnt.target(local, "+100")` : combien faut-il pour cent dossiers de plus ?
# - Transférer plutôt qu’étendre : `tnt.extend(scenario)` ([transférer ou étendre](../docs/fr/howto/extend.md)).
