"""Tools beside the dbt project: demo data, adapters, raw files, reports, publishing."""
