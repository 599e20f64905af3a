{# The five identifier types, strongest first, as in seeds/identity_rules.csv. #}
{% macro identifier_types() -%}
    {{- return(['customer_id', 'loyalty_card_id', 'email', 'phone', 'anonymous_id']) -}}
{%- endmacro %}
