{# What of a raw table has to be read: `mode` is whole, files (only those of `files`), since (what arrived after
   `since`) or nothing. What was read is noted with the rows, so a build that breaks off reads it again.

   Whole, if anything is not as it was when it was read: a file that changed or is gone, a column of another type,
   a var or the model, or a table that the records are judged by. A table that is one file, or is loaded by others,
   is read from the last arrival on, as long as all before it is still there, row for row. A unit test has no
   table, and reads all. #}
{% macro reading_plan(source_name, name) -%}
    {{- return(adapter.dispatch('reading_plan', 'lifecycle')(source_name, name)) -}}
{%- endmacro %}

{# Elsewhere nothing says what was read. #}
{% macro default__reading_plan(source_name, name) -%}
    {{- return({'mode': 'whole'}) -}}
{%- endmacro %}

{% macro duckdb__reading_plan(source_name, name) -%}
    {%- if not execute or this is none or not is_incremental() -%}
        {{- return({'mode': 'whole'}) -}}
    {%- endif -%}
    {%- set answers, question = answers_of_run(), 'reading plan of ' ~ source_name ~ '.' ~ name -%}
    {%- if question not in answers -%}
        {%- do answers.update({question: plan_by_files(source_name, name)}) -%}
    {%- endif -%}
    {{- return(answers[question]) -}}
{%- endmacro %}

{% macro plan_by_files(source_name, name) -%}
    {%- set whole = {'mode': 'whole'} -%}
    {%- set source_table = source_name ~ '.' ~ name -%}
    {%- set definition = reading_definition(source_name, name) -%}
    {%- set found = [] -%}
    {%- for row in run_query(
        "select found.file_name, noted.file_name, found.fingerprint = noted.fingerprint, noted.definition,"
        ~ " noted.generation"
        ~ " from (select * from raw_registry.files where source_table = '" ~ source_table ~ "') as found"
        ~ " full join (select * from raw_registry.files_read where source_table = '" ~ source_table ~ "') as noted"
        ~ " on found.file_name = noted.file_name"
    ).rows -%}
        {%- do found.append({
            'now': row[0], 'then': row[1], 'is_same': row[2], 'definition': row[3], 'generation': row[4]
        }) -%}
    {%- endfor -%}

    {%- set fresh = found | selectattr('then', 'none') | map(attribute='now') | list -%}
    {%- set noted = found | rejectattr('then', 'none') | list -%}
    {%- if not noted
        or noted | rejectattr('definition', 'equalto', definition) | list
        or noted | selectattr('now', 'none') | list -%}
        {{- return(whole) -}}
    {%- endif -%}
    {%- if not noted | rejectattr('is_same') | list -%}
        {%- set plan = {'mode': 'files', 'files': fresh} if fresh else {'mode': 'nothing'} -%}
    {%- elif not fresh and noted[0].now == '' -%}
        {%- set plan = plan_by_arrival(source_name, name) -%}
    {%- endif -%}
    {{- return(dict(plan or whole, definition=definition, generation=noted[0].generation)) -}}
{%- endmacro %}

{% macro plan_by_arrival(source_name, name) -%}
    {%- set arrival = utc_timestamp('_loaded_at') -%}
    {%- set last, count = run_query('select cast(max(_loaded_at) as string), count(*) from ' ~ this).rows[0].values() -%}
    {%- if last is not none -%}
        {%- set before, unknown = run_query(
            'select count(case when ' ~ arrival ~ " <= timestamp '" ~ last ~ "' then 1 end),"
            ~ ' count(case when ' ~ arrival ~ ' is null then 1 end) from raw_' ~ source_name ~ '.' ~ name
        ).rows[0].values() -%}
        {%- if before == count and unknown == 0 -%}
            {{- return({'mode': 'since', 'since': last}) -}}
        {%- endif -%}
    {%- endif -%}
    {{- return({'mode': 'whole'}) -}}
{%- endmacro %}

{# The condition on a raw row that this build has to read it. #}
{% macro is_unread(source_name, name, plan=none) -%}
    {%- set plan = plan or reading_plan(source_name, name) -%}
    {%- if plan.mode == 'whole' -%}
        true
    {%- elif plan.mode == 'files' -%}
        _file in ({% for file in plan.files %}'{{ file | replace("'", "''") }}'{{ ', ' if not loop.last }}{% endfor %})
    {%- elif plan.mode == 'since' -%}
        {{ utc_timestamp('_loaded_at') }} > timestamp '{{ plan.since }}'
    {%- else -%}
        false
    {%- endif -%}
{%- endmacro %}

{# What the rows of a base model depend on beside its raw rows. #}
{% macro reading_definition(source_name, name) -%}
    {%- set parts = [model.raw_code, hash_of_code()] -%}
    {%- set tables = [source_name ~ '.' ~ name] + raw_table(source_name, name).judged_by -%}
    {%- set found = run_query(
        "select source_table, definition, (select max(generation) from raw_registry.files_read as noted"
        ~ " where noted.source_table = tables.source_table) from raw_registry.tables"
        ~ " where source_table in ('" ~ tables | join("', '") ~ "')"
    ).rows -%}
    {%- for table in tables -%}
        {%- set row = (found | selectattr(0, 'equalto', table) | list)[0] -%}
        {%- do parts.extend([row[1], row[2] if not loop.first]) -%}
    {%- endfor -%}
    {{- return(local_md5(parts | join('|'))) -}}
{%- endmacro %}

{# With the rows goes the note of them. #}
{% macro forget_what_is_read_anew(source_name, name) -%}
    {%- if is_incremental() and reading_plan(source_name, name).mode == 'whole' -%}
        {%- do forget_what_was_read(source_name, name) -%}
        delete from {{ this }} where true
    {%- endif -%}
{%- endmacro %}

{% macro forget_what_was_read(source_name, name) -%}
    {{- adapter.dispatch('forget_what_was_read', 'lifecycle')(source_name, name) -}}
{%- endmacro %}

{% macro default__forget_what_was_read(source_name, name) %}{% endmacro %}

{% macro duckdb__forget_what_was_read(source_name, name) -%}
    {%- do run_query(
        "delete from raw_registry.files_read where source_table = '" ~ source_name ~ '.' ~ name ~ "'"
    ) -%}
{%- endmacro %}

{% macro note_what_was_read(source_name, name) -%}
    {%- if execute -%} {{ adapter.dispatch('note_what_was_read', 'lifecycle')(source_name, name) }} {%- endif -%}
{%- endmacro %}

{% macro default__note_what_was_read(source_name, name) %}{% endmacro %}

{% macro duckdb__note_what_was_read(source_name, name) -%}
    {%- set source_table = source_name ~ '.' ~ name -%}
    {%- set plan = reading_plan(source_name, name) -%}
    {%- if plan.mode != 'nothing' -%}
    {%- do forget_what_was_read(source_name, name) -%}
    insert into raw_registry.files_read
    select
        source_table,
        file_name,
        fingerprint,
        '{{ plan.definition or reading_definition(source_name, name) }}' as definition,
        {#- The build that read it whole. #}
        {{ build_number() if plan.mode == 'whole' else plan.generation }} as generation
    from raw_registry.files
    where source_table = '{{ source_table }}'
    {%- endif -%}
{%- endmacro %}
