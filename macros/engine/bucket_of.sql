{# The bucket, 0 to 9999, that a person (SQL) falls into under a salt (SQL): the same on every engine, and
   under another salt independent of it. #}
{% macro bucket_of(profile_id, salt) -%}
    cast({{ hash_number(profile_id ~ " || ':' || " ~ salt) }} % 10000 as integer)
{%- endmacro %}
