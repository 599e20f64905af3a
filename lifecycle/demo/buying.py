"""How the demo's people buy: the process behind the orders, whose truth is known.

Purchases follow the modified BG/NBD model (Batislam, Denizel and Filiztekin 2007; BG/NBD: Fader,
Hardie and Lee 2005): alive, a person buys at a rate of his own; after each purchase, the first
included, he may leave for good. Spend follows the Gamma-Gamma model (Fader and Hardie 2013).
Times are days since the start of the data, rates are per week.
"""

from dataclasses import dataclass

import numpy as np

DAYS_PER_WEEK = 7
# New people by calendar month, January first, relative to an average month.
SEASON = np.array([0.9, 0.9, 1.0, 1.0, 1.0, 0.95, 0.8, 0.85, 1.0, 1.05, 1.4, 1.5])
# Share of a day's purchases (above) by the hour (below): few people buy at night.
SHARE_OF_DAY, HOUR = (0, 0.03, 0.1, 0.5, 0.95, 1), (0, 6, 9, 15, 22, 24)


@dataclass(frozen=True)
class Process:
    """Purchase rate per week ~ Gamma(r, rate alpha), dropout probability ~ Beta(a, b).

    One spend, in the reporting currency and before discounts, ~ Gamma(p, rate nu) with
    nu ~ Gamma(q, rate gamma) per person: p gamma / (q - 1) on average.
    """

    r: float = 0.5
    alpha: float = 3.0
    a: float = 0.6
    b: float = 2.2
    p: float = 3.0
    q: float = 4.0
    gamma: float = 45.0


PROCESS = Process()


@dataclass(frozen=True)
class Experiment:
    """From `start` on, for `length` days, the treated buy at `multiplier` times their rate."""

    start: float
    length: float = 60.0
    multiplier: float = 1.4

    def clock(self, days):
        """Knots (calendar, operational): the treated live faster while the experiment runs."""
        calendar = np.array([0, self.start, self.start + self.length, days])
        gained = (self.multiplier - 1) * self.length
        return calendar, calendar + np.array([0, 0, gained, gained])


def acquisition_days(rng, people, start, days):
    """Sorted days on which people come: 2.2 times as many at the end as at the start."""
    day = np.arange(days)
    month = (np.datetime64(start) + day).astype("datetime64[M]").astype(int) % 12
    weight = (1 + 1.2 * day / days) * SEASON[month]
    return np.sort(rng.choice(day, people, p=weight / weight.sum()) + rng.random(people))


def simulate_purchases(rng, acquired, end, process=PROCESS, leaves_after_first=True):
    """Purchases of people whose first one is at `acquired` (days), up to `end` (days, per person).

    Returns person (index) and day of every purchase in order of person and time, and per person
    the rate per week, the dropout probability and the day of leaving (NaN: alive at `end`).
    `leaves_after_first=False` gives the plain BG/NBD model: nobody leaves after one purchase.
    """
    people = len(acquired)
    rate = rng.gamma(process.r, 1 / process.alpha, people)
    dropout = rng.beta(process.a, process.b, people)
    now, left = np.array(acquired, float), np.full(people, np.nan)
    end = np.broadcast_to(end, people)
    alive, rounds = np.arange(people), []
    while alive.size:
        rounds.append((alive, now[alive]))
        leaves = rng.random(alive.size) < dropout[alive]
        if leaves_after_first or len(rounds) > 1:
            left[alive[leaves]] = now[alive[leaves]]
            alive = alive[~leaves]
        # A rate so small that it is zero in floating point waits forever.
        with np.errstate(divide="ignore"):
            now[alive] += DAYS_PER_WEEK * rng.standard_exponential(alive.size) / rate[alive]
        alive = alive[now[alive] < end[alive]]
    person, day = map(np.concatenate, zip(*rounds, strict=True))
    order = np.argsort(person, kind="stable")
    return person[order], day[order], rate, dropout, left


def simulate_spend(rng, person, people, process=PROCESS):
    """Spend of each purchase, and the mean spend per purchase of each person."""
    nu = rng.gamma(process.q, 1 / process.gamma, people)
    return rng.gamma(process.p, 1 / nu[person]), process.p / nu


def expected_purchases(rate, dropout, days):
    """Expected purchases in `days` of a person who is alive: (1 - exp(-rate p t)) / p.

    Fader, Hardie and Lee 2005, for a known rate (per week) and dropout probability p.
    """
    return -np.expm1(-rate * dropout * days / DAYS_PER_WEEK) / dropout


def by_day_time(day):
    """The same days with shop-like times of day; the order of times does not change."""
    whole = np.floor(day)
    return whole + np.interp(day - whole, SHARE_OF_DAY, np.array(HOUR) / 24)
