{# Country code and the prefix that is dialled only inside the country (ITU-T E.164 and its lists). #}
{% macro dial_codes() -%}
    {%- set codes = {} -%}
    {%- for line in [
        'AE 971 0', 'AR 54 0', 'AT 43 0', 'AU 61 0', 'BE 32 0', 'BG 359 0', 'BR 55 0', 'BY 375 8', 'CA 1 1',
        'CH 41 0', 'CL 56', 'CN 86 0', 'CO 57', 'CY 357', 'CZ 420', 'DE 49 0', 'DK 45', 'EE 372', 'EG 20 0',
        'ES 34', 'FI 358 0', 'FR 33 0', 'GB 44 0', 'GE 995 0', 'GR 30', 'HK 852', 'HR 385 0', 'HU 36 06',
        'ID 62 0', 'IE 353 0', 'IL 972 0', 'IN 91 0', 'IS 354', 'IT 39', 'JP 81 0', 'KE 254 0', 'KR 82 0',
        'KZ 7 8', 'LT 370 0', 'LU 352', 'LV 371', 'MA 212 0', 'MX 52', 'MY 60 0', 'NG 234 0', 'NL 31 0',
        'NO 47', 'NZ 64 0', 'PE 51 0', 'PH 63 0', 'PK 92 0', 'PL 48', 'PT 351', 'RO 40 0', 'RS 381 0',
        'RU 7 8', 'SA 966 0', 'SE 46 0', 'SG 65', 'SI 386 0', 'SK 421 0', 'TH 66 0', 'TR 90 0', 'TW 886 0',
        'UA 380 0', 'US 1 1', 'UY 598 0', 'VN 84 0', 'ZA 27 0'
    ] -%}
        {%- set words = line.split(' ') -%}
        {%- do codes.update({words[0]: {
            'dial_code': words[1], 'trunk_prefix': words[2] if words | length > 2 else ''
        }}) -%}
    {%- endfor -%}
    {{- return(codes) -}}
{%- endmacro %}
