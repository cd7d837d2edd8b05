"""Automation: components that do by themselves what a person need not do by hand."""
