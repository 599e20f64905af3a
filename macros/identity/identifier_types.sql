{# The five identifier types, strongest first, as in seeds/identity_rules.csv. #}
{% macro identifier_types() -%}
    {{- return(['customer_id', 'loyalty_card_id', 'email', 'phone', 'anonymous_id']) -}}
{%- endmacro %}

{# What may join people: the five and, if the var asks for it, a name with a birth date. #}
{% macro linking_types() -%}
    {{- return(identifier_types() + (['name_and_birth_date'] if var('link_names_with_birth_dates') else [])) -}}
{%- endmacro %}
