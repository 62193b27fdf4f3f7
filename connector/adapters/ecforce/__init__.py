"""ECFORCE (受注カート): the port `Cart` over its admin API and its CSV imports; spec/ecforce.md."""
