{# The identifiers of erased people that earlier builds put on the deny list, as a query of `identifier_hash`. #}
{% macro denied_identifiers() -%}
    {{ rows_if_any(state_table('int_privacy__denied_identifiers'), {'identifier_hash': 'string'}) }}
{%- endmacro %}

{# What int_identity__erased_partners says of earlier builds, as a query. #}
{% macro erased_partners() -%}
    {{ rows_if_any(state_table('int_identity__erased_partners'), {
        'identifier_hash': 'string', 'identifier_type': 'string', 'partner_type': 'string', 'partner_count': 'bigint'
    }) }}
{%- endmacro %}
