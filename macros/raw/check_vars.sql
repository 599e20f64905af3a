{# Stops the run when a var has a value it cannot take, and says what it can. #}
{% macro check_vars() %}
    {%- if execute -%}
        {%- for name, words in {
            'banner_consent': ['opt_in', 'opt_out'],
            'clv_model': ['mbg_nbd', 'bg_nbd'],
            'frequency_cuts': ['repeat', 'all'],
            'history_grain': ['month', 'week', 'day'],
            'rfm_yardstick': ['held', 'rolling'],
            'segment_map': ['exponea', 'putler'],
        }.items() if var(name) not in words -%}
            {%- do refuse_var(name, 'one of ' ~ words | join(', ')) -%}
        {%- endfor -%}

        {%- for name in [
            'clv_backtest', 'recalibrate', 'strip_email_plus_tags', 'strip_gmail_dots', 'link_names_with_birth_dates'
        ] if var(name) is not boolean -%}
            {%- do refuse_var(name, 'true or false') -%}
        {%- endfor -%}

        {%- for name in [
            'clv_horizon_days', 'clv_refit_after_days', 'clv_holdout_days', 'buyer_window_days', 'visitor_window_days',
            'value_window_days', 'rfm_recalibrate_after_days', 'exchange_rate_max_age_days', 'rfm_window_days',
            'experiment_goal_days'
        ] if not (var(name) is integer and var(name) is not boolean and var(name) > 0)
            and not (name == 'rfm_window_days' and var(name) is none) -%}
            {%- do refuse_var(name, 'a whole number of days above 0' ~ (
                ', or null for all purchases' if name == 'rfm_window_days' else ''
            )) -%}
        {%- endfor -%}

        {%- set days = var('device_memory_days') -%}
        {%- if days is not integer or days is boolean or days < 0 -%}
            {%- do refuse_var('device_memory_days', 'a whole number of days, 0 for the session only') -%}
        {%- endif -%}

        {%- for name in ['default_margin_rate', 'global_control_share'] -%}
            {%- set share = var(name) -%}
            {%- if share is not number or share is boolean or share < 0 or share > 1 -%}
                {%- do refuse_var(name, 'a number from 0 to 1') -%}
            {%- endif -%}
        {%- endfor -%}

        {%- set rate = var('annual_discount_rate') -%}
        {%- if rate is not number or rate is boolean or rate < 0 or rate > 1 -%}
            {%- do refuse_var('annual_discount_rate', 'a number from 0 to 1') -%}
        {%- endif -%}

        {%- set cap = var('cap_all_channels') -%}
        {%- if cap is not integer or cap is boolean or cap < 0 -%}
            {%- do refuse_var('cap_all_channels', 'a whole number of messages in 7 days') -%}
        {%- endif -%}

        {%- for name, keys, least, words in [
            ('cap_per_channel', ['email', 'sms', 'push', 'banner'], 0, 'messages in 7 days'),
            ('retargeting_window_days', ['cart_left', 'product_viewed', 'category_interest'], 1, 'days above 0'),
        ] -%}
            {%- set given = var(name) -%}
            {%- set numbers = given.values() | list if given is mapping else [] -%}
            {%- if numbers | length != keys | length or given | sort | list != keys | sort
                or numbers | select('boolean') | list or numbers | reject('integer') | list
                or numbers | min < least -%}
                {%- do refuse_var(name, 'a whole number of ' ~ words ~ ' for each of ' ~ keys | join(', ')) -%}
            {%- endif -%}
        {%- endfor -%}

        {%- set statuses = var('purchase_statuses') -%}
        {%- if statuses is string or statuses is not sequence or statuses | length == 0 -%}
            {%- do refuse_var('purchase_statuses', 'a list of at least one status') -%}
        {%- endif -%}

        {%- set date_pattern = '^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$' -%}
        {%- for name, pattern, words in [
            ('as_of_date', date_pattern, 'a date as in 2025-12-31, or null'),
            ('global_control_since', date_pattern, 'a date as in 2025-12-31, or null'),
            ('reporting_currency', '^[A-Z]{3}$', 'an ISO 4217 code as in EUR'),
            ('reporting_timezone', '^[A-Za-z0-9_+/-]+$', 'a time zone as in Europe/Berlin'),
        ] if not (name in ['as_of_date', 'global_control_since'] and var(name) is none)
            and not modules.re.match(pattern, var(name) | string) -%}
            {%- do refuse_var(name, words) -%}
        {%- endfor -%}

        {%- if var('default_country') is not none and var('default_country') not in dial_codes() -%}
            {%- do refuse_var('default_country', 'null or one of ' ~ dial_codes() | join(', ')) -%}
        {%- endif -%}
    {%- endif -%}
{% endmacro %}

{% macro refuse_var(name, words) %}
    {%- do exceptions.raise_compiler_error(
        "var `" ~ name ~ "` is " ~ (var(name) | tojson) ~ "; it takes " ~ words ~ "."
    ) -%}
{% endmacro %}
