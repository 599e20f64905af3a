{# A table of the state as earlier builds left it; none before the first. Not by ref(): what the state follows from
   may have to know it. #}
{% macro state_table(name) -%}
    {{- return(
        adapter.get_relation(database=state_database(), schema=state_schema(), identifier=name) if execute else none
    ) -}}
{%- endmacro %}

{# Any other table as the build before left it, until this one makes it anew or carries it on; none before the first. #}
{% macro left_table(schema, name) -%}
    {{- return(
        adapter.get_relation(
            database=target.database, schema=generate_schema_name(schema, none), identifier=name
        ) if execute else none
    ) -}}
{%- endmacro %}

{# A query of columns (name to type) of a relation; of no rows where there is none. #}
{% macro rows_if_any(relation, columns, condition='true') -%}
    select
        {% for name, data_type in columns.items() -%}
        {{ name if relation else 'cast(null as ' ~ data_type ~ ') as ' ~ name }}{{ ',' if not loop.last }}
        {% endfor -%}
    {% if relation %} from {{ relation }} where {{ condition }} {% else %} where false {% endif %}
{%- endmacro %}
