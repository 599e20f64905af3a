{# Trimmed and in lower case; null where it is no address. Tags behind a plus and the dots of Gmail
   go by var, for some hosts let two people share what is before the plus. #}
{% macro clean_email(column) -%}
    {%- set email = "lower(" ~ trimmed(column) ~ ")" -%}
    {%- set name = "split_part(" ~ email ~ ", '@', 1)" -%}
    {%- set host = "split_part(" ~ email ~ ", '@', 2)" -%}
    {%- if var('strip_email_plus_tags') -%}
        {%- set name = "split_part(" ~ name ~ ", '+', 1)" -%}
    {%- endif -%}
    {%- if var('strip_gmail_dots') -%}
        {%- set name = "case when " ~ host ~ " in ('gmail.com', 'googlemail.com') then replace("
            ~ name ~ ", '.', '') else " ~ name ~ " end" -%}
    {%- endif -%}
    case
        when {{ matches(email, "'^[^@ ,;]+@[^@ ,;]+[.][^@ ,;.]+$'") }}
            {%- if var('strip_email_plus_tags') or var('strip_gmail_dots') %}
            then {{ name }} || '@' || {{ host }}
            {%- else %}
            then {{ email }}
            {%- endif %}
    end
{%- endmacro %}
