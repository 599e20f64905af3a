"""The SQL functions that are Python: the same names and types on every engine.

Each takes plain values or lists, and gives one value. `lifecycle.duckdb_functions` gives them to
dbt's connection to DuckDB, `lifecycle.spark` to a session of Spark, whose workers import this
module and need not have dbt.

A type is the name of a scalar, `[type]` for a list of it, or `{field: type}` for a struct.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lifecycle import fits

Type = str | list | dict

MOMENTS = (
    dict.fromkeys(("experiment_id", "arm", "group_type", "group_name", "p_value_family"), "string")
    | dict.fromkeys(("ratio_people", "measured_people"), "bigint")
    | dict.fromkeys(
        ("planned_share", "goal", "goal_squared", "before", "before_squared", "goal_before"),
        "double",
    )
    | dict.fromkeys(("is_control", "is_mixed"), "boolean")
)
ESTIMATES = dict.fromkeys(
    ("experiment_id", "group_type", "group_name", "arm", "method"), "string"
) | dict.fromkeys(
    (
        "goal_per_head",
        "difference",
        "standard_error",
        "difference_low",
        "difference_high",
        "p_value",
        "relative_lift",
        "relative_lift_low",
        "relative_lift_high",
        "detectable_difference",
        "always_valid_low",
        "always_valid_high",
        "adjusted_p_value",
        "sample_ratio_p_value",
    ),
    "double",
)


def experiment_estimates(moments: list | None) -> list[dict] | None:
    """Rows of moments in, rows of estimates out; a number that is none is null."""
    if moments is None:
        return None
    # pandas and scipy take a second to import, which every dbt command would pay.
    import pandas as pd

    from lifecycle import experiments

    rows = [row if isinstance(row, dict) else row.asDict() for row in moments]
    found = experiments.estimates(pd.DataFrame(rows, columns=list(MOMENTS)))
    return [
        {name: None if value != value else value for name, value in row.items()}
        for row in found[list(ESTIMATES)].to_dict("records")
    ]


@dataclass(frozen=True)
class Function:
    call: Callable
    parameters: tuple[Type, ...]
    returns: Type


FUNCTIONS = {
    "fit_purchases": Function(
        fits.purchases, ("string", *[["double"]] * 4), fits.row_type(fits.PURCHASES)
    ),
    "fit_margins": Function(fits.margins, (["double"],) * 2, fits.row_type(fits.MARGINS)),
    "experiment_estimates": Function(experiment_estimates, ([MOMENTS],), [ESTIMATES]),
}


def duckdb_type(kind: Type) -> str:
    if isinstance(kind, list):
        return f"{duckdb_type(kind[0])}[]"
    if isinstance(kind, dict):
        return f"struct({', '.join(f'{name} {duckdb_type(of)}' for name, of in kind.items())})"
    return {"string": "varchar"}.get(kind, kind)


def spark_type(kind: Type) -> str:
    if isinstance(kind, list):
        return f"array<{spark_type(kind[0])}>"
    if isinstance(kind, dict):
        return f"struct<{', '.join(f'{name}: {spark_type(of)}' for name, of in kind.items())}>"
    return kind


def code_hash() -> str:
    """Tells one version of macros and functions from another; dbt tells models and seeds apart.

    Macros are those of the working directory: dbt runs in that of its project, which need not be
    the one that this package is installed from.
    """
    found = hashlib.sha256()
    for folder, kind in (Path("macros"), "**/*.sql"), (Path(__file__).parent, "*.py"):
        for path in sorted(folder.glob(kind)):
            found.update(path.relative_to(folder).as_posix().encode())
            found.update(path.read_bytes())
    return found.hexdigest()
