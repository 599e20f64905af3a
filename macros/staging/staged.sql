{# Config of a base model: a table that holds every delivery of a raw table, and is added to. The hooks are
   one transaction with the rows, or, where the table is read whole, the notes of what was read are one with all
   that comes after the rows: a build that breaks off in between finds nothing noted, and reads the table whole. #}
{% macro staged(source_name, name) -%}
    {%- set arguments = "('" ~ source_name ~ "', '" ~ name ~ "')" -%}
    {{- config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key=delivery_key(source_name, name),
        on_schema_change='fail',
        pre_hook='{{ forget_what_is_read_anew' ~ arguments ~ ' }}',
        post_hook=[
            '{{ keep_last_deliveries' ~ arguments ~ ' }}',
            '{{ note_what_was_read' ~ arguments ~ ' }}',
        ],
    ) -}}
{%- endmacro %}

{# The column that deliveries of one record share: its key or, if that is several columns, their text. #}
{% macro delivery_key(source_name, name) -%}
    {%- set key = raw_table(source_name, name).key -%}
    {{- return(key[0] if key | length == 1 else '_record_key') -}}
{%- endmacro %}

{# Columns of a base model that tell about the record: those of the contract. Unit tests are not told of it. #}
{% macro staged_columns(source_name, name) -%}
    {%- set columns = [] -%}
    {%- if execute -%}
        {%- for source in graph.get('sources', {}).values()
            if source.source_name == source_name and source.name == name -%}
            {%- do columns.extend(source.columns) -%}
        {%- endfor -%}
    {%- endif -%}
    {{- return(columns) -}}
{%- endmacro %}

{# A query: records as just read and judged by themselves (`own_problem`), with those of earlier builds that
   have to be judged once more: all deliveries of the same records and, by `again`, queries of their keys, of
   those whose neighbours have changed. #}
{% macro with_known(relation, source_name, name, again=[]) -%}
    {%- set columns = staged_columns(source_name, name) -%}
    {%- set key = delivery_key(source_name, name) -%}
    {%- set record_key = key_text(raw_table(source_name, name).key) -%}
    {%- if not columns -%}
        select * from {{ relation }}
    {%- else -%}
    select
        {% for column in columns -%}
        {{ column }},
        {% endfor -%}
        {% if key == '_record_key' -%}
        {{ record_key }} as _record_key,
        {% endif -%}
        own_problem,
        cast(null as string) as raw_record,
        raw_row,
        false as is_erased,
        false as was_kept,
        _loaded_at,
        _part
    from {{ relation }}
    {%- if reading_plan(source_name, name).mode != 'whole' %}
    union all
    select
        {% for column in columns -%}
        {{ column }},
        {% endfor -%}
        {% if key == '_record_key' -%}
        _record_key,
        {% endif -%}
        own_problem,
        raw_record,
        null as raw_row,
        is_erased,
        is_kept as was_kept,
        _loaded_at,
        _part
    from {{ this }}
    where
        {{ key }} in (
            select named.delivered_key
            from (
                select {{ record_key }} as delivered_key from {{ relation }}
                {%- for keys in again %}
                union all
                {{ keys }}
                {%- endfor %}
            ) as named
            where {{ is_one_of_few('named.delivered_key') }}
        )
    {%- endif -%}
    {%- endif -%}
{%- endmacro %}

{# A query: keys of records of earlier builds that were refused for want of another one, which came since: what
   was there before was not the one. #}
{% macro found_since(source_name, name, reason, column, others) -%}
    {%- if reading_plan(source_name, name).mode != 'whole' -%}
    {%- set last = run_query('select coalesce(max(_build_number), 0) from ' ~ this).columns[0].values()[0] -%}
    select {{ delivery_key(source_name, name) }}
    from {{ this }}
    where
        rejection_reason = '{{ reason }}'
        and {{ column }} in (
            select others.{{ column }} from {{ others }} as others where others._build_number > {{ last }}
        )
    {%- endif -%}
{%- endmacro %}

{# The records of another table that these name, by a column of both, as a relation. Of few they are picked first: DuckDB
   would put all into a hash table. #}
{% macro others_named(others, column, relation, source_name, name) -%}
    {%- if reading_plan(source_name, name).mode == 'whole' -%}
        {{ others }}
    {%- else -%}
        (
            select * from {{ others }}
            where {{ column }} in (select {{ column }} from {{ relation }} group by {{ column }} having count(*) > 0)
        )
    {%- endif -%}
{%- endmacro %}

{# The end of a base model: records with their `rejection_reason`, as they are kept. Which of several
   deliveries is the last one is told once they are there: to hold all records until then would take memory
   for the whole table. #}
{% macro as_delivered(relation, source_name, name, more=[]) -%}
    {%- set columns = staged_columns(source_name, name) -%}
    {%- if not columns -%}
        select * from {{ relation }}
    {%- else -%}
    select
        {% for column in columns + more -%}
        {{ column }},
        {% endfor -%}
        own_problem,
        rejection_reason,
        case
            when rejection_reason is not null then coalesce(raw_record, {{ raw_record('raw_row') }})
        end as raw_record,
        rejection_reason is null as is_kept,
        is_erased,
        was_kept,
        _loaded_at,
        _part,
        {% if delivery_key(source_name, name) == '_record_key' -%}
        _record_key,
        {% endif -%}
        {{ build_number() }} as _build_number
    from {{ relation }}
    {%- endif -%}
{%- endmacro %}

{# Of the usable deliveries of a record the one that arrived last is kept. Ties go to the later part file, then
   to the record whose text sorts last, so the pick never depends on the order of rows. Few records come twice:
   only those are ranked, and written anew. #}
{% macro keep_last_deliveries(source_name, name) -%}
    {%- set mode = reading_plan(source_name, name).mode -%}
    {%- if execute and (mode != 'nothing' or raw_table(source_name, name).judged_by) -%}
    {%- if mode == 'whole' -%}
        {%- do forget_what_was_read(source_name, name) -%}
        {%- do commit_so_far() -%}
    {%- endif -%}
    {%- set key = delivery_key(source_name, name) -%}
    {%- set touched -%}
        rejection_reason is null
        and {{ key }} is not null
        and _build_number = {{ build_number() }}
    {%- endset -%}
    {%- set sql -%}
        select
            records.*,
            row_number() over (
                partition by records.{{ key }}
                order by
                    records._loaded_at desc nulls last,
                    records._part desc nulls last,
                    {{ key_text(staged_columns(source_name, name)) }} desc
            ) as delivery_rank
        from {{ this }} as records
        where
            {{ touched }}
            and {{ key }} in (
                select {{ key }}
                from {{ this }}
                where {{ touched }}
                group by {{ key }}
                having count(*) > 1
            )
    {%- endset -%}
    {%- set ranked = make_scratch_table(this.identifier ~ '__ranked', sql) -%}
    {%- if run_query('select count(*) from ' ~ ranked).columns[0].values()[0] > 0 -%}
        {%- set columns = adapter.get_columns_in_relation(this) | map(attribute='name') | list -%}
        {%- do run_statement(
            'delete from ' ~ this ~ ' where ' ~ touched ~ ' and ' ~ key ~ ' in (select ' ~ key ~ ' from ' ~ ranked ~ ')'
        ) -%}
        {%- do run_statement(
            'insert into ' ~ this ~ ' (' ~ columns | join(', ') ~ ') select '
            ~ columns | join(', ') | replace(' is_kept,', ' delivery_rank = 1 as is_kept,') ~ ' from ' ~ ranked
        ) -%}
    {%- endif -%}
    drop table {{ ranked }}
    {%- endif -%}
{%- endmacro %}

{# The number of this build, in SQL: rows that it changes bear it. #}
{% macro build_number() -%}
    cast({{ number_of_build() }} as bigint)
{%- endmacro %}

{% macro number_of_build() -%}
    {%- set answers = answers_of_run() -%}
    {%- if execute and 'build number' not in answers -%}
        {%- set known = adapter.get_relation(target.get('database'), 'raw_registry', 'builds') -%}
        {%- if known is not none -%}
            {%- set number = run_query('select max(build_number) from ' ~ known).columns[0].values()[0] -%}
        {%- endif -%}
        {%- do answers.update({'build number': number or 1}) -%}
    {%- endif -%}
    {{- return(answers['build number'] or 1) -}}
{%- endmacro %}
