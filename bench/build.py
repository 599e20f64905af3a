"""CPU time, memory and size of whole builds, against plain SQL for the same tables.

    python bench/build.py --scale S
    python bench/build.py --scale M --tests --add 0.001 --add 0.01 --add-sales 0.001 --check --write

The demo's shop at three scales, the largest as copies of the second. dbt builds it, in a process
of its own; then the SQL of `bench/plain/`, in another, makes the same public tables of the same raw
files, and both are compared. The RFM summary of a million buyers is timed against `lifetimes` and
pandas. With `--add` the last share of the raw data, by arrival, is delivered after a first build.

CPU seconds are user and system of the process and all that it started. Ratios within a run mean
something; seconds tell what else the machine did.
"""

import json
import math
import re
import resource
import shutil
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

import click
from copies import copy_shop
from deliveries import SALES, before, count_rows, deliver, files_of, last_arrivals
from measures import (
    PROJECT,
    SALT,
    apart,
    connect,
    dbt,
    forget,
    machine,
    measure,
    peak_gb,
    timed,
)
from rfm_summaries import report_summaries, summaries
from rich.console import Console

PLAIN = Path(__file__).with_name("plain")
RESULTS = Path(__file__).with_name("RESULTS.md")
# How many people must buy for 100,000 orders and a million events, and for ten times so many.
CUSTOMERS = {"S": 20_000, "M": 200_000}
COPIES = 10  # of M make L
SCALES = [*CUSTOMERS, "L"]
FEWEST = 100  # customers of the smallest demo: what a build of it takes does not depend on data
SHOWN_MODELS = 12
NO_TESTS = ["--exclude-resource-type", "unit_test", "--exclude-resource-type", "test"]
DATA_TESTS = ["--exclude-resource-type", "unit_test"]

# Models that plain SQL makes too, of `int_value__summaries` those of today; and what they need.
COMPARED = [
    "orders", "customer_profiles", "profile_identifiers", "segment_membership",
    "segment_transitions", "lifecycle_distribution", "rfm_thresholds", "clv_by_group",
    "int_value__summaries",
]  # fmt: skip
SHARED = [*NO_TESTS, "--select", *(f"+{name}" for name in COMPARED)]
# The same question to both, as name and SQL; `{0}` is the schema of the marts, or nothing.
QUESTIONS = {
    "orders": "select count(*) from {0}orders",
    "purchases": "select count(*) from {0}orders where is_purchase",
    "net revenue": "select sum(net_revenue) from {0}orders",
    "gross margin": "select sum(gross_margin) from {0}orders",
    "orders with a profile": "select count(profile_id) from {0}orders",
    "identifiers by type and status": """
        select identifier_type, status, count(*), count(distinct profile_id)
        from {0}profile_identifiers group by all order by all""",
    "profiles": "select count(*), sum(net_revenue), sum(session_count) from {0}customer_profiles",
    "consents to e-mail": """
        select email_consent, count(*) from {0}customer_profiles group by all order by all""",
    "people per segment and month": """
        select period_end, segment, count(*), sum(recency_score), sum(frequency_score),
            sum(monetary_score), count_if(is_engaged), sum(net_revenue)
        from {0}segment_membership group by all order by all""",
    "moves per month": """
        select period_end, from_segment, to_segment, customers
        from {0}segment_transitions order by all""",
    "distribution, z-scores": """
        select period_end, segment, customers, round(share, 9), round(z_score, 6)
        from {0}lifecycle_distribution order by all""",
    "CLV of all buyers, per month": """
        select period_end, buyers, orders, net_revenue, gross_margin, churned_buyers, clv
        from {0}clv_by_group where group_type = 'all' order by all""",
}
# Those whose answers are in tables of other names or shapes.
PAIRS = {
    "cuts of the scores": (
        """select list(threshold::decimal(18, 2) order by metric, cut)
        from marts.rfm_thresholds where is_current""",
        """select list_transform(
            frequency || monetary || recency, lambda cut: cut::decimal(18, 2)
        ) from rfm_thresholds""",
    ),
    "summaries for BTYD models": (
        """select count(*), sum(repeat_days), round(sum(last_week), 3), round(sum(age_weeks), 3),
            round(sum(mean_repeat_margin), 2)
        from intermediate.int_value__summaries where sample = 'current'""",
        """select count(*), sum(repeat_days), round(sum(last_week), 3), round(sum(age_weeks), 3),
            round(sum(mean_repeat_margin), 2)
        from btyd_summaries""",
    ),
}
# Time of writing: differs between two builds that are otherwise equal.
NOT_COMPARED = {"restated_at"}

console = Console(width=120)


# -- raw data ------------------------------------------------------------------------------------


def raw_of(home: Path, customers: int) -> Path:
    """The demo's raw directory for so many customers: made, if it is not there."""
    raw = home / "raw"
    marker = raw / ".lifecycle-demo"
    if not marker.is_file() or json.loads(marker.read_text())["customers"] != customers:
        console.print(f"making the shop of {customers:,} customers in {raw}")
        measure(
            [sys.executable, "-m", "lifecycle", "demo", "--out", raw, "--customers", customers],
            stderr=subprocess.DEVNULL,
        )
    return raw


def raw_of_scale(home: Path, scale: str) -> Path:
    """The raw directory of a scale, below the directory of all scales."""
    if scale in CUSTOMERS:
        return raw_of(home / scale, CUSTOMERS[scale])
    raw = home / scale / "raw"
    if not (raw / "vars.yml").is_file():
        shop = raw_of_scale(home, "M")
        console.print(f"making {COPIES} copies of {shop} in {raw}")
        apart(copy_shop, shop, raw, COPIES)
    return raw


def fixed_costs(home: Path) -> dict[str, dict]:
    """What dbt takes whatever the data is: to parse, to do nothing, to build the smallest shop."""
    here = home / "smallest"
    raw = raw_of(here, FEWEST)
    found = {
        "parse": dbt(here, raw, "parse", anew=True),
        "nothing": dbt(here, raw, "build", "--select", "tag:of_nothing"),
        "smallest": dbt(here, raw, "build", *NO_TESTS, anew=True),
        "shared": dbt(here, raw, "build", *SHARED, anew=True),
    }
    forget(here, "build")
    return found | {"parsed": dbt(here, raw, "build", *NO_TESTS)}


# -- plain SQL -----------------------------------------------------------------------------------


def run_plain(raw: Path, path: Path) -> dict:
    """Runs `bench/plain/*.sql`, with scipy for the components; CPU per file."""
    import numpy as np
    from scipy import sparse
    from scipy.sparse import csgraph

    path.unlink(missing_ok=True)
    files, start = {}, time.monotonic()
    with connect(path) as connection:
        for name, value in {"raw": raw, "project": PROJECT, "salt": SALT}.items():
            connection.execute(f"set variable {name} = ?", [str(value)])
        for file in sorted(PLAIN.glob("*.sql")):
            with timed(files, file.stem):
                connection.execute(file.read_text())
                if file.stem == "2_identity":
                    links = connection.execute("from graph_links").fetchnumpy()
                    (size,) = connection.execute("select count(*) from graph_nodes").fetchone()
                    ends = links["place_a"], links["place_b"]
                    graph = sparse.coo_array((np.ones(len(ends[0])), ends), shape=(size, size))
                    _, component = csgraph.connected_components(graph.tocsr(), directed=False)
                    connection.register("found", {"place": np.arange(size), "component": component})
                    connection.execute("create table components as from found")
    return {
        "cpu": sum(files.values()),
        "wall": time.monotonic() - start,
        "gb": peak_gb(),
        "files": files,
    }


def compare(warehouse: Path, plain: Path) -> dict[str, tuple[bool, str, int]]:
    """By question: whether both give the same answer, the answer, and how many rows differ."""
    answers = {}
    with connect(warehouse, read_only=True) as ours, connect(plain, read_only=True) as theirs:
        questions = {
            name: (sql.format("marts."), sql.format("")) for name, sql in QUESTIONS.items()
        }
        for name, (of_ours, of_theirs) in (questions | PAIRS).items():
            rows = ours.execute(of_ours).fetchall()
            others = theirs.execute(of_theirs).fetchall()
            shown = ", ".join(map(str, rows[0])) if len(rows) == 1 else f"{len(rows)} rows"
            differing = len(set(map(str, rows)) ^ set(map(str, others)))
            answers[name] = (rows == others, shown, differing)
    return answers


# -- increments ----------------------------------------------------------------------------------


def increment(
    home: Path, raw: Path, share: float, check: bool, tables: set[str] | None = None
) -> dict:
    """A build of all but the last share of the rows, and one after that share was delivered.

    The rows are of all tables, or of these.
    """
    early = home / "early"
    until = apart(last_arrivals, raw, share, tables)
    apart(before, raw, early, until, tables)
    whole = dbt(home, early, "build", *NO_TESTS, name="increment", anew=True, profiled=True)
    rows = apart(deliver, raw, early, until, tables)
    later = dbt(home, early, "build", *NO_TESTS, name="increment", profiled=True)
    name = f"{share:.1%}" + (" of sales" if tables else "")
    found = {"name": name, "rows": rows, "whole": whole, "later": later}
    if check:
        for suffix in (".duckdb", "_state.duckdb"):
            shutil.copy2(home / f"increment{suffix}", home / f"refreshed{suffix}")
        dbt(home, early, "build", *NO_TESTS, "--full-refresh", name="refreshed")
        found["differing"] = apart(
            differing_marts, home / "increment.duckdb", home / "refreshed.duckdb"
        )
    # At the largest scale each takes tens of GB.
    forget(home, "increment")
    forget(home, "refreshed")
    shutil.rmtree(early)
    return found


def differing_marts(one: Path, other: Path) -> dict[str, int]:
    """Rows that only one of two warehouses has, by mart; floats may differ by one in 10^9."""
    differing = {}
    with connect(":memory:") as connection:
        for alias, path in {"one": one, "other": other}.items():
            connection.execute(f"attach '{path}' as {alias} (read_only)")
        marts = connection.execute(
            "select table_name, list([column_name, data_type] order by column_index)"
            " from duckdb_columns() where database_name = 'one' and schema_name = 'marts'"
            " group by all order by all"
        ).fetchall()
        for mart, columns in marts:
            kept = ", ".join(
                # Nine digits of the value's own magnitude.
                f'if("{name}" = 0, 0, round("{name}", 9 - ceil(log10(abs("{name}")))::int))'
                if data_type in ("DOUBLE", "FLOAT")
                else f'"{name}"'
                for name, data_type in columns
                if name not in NOT_COMPARED
            )
            rows = [f"select {kept} from {alias}.marts.{mart}" for alias in ("one", "other")]
            counts = connection.execute(
                f"select (select count(*) from ({rows[0]} except all {rows[1]})),"
                f" (select count(*) from ({rows[1]} except all {rows[0]}))"
            ).fetchone()
            if sum(counts):
                differing[mart] = sum(counts)
    return differing


# -- what is shown -------------------------------------------------------------------------------


def bench(
    home: Path, raw: Path, scale: str, fixed: dict, tests: bool, add, add_sales, check: bool
) -> dict:
    """All measures of one scale."""
    home.mkdir(parents=True, exist_ok=True)
    rows = apart(count_rows, raw)
    figures = {
        "scale": scale,
        "date": date.today().isoformat(),
        "orders": rows["shop/orders"] + rows.get("pos/receipts", 0),
        "events": rows["web/events"] + rows["messaging/events"],
        "rows": sum(rows.values()),
        "fixed": fixed,
    }
    console.print(f"{scale}: {figures['orders']:,} orders, {figures['events']:,} events")
    figures["build"] = dbt(home, raw, "build", *NO_TESTS, anew=True)
    figures["sizes"] = {
        name: (home / f"{file}.duckdb").stat().st_size / 1e6
        for name, file in {"warehouse": "build", "state": "build_state"}.items()
    }
    console.print("built; now plain SQL")
    figures["plain"] = apart(run_plain, raw, home / "plain.duckdb")
    figures["sizes"]["plain"] = (home / "plain.duckdb").stat().st_size / 1e6
    figures["sizes"]["raw"] = (
        sum(p.stat().st_size for ps in files_of(raw).values() for p in ps) / 1e6
    )
    figures["answers"] = apart(compare, home / "build.duckdb", home / "plain.duckdb")
    figures["shared"] = dbt(home, raw, "build", *SHARED, name="shared", anew=True)
    forget(home, "shared")
    if tests:
        figures["tested"] = dbt(home, raw, "build", *DATA_TESTS, name="tested", anew=True)
        forget(home, "tested")
    figures["increments"] = [increment(home, raw, share, check) for share in add]
    figures["increments"] += [increment(home, raw, share, check, SALES) for share in add_sales]
    return figures


def growth(figures: dict, smaller: dict) -> dict[str, float]:
    """Exponents of CPU over rows, from a smaller scale to this one; without the fixed part."""
    ratio = math.log(figures["rows"] / smaller["rows"])

    def exponent(cost):
        return math.log(cost(figures) / cost(smaller)) / ratio

    return {
        "build": exponent(lambda f: f["build"]["cpu"]),
        "build less its fixed part": exponent(beyond_fixed),
        "plain SQL": exponent(lambda f: f["plain"]["cpu"]),
    }


def beyond_fixed(figures: dict) -> float:
    return max(figures["build"]["cpu"] - figures["fixed"]["smallest"]["cpu"], 0.1)


def report(figures: dict, smaller: dict | None) -> str:
    """The figures of a scale as Markdown."""
    build, plain, fixed, sizes = (figures[name] for name in ("build", "plain", "fixed", "sizes"))
    lines = [
        f"### {figures['scale']}: {figures['orders']:,} orders, {figures['events']:,} events",
        "",
        f"{figures['date']}; {figures['rows']:,} rows, {sizes['raw']:.0f} MB of raw"
        f" files. {machine()}",
        "",
        "| what | CPU s | wall s | peak GB | to plain SQL |",
        "|---|---|---|---|---|",
    ]

    def row(name, cost, ratio=None):
        ratio = f"{ratio:.2f}x" if ratio else ""
        lines.append(
            f"| {name} | {cost['cpu']:.1f} | {cost['wall']:.1f} | {cost['gb']:.2f} | {ratio} |"
        )

    shared = figures["shared"]
    row("`dbt build` of the tables that plain SQL makes", shared, shared["cpu"] / plain["cpu"])
    row("`dbt build` of all, without tests", build, build["cpu"] / plain["cpu"])
    if "tested" in figures:
        row("the same with data tests", figures["tested"], figures["tested"]["cpu"] / plain["cpu"])
    row("plain SQL", plain, 1)
    row(f"fixed: the build of {FEWEST} customers", fixed["smallest"])
    row("the same, parsed before", fixed["parsed"])
    row("the same, of the tables that plain SQL makes", fixed["shared"])
    row("`dbt parse`", fixed["parse"])
    row("`dbt build` of nothing, parsed before", fixed["nothing"])
    allowed = 1.3 * plain["cpu"] + min(15, fixed["shared"]["cpu"])
    over = shared["cpu"] - fixed["shared"]["cpu"]
    over_all = beyond_fixed(figures)
    lines += [
        "",
        f"- 1.3x plain SQL and at most 15 s of fixed part are {allowed:.1f} CPU s: the same tables"
        f" take {shared['cpu']:.1f} s, all {build['cpu']:.1f} s.",
        f"- Less the fixed part the same tables take {over:.1f} CPU s, {over / plain['cpu']:.2f}x"
        f" plain SQL, and all {over_all:.1f} s, {over_all / plain['cpu']:.2f}x.",
    ]
    if "tested" in figures:
        ratio = (figures["tested"]["cpu"] - fixed["smallest"]["cpu"]) / plain["cpu"]
        lines.append(f"- With tests, less the same fixed part: {ratio:.2f}x plain SQL.")
    lines.append(
        f"- Files: warehouse {sizes['warehouse']:.0f} MB, state {sizes['state']:.1f} MB, that of"
        f" plain SQL {sizes['plain']:.0f} MB."
    )
    same = [name for name, (equal, *_) in figures["answers"].items() if equal]
    lines.append(
        f"- Same answers as plain SQL: {len(same)} of {len(figures['answers'])} questions."
    )
    lines += [
        f"  - differs: {name} ({differing} rows)"
        for name, (equal, _, differing) in figures["answers"].items()
        if not equal
    ]
    if smaller:
        exponents = growth(figures, smaller)
        shown = ", ".join(f"{name} {value:.2f}" for name, value in exponents.items())
        lines.append(f"- Growth from {smaller['scale']} ({smaller['date']}), as exponent: {shown}.")
    slowest = sorted(build["models"].items(), key=lambda item: -item[1])[:SHOWN_MODELS]
    lines += [
        "",
        f"Slowest of {len(build['models'])} models and seeds, seconds of their statements: "
        + ", ".join(f"`{name}` {seconds:.1f}" for name, seconds in slowest)
        + ".",
        "",
        "CPU seconds of plain SQL: "
        + ", ".join(f"`{name}` {seconds:.1f}" for name, seconds in plain["files"].items())
        + ".",
    ]
    if figures["increments"]:
        lines += [
            "",
            "Seconds of statements are DuckDB's own profile: what its operators worked, and the"
            " latency of each statement, two at a time.",
            "",
            "| delivered later | rows | build | statements | operators s | latency s"
            " | process CPU s | wall s | equal to full refresh |",
            "|---|---|---|---|---|---|---|---|---|",
        ]
    for found in figures["increments"]:
        whole, later = found["whole"], found["later"]
        equal = "not checked"
        if "differing" in found:
            equal = ", ".join(f"{mart}: {n} rows" for mart, n in found["differing"].items())
            equal = f"differing: {equal}" if equal else "yes"
        for build, cost, is_equal in (("first", whole, ""), ("after it", later, equal)):
            times = cost["profile"]
            lines.append(
                f"| {found['name']} | {found['rows']:,} | {build} | {times.statements:,}"
                f" | {times.cpu:.1f} | {times.latency:.1f} | {cost['cpu']:.1f}"
                f" | {cost['wall']:.1f} | {is_equal} |"
            )
        ratios = [later["profile"].cpu / whole["profile"].cpu]
        ratios += [later["profile"].latency / whole["profile"].latency]
        ratios += [later[cost] / whole[cost] for cost in ("cpu", "wall")]
        shown = " | ".join(f"{ratio:.1%}" for ratio in ratios)
        lines.append(f"| {found['name']} | | ratio | | {shown} | |")
    return "\n".join(lines) + "\n"


def show_answers(answers: dict[str, tuple[bool, str, int]]) -> None:
    for name, (equal, shown, differing) in answers.items():
        console.print(f"  {'same' if equal else f'DIFFERS in {differing} rows'}: {name}: {shown}")


def write_results(release: str, reports: list[str]) -> None:
    """Puts reports into the section of a release, in place of those with their heading."""
    text = RESULTS.read_text()
    opening, *sections = re.split(r"(?m)^(?=## )", text)
    heading = f"## {release}\n"
    if not any(section.startswith(heading) for section in sections):
        sections.insert(0, f"{heading}\n")
    for i, section in enumerate(sections):
        if section.startswith(heading):
            start, *parts = re.split(r"(?m)^(?=### )", section)
            kept = {part.split(":")[0].split("\n")[0]: part for part in parts}
            for made in reports:
                kept[made.split(":")[0].split("\n")[0]] = made
            sections[i] = (
                start.rstrip() + "\n\n" + "\n".join(p.rstrip() + "\n" for p in kept.values())
            )
    RESULTS.write_text(opening.rstrip() + "\n\n" + "\n".join(s.rstrip() + "\n" for s in sections))


@click.command(context_settings={"show_default": True})
@click.option("--scale", "scales", type=click.Choice(SCALES), multiple=True, default=["S"])
@click.option("--home", default="warehouse/bench", type=click.Path(path_type=Path), help="Scratch.")
@click.option(
    "--raw",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="A demo's raw directory to read, of one scale, in place of one made in --home.",
)
@click.option("--tests", is_flag=True, help="Build once more, with data tests.")
@click.option("--add", multiple=True, type=float, help="Share of rows to deliver after a build.")
@click.option("--add-sales", multiple=True, type=float, help="The same of orders and receipts.")
@click.option("--check", is_flag=True, help="Compare what these lead to with a full refresh.")
@click.option("--buyers", default=1_000_000, help="Of the RFM summary; 0: leave it out.")
@click.option("--write", "is_written", is_flag=True, help="Keep the tables in bench/RESULTS.md.")
@click.option("--release", help="Their section there; by default the version of the project.")
def main(scales, home, raw, tests, add, add_sales, check, buyers, is_written, release):
    """Print what builds cost, beside plain SQL for the same tables."""
    if raw and len(scales) != 1:
        raise click.UsageError("--raw is of one --scale.")
    if any(not 0 <= share < 1 for share in add + add_sales):
        raise click.UsageError("--add and --add-sales take a share, as in 0.01.")
    home = home.resolve()
    fixed, reports = fixed_costs(home), []
    for scale in sorted(scales, key=SCALES.index):
        here = home / scale
        found = bench(
            here,
            raw.resolve() if raw else raw_of_scale(home, scale),
            scale,
            fixed,
            tests,
            add,
            add_sales,
            check,
        )
        (here / "figures.json").write_text(json.dumps(found, indent=1))
        show_answers(found["answers"])
        reports.append(report(found, next_smaller(home, scale)))
        console.print(reports[-1], markup=False, soft_wrap=True)
    if buyers:
        reports.append(report_summaries(buyers, summaries(home / "summaries", buyers)))
        console.print(reports[-1], markup=False, soft_wrap=True)
    if is_written:
        project = re.search(r'(?m)^version = "(.+)"', (PROJECT / "pyproject.toml").read_text())[1]
        write_results(release or project, reports)


def next_smaller(home: Path, scale: str) -> dict | None:
    """The figures of the next smaller scale, if they were measured: in this run or before."""
    for smaller in reversed(SCALES[: SCALES.index(scale)]):
        path = home / smaller / "figures.json"
        if path.exists():
            return json.loads(path.read_text())
    return None


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    main()
