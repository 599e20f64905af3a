{# dbt's own macro for Spark, which asks what a schema holds: here of one that is not there yet nothing is asked.
   Catalogs of Iceberg answer that in words which dbt-spark does not know. #}
{% macro spark__list_relations_without_caching(relation) %}
    {%- if relation.schema in run_query('show databases').columns[0].values() -%}
        {%- set query = "show table extended in " ~ relation.schema ~ " like '*'" -%}
    {%- else -%}
        {%- set query = "select '' as namespace, '' as name, false as temporary, '' as information where false" -%}
    {%- endif -%}
    {{ return(run_query(query)) }}
{% endmacro %}
