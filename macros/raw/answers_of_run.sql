{# What a run asks more than once, and is answered alike each time, by question: dbt keeps the graph for as long as
   it runs. Another run in the same process may find the same graph: so each begins by forgetting. #}
{% macro answers_of_run() -%}
    {%- if graph.answers is not defined -%} {%- do forget_answers() -%} {%- endif -%}
    {{- return(graph.answers) -}}
{%- endmacro %}

{% macro forget_answers() -%}
    {%- do graph.update({'answers': {}}) -%}
{%- endmacro %}
