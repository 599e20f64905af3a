{# A join with the combinations of identifiers that are touched; none where all is made anew. #}
{% macro joined_touched_records(relation, source) -%}
    {%- if not execute -%} {%- do ref('int_identity__touched_records') -%} {%- endif -%}
    {%- if is_carried_on() -%}
        inner join {{ ref('int_identity__touched_records') }} as touched
            on
                touched.source_table = '{{ source.source_table }}'
                {%- for identifier in source.identifiers %}
                and {{ relation }}.{{ identifier }} is not distinct from touched.{{ identifier }}
                {%- endfor -%}
    {%- endif -%}
{%- endmacro %}

{# Of a link both ends are touched if it is. One by hand is there as soon as both of its ends are. #}
{% macro forget_touched_links() -%}
    {%- if execute and is_incremental() -%}
        delete from {{ this }}
        where
            source_table = 'seeds.identity_links'
            or (
                {{ is_touched('node_a', 'node_id') }}
                and {{ is_touched('node_b', 'node_id') }}
            )
    {%- endif -%}
{%- endmacro %}

{% macro forget_touched_records() -%}
    {%- if execute and is_incremental() -%}
        {%- if is_carried_on() -%}
            delete from {{ this }} as records
            using {{ ref('int_identity__touched_records') }} as touched
            where
                records.source_table = touched.source_table
                {%- for identifier in linking_types() %}
                and records.{{ identifier }} is not distinct from touched.{{ identifier }}
                {%- endfor %}
        {%- else -%}
            delete from {{ this }} where true
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
