"""The template of a project's stack."""
