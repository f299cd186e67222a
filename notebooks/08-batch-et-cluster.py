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
# Un lot est un fichier de quelques lignes : un scénario de base, et les valeurs à croiser. `tnt-sim batch` en calcule
# tous les cas.

# %%
import subprocess
import sys
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
base = tnt.read_scenario(scenario_file).with_({"envelopes.deconcentre.amount": "1.4 M€", "locale": "fr"})
base.to_yaml(folder / "scenario.yaml")
(folder / "lot.yaml").write_text(
    f"""\
base: scenario.yaml
matrix:
  programme.amount: [{", ".join(f"{amount} k€" for amount in envelopes)}]
  rules.plafond-departement.max: [{", ".join(f"{cap} k€" for cap in caps)}]
name: "{{programme.amount}}, {{rules.plafond-departement.max}}"
""",
    encoding="utf-8",
)
batch = [sys.executable, "-m", "tnt_sim", "batch", folder / "lot.yaml", "--out", folder / "store"]
done = subprocess.run([*batch, "--workers", "1"], capture_output=True, check=True)
runs = pl.read_parquet(folder / "store" / "runs" / "*.parquet")
names = runs["name"].str.extract_groups(r"^(?<amount>\d+) k€, (?<cap>\d+) k€$").struct.unnest().cast(pl.Int64)
cases = runs.hstack(names).with_columns(
    score=pl.col("values").list.first().cast(pl.Float64),
    left=pl.col("unspent_cents") / 100_000,
    funded=pl.col("n_funded"),
)
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
import duckdb

store = (folder / "store" / "runs").as_posix()
times = duckdb.sql(f"""
    select times, count(*) as dossiers
    from (select dossier, count(*) as times from (select unnest(dossier) as dossier from '{store}/*.parquet') group by dossier)
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
# La même commande ne refait rien : toutes les réponses sont sur le disque. Avec `--executor dask`, elle partage les
# cas entre plusieurs machines ([plus](../docs/scale.md)).

# %%
subprocess.run([*batch, "--workers", "1"], capture_output=True, check=True)
again = pl.read_parquet(folder / "store" / "runs" / "*.parquet")
again.equals(runs)  # les mêmes réponses

# %% jupyter={"source_hidden": true} tags=["remove-cell"]
assert cases.height == len(envelopes) * len(caps)
assert set(cases["proof"]) == {"PROVED"}
assert cases["cap"].null_count() == 0
assert again.equals(runs)
wide = cases.pivot("cap", index="amount", values="score").sort("amount")
assert all(wide[str(cap)].is_sorted() for cap in caps)
assert wide.filter(pl.col("amount") >= 1_900)["297"].n_unique() == 1

# %% [markdown]
# ## À essayer
#
# - Croisez une troisième valeur dans `matrix`, par exemple `rules.communes.off: [true, false]`.
# - `store/batch.html` est le rapport du lot ; `store/timings.parquet` dit ce que chaque cas a coûté en secondes.
# - Ajoutez un montant à `envelopes` et relancez `tnt-sim batch` dans un autre dossier : combien de secondes par cas ?
