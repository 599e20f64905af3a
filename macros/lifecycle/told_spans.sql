{# int_segments__spans as the build before left it; none if there is none or all is to be made anew. #}
{% macro told_spans_relation() -%}
    {{- return(none if flags.FULL_REFRESH else left_table('intermediate', 'int_segments__spans')) -}}
{%- endmacro %}

{# The last build that was finished, if the spans are there that it told. #}
{% macro told_by_finished() -%}
    {{- return(last_finished() if told_spans_relation() else none) -}}
{%- endmacro %}

{# A query of the spans that the build before told; of those of few people, if there is a condition for them. #}
{% macro told_spans(condition=none) -%}
    {%- set relation = told_spans_relation() -%}
    {%- if relation is none -%}
        select
            cast(null as string) as profile_id,
            {{ row_hash(['0']) }} as profile_number,
            {{ row_hash(['0']) }} as facts_hash,
            {{ row_hash(['0']) }} as settings_hash,
            {{ row_hash(['0']) }} as definition_hash,
            cast(null as date) as first_day,
            cast(null as date) as told_on,
            cast(null as date) as next_turn_on,
            cast(null as integer) as from_period_number,
            cast(null as integer) as until_period_number,
            cast(null as string) as segment,
            cast(null as string) as previous_segment,
            cast(null as string) as out_of_base_reason,
            cast(null as integer) as recency_score,
            cast(null as integer) as frequency_score,
            cast(null as integer) as monetary_score,
            cast(null as bigint) as order_count,
            cast(null as decimal(18, 2)) as net_revenue,
            cast(null as bigint) as lifetime_order_count,
            cast(null as boolean) as is_engaged,
            cast(null as integer) as entered_in,
            cast(null as date) as last_purchased_on
        where false
    {%- else -%}
        select * from {{ rows_where(relation, condition) if condition else relation }}
    {%- endif -%}
{%- endmacro %}
