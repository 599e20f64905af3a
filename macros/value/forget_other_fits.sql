{# Hook of a model of what follows from the parameters of the fits in use: takes out what others left. #}
{% macro forget_other_fits() -%}
    {%- if execute and is_incremental() -%}
        delete from {{ this }} as kept
        where
            {%- if is_carried_on() %}
            not exists (
                select 1
                from {{ ref('int_value__fits_in_use') }} as models
                where
                    models.sample = kept.sample
                    and models.r = kept.r
                    and models.alpha = kept.alpha
                    and models.a = kept.a
                    and models.b = kept.b
            )
            {%- else %}
            true
            {%- endif %}
    {%- endif -%}
{%- endmacro %}
