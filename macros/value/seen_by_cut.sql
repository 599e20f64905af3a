{# What a history had been by the cut of the back-test (SQL), out of its lists: days with a purchase, their margin or the
   last of them; null without a back-test. Of whom nothing came later that is all. #}
{% macro seen_by_cut(cut, what) -%}
    {%- set days = up_to(cut, 'days', 'days') -%}
    {%- set all, some = {
        'days': ('purchase_days', 'cast(' ~ size_of('array_distinct(' ~ days ~ ')') ~ ' as bigint)'),
        'margin': ('gross_margin', sum_of(up_to(cut, 'days', 'margins'))),
        'last_on': ('last_purchased_on', largest_of(days)),
    }[what] -%}
    case
        when last_purchased_on > {{ cut }} then {{ some }}
        when last_purchased_on <= {{ cut }} then {{ all }}
    end
{%- endmacro %}

{# Hook of histories: tells it anew of those that stay, if the cut is another. Their lists are not written again. #}
{% macro let_cut_pass() -%}
    {%- if execute and is_incremental() and is_carried_on() -%}
        {%- set found = run_query(
            'select max(cut_on) from ' ~ ref('int_value__cuts') ~ " where sample = 'backtest'"
        ).rows[0].values()[0] -%}
        {%- if found -%}
            {%- set cut = "date '" ~ found ~ "'" -%}
            update {{ this }}
            set
                cut_on = {{ cut }},
                {%- for what in ['days', 'margin', 'last_on'] %}
                cut_{{ what }} = {{ seen_by_cut(cut, what) }}{{ ',' if not loop.last }}
                {%- endfor %}
            where cut_on is distinct from {{ cut }}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
