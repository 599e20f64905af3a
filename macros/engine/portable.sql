{# A relation without the name of its database. A view is kept as text: with the name in it, it would break in a
   copy of a DuckDB file, or where somebody attaches the file under another name. #}
{% macro portable(relation) -%}
    {{- relation.include(database=false) -}}
{%- endmacro %}
