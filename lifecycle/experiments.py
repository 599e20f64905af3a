"""What experiments show: the moments of each arm in, differences with their uncertainty out.

The model `int_experiments__estimates` calls `estimates`. SQL adds up the moments over people, so
this sees a row per arm and group, and has what SQL lacks: the distributions of t and chi-square.
Those of `scipy.stats` are the same numbers, and take a second to import.
"""

import numpy as np
import pandas as pd
from scipy import special

ALPHA = 0.05
POWER = 0.8
# People in both arms for whom the always-valid interval is narrowest. It has to be chosen
# before anything is seen, so it is a constant; at 100 times as many it is a sixth too wide.
TUNED_FOR = 1_000
KEY = ["experiment_id", "group_type", "group_name"]
METHODS = ("unadjusted", "cuped")


def estimates(moments: pd.DataFrame) -> pd.DataFrame:
    """One row per row of `moments` and method, against the control arm of its group.

    `moments`: KEY, arm, p_value_family (whose p values are adjusted for each other), is_control,
    is_mixed (left out), planned_share, ratio_people, measured_people, and over the people who are
    measured the sums goal, goal_squared, before, before_squared and goal_before.
    """
    moments = moments[~moments["is_mixed"]].sort_values([*KEY, "arm"], ignore_index=True)
    ratio = sample_ratios(moments)
    found = []
    for method in METHODS:
        means, variances = arm_statistics(moments, method)
        frame = moments[[*KEY, "arm", "is_control", "p_value_family"]].assign(
            method=method, people=moments["measured_people"], mean=means, variance=variances
        )
        control = frame.loc[frame["is_control"], [*KEY, "people", "mean", "variance"]]
        frame = frame.merge(control, on=KEY, how="left", suffixes=("", "_control"))
        compared = compare(
            *(
                np.where(frame["is_control"], np.nan, frame[f"{name}{whose}"].astype(float))
                for whose in ("", "_control")
                for name in ("people", "mean", "variance")
            )
        )
        frame = frame.assign(**compared)
        family = frame.groupby("p_value_family")["p_value"]
        frame["adjusted_p_value"] = family.transform(lambda values: holm(values.to_numpy()))
        frame["sample_ratio_p_value"] = frame["experiment_id"].map(ratio)
        found.append(frame.rename(columns={"mean": "goal_per_head"}))
    kept = [*KEY, "arm", "method", "goal_per_head", *compared]
    kept += ["adjusted_p_value", "sample_ratio_p_value"]
    result = pd.concat(found, ignore_index=True)[kept]
    numbers = result.columns[len(KEY) + 2 :]
    return result.astype(dict.fromkeys(numbers, float) | dict.fromkeys([*KEY, "arm"], "str"))


# ---------- arms


def arm_statistics(moments: pd.DataFrame, method: str) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance per head of the goal, in each row."""
    count = moments["measured_people"].to_numpy(float)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = moments["goal"].to_numpy(float) / count
        variance = covariance(moments, "goal_squared", "goal", "goal")
        if method == "unadjusted":
            return mean, variance
        before = moments["before"].to_numpy(float) / count
        before_variance = covariance(moments, "before_squared", "before", "before")
        shared = covariance(moments, "goal_before", "goal", "before")
        slope, overall = common_slope(moments, count, before_variance, shared)
        return (
            mean - slope * (before - overall),
            np.maximum(variance - 2 * slope * shared + slope**2 * before_variance, 0),
        )


def covariance(moments: pd.DataFrame, product: str, one: str, other: str) -> np.ndarray:
    count = moments["measured_people"].to_numpy(float)
    with np.errstate(divide="ignore", invalid="ignore"):
        centred = moments[product] - moments[one] * moments[other] / count
        found = np.where(count > 1, centred / (count - 1), np.nan)
    return np.maximum(found, 0) if one == other else found


def common_slope(moments, count, before_variance, shared):
    """Per row, the slope of the goal on the time before and the mean before of its group.

    The slope is one for all arms, within them: a slope per arm would take up a part of the effect.
    Without any variance before there is none, and nothing is adjusted.
    """
    parts = moments[KEY].assign(
        count=count,
        before=moments["before"].astype(float),
        below=np.nan_to_num(before_variance) * np.maximum(count - 1, 0),
        above=np.nan_to_num(shared) * np.maximum(count - 1, 0),
    )
    sums = parts.groupby(KEY)[["count", "before", "below", "above"]].transform("sum")
    sums = sums.to_numpy().T
    people, before, below, above = sums
    return np.where(below > 0, above / below, np.nan), before / people


# ---------- two arms


def compare(people, mean, variance, people_control, mean_control, variance_control):
    """An arm against the control arm: arrays of estimates by name, NaN where there is none."""
    enough = (people > 1) & (people_control > 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        own, others = variance / people, variance_control / people_control
        error = np.where(enough, np.sqrt(own + others), np.nan)
        freedom = error**4 / (own**2 / (people - 1) + others**2 / (people_control - 1))
        freedom = np.where(error > 0, freedom, np.nan)
        difference = np.where(enough, mean - mean_control, np.nan)
        width = special.stdtrit(freedom, 1 - ALPHA / 2) * error
        p_value = 2 * special.stdtr(freedom, -np.abs(difference) / error)
        detectable = width + special.stdtrit(freedom, POWER) * error
        always = sequential_factor(people + people_control) * np.where(error > 0, error, np.nan)
        # The ratio of two means: by the delta method, where there is something to divide by.
        base = np.where(mean_control > 0, mean_control, np.nan)
        lift = difference / base
        lift_error = np.sqrt(own / base**2 + mean**2 * others / base**4)
        lift_width = special.stdtrit(freedom, 1 - ALPHA / 2) * lift_error
    return {
        "difference": difference,
        "standard_error": error,
        "difference_low": difference - width,
        "difference_high": difference + width,
        "p_value": p_value,
        "relative_lift": lift,
        "relative_lift_low": lift - lift_width,
        "relative_lift_high": lift + lift_width,
        "detectable_difference": detectable,
        "always_valid_low": difference - always,
        "always_valid_high": difference + always,
    }


def sequential_factor(people):
    """Standard errors to each side that hold at all looks at once.

    The asymptotic confidence sequence of Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas,
    "Time-uniform central limit theory and asymptotic confidence sequences" (2024), theorem 2.2.
    """
    log = -2 * np.log(ALPHA)
    rho_squared = (log + np.log(log + 1)) / TUNED_FOR
    weight = people * rho_squared
    return np.sqrt(2 * (weight + 1) / weight * np.log(np.sqrt(weight + 1) / ALPHA))


# ---------- several


def holm(p_values: np.ndarray) -> np.ndarray:
    """Holm's adjusted p values; one that is missing stays so and counts for nothing."""
    adjusted = np.full(len(p_values), np.nan)
    order = np.argsort(p_values, kind="stable")[: np.count_nonzero(~np.isnan(p_values))]
    factors = len(order) - np.arange(len(order))
    adjusted[order] = np.minimum(1, np.maximum.accumulate(p_values[order] * factors))
    return adjusted


def sample_ratio_p(counts, shares):
    """Probability of a split as uneven as `counts` if arms were drawn by `shares` (last axis)."""
    counts, shares = np.asarray(counts, float), np.asarray(shares, float)
    expected = counts.sum(axis=-1, keepdims=True) * shares / shares.sum(axis=-1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        # An arm that nobody planned: infinite if somebody is in it.
        terms = np.where(counts == expected, 0, (counts - expected) ** 2 / expected)
    return special.chdtrc(counts.shape[-1] - 1, terms.sum(axis=-1))


def sample_ratios(moments: pd.DataFrame) -> dict[str, float]:
    """The p value of each experiment's split; NaN with a single arm or with nobody in it."""
    whole = moments[moments["group_type"] == "all"]
    return {
        experiment: float(sample_ratio_p(arms["ratio_people"], arms["planned_share"]))
        if len(arms) > 1 and arms["ratio_people"].sum() > 0 and arms["planned_share"].sum() > 0
        else np.nan
        for experiment, arms in whole.groupby("experiment_id")
    }
