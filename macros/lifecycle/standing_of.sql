{# How somebody stands on a day: buyer, loyal_visitors, visitors, or why he is out of the base. The first of these
   that holds, for a buyer who lapsed is no visitor, whatever he looks at. #}
{% macro standing_of(last_purchased_on, day, is_test, has_contact, is_visiting) -%}
    case
        when {{ last_purchased_on }} > {{ days_before(day, var('buyer_window_days')) }} then 'buyer'
        when {{ last_purchased_on }} is not null then 'last purchase is too long ago'
        when {{ is_test }} then 'test account'
        when {{ has_contact }} then 'loyal_visitors'
        when {{ is_visiting }} then 'visitors'
        else 'no purchase, no address and no recent visit'
    end
{%- endmacro %}
