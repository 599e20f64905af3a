{# The first 32 hex digits of sha256 over the secret salt and a text: an id that tells nobody what it is of.
   The salt is read from the session, so no compiled file and no log holds it. #}
{% macro hash_of(text) -%}
    {{ adapter.dispatch('hash_of', 'lifecycle')(text) }}
{%- endmacro %}

{% macro default__hash_of(text) -%}
    substr(sha256(getvariable('hash_salt') || ':' || {{ text }}), 1, 32)
{%- endmacro %}

{% macro spark__hash_of(text) -%}
    substr(sha2('${spark.lifecycle.hash_salt}' || ':' || {{ text }}, 256), 1, 32)
{%- endmacro %}
