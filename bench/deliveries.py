"""The raw data of a shop, cut in two by arrival: what a build has read, and what comes after it."""

import os
import shutil
from datetime import datetime
from pathlib import Path

from measures import connect

SALES = {"shop/orders", "shop/order_lines", "shop/refunds", "pos/receipts", "pos/receipt_lines"}


def files_of(raw: Path) -> dict[str, list[Path]]:
    """The files of each table of a raw directory, by its place (`shop/orders`)."""
    tables = {}
    for place in sorted(raw.glob("*/*")):
        if place.is_dir():
            tables[f"{place.parent.name}/{place.name}"] = sorted(place.glob("[!._]*"))
        elif place.suffix in (".parquet", ".csv"):
            tables[f"{place.parent.name}/{place.stem}"] = [place]
    return tables


def scan(path: Path) -> str:
    """A file as a relation; text stays as it was written."""
    if path.suffix == ".csv":
        return f"read_csv('{path}', all_varchar = true)"
    return f"read_parquet('{path}')"


def count_rows(raw: Path) -> dict[str, int]:
    tables = files_of(raw)
    with connect(":memory:") as connection:
        return {
            name: sum(
                connection.sql(f"select count(*) from {scan(path)}").fetchone()[0] for path in paths
            )
            for name, paths in tables.items()
        }


def write(connection, query: str, path: Path) -> None:
    options = "format csv, header"
    if path.suffix == ".parquet":
        options = "format parquet, compression zstd, row_group_size 102400"
    path.parent.mkdir(parents=True, exist_ok=True)
    connection.execute(f"copy ({query}) to '{path}' ({options})")


def last_arrivals(raw: Path, share: float, tables: set[str] | None = None) -> datetime:
    """The time after which that share of all rows, of all tables or these, arrived."""
    arrivals = " union all ".join(
        f"select cast(_loaded_at as timestamp) as arrived_at from {scan(path)}"
        for name, paths in files_of(raw).items()
        if tables is None or name in tables
        for path in paths
    )
    with connect(":memory:") as connection:
        query = f"select quantile_disc(arrived_at, {1 - share}) from ({arrivals})"
        return connection.execute(query).fetchone()[0]


def before(raw: Path, early: Path, until: datetime, tables: set[str] | None = None) -> None:
    """The raw directory as it was at a time: parts that came later are not there yet.

    If `tables` are given, all others are there already.
    """
    shutil.rmtree(early, ignore_errors=True)
    early.mkdir(parents=True)
    shutil.copy2(raw / "vars.yml", early)
    with connect(":memory:") as connection:
        for name, paths in files_of(raw).items():
            for path in paths:
                target = early / path.relative_to(raw)
                arrived = f"cast(_loaded_at as timestamp) <= '{until}'"
                rows, old = connection.execute(
                    f"select count(*), count_if({arrived}) from {scan(path)}"
                ).fetchone()
                target.parent.mkdir(parents=True, exist_ok=True)
                if rows == old or (tables is not None and name not in tables):
                    os.link(path, target)
                elif old or target.parent == early / path.relative_to(raw).parts[0]:
                    write(connection, f"from {scan(path)} where {arrived}", target)


def deliver(raw: Path, early: Path, until: datetime, tables: set[str] | None = None) -> int:
    """What arrived since then: new parts, and rows at the end of tables in one file. Gives rows."""
    delivered = 0
    with connect(":memory:") as connection:
        for name, paths in files_of(raw).items():
            for path in paths if tables is None or name in tables else []:
                target = early / path.relative_to(raw)
                late = f"from {scan(path)} where cast(_loaded_at as timestamp) > '{until}'"
                (rows,) = connection.execute(f"select count(*) {late}").fetchone()
                delivered += rows
                if not rows:
                    continue
                if not target.exists():
                    os.link(path, target)
                elif len(path.relative_to(raw).parts) > 2:
                    write(connection, late, target.with_stem(f"{target.stem}-later"))
                else:
                    grown = target.with_suffix(f".new{target.suffix}")
                    query = f"from {scan(target)} union all by name {late}"
                    write(connection, query, grown)
                    grown.replace(target)
    return delivered
