"""A shop many times over: copies of its people and of all they did, beside each other.

The catalogue, campaigns and experiments are the same in all copies; nobody is linked to anybody
of another copy.
"""

import shutil
from pathlib import Path

from deliveries import files_of, scan, write
from measures import connect

# Names of what is no person's: the same in all copies.
COMMON = {"product_id", "store_id", "campaign_id", "experiment_id"}
COMMON_TABLES = ("shop/products", "finance/exchange_rates", "ads/spend")


def of_copy(column: str) -> str:
    """What stands in a column of a copy; whatever names a person or a record is its own."""
    if column == "email":
        return "replace(email, '@', '.' || copy || '@') as email"
    if column == "phone" or (column.endswith("_id") and column not in COMMON):
        return f"{column} || copy as {column}"
    return column


def copy_shop(raw: Path, out: Path, copies: int) -> None:
    """At most ten copies of a raw directory as one; `vars.yml` comes last, when all is there."""
    shutil.rmtree(out, ignore_errors=True)
    with connect(":memory:") as connection:
        for name, paths in files_of(raw).items():
            for path in paths:
                query = f"from {scan(path)}"
                if name not in COMMON_TABLES:
                    columns = [row[0] for row in connection.execute(f"describe {query}").fetchall()]
                    query = (
                        f"select {', '.join(of_copy(column) for column in columns)}"
                        f" {query} cross join (select unnest(range({copies}))::varchar as copy)"
                    )
                write(connection, query, out / path.relative_to(raw))
    shutil.copy2(raw / "vars.yml", out)
