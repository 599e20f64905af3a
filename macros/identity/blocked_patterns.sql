{# Per identifier type one pattern (SQL) of the values that are nobody's, of seeds/identity_blocked_values.csv. Read
   when the model is built and written into its SQL: as a column, an engine would compile it for every row. #}
{% macro blocked_patterns() -%}
    {%- set seed = ref('identity_blocked_values') -%}
    {%- set patterns = {} -%}
    {%- if execute and load_relation(seed) is not none -%}
        {%- set rows = run_query(
            'select identifier_type, pattern from ' ~ seed ~ ' order by identifier_type, pattern'
        ).rows -%}
        {%- for type in identifier_types() -%}
            {%- set those = [] -%}
            {%- for row in rows if row[0] in ('any', type) -%}
                {%- do those.append('(' ~ row[1] ~ ')') -%}
            {%- endfor -%}
            {%- if those -%}
                {%- do patterns.update({type: "'" ~ those | join('|') | replace("'", "''") ~ "'"}) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
    {{- return(patterns) -}}
{%- endmacro %}
