{# The terms (`int_activation__terms`) that are others than in the last finished build, or were in a build since: a list.
   None if nobody knows. #}
{% macro changed_terms() -%}
    {%- if not execute -%} {%- do ref('int_activation__terms') -%} {%- endif -%}
    {%- if not is_carried_on() -%}
        {{- return(none) -}}
    {%- endif -%}
    {%- set terms = ref('int_activation__terms') -%}
    {%- set finished = last_finished().build_number -%}
    {%- set sql -%}
        with

        builds as (

            select
                count(distinct build_number) as build_count,
                min(build_number) as first_build
            from {{ terms }}

        )

        select
            terms.term,
            builds.first_build
        from {{ terms }} as terms
        cross join builds
        group by terms.term, builds.first_build, builds.build_count
        having
            count(*) < builds.build_count
            or count(distinct terms.term_hash) > 1
            or builds.first_build <> {{ finished }}
        order by terms.term
    {%- endset -%}
    {%- set changed = [] -%}
    {%- for term, first_build in run_query(sql).rows -%}
        {%- if first_build != finished -%}
            {{- return(none) -}}
        {%- endif -%}
        {%- do changed.append(term) -%}
    {%- endfor -%}
    {{- return(changed) -}}
{%- endmacro %}

{# Whether a model is carried on of which all rows follow from these terms. #}
{% macro are_terms_kept(terms) -%}
    {%- set changed = changed_terms() -%}
    {{- return(changed is not none and not changed | select('in', terms) | list) -}}
{%- endmacro %}
