{# A query of what buyers had bought, at the ends of those periods in which one of their purchases changed: a row
   holds until the next one of the buyer, with 0 purchases if all of them were taken back.

   Orders and revenue are counted over the window that ends on the buyer's last purchase, so that somebody who
   stopped keeps the frequency and the value he had.

   `people` is a relation of whom to ask about, with `profile_id` and `is_test`, for test accounts buy nothing; `person`
   names the column of it that tells them apart. `days` is a relation as int_calendar, and `versions` one that has no
   more than what these people bought, if there is one; or a list of several, each with the condition on `people` of
   whom it is asked: one that is asked of nobody is not read. #}
{% macro rfm_steps(people, days, person='profile_id', versions=none) -%}
    {%- set whole = [(versions or ref('int_purchases__versions'), 'true')] -%}
    with

    purchases as (

        {% for relation, condition in (versions if versions is iterable and versions is not string else whole) -%}
        select
            people.{{ person }},
            versions.purchased_on,
            versions.net_revenue,
            versions.seen_on,
            versions.next_seen_on
        from {{ relation }} as versions
        inner join {{ people }} as people on versions.profile_id = people.profile_id
        where
            not people.is_test
            and {{ condition }}
        {{ 'union all' if not loop.last }}
        {% endfor %}

    ),

    changes as (

        select
            {{ person }},
            seen_on as changed_on
        from purchases
        union all
        select
            {{ person }},
            next_seen_on as changed_on
        from purchases
        where next_seen_on is not null

    ),

    steps as (

        select distinct
            changes.{{ person }},
            days.period_number,
            days.period_end
        from changes
        inner join {{ days }} as days on changes.changed_on = days.calendar_day

    ),

    seen as (

        select
            steps.{{ person }},
            steps.period_number,
            purchases.net_revenue,
            purchases.purchased_on,
            max(purchases.purchased_on) over (
                partition by steps.{{ person }}, steps.period_number
            ) as last_purchased_on
        from steps
        inner join purchases
            on
                steps.{{ person }} = purchases.{{ person }}
                and steps.period_end >= purchases.seen_on
                and coalesce(steps.period_end < purchases.next_seen_on, true)

    ),

    measured as (

        select
            {{ person }},
            period_number,
            last_purchased_on,
            min(purchased_on) as first_purchased_on,
            count(*) as lifetime_order_count,
            {% if var('rfm_window_days') is none -%}
            count(*) as order_count,
            sum(net_revenue) as net_revenue
            {%- else -%}
            {%- set in_window -%}
            purchased_on > {{ days_before('last_purchased_on', var('rfm_window_days')) }}
            {%- endset -%}
            count(case when {{ in_window }} then 1 end) as order_count,
            sum(case when {{ in_window }} then net_revenue else 0 end) as net_revenue
            {%- endif %}
        from seen
        group by {{ person }}, period_number, last_purchased_on

    )

    select
        steps.{{ person }},
        steps.period_number,
        lead(steps.period_number) over (
            partition by steps.{{ person }}
            order by steps.period_number
        ) as next_period_number,
        steps.period_end,
        cast(coalesce(measured.lifetime_order_count, 0) as bigint) as lifetime_order_count,
        cast(measured.order_count as bigint) as order_count,
        cast(measured.net_revenue as decimal(18, 2)) as net_revenue,
        measured.first_purchased_on,
        measured.last_purchased_on
    from steps
    left join measured
        on
            steps.{{ person }} = measured.{{ person }}
            and steps.period_number = measured.period_number
{%- endmacro %}
