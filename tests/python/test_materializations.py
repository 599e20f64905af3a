"""Tables, views and incremental tables, as a small project with the same macros has them."""

import json
import shutil

import pytest
from conftest import PROJECT, run_dbt

DBT = ["-W", "ignore", "-m", "dbt.cli.main"]
MACROS = ("materializations", "make_scratch_table", "run_statement")
# What each model is in the three runs, by the var `run`.
MODELS = {
    "swapped": """
        {{ config(materialized='view' if var('run') == 2 else 'table') }}
        select {{ var('run') }} as run""",
    "failing": """
        {{ config(materialized='table') }}
        select if({{ var('run') }} = 2, error('no row'), {{ var('run') }}) as run""",
    "added": """
        {{ config(materialized='incremental', incremental_strategy='append') }}
        {{ ["select 1 as run, 'first' as word",
            "select 'second' as word, 2 as run",
            "select 3 as run, 'third' as word, true as is_more"][var('run') - 1] }}""",
    "replaced": """
        {{ config(
            materialized='incremental',
            incremental_strategy='delete+insert',
            unique_key=['a', 'b'],
        ) }}
        select * from (values (1, 1, {{ var('run') }}), (1, {{ var('run') }}, {{ var('run') }}))
            as rows_of (a, b, run)
        {{ 'limit 1' if var('run') == 1 }}""",
    "hooked": """
        {{ config(
            materialized='incremental', incremental_strategy='append',
            pre_hook="{{ 'delete from ' ~ this ~ ' where true' if is_incremental() }}",
            post_hook="select if(max(run) = 2, error('no hook'), 1) from {{ this }}",
        ) }}
        select {{ var('run') }} as run""",
    "kept": """
        {{ config(materialized='incremental', incremental_strategy='append', full_refresh=false) }}
        select {{ '1' if var('run') < 3 else "'one'" }} as number""",
}
PROFILE = """
lifecycle:
  target: here
  outputs:
    here: {type: duckdb, path: "{{ env_var('LIFECYCLE_DB') }}", threads: 2}
"""


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """By run: what dbt said, and of each model its type and rows afterwards."""
    home = tmp_path_factory.mktemp("materializations")
    for folder in ("models", "macros"):
        (home / folder).mkdir()
    for name in MACROS:
        shutil.copy(PROJECT / "macros" / "engine" / f"{name}.sql", home / "macros")
    for name, sql in MODELS.items():
        (home / "models" / f"{name}.sql").write_text(sql)
    (home / "dbt_project.yml").write_text("{name: lifecycle, profile: lifecycle, version: '1.0'}")
    (home / "profiles.yml").write_text(PROFILE)
    found = {}
    for name, run, *options in [("1", 1), ("2", 2), ("3", 3), ("anew", 3, "--full-refresh")]:
        words = ["run", "--vars", json.dumps({"run": run}), *options]
        done = run_dbt(DBT, words, home / "raw", home, project=home)
        assert "Completed" in done.output, done.output
        tables = done.query("select table_name, table_type from information_schema.tables")
        found[name] = (
            done,
            {table: (kind, sorted(done.query(f"from {table}"))) for table, kind in tables},
        )
    return found


def test_table_and_view_take_each_others_place(runs):
    assert [runs[run][1]["swapped"] for run in "123"] == [
        ("BASE TABLE", [(1,)]),
        ("VIEW", [(2,)]),
        ("BASE TABLE", [(3,)]),
    ]


def test_table_that_cannot_be_made_stays_as_it_was(runs):
    assert "no row" in runs["2"][0].output
    assert [runs[run][1]["failing"][1] for run in "123"] == [[(1,)], [(1,)], [(3,)]]


def test_rows_that_are_added_find_their_columns_by_name(runs):
    assert runs["1"][1]["added"][1] == [(1, "first")]
    assert runs["2"][1]["added"][1] == [(1, "first"), (2, "second")]


def test_other_columns_are_an_error_and_a_full_refresh_has_them(runs):
    done, tables = runs["3"]
    assert "is_more" in done.output
    assert "Build it anew: dbt build --full-refresh." in done.output
    assert tables["added"][1] == [(1, "first"), (2, "second")]
    assert runs["anew"][1]["added"][1] == [(3, "third", True)]


def test_state_of_other_columns_is_never_made_anew(runs):
    for run in ("3", "anew"):
        done, tables = runs[run]
        assert "It is state, which is never made anew" in done.output
        assert tables["kept"][1] == [(1,), (1,)]


def test_rows_of_the_same_keys_go_and_others_stay(runs):
    assert [runs[run][1]["replaced"][1] for run in "123"] == [
        [(1, 1, 1)],
        [(1, 1, 2), (1, 2, 2)],
        [(1, 1, 3), (1, 2, 2), (1, 3, 3)],
    ]


def test_hooks_and_rows_are_one_transaction(runs):
    assert "no hook" in runs["2"][0].output
    assert [runs[run][1]["hooked"][1] for run in "123"] == [[(1,)], [(1,)], [(3,)]]


def test_nothing_is_left_beside_the_models(runs):
    for _, tables in runs.values():
        assert set(tables) == set(MODELS)
