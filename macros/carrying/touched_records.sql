{# A join with the combinations of identifiers that have to be counted anew; none where all is. #}
{% macro joined_touched_records(relation, source) -%}
    {%- if not execute -%} {%- do ref('int_identity__touched_records') -%} {%- endif -%}
    {%- if is_carried_on() -%}
        inner join {{ ref('int_identity__touched_records') }} as touched
            on
                touched.source_table = '{{ source.source_table }}'
                and touched.added_count is null
                {%- for identifier in source.identifiers %}
                and {{ relation }}.{{ identifier }} is not distinct from touched.{{ identifier }}
                {%- endfor -%}
    {%- endif -%}
{%- endmacro %}

{# The records of a table among which those with such combinations are: of some identifier that all of these have,
   the rows that have a touched one. A single one is looked up faster than all together, which may be null. Asked when
   the model is built and written into its SQL. #}
{% macro records_to_join(relation, source) -%}
    {%- set touched = ref('int_identity__touched_records') -%}
    {%- set condition = "source_table = '" ~ source.source_table ~ "' and added_count is null" -%}
    {%- set found = namespace(identifier=none) -%}
    {%- if is_carried_on() -%}
        {%- set counts = run_query(
            'select count(*), count(' ~ source.identifiers | join('), count(') ~ ') from ' ~ touched
            ~ ' where ' ~ condition
        ).rows[0].values() -%}
        {#- The last one: a device is on fewer records than an account. -#}
        {%- for identifier in source.identifiers -%}
            {%- if counts[loop.index] == counts[0] -%} {%- set found.identifier = identifier -%} {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
    {%- if found.identifier -%}
        (
            select * from {{ relation }}
            where {{ found.identifier }} in (select {{ found.identifier }} from {{ touched }} where {{ condition }})
        )
    {%- else -%}
        {{ relation }}
    {%- endif -%}
{%- endmacro %}

{# Takes out of int_identity__records the combinations that stand on other records by now. #}
{% macro take_out_touched_records() -%}
    {%- set condition -%}
        combination_id in (
            select {{ combination_number('source_table') }}
            from (
                select
                    {%- for identifier in linking_types() %}
                    {{ hash_number("'" ~ identifier ~ ":' || " ~ identifier) }} as {{ identifier }}_node,
                    {%- endfor %}
                    source_table
                from {{ ref('int_identity__touched_records') }}
                where coalesce(added_count <> 0, true)
            ) as touched
            where {{ is_one_of_few('source_table') }}
        )
    {%- endset -%}
    {{- take_out_where(condition, ['combination_id', 'record_key', 'first_seen_at', 'last_seen_at', 'record_count']) -}}
{%- endmacro %}

{# Takes out of int_identity__links those of which both ends are touched, as they are if a link is. One by hand is there as
   soon as both of its ends are, and is told each time. #}
{% macro take_out_touched_links() -%}
    {%- set is_by_hand = "source_table = 'seeds.identity_links'" -%}
    {{- take_out_where(
        'not ' ~ is_by_hand ~ ' and ' ~ is_touched('node_a', 'node_id') ~ ' and ' ~ is_touched('node_b', 'node_id')
    ) -}}
    {%- if execute and is_incremental() and is_carried_on() -%}
        delete from {{ this }} where {{ is_by_hand }}
    {%- endif -%}
{%- endmacro %}

{# Touched identifiers that have to be counted anew, as a query. #}
{% macro recounted_nodes() -%}
    select node_id
    from {{ ref('int_identity__touched_nodes') }}
    group by node_id
    having count(case when is_added_to then 1 end) < count(*)
{%- endmacro %}
