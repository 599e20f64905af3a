{# The tables of which records were added since the last finished build and none is another, or is gone: a record that is
   judged anew, replaced or erased bears the number of a later build, and there are fewer of earlier ones than there were.
   None after a build that broke off when some of them were counted already. Asked before they are. #}
{% macro tables_only_added_to() -%}
    {%- if not execute or not last_finished() -%}
        {{- return([]) -}}
    {%- endif -%}
    {%- set finished, records = last_finished(), left_table('intermediate', 'int_identity__records') -%}
    {%- set rows_now, counted = run_query(
        'select ' ~ base_rows_sql('_build_number <= ' ~ finished.build_number)
        ~ ', (select max(_build_number) from ' ~ records ~ ')'
    ).rows[0].values() -%}
    {%- set added, rows_then = [], (finished.base_rows or '').split(', ') -%}
    {%- if (counted or 0) <= finished.build_number -%}
        {%- for rows in rows_now.split(', ') if rows in rows_then -%}
            {%- do added.append(rows.split(' ')[0]) -%}
        {%- endfor -%}
    {%- endif -%}
    {{- return(added) -}}
{%- endmacro %}

{# Whether all that is touched was but added to, as int_identity__touched_records says. From what an erased row named
   something was taken. #}
{% macro are_records_only_added() -%}
    {%- if not execute -%}
        {%- do ref('int_identity__touched_records') -%}
        {%- do ref('int_identity__touched_nodes') -%}
    {%- endif -%}
    {%- if not is_carried_on() -%}
        {{- return(false) -}}
    {%- endif -%}
    {%- set answers, question = answers_of_run(), 'only added, for ' ~ model.unique_id -%}
    {%- if question not in answers -%}
        {%- do answers.update({question: run_query(
            'select not exists (select 1 from ' ~ ref('int_identity__touched_records') ~ ' where not is_added)'
            ~ ' and not exists (select 1 from ' ~ ref('int_identity__touched_nodes') ~ ' where is_of_erased)'
        ).rows[0].values()[0]}) -%}
    {%- endif -%}
    {{- return(answers[question]) -}}
{%- endmacro %}

{# Takes out of int_identity__records the combinations that are touched: those that were but added to are counted on from
   what is known of them (`taken_from`). #}
{% macro take_out_touched_records() -%}
    {%- if execute and is_incremental() -%}
        {%- if is_carried_on() -%}
            {%- do take_out(this, is_among_few('combination_id', ref('int_identity__touched_records'))) -%}
        {%- else -%}
            delete from {{ this }} where true
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}

{# A join with the combinations of identifiers that are touched; none where all is made anew. #}
{% macro joined_touched_records(relation, source) -%}
    {%- if not execute -%} {%- do ref('int_identity__touched_records') -%} {%- endif -%}
    {%- if is_carried_on() -%}
        inner join {{ ref('int_identity__touched_records') }} as touched
            on
                touched.source_table = '{{ source.source_table }}'
                and not touched.is_added
                {%- for identifier in source.identifiers %}
                and {{ relation }}.{{ identifier }} is not distinct from touched.{{ identifier }}
                {%- endfor -%}
    {%- endif -%}
{%- endmacro %}

{# The records of a table among which those with touched combinations are: of some identifier that all of these have,
   the rows that have a touched one. A single one is looked up faster than all together, which may be null. Asked when
   the model is built and written into its SQL. #}
{% macro records_to_join(relation, source) -%}
    {%- set touched = ref('int_identity__touched_records') -%}
    {%- set condition = "not is_added and source_table = '" ~ source.source_table ~ "'" -%}
    {%- set found = namespace(identifier=none) -%}
    {%- if is_carried_on() -%}
        {%- set counts = run_query(
            'select count(*), count(' ~ source.identifiers | join('), count(') ~ ') from ' ~ touched
            ~ ' where ' ~ condition
        ).rows[0].values() -%}
        {#- The last one: a device is on fewer records than an account. -#}
        {%- for identifier in source.identifiers -%}
            {%- if counts[loop.index] == counts[0] -%} {%- set found.identifier = identifier -%} {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
    {%- if found.identifier -%}
        (
            select * from {{ relation }}
            where {{ found.identifier }} in (select {{ found.identifier }} from {{ touched }} where {{ condition }})
        )
    {%- else -%}
        {{ relation }}
    {%- endif -%}
{%- endmacro %}

{# Of a link both ends are touched if it is. One by hand is there as soon as both of its ends are. #}
{% macro take_out_touched_links() -%}
    {%- if execute and is_incremental() -%}
        {%- do run_statement('delete from ' ~ this ~ " where source_table = 'seeds.identity_links'") -%}
        {%- if is_carried_on() -%}
            {%- do take_out(this, is_touched('node_a', 'node_id') ~ ' and ' ~ is_touched('node_b', 'node_id')) -%}
        {%- else -%}
            delete from {{ this }} where true
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
