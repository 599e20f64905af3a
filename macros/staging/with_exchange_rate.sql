{# A query: the records with the rate of their day to the reporting currency as `rate_to_reporting`, which is
   1 for that currency itself and null where no rate is known. `day` is an expression of the record. #}
{% macro with_exchange_rate(relation, day) -%}
    select
        records.*,
        cast(
            case
                when records.currency = '{{ var("reporting_currency") }}' then 1
                else rates.rate_to_reporting
            end as decimal(18, 8)
        ) as rate_to_reporting
    from {{ relation }} as records
    left join {{ ref('stg_finance__exchange_rates') }} as rates
        on
            records.currency = rates.currency
            and {{ day }} >= rates.rate_date
            and {{ day }} < rates.valid_until
{%- endmacro %}

{# A query: keys of records of earlier builds whose day has a rate that came, or was corrected, since. #}
{% macro has_another_rate(source_name, name, day) -%}
    select known.{{ delivery_key(source_name, name) }}
    from {{ this }} as known
    inner join {{ ref('stg_finance__exchange_rates') }} as rates
        on
            known.currency = rates.currency
            and {{ day }} >= rates.rate_date
            and {{ day }} < rates.valid_until
    where rates._build_number > (select max(newest._build_number) from {{ this }} as newest)
{%- endmacro %}
