{# What cuts are measured by, as SQL text. Cuts of another definition are of no use, whatever their age: the
   vars tell, and a fingerprint of the salt, so that the demo's cuts are never taken for one's own. #}
{% macro yardstick_definition() -%}
    '{{ "frequency_cuts=" ~ var("frequency_cuts")
        ~ ", rfm_window_days=" ~ var("rfm_window_days")
        ~ ", buyer_window_days=" ~ var("buyer_window_days")
        ~ ", reporting_currency=" ~ var("reporting_currency")
        ~ ", purchase_statuses=" ~ var("purchase_statuses") | sort | join(" ") | replace("'", "''") }}, data='
    || {{ salt_fingerprint() }}
{%- endmacro %}
