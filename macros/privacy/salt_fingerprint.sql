{# Tells one hash salt from another, so that state made under the demo's is never taken for one's own. It helps to
   guess a short salt: no mart shows it. #}
{% macro salt_fingerprint() -%}
    substr({{ hash_of("'fingerprint'") }}, 1, 8)
{%- endmacro %}
