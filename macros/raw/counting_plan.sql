{# Which rows of a raw table are not in the totals that the build before left: `mode` as of `reading_plan`, without
   `since`, for nothing tells how many there were before. A table loaded by others is counted anew each time. #}
{% macro counting_plan(source_name, name) -%}
    {{- return(adapter.dispatch('counting_plan', 'lifecycle')(source_name, name)) -}}
{%- endmacro %}

{% macro default__counting_plan(source_name, name) -%}
    {{- return({'mode': 'whole'}) -}}
{%- endmacro %}

{% macro duckdb__counting_plan(source_name, name) -%}
    {%- if not execute or this is none or not is_incremental() -%}
        {{- return({'mode': 'whole'}) -}}
    {%- endif -%}
    {%- set answers = answers_of_run() -%}
    {%- if 'counting plans' not in answers -%}
        {%- set tables, plans = {}, {} -%}
        {%- for row in run_query(
            "select source_table, file_name, counted.definition is not null,"
            ~ " coalesce(found.fingerprint = counted.fingerprint"
            ~ " and counted.definition = '" ~ fingerprint_of_code() ~ "', false)"
            ~ " from raw_registry.files as found"
            ~ " full join raw_registry.files_counted as counted using (source_table, file_name)"
        ).rows -%}
            {%- do tables.setdefault(row[0], []).append({
                'name': row[1], 'was_counted': row[2], 'is_same': row[3]
            }) -%}
        {%- endfor -%}
        {%- for source_table, files in tables.items() -%}
            {%- set fresh = files | rejectattr('was_counted') | map(attribute='name') | list -%}
            {%- set counted = files | selectattr('was_counted') | list -%}
            {%- if not counted or counted | rejectattr('is_same') | list -%}
                {%- do plans.update({source_table: {'mode': 'whole'}}) -%}
            {%- elif fresh -%}
                {%- do plans.update({source_table: {'mode': 'files', 'files': fresh}}) -%}
            {%- else -%}
                {%- do plans.update({source_table: {'mode': 'nothing'}}) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- do answers.update({'counting plans': plans}) -%}
    {%- endif -%}
    {{- return(answers['counting plans'][source_name ~ '.' ~ name]) -}}
{%- endmacro %}

{% macro note_what_was_counted() -%}
    {%- if execute -%} {{ adapter.dispatch('note_what_was_counted', 'lifecycle')() }} {%- endif -%}
{%- endmacro %}

{% macro default__note_what_was_counted() %}{% endmacro %}

{% macro duckdb__note_what_was_counted() -%}
    {%- do run_query('delete from raw_registry.files_counted') -%}
    insert into raw_registry.files_counted
    select
        source_table,
        file_name,
        fingerprint,
        '{{ fingerprint_of_code() }}' as definition
    from raw_registry.files
{%- endmacro %}
