{# Staged tables that hold people: their identifiers, strongest first, what else tells of a person, and whether a
   row is nothing but the person, so that it goes as a whole. #}
{% macro personal_columns() -%}
    {%- set tables = [] -%}
    {%- for name, identifiers, attributes, is_person in [
        ('stg_shop__orders', ['customer_id', 'loyalty_card_id', 'email', 'phone', 'anonymous_id'], [], false),
        ('stg_shop__customers', ['customer_id', 'email', 'phone'], [], true),
        ('stg_pos__receipts', ['loyalty_card_id', 'email', 'phone'], [], false),
        ('stg_pos__loyalty_members', ['loyalty_card_id', 'customer_id', 'email', 'phone'], [], true),
        ('stg_web__events', ['customer_id', 'email', 'anonymous_id'], ['page_url', 'referrer'], false),
        ('stg_messaging__events', ['customer_id', 'email', 'phone'], ['link_url'], false),
        ('stg_messaging__consents', ['customer_id', 'email', 'phone'], [], false),
        ('stg_experiments__assignments', ['customer_id', 'email', 'phone', 'anonymous_id'], [], true),
        ('stg_survey__nps_responses', ['customer_id', 'email'], ['comment'], false),
        ('stg_privacy__erasure_requests', ['customer_id', 'email', 'phone'], [], false),
    ] -%}
        {%- do tables.append({
            'name': name, 'base': 'base_' ~ name[4:], 'source_table': name[4:] | replace('__', '.'), 'identifiers': identifiers,
            'attributes': attributes, 'is_person': is_person
        }) -%}
    {%- endfor -%}
    {{- return(tables) -}}
{%- endmacro %}

{# The strongest identifier of a row, with its type: it says whose the row is. #}
{% macro strongest_identifier(identifiers) -%}
    coalesce({% for identifier in identifiers %}'{{ identifier }}:' || {{ identifier }}{{ ', ' if not loop.last }}{% endfor %})
{%- endmacro %}
