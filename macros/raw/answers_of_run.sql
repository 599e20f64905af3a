{# What a run asks more than once, and is answered alike each time, by question: dbt keeps the graph for as long as
   it runs. Another run in the same process may find the same graph. #}
{% macro answers_of_run() -%}
    {%- if graph.answers is not defined or graph.answers.run != invocation_id -%}
        {%- do graph.update({'answers': {'run': invocation_id}}) -%}
    {%- endif -%}
    {{- return(graph.answers) -}}
{%- endmacro %}
