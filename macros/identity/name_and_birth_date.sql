{# A person by name and birth date, for `link_names_with_birth_dates`: null unless all three are known. #}
{% macro name_and_birth_date() -%}
    {{ replace_all("lower(first_name || last_name)", "[ .'-]+", '') }} || ':' || cast(birth_date as string)
{%- endmacro %}
