{# For tables of the raw contract: all its columns are there, and no required one is empty in more than a
   twentieth of the rows, if that is ten or more. Single bad records are refused one by one; so many are a
   wrong extract. #}
{% test honours_contract(model) %}

    {%- set contract = namespace(columns={}) -%}
    {%- if execute -%}
        {%- for source in graph.sources.values()
            if source.schema == model.schema and source.name == model.identifier -%}
            {%- set contract.columns = source.columns -%}
        {%- endfor -%}
    {%- endif %}

    with

    counted as (

        select
            count(*) as row_count
            {%- for column in contract.columns.values() %},
            count({{ column.name }}) as {{ column.name }}
            {%- endfor %}
        from {{ model }}

    )

    {%- for column in contract.columns.values() if column.config.meta.get('required') %}
    {{ 'union all' if not loop.first }}
    select
        '{{ column.name }}' as required_column,
        row_count,
        {{ column.name }} as filled
    from counted
    where
        {{ column.name }} * 20 < row_count * 19
        and row_count - {{ column.name }} >= 10
    {%- endfor %}

{% endtest %}
