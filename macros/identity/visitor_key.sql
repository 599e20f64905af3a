{# Who visits, as far as the event itself says: the device or, where none is known, the account or the address. #}
{% macro visitor_key(relation) -%}
    coalesce(
        'anonymous_id:' || {{ relation }}.anonymous_id,
        'customer_id:' || {{ relation }}.customer_id,
        'email:' || {{ relation }}.email
    )
{%- endmacro %}
