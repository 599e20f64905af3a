{# The first 32 hex digits of sha256 over the secret salt and a text: an id that tells nobody what it is of.
   The salt is read from the session, so no compiled file and no log holds it. #}
{% macro hash_of(text) -%}
    {{ adapter.dispatch('hash_of', 'lifecycle')(text) }}
{%- endmacro %}

{% macro default__hash_of(text) -%}
    substr(sha256(getvariable('hash_salt') || ':' || {{ text }}), 1, 32)
{%- endmacro %}

{# Of the session Spark gives only text that it puts into the query: hex digits can do no harm there. #}
{% macro spark__hash_of(text) -%}
    substr(sha2(
        coalesce(
            decode(unhex(nullif('${spark.lifecycle.hash_salt_hex}', '')), 'UTF-8'),
            raise_error('spark.lifecycle.hash_salt_hex is not set: it takes the salt, in UTF-8, as hex digits')
        ) || ':' || {{ text }},
        256
    ), 1, 32)
{%- endmacro %}
