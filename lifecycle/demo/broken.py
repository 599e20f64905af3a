"""Records broken on purpose: copies of good ones, of which one thing is made wrong."""

FUTURE, PAST = "_loaded_at + interval 3 day", "'1970-01-01 00:00:00'"

# By table and kind: what the copy has instead, as SQL; `copy` counts the copies of a kind.
# A copy gets a key of its own unless the key is what is broken.
KINDS = {
    "shop.orders": {
        "missing key": {"order_id": "null"},
        "blank key": {"order_id": "'  '"},
        "missing time": {"ordered_at": "null"},
        "time that is none": {"ordered_at": "'yesterday'"},
        "time in the future": {"ordered_at": FUTURE},
        "time before 1990": {"ordered_at": PAST},
        "missing total": {"total_amount": "null"},
        "total that is no number": {"total_amount": "'12,50 EUR'"},
        "negative total": {"total_amount": "'-5.00'"},
        "currency without a rate": {"currency": "'XTS'"},
    },
    "shop.order_lines": {
        "missing key": {"order_line_id": "null"},
        "line without its order": {"order_id": "'S0'"},
        "missing quantity": {"quantity": "null"},
        "negative price": {"unit_price": "'-1.00'"},
    },
    "shop.refunds": {
        "refund without its order": {"order_id": "'S0'"},
        "negative refund": {"amount": "'-3.00'"},
        "amount that is no number": {"amount": "'all of it'"},
        "time in the future": {"refunded_at": FUTURE},
    },
    "shop.customers": {"missing key": {"customer_id": "null"}},
    "shop.products": {
        "missing key": {"product_id": "null"},
        "price that is no number": {"price": "'ask us'"},
        "negative price": {"price": "'-9.99'"},
    },
    "pos.receipts": {
        "missing key": {"receipt_id": "null"},
        "time in the future": {"sold_at": FUTURE},
        "currency without a rate": {"currency": "'XTS'"},
        "return of no receipt": {"return_of_receipt_id": "'R0'"},
    },
    "pos.receipt_lines": {
        "line without its receipt": {"receipt_id": "'R0'"},
        "negative price": {"unit_price": "'-1.00'"},
    },
    "pos.loyalty_members": {"blank key": {"loyalty_card_id": "' '"}},
    "web.events": {
        "no identifier": {"anonymous_id": "null", "customer_id": "null", "email": "null"},
        "missing type": {"event_type": "null"},
        "missing time": {"occurred_at": "null"},
        "time in the future": {"occurred_at": FUTURE},
        "time before 1990": {"occurred_at": PAST},
    },
    "messaging.events": {
        "unknown type": {"event_type": "'teleported'"},
        "unknown channel": {"channel": "'pigeon'"},
        "missing message": {"message_id": "null"},
    },
    "messaging.consents": {
        "unknown channel": {"channel": "'pigeon'"},
        "unknown status": {"status": "'maybe'"},
        "time that is none": {"changed_at": "'31/31/2025'"},
    },
    "experiments.assignments": {
        "missing arm": {"arm": "null", "email": "'no-arm-' || copy || '@example.com'"},
    },
    "survey.nps_responses": {
        "score above 10": {"score": "'11'"},
        "score below 0": {"score": "'-1'"},
        "score that is no number": {"score": "'ten'"},
    },
    "ads.spend": {
        "negative cost": {"cost": "'-10.00'", "campaign": "'negative'"},
        "cost that is no number": {"cost": "'n/a'", "campaign": "'no number'"},
        "missing channel": {"channel": "null", "campaign": "'no channel'"},
    },
    "finance.exchange_rates": {
        "rate of zero": {"rate_to_reporting": "'0'", "currency": "'SEK'"},
        "negative rate": {"rate_to_reporting": "'-1.1'", "currency": "'NOK'"},
        "day that is none": {"rate_date": "'2025-02-30'", "currency": "'D' || copy"},
    },
    "privacy.erasure_requests": {
        "no identifier": {"customer_id": "null", "email": "null"},
        "missing time": {"requested_at": "null"},
    },
}
COPIES = 3


def broken_records(table, since):
    """The query of the table's broken records, all columns as text, with their `kind`.

    They are copies of records that arrived at or after `since`, as far as there are enough.
    """
    name = f"{table.source}.{table.name}"
    kinds = KINDS[name]
    (key, *others) = table.key

    def value(column):
        made = [
            f" when {number} then cast({wrong[column]} as varchar)"
            for number, wrong in enumerate(kinds.values())
            if column in wrong
        ]
        good = f"cast({column} as varchar)"
        if column == key and not others:
            good = "'broken-' || kind_number || '-' || copy"
        return f"case kind_number{''.join(made)} else {good} end" if made else good

    columns = [column.name for column in table.columns] + ["_loaded_at"]
    return f"""
        select
            [{", ".join(f"'{kind}'" for kind in kinds)}][kind_number + 1] as kind,
            {", ".join(f"{value(column)} as {column}" for column in columns)}
        from (
            select *, drawn % {len(kinds)} as kind_number, drawn // {len(kinds)} as copy
            from (
                select *, row_number() over (order by draw) - 1 as drawn
                from (
                    select
                        *,
                        hash(getvariable('seed'), {", ".join(table.key)}) as place,
                        (_loaded_at < '{since}', place, _loaded_at) as draw
                    from {name} order by draw limit {len(kinds) * COPIES}
                )
            )
        )"""
