{# Whether each build since the last one that was finished has noted in `this` whom it told anew, this one left out. #}
{% macro have_all_builds_noted() -%}
    {%- set finished = last_finished().build_number -%}
    {%- set sql -%}
        select count(distinct build_number) = {{ build_number() }} - 1 - {{ finished }}
        from {{ this }}
        where
            build_number > {{ finished }}
            and build_number < {{ build_number() }}
    {%- endset -%}
    {{- return(run_query(sql).columns[0].values()[0]) -}}
{%- endmacro %}
