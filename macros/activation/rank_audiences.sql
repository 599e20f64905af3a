{# Hook of the audiences: with one person more, everybody below has another rank. That column alone is set anew. #}
{% macro rank_audiences(terms) -%}
    {%- if execute and are_terms_kept(terms) -%}
        update {{ this }} as told
        set audience_rank = ranked.audience_rank
        from (
            select
                rowid as told_row,
                audience_rank as told_rank,
                {{ audience_rank() }} as audience_rank
            from {{ this }}
            where is_in_audience
        ) as ranked
        where
            told.rowid = ranked.told_row
            and ranked.audience_rank is distinct from ranked.told_rank
    {%- endif -%}
{%- endmacro %}

{# The place in an audience: who will bring most comes first. Nobody is in two audiences. #}
{% macro audience_rank() -%}
    row_number() over (
        partition by campaign_id
        order by
            predicted_clv desc nulls last,
            net_revenue desc nulls last,
            last_seen_on desc nulls last,
            profile_id asc nulls last
    )
{%- endmacro %}
