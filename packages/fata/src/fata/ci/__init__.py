"""Continuous integration: one model of the pipeline, rendered for providers and run here."""
