"""How often `is_fluctuation` rings in a demo shop in which nothing happens.

Each seed is a shop of its own: made, built with dbt up to `lifecycle_distribution`, and counted.
Judged are the last twelve full months, and apart from them the months of the warm-up. What moves
the shares in them is chance and what the demo's process has of growth and season.

    python bench/false_alarms.py --seeds 20
"""

import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

import click
import duckdb
import pandas
from tqdm import tqdm

from lifecycle import demo
from lifecycle.contract import PROJECT

SEEN = """
    select
        {seed} as seed, period_end, segment, segment_order, customers, share, change, z_score,
        stability_index, is_fluctuation, is_warm_up,
        dense_rank() over (order by period_end desc) <= 12 as is_last_year
    from marts.lifecycle_distribution
    where is_full
"""


def build(home: Path) -> None:
    """All that the distribution is made of, calibrated on this shop."""
    from dbt.cli.main import dbtRunner

    variables = {"default_country": "DE", "recalibrate": True}
    command = ["build", "--quiet", "--select", "+lifecycle_distribution"]
    command += ["--exclude-resource-type", "test", "unit_test", "--vars", json.dumps(variables)]
    command += ["--target-path", str(home / "target"), "--log-path", str(home / "logs")]
    done = dbtRunner().invoke(command)
    if not done.success:
        sys.exit(f"The build failed: {done.exception or 'see above'}")


def distribution(home: Path, seed: int, **settings) -> pandas.DataFrame:
    raw = home / "raw"
    demo.make(raw, seed=seed, **settings)
    # The same names are in every shop: nobody's request may reach into the next one.
    shutil.rmtree(raw / "privacy")
    build(home)
    # Of a copy: dbt holds the files until its process exits.
    seen = home / "seen"
    shutil.rmtree(seen, ignore_errors=True)
    seen.mkdir()
    for path in home.glob("*.duckdb*"):
        shutil.copy(path, seen)
    with duckdb.connect(str(seen / "warehouse.duckdb")) as connection:
        return connection.execute(SEEN.format(seed=seed)).df()


def rates(found: pandas.DataFrame) -> pandas.DataFrame:
    """Per segment judged months, and the share of them that is flagged, by when they were."""
    judged = found.dropna(subset="is_fluctuation")
    judged = judged.assign(is_fluctuation=judged["is_fluctuation"].astype(float))
    when = {
        "warm-up": judged["is_warm_up"],
        "after": ~judged["is_warm_up"],
        "last year": judged["is_last_year"],
    }
    columns = {}
    for name, chosen in when.items():
        by_segment = judged[chosen].groupby(["segment_order", "segment"])["is_fluctuation"]
        columns[f"{name}: months"] = by_segment.count()
        columns[f"{name}: %"] = 100 * by_segment.mean()
    table = pandas.DataFrame(columns).droplevel("segment_order")
    everywhere = {
        name: table[name].sum()
        if name.endswith("months")
        else 100 * judged[when[name.split(":")[0]]]["is_fluctuation"].mean()
        for name in table
    }
    return pandas.concat([table, pandas.DataFrame(everywhere, index=["all"])]).round(2)


@click.command(context_settings={"show_default": True})
@click.option("--seeds", default=20, help="Shops to look at: seeds 1 to this number.")
@click.option("--customers", default=3000)
@click.option("--days", default=1500)
@click.option("--events-per-order", default=10.0)
@click.option("--out", type=click.Path(path_type=Path), help="Write all rows to this CSV file.")
def main(seeds, out, **settings):
    """Print how often each segment is flagged."""
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch)
        os.environ |= {
            "DBT_PROFILES_DIR": str(PROJECT),
            "LIFECYCLE_RAW": str(home / "raw"),
            "LIFECYCLE_DB": str(home / "warehouse.duckdb"),
            "LIFECYCLE_STATE": str(home / "state.duckdb"),
            "LIFECYCLE_HASH_SALT": "demo",
        }
        os.chdir(PROJECT)
        found = pandas.concat(
            distribution(home, seed, **settings) for seed in tqdm(range(1, seeds + 1))
        )
    if out:
        found.to_csv(out, index=False)
    print(rates(found).to_string())
    flagged = found[found["is_fluctuation"].astype("boolean").fillna(False) & found["is_last_year"]]
    columns = ["seed", "period_end", "segment", "customers", "share", "change", "z_score"]
    print(flagged[columns].to_string(index=False, float_format="{:.4f}".format))


if __name__ == "__main__":
    main()
