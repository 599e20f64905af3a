"""Fits of the models behind predicted customer lifetime value, by maximum likelihood.

BG/NBD (Fader, Hardie and Lee 2005) and MBG/NBD (Batislam, Denizel and Filiztekin 2007) say how
often and how long people buy: alive, somebody buys at a rate of his own, Gamma(r, rate alpha);
after a purchase he leaves with a probability of his own, Beta(a, b). In MBG/NBD he may leave after
his first purchase too. Gamma-Gamma (Fader and Hardie 2013) says what a purchase brings.

People with the same history have the same likelihood, so the data are distinct histories with the
number of people that have each. dbt calls `fit_purchases` and `fit_margins` (`lifecycle.fits`).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy import linalg, optimize, special

MODELS = ("mbg_nbd", "bg_nbd")
# Logarithms of parameters stay within these. A parameter that runs there means that the data do not
# know its value: nobody leaves, or all are alike.
LOWEST, HIGHEST = -12.0, 12.0
# Gradient of the mean log-likelihood at which a maximum counts as found.
GRADIENT = 1e-6
STEP = 1e-4  # of a logarithm, for second derivatives
SAME = 0.05  # difference of log-likelihoods that tells nothing

Objective = Callable[[np.ndarray], tuple[float, np.ndarray]]


@dataclass(frozen=True)
class Fit:
    """Parameters in the order of the model, and what is known about them."""

    parameters: np.ndarray
    errors: np.ndarray  # standard errors; NaN where there is no maximum
    log_likelihood: float
    problem: str | None  # why this is no maximum, if it is none
    note: str | None = None  # what is special about it


def fit_purchases(model: str, repeats, last, age, people) -> Fit:
    """r, alpha, a and b of a model. Times are in weeks since somebody's first purchase day.

    `repeats`: purchase days after the first; `last`: time of the last one; `age`: time up to which
    people were watched; `people`: how many have this history.
    """
    data = Histories(model, repeats, last, age, people)
    count = data.weight.sum()
    fit = maximize(data.log_likelihood, np.log([1.0, 1.0, 1.0, 2.0]), count)
    if fit.problem:
        # Where nobody seems to leave, a runs to 0 and b anywhere: the maximum lies at the edge, and
        # what is left is the NBD model.
        edge = maximize(data.log_likelihood_if_nobody_leaves, np.log([1.0, 1.0]), count)
        if not edge.problem and edge.log_likelihood > fit.log_likelihood - SAME:
            fit = Fit(
                np.append(edge.parameters, [0.0, 1.0]),
                np.append(edge.errors, [np.nan, np.nan]),
                edge.log_likelihood,
                None,
                "nobody seems to leave: a is 0, and b means nothing",
            )
    # Time ran `data.pace` times as fast, and a density of times per week is that many times higher.
    unit = np.array([1, 1 / data.pace, 1, 1])
    density = np.log(data.pace) * (data.weight @ data.repeats)
    return in_units(fit, unit, density)


def fit_margins(repeats, margin) -> Fit:
    """p, q and gamma of Gamma-Gamma: `margin` is the mean per repeat purchase day, above 0."""
    data = Margins(repeats, margin)
    fit = maximize(data.log_likelihood, np.log([2.0, 2.0, 2.0]), len(data.margin))
    if not fit.problem and fit.parameters[1] <= 1:
        fit = replace(fit, problem="q is not above 1, so the population has no mean margin")
    return in_units(fit, np.array([1, 1, data.unit]), -np.log(data.unit) * len(data.margin))


def in_units(fit: Fit, unit: np.ndarray, density: float) -> Fit:
    """The fit in the units of the caller, and the log-likelihood that the data have in them."""
    return replace(
        fit,
        parameters=fit.parameters * unit,
        errors=fit.errors * unit,
        log_likelihood=fit.log_likelihood + density,
    )


class Histories:
    """Log-likelihood of purchases, and its gradient by the logarithms of r, alpha, a and b.

    What depends on the number of repeats or on a time alone is worked out once per distinct value.
    """

    def __init__(self, model: str, repeats, last, age, people):
        if model not in MODELS:
            raise ValueError(f"model {model!r} is none of {', '.join(MODELS)}")
        # Sums of floats depend on their order; that of the rows is chance.
        order = np.lexsort((age, last, repeats))
        repeats, last, age, people = (
            np.asarray(values, float)[order] for values in (repeats, last, age, people)
        )
        self.repeats, self.weight = repeats, people
        self.pace = 10 / max(age.max(), 1.0)
        self.x, self.at_x = np.unique(repeats, return_inverse=True)
        self.last, self.at_last = np.unique(last * self.pace, return_inverse=True)
        self.age, self.at_age = np.unique(age * self.pace, return_inverse=True)
        self.people = np.bincount(self.at_x, people, len(self.x))
        # Chances to leave that somebody who is alive has passed.
        self.chances = self.x + 1 if model == "mbg_nbd" else self.x
        self.may_have_left = (self.chances > 0)[self.at_x]

    def log_likelihood(self, logs: np.ndarray) -> tuple[float, np.ndarray]:
        r, alpha, a, b = np.exp(logs)
        x, chances, people, weight = self.x, self.chances, self.people, self.weight
        # Per number of repeats: Gamma(r + x) alpha^r / Gamma(r) times B(a, b + k) / B(a, b).
        by_repeats = (
            special.gammaln(r + x)
            - special.gammaln(r)
            + r * np.log(alpha)
            + special.gammaln(a + b)
            - special.gammaln(b)
            + special.gammaln(b + chances)
            - special.gammaln(a + b + chances)
        )
        psi_ab = special.digamma(a + b) - special.digamma(a + b + chances)
        psi_b = special.digamma(b + chances) - special.digamma(b)
        psi_r = special.digamma(r + x) - special.digamma(r)

        # Per history: alive, (alpha + T)^-(r + x); gone, a / (b + k - 1) (alpha + t)^-(r + x).
        log_age, log_last = np.log(alpha + self.age), np.log(alpha + self.last)
        of_age, of_last, power = log_age[self.at_age], log_last[self.at_last], (r + x)[self.at_x]
        before = np.where(chances > 0, b + chances - 1, 1.0)
        odds_gone = np.log(a / before)[self.at_x] + power * (of_age - of_last)
        odds_gone[~self.may_have_left] = -np.inf
        gone = weight * special.expit(odds_gone)
        alive = weight - gone
        value = people @ by_repeats + weight @ (np.logaddexp(0, odds_gone) - power * of_age)

        gone_by_repeats = np.bincount(self.at_x, gone, len(x))
        by_r = people @ (psi_r + np.log(alpha)) - alive @ of_age - gone @ of_last
        by_alpha = (
            people.sum() * r / alpha
            - np.bincount(self.at_age, alive * power, len(self.age)) @ (1 / (alpha + self.age))
            - np.bincount(self.at_last, gone * power, len(self.last)) @ (1 / (alpha + self.last))
        )
        by_a = people @ psi_ab + gone.sum() / a
        by_b = people @ (psi_ab + psi_b) - gone_by_repeats @ (1 / before)
        return value, np.array([by_r, by_alpha, by_a, by_b]) * (r, alpha, a, b)

    def log_likelihood_if_nobody_leaves(self, logs: np.ndarray) -> tuple[float, np.ndarray]:
        """The same for a = 0, by the logarithms of r and alpha."""
        r, alpha = np.exp(logs)
        x, people = self.x, self.people
        power, of_age = (r + x)[self.at_x], np.log(alpha + self.age)[self.at_age]
        by_repeats = special.gammaln(r + x) - special.gammaln(r) + r * np.log(alpha)
        psi_r = special.digamma(r + x) - special.digamma(r)
        value = people @ by_repeats - (self.weight * power) @ of_age
        by_r = people @ (psi_r + np.log(alpha)) - self.weight @ of_age
        by_time = np.bincount(self.at_age, self.weight * power, len(self.age))
        by_alpha = people.sum() * r / alpha - by_time @ (1 / (alpha + self.age))
        return value, np.array([by_r, by_alpha]) * (r, alpha)


class Margins:
    """Log-likelihood of mean margins, and its gradient by the logarithms of p, q and gamma."""

    def __init__(self, repeats, margin):
        order = np.lexsort((margin, repeats))
        repeats, margin = (np.asarray(values, float)[order] for values in (repeats, margin))
        self.unit = np.exp(np.log(margin).mean())
        self.margin = margin / self.unit
        self.x, at_x = np.unique(repeats, return_inverse=True)
        self.people = np.bincount(at_x, minlength=len(self.x))
        self.repeats, self.total = repeats, repeats * self.margin
        self.logs = repeats @ np.log(self.total)
        self.log_margins = np.log(self.margin).sum()

    def log_likelihood(self, logs: np.ndarray) -> tuple[float, np.ndarray]:
        p, q, gamma = np.exp(logs)
        x, people, count = self.x, self.people, len(self.margin)
        spread = np.log(gamma + self.total)
        value = (
            people @ (special.gammaln(p * x + q) - special.gammaln(p * x))
            + count * (q * np.log(gamma) - special.gammaln(q))
            + p * self.logs
            - self.log_margins
            - (p * self.repeats + q) @ spread
        )
        psi = special.digamma(p * x + q)
        by_p = people @ (x * (psi - special.digamma(p * x))) + self.logs - self.repeats @ spread
        by_q = people @ psi + count * (np.log(gamma) - special.digamma(q)) - spread.sum()
        by_gamma = count * q / gamma - (p * self.repeats + q) @ (1 / (gamma + self.total))
        return value, np.array([by_p, by_q, by_gamma]) * (p, q, gamma)


def maximize(log_likelihood: Objective, start: np.ndarray, count: float) -> Fit:
    """The maximum over logarithms of parameters, with standard errors of the parameters."""

    def objective(logs):
        value, gradient = log_likelihood(logs)
        return -value / count, -gradient / count

    found = optimize.minimize(
        objective,
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=[(LOWEST, HIGHEST)] * len(start),
        options={"maxiter": 500, "maxfun": 1000, "ftol": 1e-13, "gtol": 1e-7},
    )
    logs = found.x
    # L-BFGS stops a little before the top; steps of Newton's go there.
    for _ in range(3):
        gradient, curvature = objective(logs)[1], hessian(objective, logs)
        if not np.isfinite(curvature).all() or linalg.eigvalsh(curvature)[0] <= 0:
            break
        nearer = np.clip(logs - linalg.solve(curvature, gradient), LOWEST, HIGHEST)
        if np.abs(objective(nearer)[1]).max() >= np.abs(gradient).max():
            break
        logs = nearer
    gradient, curvature = objective(logs)[1], hessian(objective, logs)
    parameters = np.exp(logs)
    problem = problem_of(logs, gradient, curvature)
    errors = np.full(len(logs), np.nan)
    if not problem:
        # By the delta method: d exp(u) = exp(u) du.
        errors = parameters * np.sqrt(np.diag(linalg.inv(curvature * count)))
    return Fit(parameters, errors, float(log_likelihood(logs)[0]), problem)


def problem_of(logs, gradient, curvature) -> str | None:
    """Why this is no maximum, if it is none."""
    if not (np.isfinite(gradient).all() and np.isfinite(curvature).all()):
        return "the likelihood is not finite"
    if logs.min() < LOWEST + 0.01 or logs.max() > HIGHEST - 0.01:
        return "a parameter runs to its limit"
    if np.abs(gradient).max() > GRADIENT:
        return "no maximum was found"
    if linalg.eigvalsh(curvature)[0] <= 0:
        return "the maximum is not unique"
    return None


def hessian(objective: Objective, logs: np.ndarray) -> np.ndarray:
    """Second derivatives, from differences of the gradient."""
    rows = [
        (objective(logs + step)[1] - objective(logs - step)[1]) / (2 * STEP)
        for step in STEP * np.eye(len(logs))
    ]
    return (np.array(rows) + np.array(rows).T) / 2
