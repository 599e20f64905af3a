"""Public data sets as raw directories of the contract: examples to copy for data of your own.

Each module holds one adapter, mostly as SQL, and says in its docstring which rule it follows for
every kind of line. An adapter writes, beside the tables of the contract,

- `vars.yml`: the vars to build it with (`dbt build --vars "$(cat <dir>/vars.yml)"`),
- `_accounting.csv`: what became of every line of the input, in lines and money,
- `_left_out.parquet`, where lines were left out: those lines as they came, and the reason.
"""

import tempfile
from pathlib import Path

import click
import duckdb

from lifecycle.datasets import cdnow, completejourney, hillstrom, online_retail
from lifecycle.datasets.raw import accounting_text, replaced_whole

ADAPTERS = {
    "cdnow": cdnow,
    "completejourney": completejourney,
    "hillstrom": hillstrom,
    "online_retail": online_retail,
}


@click.command()
@click.argument("name", type=click.Choice(sorted(ADAPTERS)))
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Raw directory to write; replaced whole if an adapter made it.  [default: datasets/NAME]",
)
@click.option(
    "--from",
    "given",
    type=click.Path(path_type=Path, exists=True),
    help="File or folder of the data set. Else LIFECYCLE_DATASETS, ../shared/data, the package.",
)
def dataset(name: str, out: Path | None, given: Path | None) -> None:
    """Turn a public data set into a raw directory."""
    out = out or Path("datasets") / name
    adapter = ADAPTERS[name]
    with tempfile.TemporaryDirectory() as scratch, replaced_whole(out) as directory:
        source = adapter.find(given, Path(scratch))
        try:
            with duckdb.connect() as connection:
                adapter.convert(connection, source, directory)
        except (duckdb.IOException, duckdb.InvalidInputException) as error:
            raise click.ClickException(f"The data set {name} cannot be read: {error}") from error
    click.echo(accounting_text(out))
    click.echo(f"Wrote {out}")
