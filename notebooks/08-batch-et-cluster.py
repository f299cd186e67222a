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
# # Plafond par département ou enveloppe : lequel des deux compte le plus ?
#
# Pour le savoir, changeons les deux à la fois : sept enveloppes, six plafonds, quarante-deux décisions prouvées,
# rangées dans des fichiers que polars et DuckDB relisent directement.
#
# *Données SYNTHÉTIQUES : ces dossiers ne décrivent aucune demande réelle.*

# %% tags=["parameters"]
scenario_file = "../scenarios/equite-une-region.yaml"
envelopes = [1_400, 1_500, 1_600, 1_700, 1_800, 1_900, 2_000]
caps = [297, 330, 360, 400, 450, 500]

# %% [markdown]
# Un lot croise des valeurs d’un scénario de base. `tnt.batch` en calcule tous les cas et les garde dans un dossier,
# celui qu’écrirait `tnt-sim batch`.

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

folder = Path(tempfile.mkdtemp()) / "store"  # pour un vrai travail : un dossier à vous
base = tnt.read_scenario(scenario_file).with_({"envelopes.deconcentre.amount": "1.4 M€", "locale": "fr"})
matrix = {
    "programme.amount": [f"{amount} k€" for amount in envelopes],
    "rules.plafond-departement.max": [f"{cap} k€" for cap in caps],
}
many = tnt.batch(base, folder, matrix=matrix, executor="serial")
cases = many.cases.with_columns(
    amount=pl.col("programme.amount").str.extract(r"(\d+)").cast(pl.Int64),
    cap=pl.col("rules.plafond-departement.max").str.extract(r"(\d+)").cast(pl.Int64),
    score=pl.col("value").cast(pl.Float64),
    left=pl.col("unspent_cents") / 100_000,
    funded=pl.col("n_funded"),
).select("name", "proof", "amount", "cap", "score", "left", "funded")
measures = {
    "somme des notes": ("score", ",.0f"),
    "dossiers financés": ("funded", ",.0f"),
    "milliers d’euros non dépensés": ("left", ",.0f"),
}


def draw(measure):
    column, digits = measures[measure]
    grid = alt.Chart(cases).encode(
        x=alt.X("amount:O", title="Enveloppe (k€)", axis=alt.Axis(labelAngle=0)),
        y=alt.Y("cap:O", sort="descending", title="Plafond par département (k€)"),
    )
    middle = (cases[column].min() + cases[column].max()) / 2
    ink = alt.condition(alt.datum[column] > middle, alt.value("white"), alt.value("black"))
    return (
        grid.mark_rect().encode(color=alt.Color(column, scale=alt.Scale(scheme="blues"), legend=None))
        + grid.mark_text().encode(text=alt.Text(column, format=digits), color=ink)
    ).properties(width=520, height=240, title=measure.capitalize())


picture = display(draw(next(iter(measures))), display_id=True)
control = ipywidgets.ToggleButtons(options=list(measures))
control.observe(lambda change: picture.update(draw(change.new)), "value")
control

# %% [markdown]
# Lisez une ligne, puis une colonne. À 297 k€ de plafond, l’enveloppe ne sert plus à rien au-delà de 1 800 k€ :
# l’argent reste (troisième bouton). Sans plafond serré, c’est l’enveloppe qui décide. Les deux se limitent l’un
# l’autre.

# %% [markdown]
# ## Des questions à la base
#
# Chaque cas est une ligne : sa preuve, ses totaux, sa liste. Combien de fois chaque dossier est-il financé ? DuckDB
# répond en SQL, sans rien charger.

# %%
times = many.sql("""
    select times, count(*) as dossiers
    from (select dossier, count(*) as times from grants group by dossier)
    group by times order by times
""").pl()
always = times.filter(pl.col("times") == cases.height)["dossiers"].sum()
alt.Chart(times).mark_bar(color="#3a7fc0").encode(
    x=alt.X("times:O", title="Nombre de cas où un dossier est financé", axis=alt.Axis(labelAngle=0)),
    y=alt.Y("dossiers", title="Dossiers"),
).properties(
    width=520,
    height=200,
    title=f"{always} dossiers sont financés dans les {cases.height} cas : on ne discute que des autres",
)

# %% [markdown]
# ## Un lot interrompu reprend
#
# Le même appel ne refait rien : toutes les réponses sont sur le disque. Avec `executor="dask"`, il partage les cas
# entre plusieurs machines ([plus](../docs/fr/howto/scale.md)). Un cas redevient un résultat, avec sa preuve et ses figures :
# `many.solve(0)`.

# %%
again = tnt.batch(base, folder, matrix=matrix, executor="serial")
again.cases.equals(many.cases)  # les mêmes réponses

# %% jupyter={"source_hidden": true} tags=["remove-cell"]
assert cases.height == len(envelopes) * len(caps)
assert set(cases["proof"]) == {"PROVED"}
assert cases["cap"].null_count() == 0
assert again.cases.equals(many.cases)
wide = cases.pivot("cap", index="amount", values="score").sort("amount")
assert all(wide[str(cap)].is_sorted() for cap in caps)
assert wide.filter(pl.col("amount") >= 1_900)["297"].n_unique() == 1

# %% [markdown]
# ## À essayer
#
# - Croisez une troisième valeur dans `matrix`, par exemple `"rules.communes.off": [True, False]`.
# - `many.report.html("lot.html")` écrit le rapport du lot ; `many.table("grants")` a une ligne par cas et par
#   dossier.
# - Ajoutez un montant à `envelopes` et relancez dans un autre dossier : à partir de quand le plafond ne compte-t-il
#   plus ?
