"""Connected components against a union-find in Python, and the table that keeps them over time.

Run as a script, this file drives dbt through those runs: dbt holds the database until its process
exits, and once the project is parsed a run takes less than a second.
"""

import itertools
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifecycle import components

PROJECT = Path(__file__).resolve().parents[2]
LARGEST_NODE = 2**60 - 1


# ---------- the other implementation


def expected_rows(rows):
    """The rows sorted, each with the smallest node of its component, by union-find."""
    parent = {node_a: node_a for node_a, node_b in rows if node_a == node_b}

    def root(node):
        while parent[node] != node:
            parent[node] = node = parent[parent[node]]
        return node

    for node_a, node_b in rows:
        smaller, larger = sorted((root(node_a), root(node_b)))
        parent[larger] = smaller
    return sorted((node_a, node_b, root(node_a)) for node_a, node_b in rows)


# ---------- graphs


def graph(nodes, ends_a, ends_b):
    """Rows as the materialization takes them: every node with itself, every link once."""
    links = np.sort(np.column_stack([ends_a, ends_b]), axis=1)
    links = np.unique(links[links[:, 0] < links[:, 1]], axis=0)
    return np.concatenate([np.column_stack([nodes, nodes]), links]).astype(np.int64)


def hashes(count, seed=7):
    """Distinct nodes in no order."""
    random = np.random.default_rng(seed)
    drawn = np.unique(random.integers(0, LARGEST_NODE, count + 1000, endpoint=True))
    return random.permutation(drawn)[:count]


def chain(nodes):
    return graph(nodes, nodes[:-1], nodes[1:])


def star(nodes):
    return graph(nodes, np.full(len(nodes) - 1, nodes[0]), nodes[1:])


def binary_tree(nodes):
    places = np.arange(1, len(nodes))
    return graph(nodes, nodes[places], nodes[(places - 1) // 2])


def random_links(nodes, count):
    return graph(nodes, *np.random.default_rng(13).choice(nodes, (2, count)))


def one_component(size):
    """Half of it hangs, at random, on nodes before it; the other half is a chain."""
    nodes, places = hashes(size), np.arange(1, size)
    at_random = (np.random.default_rng(11).random(size - 1) * places).astype(np.int64)
    return graph(nodes, nodes[1:], nodes[np.where(places < size // 2, at_random, places - 1)])


SHAPES = {
    "nothing": lambda: graph([], [], []),
    "single nodes": lambda: graph(hashes(5000), [], []),
    "chain": lambda: chain(hashes(16_000)),
    "chain in the order of its nodes": lambda: chain(np.sort(hashes(16_000))),
    "chain of whole numbers": lambda: chain(np.arange(16_000)),
    "chain of the largest nodes": lambda: chain(LARGEST_NODE - np.arange(2_000)),
    "star": lambda: star(hashes(100_001)),
    "star with the smallest in the middle": lambda: star(np.sort(hashes(10_001))),
    "binary tree": lambda: binary_tree(hashes(30_000)),
    "dense": lambda: random_links(hashes(1_000), 50_000),
    "many trees": lambda: random_links(hashes(20_000), 9_000),
    "one giant among many": lambda: random_links(hashes(20_000), 14_000),
}


# ---------- in the process


def found(rows):
    with duckdb.connect(config={"threads": 2}) as connection:
        connection.register("given", {"node_a": rows[:, 0].copy(), "node_b": rows[:, 1].copy()})
        connection.execute("create table edges as select * from given")
        components.find(connection, "edges", "found")
        return np.column_stack(list(connection.table("found").order("all").fetchnumpy().values()))


@pytest.mark.parametrize("shape", SHAPES)
def test_components_of_a_shape(shape):
    rows = SHAPES[shape]()
    assert [tuple(row) for row in found(rows).tolist()] == expected_rows(rows.tolist())


def test_a_million_nodes_are_one_component():
    rows = one_component(1_000_000)
    result = found(rows)
    assert np.array_equal(result[:, :2], rows[np.lexsort((rows[:, 1], rows[:, 0]))])
    assert (result[:, 2] == rows.min()).all()


any_node = st.integers(0, 12) | st.integers(0, LARGEST_NODE) | st.just(LARGEST_NODE)


@settings(max_examples=40, deadline=None)
@given(st.lists(any_node, max_size=5), st.lists(st.tuples(any_node, any_node), max_size=60))
def test_components_of_any_graph(lone, links):
    ends = np.array(links, dtype=np.int64).reshape(-1, 2)
    nodes = sorted({*lone, *ends.ravel().tolist()})
    rows = graph(nodes, ends[:, 0], ends[:, 1])
    assert [tuple(row) for row in found(rows).tolist()] == expected_rows(rows.tolist())


@pytest.mark.parametrize("stranger", [2, 7, LARGEST_NODE])
def test_a_link_to_what_is_no_node_is_refused(stranger):
    with pytest.raises(ValueError, match="an end that is no node"):
        found(np.array([(1, 1), (3, 3), (5, 5), (1, stranger)]))


# ---------- the table over many runs

FILES = {
    "dbt_project.yml": f"""
name: lifecycle
version: 0.0.0
profile: lifecycle
macro-paths: ['{PROJECT / "macros" / "identity"}', '{PROJECT / "macros" / "engine"}']
flags: {{send_anonymous_usage_stats: false}}
# Of two models one finds its components as engines without scipy do.
dispatch: [{{macro_namespace: lifecycle, search_order: [forms, lifecycle]}}]
""",
    "profiles.yml": f"""
lifecycle:
  target: duckdb
  outputs:
    duckdb: {{type: duckdb, path: graph.duckdb, threads: 2, module_paths: ['{PROJECT}']}}
""",
    "models/in_process.sql": """
{{ config(materialized='connected_components') }}
select node_a, node_b from edges
""",
    "models/in_sql.sql": """
{{ config(materialized='connected_components') }}
select node_a, node_b from edges
""",
    "dbt_packages/forms/dbt_project.yml": "{name: forms, version: 0.0.0}",
    "dbt_packages/forms/macros/forms.sql": """
{% macro duckdb__find_components(rows, found) %}
    {%- set form = 'default' if this.identifier == 'in_sql' else 'duckdb' -%}
    {{ return(lifecycle[form ~ '__find_components'](rows, found)) }}
{% endmacro %}
{% macro duckdb__replace_components(relation, affected, found) %}
    {%- set form = 'default' if this.identifier == 'in_sql' else 'duckdb' -%}
    {{ return(lifecycle[form ~ '__replace_components'](relation, affected, found)) }}
{% endmacro %}
""",
}
MODELS = ("in_process", "in_sql")
# Where a run breaks off: the model, and which statement that a pattern is found in does not run.
CRASHES = [
    ("in_process", "create or replace table .*work_found", 1),
    ("in_process", "insert into", 1),
    ("in_process", "^COMMIT", 5),
    ("in_process", "drop table .*work_found", 1),
    ("in_sql", "create +table .*work_joins_2", 1),
    ("in_sql", 'create +table "graph"."main"."in_sql" +as', 1),
    ("in_sql", "drop table .*work_merged", 2),
]


def batches():
    """Rows of one graph after another: nodes and links come and go."""
    random = np.random.default_rng(17)
    nodes = hashes(100)
    links = random_links(nodes, 120)[len(nodes) :]
    while True:
        there = random.random(len(nodes)) < 0.9
        linking = np.isin(links, nodes[there]).all(axis=1) & (random.random(len(links)) < 0.5)
        for _ in range(4):
            yield graph(nodes[there], *links[linking].T)
            there[random.integers(0, len(nodes), 2)] ^= True
            linking[random.integers(0, len(links), 3)] ^= True
            linking &= np.isin(links, nodes[there]).all(axis=1)


def drive(home):
    """Runs dbt on batch after batch and prints, line by line, what came of it."""
    from dbt.adapters.duckdb.environments import local
    from dbt.cli.main import dbtRunner

    execute, crash = local.DuckDBCursorWrapper.execute, []

    def execute_or_crash(cursor, sql, bindings=None):
        if crash and re.search(crash[0], re.sub(r"(?s)/\*.*?\*/|\s+", " ", sql).strip()):
            crash[1] -= 1
            if crash[1] == 0:
                crash.clear()
                raise RuntimeError("the run breaks off here")
        return execute(cursor, sql, bindings)

    local.DuckDBCursorWrapper.execute = execute_or_crash
    project = dbtRunner().invoke(["parse", "--quiet"])
    dbt = dbtRunner(manifest=project.result)
    batch = batches()

    def run(what, rows, *options):
        database = home / "graph.duckdb"
        with duckdb.connect(str(database)) as connection:
            connection.register("given", {"node_a": rows[:, 0].copy(), "node_b": rows[:, 1].copy()})
            connection.execute("create or replace table edges as select * from given")
        done = dbt.invoke(["run", "--quiet", *options])
        with duckdb.connect(str(database)) as connection:
            made = connection.execute(
                "select table_name, table_oid from duckdb_tables()"
            ).fetchall()
            tables = {
                name: connection.execute(f"select *, rowid from {name} order by all").fetchall()
                for name, _ in made
                if name in MODELS
            }
        print(
            json.dumps(
                {
                    "what": what,
                    "success": done.success,
                    "messages": {result.node.name: result.message for result in done.result},
                    "edges": rows.tolist(),
                    "made": dict(made),
                    "tables": tables,
                }
            )
        )

    rows = next(batch)
    run("first", rows)
    run("unchanged", rows)
    for _ in range(4):
        run("changed", rows := next(batch))
    run("emptied", rows[:0])
    run("filled", rows)
    run("refreshed", next(batch), "--full-refresh")
    for model, pattern, occurrence in CRASHES:
        crash[:] = [pattern, occurrence]
        run(f"crash at {pattern}", next(batch), "--select", model)
        run(f"after a crash at {pattern}", next(batch), "--select", model)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    home = tmp_path_factory.mktemp("graph")
    for name, text in FILES.items():
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(text)
    driven = subprocess.run(
        [sys.executable, __file__],
        cwd=home,
        env=os.environ | {"PYTHONPATH": str(PROJECT), "DBT_PROFILES_DIR": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert driven.returncode == 0, driven.stdout[-2000:] + driven.stderr
    return [json.loads(line) for line in driven.stdout.splitlines() if line.startswith('{"what"')]


def without_place(rows):
    return [tuple(row[:3]) for row in rows]


def test_every_run_gives_what_finding_all_would(runs):
    assert [run["what"] for run in runs if not run["success"]] == [
        f"crash at {pattern}" for _, pattern, _ in CRASHES
    ]
    for run in runs:
        for model in run["messages"] if run["success"] else []:
            assert without_place(run["tables"][model]) == expected_rows(run["edges"]), run["what"]


def test_only_what_a_change_touches_is_found_anew(runs):
    changes = [run for run in runs if run["what"] == "changed"]
    assert {run["messages"]["in_process"] for run in runs[:1]} == {"all is found anew"}
    for before, run in zip(runs[1:], changes, strict=False):
        counts = re.findall(r"\d+", run["messages"]["in_process"])
        old, new = ({tuple(row) for row in each["edges"]} for each in (before, run))
        assert int(counts[0]) == len(old ^ new) > 0
        assert counts == re.findall(r"\d+", run["messages"]["in_sql"])
        places = [{tuple(row) for row in each["tables"]["in_process"]} for each in (before, run)]
        assert len(places[1] - places[0]) == int(counts[1])
    assert any(int(run["messages"]["in_process"].split()[4]) < len(run["edges"]) for run in changes)


def test_a_table_without_changes_is_not_touched(runs):
    first, unchanged = runs[:2]
    assert set(unchanged["messages"].values()) == {"no row has changed"}
    assert unchanged["tables"] == first["tables"]
    assert {model: unchanged["made"][model] for model in MODELS} == {
        model: first["made"][model] for model in MODELS
    }


def test_a_full_refresh_finds_all(runs):
    (refreshed,) = (run for run in runs if run["what"] == "refreshed")
    assert set(refreshed["messages"].values()) == {"all is found anew"}


def test_a_run_that_breaks_off_leaves_the_old_table_or_none(runs):
    for before, run in itertools.pairwise(runs):
        for model in MODELS if not run["success"] else []:
            allowed = [None, without_place(before["tables"][model]), expected_rows(run["edges"])]
            found = run["tables"].get(model)
            assert (found and without_place(found)) in allowed, run["what"]


def test_no_work_table_survives_a_run(runs):
    assert any(run["made"].keys() - {"edges", *MODELS} for run in runs if not run["success"])
    for run in runs:
        if run["success"]:
            assert run["made"].keys() == {"edges", *MODELS}, run["what"]


if __name__ == "__main__":
    drive(Path.cwd())
