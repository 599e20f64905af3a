{# Of people whose row stays, the days since the last purchase: all that the as-of date alone changes. #}
{% macro let_days_pass() -%}
    {%- if execute and is_incremental() -%}
        {%- set recency_days -%}
            {{ days_between('last_purchased_on', '(select as_of_date from ' ~ ref('int_as_of_date') ~ ')') }}
        {%- endset -%}
        update {{ this }}
        set recency_days = {{ recency_days }}
        where recency_days <> {{ recency_days }}
    {%- endif -%}
{%- endmacro %}
