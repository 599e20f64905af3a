"""Connected components inside the process that DuckDB runs in: a table in, a table out.

The materialization `connected_components` calls this on DuckDB; other engines do the same in SQL.
"""

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

CROWD = 64  # nodes with the same high bits: more of them are no hashes
STRANGER = "a link has an end that is no node: every node needs a row with itself"


def find(connection, rows: str, found: str) -> None:
    """Makes table `found`: the rows of a graph, each with the smallest node of its component.

    `rows` has one row per node (node_a = node_b) and one per link, in columns `node_a`, `node_b`.
    """
    links = _fetch(connection, f"select node_a, node_b from {rows} where node_a <> node_b")
    nodes = np.sort(
        _fetch(connection, f"select node_a from {rows} where node_a = node_b")["node_a"]
    )
    place_a, place_b = _places(nodes, links["node_a"]), _places(nodes, links["node_b"])
    component = _smallest_nodes(nodes, place_a, place_b)
    tables = {
        "found_nodes": {"node_a": nodes, "node_b": nodes, "component_id": component},
        "found_links": links | {"component_id": component[place_a]},
    }
    for name, columns in tables.items():
        connection.register(name, columns)
    try:
        connection.execute(
            f"create or replace table {found} as "
            "select * from found_nodes union all select * from found_links"
        )
    finally:
        for name in tables:
            connection.unregister(name)


def _fetch(connection, query: str) -> dict[str, np.ndarray]:
    return connection.execute(query).fetchnumpy()


def _smallest_nodes(nodes: np.ndarray, place_a: np.ndarray, place_b: np.ndarray) -> np.ndarray:
    """The smallest node of each node's component; `nodes` are sorted."""
    ones = np.ones(len(place_a))  # scipy would turn another type into this one
    graph = sparse.coo_array((ones, (place_a, place_b)), shape=(len(nodes), len(nodes)))
    count, label = csgraph.connected_components(graph.tocsr(), directed=False)
    smallest = np.empty(count, dtype=np.int64)
    smallest[label[::-1]] = nodes[::-1]  # the last one written stays: the smallest
    return smallest[label]


def _places(nodes: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Where each end stands among the sorted nodes.

    Nodes are hashes, spread evenly: their high bits tell the place but for a step or two, which
    takes a tenth of the time of a binary search that misses the cache at every step.
    """
    if not len(ends):
        return np.empty(0, dtype=np.int32)
    if not len(nodes) or ends.max() > nodes[-1]:
        raise ValueError(STRANGER)
    shift = max(0, int(nodes[-1]).bit_length() - len(nodes).bit_length())
    sizes = np.bincount(nodes >> shift)
    if sizes.max() > CROWD:
        places = np.searchsorted(nodes, ends)
    else:
        places = (np.cumsum(sizes) - sizes)[ends >> shift]
        behind = np.flatnonzero(nodes[places] < ends)
        while len(behind):
            places[behind] += 1
            behind = behind[nodes[places[behind]] < ends[behind]]
    if not np.array_equal(nodes[places], ends):
        raise ValueError(STRANGER)
    return places.astype(np.int32)
