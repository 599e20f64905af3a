"""What each rule of identity adds and costs, on a demo shop whose true people are known.

    python -m lifecycle demo --out raw --customers 20000
    dbt build --exclude-resource-type test unit_test --select +orders +profile_identifiers
    python bench/identity_rules.py --database warehouse/lifecycle.duckdb --truth raw_truth

Limits of `seeds/identity_rules.csv` are applied anew to the links that the warehouse kept, so one
build serves for all values. An order is its strongest usable identifier's; one that names nobody
but a shared device is nobody's here, while the project looks at who was there (`as built`).
"""

from functools import cache
from itertools import combinations
from pathlib import Path

import click
import duckdb
import numpy as np
from identity_truth import NOBODY, Demo, components, load
from rich.console import Console
from rich.table import Table

DEVICE = "anonymous_id"
MEMORY_DAYS = (1, 3, 7, 14, 30, 90, 365)

LIMITS = """
select identifier_type, replace(name, 'max_', '')[:-2] as partner_type, value
from (
    unpivot warehouse.seeds.identity_rules
    on columns('max_.*') into name name value value
)
"""

FOUND_BY = """
select
    source_table,
    coalesce(found_by, 'nothing') as found_by,
    count(*) filter (where anonymous_id like 'kiosk%'),
    count(*) filter (where anonymous_id not like 'kiosk%')
from warehouse.intermediate.int_identity__shared_device_records
group by source_table, found_by
order by all
"""

# Records at a shared device that name somebody, each with the one before that is no longer the same
# visit: had it named nobody, it would have been taken for that person's.
NEIGHBOURS = """
with

named as (
    select
        *,
        lag(profile_id) over device as profile_before,
        lag(happened_at) over device as happened_before
    from (
        select records.*, coalesce(events.occurred_at, orders.ordered_at) as happened_at
        from warehouse.intermediate.int_identity__shared_device_records as records
        left join warehouse.staging.stg_web__events as events
            on records.record_id = events.event_id and records.source_table = 'web.events'
        left join warehouse.staging.stg_shop__orders as orders
            on records.record_id = orders.order_id and records.source_table = 'shop.orders'
        where records.found_by = 'named'
    )
    window device as (partition by anonymous_id order by happened_at, source_table, record_id)
)

select
    anonymous_id like 'kiosk%' as is_kiosk,
    epoch(happened_at - happened_before) / 86400 as days,
    profile_id = profile_before as is_same
from named
where happened_at > happened_before + interval 30 minutes
"""


class Rules:
    """Identity resolution again, on the identifiers and links of a built warehouse."""

    def __init__(self, demo: Demo):
        self.demo = demo
        self.types = list(dict.fromkeys(demo.nodes.sort_values("identifier_rank").identifier_type))
        self.a, self.b = demo.links.a.to_numpy(), demo.links.b.to_numpy()
        self.type_a, self.type_b = demo.links.type_a.to_numpy(), demo.links.type_b.to_numpy()
        blocked = demo.nodes.is_blocked.to_numpy()
        self.counts = ~(blocked[self.a] | blocked[self.b])

    @cache  # noqa: B019 - there is one of these per run
    def partners(self, identifier: str, partner: str) -> np.ndarray:
        """How many identifiers of type `partner` each node of type `identifier` stands with."""
        total = np.zeros(len(self.demo.nodes), dtype=int)
        for node, own, other in (
            (self.a, self.type_a, self.type_b),
            (self.b, self.type_b, self.type_a),
        ):
            chosen = self.counts & (own == identifier) & (other == partner)
            total += np.bincount(node[chosen], minlength=len(total))
        return total

    def usable(self, limits: dict[tuple[str, str], int]) -> np.ndarray:
        """The nodes that tell somebody under such limits."""
        shared = [self.partners(*types) > limit for types, limit in limits.items()]
        return ~np.any([self.demo.nodes.is_nobodys.to_numpy(), *shared], axis=0)

    def between(self, *types: str) -> np.ndarray:
        """Links with all of these types."""
        return np.all([(self.type_a == name) | (self.type_b == name) for name in types], axis=0)

    def orders(self, limits: dict[tuple[str, str], int], without=None) -> np.ndarray:
        """Whose each order is, if the links `without` did not count."""
        usable = self.usable(limits)
        taken = usable[self.a] & usable[self.b]
        if without is not None:
            taken &= ~without
        part = components(len(usable), self.a[taken], self.b[taken])
        carried = self.demo.carried[usable[self.demo.carried.node]].drop_duplicates("number")
        found = np.full(len(self.demo.person), NOBODY)
        found[carried.number] = part[carried.node]
        return found


class Report:
    """A table of scores beside those of the defaults."""

    def __init__(self, rules: Rules, title: str, first: str, *more: str):
        self.rules = rules
        self.table = Table(title=title, title_justify="left")
        for column in (first, *more, "pairs joined", "wrong", "precision", "recall by path"):
            self.table.add_column(column, justify="left" if column == first else "right")

    def add(self, name: str, found: np.ndarray, *more: object) -> None:
        scores = self.rules.demo.score(found)
        wrong = round(scores.joined * (1 - scores.precision))
        figures = f"{scores.joined:,}", f"{wrong:,}"
        shares = f"{scores.precision:.5f}", f"{scores.recall_by_path:.5f}"
        self.table.add_row(name, *map(str, more), *figures, *shares)


def limits_of_devices(rules: Rules, limits: dict) -> Table:
    report = Report(rules, "Limits", "limits", "shared")

    def add(name, changed):
        shared = (rules.usable({}) & ~rules.usable(changed)).sum()
        report.add(name, rules.orders(changed), shared)

    report.add("as built", rules.demo.profile, "")
    add("none", {})
    add("default", limits)
    add("none for devices", {key: value for key, value in limits.items() if key[0] != DEVICE})
    for accounts in (1, 2, 3, None):
        for addresses in (2, 3, 4, 5, 6, 8, 10):
            changed = limits | {(DEVICE, "email"): addresses, (DEVICE, "phone"): addresses}
            changed[DEVICE, "customer_id"] = accounts or len(rules.demo.nodes)
            changed[DEVICE, "loyalty_card_id"] = max(2, accounts or len(rules.demo.nodes))
            add(f"device: {accounts or 'any'} accounts, {addresses} e-mails and phones", changed)
    return report.table


def other_limits(rules: Rules, limits: dict) -> Table:
    report = Report(
        rules,
        "Each limit lifted, and set to 1. Most partners of an identifier of one person, of several",
        "limit",
        "value",
        "most of one",
        "of several",
    )
    people = rules.demo.nodes.people.to_numpy()
    for (identifier, partner), value in limits.items():
        if identifier not in rules.types:
            continue
        partners = rules.partners(identifier, partner)
        most = [partners[chosen].max(initial=0) for chosen in (people <= 1, people > 1)]
        rest = {key: limit for key, limit in limits.items() if key != (identifier, partner)}
        name = f"{identifier}: {partner}"
        report.add(name, rules.orders(rest), f"{value}, lifted", *most)
        report.add("", rules.orders(rest | {(identifier, partner): 1}), 1, "", "")
    return report.table


def rules_one_by_one(rules: Rules, limits: dict) -> Table:
    report = Report(rules, "Without the links between two types, or of one", "without", "links")
    report.add("all there", rules.orders(limits), len(rules.a))
    for types in [*combinations(rules.types, 2), *combinations(rules.types, 1)]:
        links = rules.between(*types)
        if links.any():
            report.add(" + ".join(types), rules.orders(limits, without=links), links.sum())
    return report.table


def shared_devices(database: Path) -> Table:
    table = Table(title="Records at shared devices, by what tells who was there")
    for column in ("table", "found by", "kiosks", "others"):
        table.add_column(column)
    with duckdb.connect() as connection:
        connection.execute(f"attach '{database}' as warehouse (read_only)")
        for row in connection.execute(FOUND_BY).fetchall():
            table.add_row(*map(str, row))
    return table


def device_memory(database: Path) -> Table:
    table = Table(
        title="Shared devices: who is named after a pause of half an hour, is he who was before?",
        title_justify="left",
    )
    for column in ("device_memory_days", "kiosks: records", "same", "others: records", "same"):
        table.add_column(column, justify="right")
    with duckdb.connect() as connection:
        connection.execute(f"attach '{database}' as warehouse (read_only)")
        found = connection.execute(NEIGHBOURS).df()
    for days in MEMORY_DAYS:
        row = [str(days)]
        for is_kiosk in (True, False):
            same = found[(found.is_kiosk == is_kiosk) & (found.days <= days)].is_same
            row += [f"{len(same):,}", f"{same.mean():.3f}" if len(same) else ""]
        table.add_row(*row)
    return table


@click.command()
@click.option(
    "--database",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    default="warehouse/lifecycle.duckdb",
    show_default=True,
    help="Warehouse built on a demo shop.",
)
@click.option(
    "--truth",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default="raw_truth",
    show_default=True,
    help="The truth beside the raw directory of that shop.",
)
def main(database: Path, truth: Path) -> None:
    """Print what each rule and limit of identity adds and costs."""
    rules = Rules(load(database, truth))
    with duckdb.connect() as connection:
        connection.execute(f"attach '{database}' as warehouse (read_only)")
        rows = connection.execute(LIMITS).fetchall()
    limits = {(identifier, partner): value for identifier, partner, value in rows}
    console = Console(width=130)
    console.print(f"{len(rules.demo.person):,} orders, {len(rules.demo.nodes):,} identifiers")
    console.print(limits_of_devices(rules, limits))
    console.print(other_limits(rules, limits))
    console.print(rules_one_by_one(rules, limits))
    console.print(shared_devices(database))
    console.print(device_memory(database))


if __name__ == "__main__":
    main()
