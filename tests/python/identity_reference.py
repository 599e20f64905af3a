"""Identity once more, one record and one link at a time: what the models are compared with."""

import csv
import hashlib
import itertools
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime

from conftest import PROJECT

TYPES = ("customer_id", "loyalty_card_id", "email", "phone", "anonymous_id")
# Per type its rank, and how many partners of another type it may have.
with (PROJECT / "seeds" / "identity_rules.csv").open() as rows:
    RULES = {row["identifier_type"]: row for row in csv.DictReader(rows)}
RANKS = {name: int(RULES[name]["identifier_rank"]) for name in TYPES}
LIMITS = {
    (name, partner): int(RULES[name][f"max_{partner}s"])
    for name in TYPES
    for partner in TYPES
    if RULES[name][f"max_{partner}s"]
}
PLACEHOLDERS = {("email", "test@example.com"), ("phone", "+490000000")}


@dataclass(frozen=True)
class Record:
    """A raw record: its table and key, when it happened, and its identifiers by type."""

    table: str
    key: str
    at: datetime | None
    identifiers: tuple[tuple[str, str], ...]


@dataclass
class Decisions:
    """What people decided: pairs of (type, value)."""

    joins: list = field(default_factory=list)
    cuts: list = field(default_factory=list)


def hash_of(identifier):
    return hashlib.sha256(f"demo:{':'.join(identifier)}".encode()).hexdigest()[:32]


def number_of(identifier):
    return int(hashlib.md5(":".join(identifier).encode()).hexdigest()[:15], 16)


def resolve(records, decisions=None, denied=frozenset()):
    """Per hash of an identifier that is not denied: its profile (None for nobody) and status."""
    decisions = decisions or Decisions()
    first_seen, together = {}, defaultdict(int)
    for record in records:
        for identifier in record.identifiers:
            first_seen.setdefault(identifier, None)
            if record.at and (not first_seen[identifier] or record.at < first_seen[identifier]):
                first_seen[identifier] = record.at
        for pair in itertools.combinations(sorted(record.identifiers, key=number_of), 2):
            together[pair] += 1

    partners = defaultdict(set)
    for pair in together:
        if not PLACEHOLDERS & set(pair):
            for one, other in (pair, pair[::-1]):
                partners[one, other[0]].add(other)
    shared = {
        one
        for (one, partner_type), others in partners.items()
        if len(others) > LIMITS.get((one[0], partner_type), len(others))
    }

    status = {
        identifier: "blocked"
        if identifier in PLACEHOLDERS
        else "shared"
        if identifier in shared
        else "linked"
        for identifier in first_seen
        if hash_of(identifier) not in denied
    }
    linked = [identifier for identifier in status if status[identifier] == "linked"]
    people = parts(linked, together, decisions)
    named = {}
    for members in people:
        anchor = min(
            members, key=lambda one: (first_seen[one] or datetime.max, RANKS[one[0]], one[1])
        )
        named |= dict.fromkeys(members, hash_of(anchor))
    return {hash_of(one): (named.get(one), status[one]) for one in status}


def parts(identifiers, together, decisions):
    """People as sets of identifiers: the strongest links first, unless a cut forbids."""
    part = {identifier: {identifier} for identifier in identifiers}
    cuts = [cut for cut in decisions.cuts if all(one in part for one in cut)]
    joins = {tuple(sorted(join, key=number_of)) for join in decisions.joins}

    def strength(link):
        ranks = sorted(RANKS[one[0]] for one in link)
        by_hand = link in joins
        return (not by_hand, ranks[1], ranks[0], -together.get(link, 0), *map(number_of, link))

    for one, other in sorted({*together, *joins}, key=strength):
        if one in part and other in part and part[one] is not part[other]:
            merged = part[one] | part[other]
            if not any(left in merged and right in merged for left, right in cuts):
                for member in merged:
                    part[member] = merged
    return list({id(members): members for members in part.values()}.values())
