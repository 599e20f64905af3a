{# What models are fitted by, as SQL text: fits of another definition are of no use, whatever their age. As for cuts
   of scores, a fingerprint of the salt tells one shop's data from another's. #}
{% macro clv_definition() -%}
    '{{ "clv_model=" ~ var("clv_model")
        ~ ", default_margin_rate=" ~ var("default_margin_rate")
        ~ ", reporting_currency=" ~ var("reporting_currency")
        ~ ", reporting_timezone=" ~ var("reporting_timezone")
        ~ ", purchase_statuses=" ~ var("purchase_statuses") | sort | join(" ") | replace("'", "''") }}, data='
    || {{ salt_fingerprint() }}
{%- endmacro %}
