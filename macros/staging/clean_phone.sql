{# E.164 as in +4930123456. A number without a country code gets that of `default_country`; without
   that var it stays as bare digits, which match only the same digits. Null below 7 or above 15 digits. #}
{% macro clean_phone(column) -%}
    {%- set text = trimmed(column) -%}
    {%- set digits = replace_all(text, '[^0-9]', '') -%}
    case
        when length({{ digits }}) not between 7 and 15 then null
        when {{ text }} like '+%' then '+' || {{ replace_all(text, '[(]0[)]|[^0-9]', '') }}
        when {{ text }} like '00%' then '+' || substr({{ digits }}, 3)
        {%- if var('default_country') is not none %}
        {#- An unknown country is refused by `check_vars`, with what it can be. #}
        {%- set code = dial_codes().get(var('default_country'), {}) %}
        {%- if code.trunk_prefix %}
        when {{ digits }} like '{{ code.trunk_prefix }}%'
            then '+{{ code.dial_code }}' || substr({{ digits }}, {{ code.trunk_prefix | length + 1 }})
        {%- endif %}
        else '+{{ code.dial_code }}' || {{ digits }}
        {%- else %}
        else {{ digits }}
        {%- endif %}
    end
{%- endmacro %}
