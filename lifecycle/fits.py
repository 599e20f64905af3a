"""The SQL functions `fit_purchases` and `fit_margins`: data as lists in, one struct out."""

ABOUT = {"log_likelihood": "double", "problem": "string", "note": "string"}
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


def row_type(names) -> dict[str, str]:
    """The struct of a fit: its fields with their types, in the order of `as_row`."""
    return dict.fromkeys([*names, *(f"{name}_error" for name in names)], "double") | ABOUT
