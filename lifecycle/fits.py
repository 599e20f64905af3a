"""dbt plugin: the SQL functions `fit_purchases` and `fit_margins` on DuckDB.

Each takes the data as lists and gives one struct. On another engine functions of the same names,
made of the same `purchases` and `margins`, have to be registered with its session.
"""

from dbt.adapters.duckdb.plugins import BasePlugin

ABOUT = {"log_likelihood": "double", "problem": "varchar", "note": "varchar"}
PURCHASES = ("r", "alpha", "a", "b")
MARGINS = ("p", "q", "gamma")


def purchases(model, repeats, last, age, people) -> dict:
    """A fit of how often and how long people buy; times in weeks."""
    # scipy takes half a second to import, which every dbt command would pay.
    from lifecycle import buy_till_you_die

    fit = buy_till_you_die.fit_purchases(model, repeats, last, age, people)
    return as_row(PURCHASES, fit)


def margins(repeats, margin) -> dict:
    """A fit of what a purchase day brings."""
    from lifecycle import buy_till_you_die

    return as_row(MARGINS, buy_till_you_die.fit_margins(repeats, margin))


def as_row(names, fit) -> dict:
    """The fit under names; a number that is none is null."""
    errors = [f"{name}_error" for name in names]
    numbers = dict(zip([*names, *errors], [*fit.parameters, *fit.errors], strict=True))
    numbers["log_likelihood"] = fit.log_likelihood
    return {
        name: float(number) if abs(number) < float("inf") else None
        for name, number in numbers.items()
    } | {"problem": fit.problem, "note": fit.note}


def row_type(names) -> str:
    """The struct of a fit, as SQL."""
    fields = dict.fromkeys([*names, *(f"{name}_error" for name in names)], "double") | ABOUT
    return "struct(" + ", ".join(f"{name} {kind}" for name, kind in fields.items()) + ")"


class Plugin(BasePlugin):
    """What dbt's connection needs to fit models."""

    def configure_connection(self, conn):
        # Connections to one file share their functions, and a second registration is an error.
        registered = conn.execute(
            "select count(*) from duckdb_functions() where function_name = 'fit_purchases'"
        ).fetchall()
        if registered[0][0]:
            return
        numbers = "double[]"
        for function, parameters, names in (
            (purchases, ["varchar", *[numbers] * 4], PURCHASES),
            (margins, [numbers] * 2, MARGINS),
        ):
            # One that is said to have no side effects may be called while planning.
            conn.create_function(
                f"fit_{function.__name__}", function, parameters, row_type(names), side_effects=True
            )
