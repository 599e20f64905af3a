{# Those rows of a model which are to be made anew, by this key; or all of them: as a relation. Where the model is
   carried on by the same key they are the last that were added to it, and are read alone. #}
{% macro touched_rows(table, key, by=none) -%}
    {%- set condition = is_touched(key, by=by) -%}
    {{- rows_where(table, condition) if is_carried_on() else table -}}
{%- endmacro %}

{# The same of a model that notes the `build_number` of its rows and is carried on by this key, for these reasons or more:
   what is touched was made since the last finished build. Such rows lie together, and of all others nothing is read. #}
{% macro made_rows(table, key, by=none) -%}
    {%- set condition = is_touched(key, by=by) -%}
    {%- if is_carried_on() -%}
        (
            select * from {{ table }}
            where
                build_number > {{ last_finished().build_number }}
                and {{ condition }}
        )
    {%- else -%}
        {{ table }}
    {%- endif -%}
{%- endmacro %}

{# Those records of a staged table, of the kept ones, which name somebody who is touched (see `names_touched`); or all of
   them: as a relation. #}
{% macro records_naming_touched(name, types, by=none) -%}
    {%- if not execute -%} {%- do ref('base_' ~ name) -%} {%- do names_touched(name, types, by) -%} {%- endif -%}
    {%- if is_carried_on() -%}
        {%- set base, conditions = ref('base_' ~ name), [] -%}
        {%- for type in types -%}
            {%- do conditions.append(names_touched(base.identifier, [type], by)) -%}
        {%- endfor -%}
        (select * from {{ base }} where is_kept and {{ meets_any(base, conditions) }})
    {%- else -%}
        {{ ref('stg_' ~ name) }}
    {%- endif -%}
{%- endmacro %}

{# The condition that an order is touched, by the column of its source that has its id: a key that is put
   together would have to be for every order. #}
{% macro is_order_touched(source, column) -%}
    {%- if not execute -%} {%- do ref('int_orders__touched') -%} {%- endif -%}
    {%- if is_carried_on() -%}
        {{ column }} in (
            select substring(touched_orders.order_key, {{ source | length + 2 }})
            from {{ ref('int_orders__touched') }} as touched_orders
            where touched_orders.order_key like '{{ source }}:%'
        )
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}
