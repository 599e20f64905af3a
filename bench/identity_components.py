"""CPU time and memory of the ways to find the components of an identity graph.

    python bench/identity_components.py --links 100000 1000000 10000000

Every way reads the same table of a DuckDB file and writes its result back to it, in a process of
its own. CPU seconds are those of user and system of that process after its imports.
"""

import json
import math
import re
import resource
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace

import click
import duckdb
from rich.console import Console
from rich.table import Table

PROJECT = Path(__file__).resolve().parents[1]
LIMIT_SECONDS = 300
NETWORKX_LINKS = 1_000_000  # above it takes minutes and many GB
THREADS = 2
LINKS_PER_PERSON = 3.26

# Persons have 1 to 6 identifiers, all linked to their strongest and some to each other: 93 links
# per 100 nodes. One person in a hundred shares an identifier with another. Ten kiosks, with an
# identifier each that one person in 500 has used, join what does not belong together.
LINKS = """
create table edges as
with

persons as (
    select
        person,
        (1 + hash(person, 'count') % 6)::bigint as identifiers
    from range({persons}) as people (person)
),

identifiers as (
    select person, unnest(range(identifiers)) as number from persons
),

nodes as (
    select person, number, hash(person, number) >> 4 as node from identifiers
),

links as (
    select strongest.node as one, other.node as other
    from nodes as strongest
    inner join nodes as other on strongest.person = other.person
    where strongest.number = 0 and other.number > 0
    union all
    select hash(person, number) >> 4, hash(person, number - 1) >> 4
    from identifiers
    where number > 1 and hash(person, number, 'again') % 100 < 46
    union all
    select hash(person, 0) >> 4, hash((hash(person, 'family') % {persons})::bigint, 0) >> 4
    from persons
    where hash(person, 'shares') % 100 = 0
    union all
    select hash('kiosk', (hash(person, 'which') >> 20) % 10) >> 4, hash(person, 0) >> 4
    from persons
    where hash(person, 'kiosk') % 500 = 0
),

rows as (
    select node as node_a, node as node_b from nodes
    union
    select one, one from links
    union
    select least(one, other), greatest(one, other) from links
)

select node_a::bigint as node_a, node_b::bigint as node_b from rows
order by hash(node_a, node_b)
"""


# ---------- the ways: each makes table `found` of table `edges`


def ours(connection):
    from lifecycle import components

    yield
    components.find(connection, "edges", "found")


def ours_in_sql(connection):
    """What `default__find_components` of the macros does, table by table."""
    macros = _macros()
    yield

    def make(name, query):
        connection.execute(f"create or replace table {name} as {query}")

    make("edges_0", macros.select_edges("edges"))
    joins, left = [], 1
    while left:
        source, contracted = f"edges_{len(joins) % 2}", f"edges_{(len(joins) + 1) % 2}"
        joins.append(f"joins_{len(joins) + 1}")
        make(joins[-1], macros.select_joins(source, len(joins)))
        make(contracted, macros.select_contracted(source, joins[-1]))
        ((left,),) = connection.execute(f"select count(*) from {contracted}").fetchall()
    make("found", macros.select_components("edges", joins))


def _macros():
    from jinja2 import Environment

    environment = Environment(extensions=["jinja2.ext.do"])
    module = SimpleNamespace()
    names = {
        "adapter": SimpleNamespace(
            dispatch=lambda name, package: getattr(module, f"default__{name}")
        )
    }
    for name in ["engine/bitwise_xor.sql", "identity/connected_components.sql"]:
        text = (PROJECT / "macros" / name).read_text()
        text = re.sub("(?s){% materialization .*{% endmaterialization %}", "", text)
        found = vars(environment.from_string(text).make_module(names))
        vars(module).update(found)
        names |= {name: macro for name, macro in found.items() if callable(macro)}
    return module


def scipy(connection):
    """As one would write it; unlike ours it gives no component to the links."""
    import numpy as np
    import pandas as pd
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    yield
    ends = connection.execute("select node_a, node_b from edges").fetchnumpy()
    places, nodes = pd.factorize(np.concatenate([ends["node_a"], ends["node_b"]]))
    place_a, place_b = np.split(places, 2)
    graph = coo_array((np.ones(len(place_a)), (place_a, place_b)), (len(nodes), len(nodes)))
    _, label = connected_components(graph, directed=False)
    connection.register("labels", {"node_id": nodes, "component_id": label})
    connection.execute("create or replace table found as select * from labels")


def networkx(connection):
    import networkx
    import numpy as np

    yield
    ends = connection.execute("select node_a, node_b from edges").fetchnumpy()
    graph = networkx.Graph()
    graph.add_edges_from(zip(ends["node_a"].tolist(), ends["node_b"].tolist(), strict=True))
    nodes, labels = [], []
    for label, component in enumerate(networkx.connected_components(graph)):
        nodes.extend(component)
        labels.extend([label] * len(component))
    columns = {"node_id": np.array(nodes), "component_id": np.array(labels)}
    connection.register("labels", columns)
    connection.execute("create or replace table found as select * from labels")


def recursive_cte(connection):
    """Every node hears of every node that can reach it."""
    yield
    connection.execute("""
        create or replace table found as
        with recursive
        both_ways as (
            select node_a, node_b from edges union select node_b, node_a from edges
        ),
        reached (node_id, label) as (
            select node_a, node_a from edges where node_a = node_b
            union
            select both_ways.node_b, reached.label
            from reached inner join both_ways on reached.node_id = both_ways.node_a
        )
        select node_id, min(label) as component_id from reached group by node_id
    """)


WAYS = {way.__name__: way for way in (ours, ours_in_sql, scipy, networkx, recursive_cte)}


def cpu_seconds():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def measure_here(way, database):
    """Runs one way in this process and prints what it took."""
    sys.path.insert(0, str(PROJECT))
    with duckdb.connect(database, config={"threads": THREADS}) as connection:
        steps = WAYS[way](connection)
        next(steps)  # imports
        before = cpu_seconds()
        next(steps, None)
        seconds = cpu_seconds() - before
    peak = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())[1]
    click.echo(json.dumps({"seconds": seconds, "gigabytes": int(peak) / 1e6}))


def measure(way, database):
    """What a way took in a process of its own, and how many components it found."""
    command = [sys.executable, __file__, "--way", way, "--database", database]
    try:
        run = subprocess.run(
            command, stdout=subprocess.PIPE, text=True, check=True, timeout=LIMIT_SECONDS
        )
    except subprocess.TimeoutExpired:
        return None
    with duckdb.connect(database) as connection:
        ((count,),) = connection.execute(
            "select count(distinct component_id) from found"
        ).fetchall()
        connection.execute("drop table found")
    return json.loads(run.stdout) | {"components": count}


# ---------- the command


@click.command()
@click.option("--links", type=int, multiple=True, help="Numbers of links to measure with.")
@click.argument("more_links", type=int, nargs=-1)
@click.option("--all", "is_all", is_flag=True, help="networkx above a million links, too.")
@click.option("--way", type=click.Choice(list(WAYS)), hidden=True)
@click.option("--database", hidden=True)
def main(links, more_links, is_all, way, database):
    """Measure the ways to find connected components, on the same links each."""
    if way:
        measure_here(way, database)
        return
    results = {}
    for size in sorted({*links, *more_links} or {100_000, 1_000_000}):
        with tempfile.TemporaryDirectory() as folder:
            database = str(Path(folder) / "links.duckdb")
            nodes, exact = make_links(database, size)
            click.echo(f"{nodes:,} nodes, {exact:,} links", err=True)
            results[exact] = {
                way: measure(way, database)
                for way in WAYS
                if way != "networkx" or is_all or size <= NETWORKX_LINKS
            }
        counts = {way: found["components"] for way, found in results[exact].items() if found}
        if len(set(counts.values())) > 1:
            raise click.ClickException(f"the ways disagree: {counts}")
        click.echo(f"{counts['ours']:,} components, found by {', '.join(counts)}", err=True)
    Console(width=110).print(table_of(results))
    click.echo(
        f"CPU seconds, ratio to scipy, peak memory in GB; {THREADS} threads, Python "
        + sys.version.split()[0]
        + "".join(f", {name} {version(name)}" for name in ["duckdb", "numpy", "scipy", "networkx"])
    )


def make_links(database, links):
    with duckdb.connect(database, config={"threads": THREADS}) as connection:
        connection.execute(LINKS.format(persons=round(links / LINKS_PER_PERSON)))
        return connection.execute("""
            select
                count(*) filter (node_a = node_b),
                count(*) filter (node_a <> node_b)
            from edges
        """).fetchall()[0]


def table_of(results):
    table = Table("way", title="Connected components")
    for links in results:
        table.add_column(f"{links:,} links", justify="right")
    table.add_column("growth", justify="right")
    for way in WAYS:
        cells, measured = [], []
        for links, ways in results.items():
            found = ways.get(way)
            if found:
                measured.append((links, found["seconds"]))
                ratio = found["seconds"] / ways["scipy"]["seconds"]
                cells.append(f"{found['seconds']:.2f}  {ratio:.2f}x  {found['gigabytes']:.2f}")
            else:
                cells.append(f"not within {LIMIT_SECONDS} s" if way in ways else "-")
        growth = "-"
        if len(measured) > 1:
            (fewer, less), (more, most) = measured[0], measured[-1]
            growth = f"{math.log(most / less) / math.log(more / fewer):.2f}"
        table.add_row(way, *cells, growth)
    return table


if __name__ == "__main__":
    main()
