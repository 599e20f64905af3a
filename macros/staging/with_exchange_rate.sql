{# A query: the records with the rate of their day to the reporting currency as `rate_to_reporting`, which is
   1 for that currency itself and null where no rate is known. `day` is an expression of the record. #}
{% macro with_exchange_rate(relation, day) -%}
    select
        records.*,
        case
            when records.currency = '{{ var("reporting_currency") }}' then 1
            else rates.rate_to_reporting
        end as rate_to_reporting
    from {{ relation }} as records
    left join {{ ref('stg_finance__exchange_rates') }} as rates
        on
            records.currency = rates.currency
            and {{ day }} >= rates.rate_date
            and {{ day }} < rates.valid_until
{%- endmacro %}
