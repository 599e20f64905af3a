{# A column as text without the spaces around it; those that do not break a line count as spaces, tabs do not. #}
{% macro trimmed(column) -%}
    {{ adapter.dispatch('trimmed', 'lifecycle')(column) }}
{%- endmacro %}

{% macro default__trimmed(column) -%}
    trim(cast({{ column }} as string))
{%- endmacro %}

{# Left to itself, Spark takes only the space of ASCII. #}
{% macro spark__trimmed(column) -%}
    trim(
        both ' \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000'
        from cast({{ column }} as string)
    )
{%- endmacro %}
