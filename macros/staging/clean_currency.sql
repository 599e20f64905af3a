{# ISO 4217 code in upper case; no currency means the reporting currency. #}
{% macro clean_currency(column) -%}
    coalesce(upper({{ clean_text(column) }}), '{{ var("reporting_currency") }}')
{%- endmacro %}
