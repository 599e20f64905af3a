"""How well identity resolution finds the people of the demo, whose truth is known.

Judged are pairs of orders and receipts. Two of one person need not have anything in common, and no
rule could join them; so recall is counted over all pairs of a person and over those that a *path*
joins: a chain of records of that person in which each shares an identifier with the next. Values
that are nobody's (blocked) or erased make no path; shared devices and telephones do.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import duckdb
import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

NOBODY = -1

# What the warehouse knows: identifiers and links, numbered from 0, and whom each order names.
FOUND = """
create temp table nodes as
select
    row_number() over (order by nodes.node_id) - 1 as node,
    nodes.node_id,
    nodes.identifier_type,
    nodes.identifier_value,
    nodes.identifier_rank,
    nodes.is_blocked,
    coalesce(unusable.reason in ('blocked', 'erased'), false) as is_nobodys
from warehouse.intermediate.int_identity__nodes as nodes
left join warehouse.intermediate.int_identity__unusable as unusable using (node_id);

create temp table links as
select distinct a.node as a, b.node as b, links.type_a, links.type_b
from warehouse.intermediate.int_identity__links as links
inner join nodes as a on links.node_a = a.node_id
inner join nodes as b on links.node_b = b.node_id;

create temp table orders as
with

named as (
    select
        'shop' as source, order_id, customer_id, loyalty_card_id, email, phone, anonymous_id
    from warehouse.staging.stg_shop__orders
    union all
    select 'pos', receipt_id, null, loyalty_card_id, email, phone, null
    from warehouse.staging.stg_pos__receipts
)

select
    row_number() over (order by named.source, named.order_id) - 1 as number,
    found.profile_id,
    told.person_id,
    named.*
from named
inner join read_parquet('{truth}/orders.parquet') as told using (source, order_id)
inner join warehouse.marts.orders as found
    on named.source = found.order_source and named.order_id = found.order_id;

create temp table carried as
select number, node, identifier_rank
from (
    unpivot orders
    on customer_id, loyalty_card_id, email, phone, anonymous_id
    into name identifier_type value identifier_value
)
inner join nodes using (identifier_type, identifier_value);
"""

# Whose the identifiers are, an identifier of several people once for each, and which of those are
# next to each other on records. A telephone number is written in many ways and the truth has it as
# written; so it is taken for that of the person whose the stronger identifiers beside it are.
PATHS = """
create temp table told as
select distinct told.person_id, nodes.node
from read_parquet('{truth}/identifiers.parquet') as told
inner join nodes
    on told.identifier_type = nodes.identifier_type
    and nodes.identifier_value
    = case told.identifier_type when 'email' then lower(trim(value)) else trim(value) end
union
select orders.person_id, carried.node
from carried
inner join orders using (number);

create temp table owned as
with

owned as (
    from told
    union
    select min(told.person_id), links.b
    from links
    inner join told on links.a = told.node
    where links.type_b = 'phone'
    group by links.a, links.b
    having count(*) = 1
)

select
    person_id,
    node,
    row_number() over (order by person_id, node) - 1 as place
from owned
inner join nodes using (node)
where not nodes.is_nobodys;
"""

NODES = """
select nodes.*, count(owned.person_id) as people
from nodes
left join owned using (node)
group by all
order by node
"""

STEPS = """
select a.place, b.place
from links
inner join owned as a on links.a = a.node
inner join owned as b on links.b = b.node and a.person_id = b.person_id
union all
select (select count(*) from owned) + carried.number, owned.place
from carried
inner join orders using (number)
inner join owned using (person_id, node)
"""


class Scores(NamedTuple):
    """How pairs of orders were joined: how many, how many rightly, and how many of those there."""

    joined: int
    precision: float
    recall_by_path: float
    recall: float


@dataclass(frozen=True)
class Demo:
    """A built demo shop and its truth.

    Per order or receipt, -1 for nobody: `person` it truly is of, `path` within that person,
    `profile` it was given. `nodes` are the identifiers with the number of `people` who use them,
    `links` the pairs of them that records name, `carried` those that an order names, best first.
    """

    person: np.ndarray
    path: np.ndarray
    profile: np.ndarray
    nodes: pd.DataFrame
    links: pd.DataFrame
    carried: pd.DataFrame

    def score(self, found: np.ndarray) -> Scores:
        """`found` is whose each order is said to be, as any numbers, -1 for nobody."""
        of_person, of_path = self.person[self.person >= 0], self.path[self.path >= 0]
        joined = pairs(found[found >= 0])
        right = pairs(found, self.person)
        return Scores(
            joined=joined,
            precision=right / joined if joined else 1.0,
            recall_by_path=pairs(found, self.path) / pairs(of_path),
            recall=right / pairs(of_person),
        )


def pairs(*labels: np.ndarray) -> int:
    """The pairs that have every label in common; what bears -1 is in none."""
    rows = np.column_stack(labels)
    _, sizes = np.unique(rows[(rows >= 0).all(axis=1)], axis=0, return_counts=True)
    return int((sizes * (sizes - 1) // 2).sum())


def components(count: int, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Numbers the connected parts of `count` nodes with links from `a` to `b`."""
    graph = coo_array((np.ones(len(a), dtype=np.int8), (a, b)), shape=(count, count))
    return connected_components(graph, directed=False)[1]


def load(database: Path, truth: Path) -> Demo:
    """Reads a built demo warehouse and the truth that is beside its raw directory."""
    with duckdb.connect() as connection:
        connection.execute(f"attach '{database}' as warehouse (read_only)")
        connection.execute(FOUND.format(truth=truth))
        connection.execute(PATHS.format(truth=truth))
        orders = connection.execute("from orders order by number").df()
        nodes = connection.execute(NODES).df()
        links = connection.execute("from links order by all").df()
        carried = connection.execute("from carried order by number, identifier_rank").df()
        (owned,) = connection.execute("select count(*) from owned").fetchone()
        steps = np.array(connection.execute(STEPS).fetchall())
    path = components(owned + len(orders), *steps.T)[owned:]
    # An order without a step shares nothing with any other.
    path[~np.isin(np.arange(len(orders)) + owned, steps[:, 0])] = NOBODY
    return Demo(
        person=pd.factorize(orders["person_id"])[0],
        path=path,
        profile=pd.factorize(orders["profile_id"])[0],
        nodes=nodes,
        links=links,
        carried=carried,
    )
