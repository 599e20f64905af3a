{# Hook of the audiences: with one person more, everybody below has another rank. So the rows of audiences are taken
   out, to be put back with the ranks of now, and all others stay. Of those who are touched all are made anew. #}
{% macro set_audience_aside(terms) -%}
    {%- if are_terms_kept(terms) -%}
        {%- do make_scratch_table(
            audience_set_aside(),
            'select * from ' ~ this
            ~ ' where is_in_audience and not (' ~ is_touched_in_activation('profile_id', terms) ~ ')'
        ) -%}
        delete from {{ this }} where is_in_audience
    {%- endif -%}
{%- endmacro %}

{% macro audience_set_aside() -%}
    {{- return('campaign_audiences__set_aside') -}}
{%- endmacro %}

{% macro forget_audience_set_aside(terms) -%}
    {%- if are_terms_kept(terms) -%}
        drop table {{ audience_set_aside() }}
    {%- endif -%}
{%- endmacro %}
