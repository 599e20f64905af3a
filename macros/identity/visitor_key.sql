{# Who visits, as far as the event itself says: the device or, where none is known, the account or the address. #}
{% macro visitor_key(relation) -%}
    coalesce(
        'anonymous_id:' || {{ relation }}.anonymous_id,
        'customer_id:' || {{ relation }}.customer_id,
        'email:' || {{ relation }}.email
    )
{%- endmacro %}

{# The device that a visitor's key names; null where none is known. #}
{% macro visitor_device(visitor_key) -%}
    case
        when {{ visitor_key }} like 'anonymous_id:%' then substring({{ visitor_key }}, length('anonymous_id:') + 1)
    end
{%- endmacro %}
