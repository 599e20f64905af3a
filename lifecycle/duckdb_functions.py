"""dbt plugin: the functions of `lifecycle.functions` on DuckDB, and what tells their version."""

from dbt.adapters.duckdb.plugins import BasePlugin

from lifecycle.functions import FUNCTIONS, code_hash, duckdb_type


class Plugin(BasePlugin):
    """What dbt's connection needs: the functions that models call and DuckDB has not."""

    def configure_connection(self, conn):
        # Connections to one file share their functions, and a second registration is an error.
        registered = conn.execute(
            "select count(*) from duckdb_functions() where function_name = ?",
            [next(iter(FUNCTIONS))],
        ).fetchall()
        if registered[0][0]:
            return
        for name, function in FUNCTIONS.items():
            # One that is said to have no side effects may be called while planning.
            conn.create_function(
                name,
                function.call,
                [duckdb_type(kind) for kind in function.parameters],
                duckdb_type(function.returns),
                side_effects=True,
            )
        conn.create_function("code_hash", code_hash, [], "varchar", side_effects=True)
