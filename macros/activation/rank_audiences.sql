{# Hook of the audiences: with one person more, everybody below has another rank. That column alone is set anew. #}
{% macro rank_audiences(terms) -%}
    {%- if execute and are_terms_kept(terms) -%}
        update {{ this }} as told
        set audience_rank = ranked.audience_rank
        from (
            select
                audiences.profile_id,
                {{ audience_rank('audiences.', 'profiles.') }} as audience_rank
            from {{ this }} as audiences
            inner join {{ ref('customer_profiles') }} as profiles on audiences.profile_id = profiles.profile_id
            where audiences.is_in_audience
        ) as ranked
        where
            told.is_in_audience
            and told.profile_id = ranked.profile_id
            and told.audience_rank is distinct from ranked.audience_rank
    {%- endif -%}
{%- endmacro %}

{# The place in an audience: who will bring most comes first. Nobody is in two audiences. #}
{% macro audience_rank(audiences='', profiles='') -%}
    row_number() over (
        partition by {{ audiences }}campaign_id
        order by
            {{ audiences }}predicted_clv desc nulls last,
            {{ profiles }}net_revenue desc nulls last,
            {{ profiles }}last_seen_on desc nulls last,
            {{ audiences }}profile_id asc nulls last
    )
{%- endmacro %}
