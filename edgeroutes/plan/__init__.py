"""Decides which functions a project has and what each contains. No I/O."""
