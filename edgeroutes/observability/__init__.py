"""Powertools' logger and metrics, with the request in them. Request wing, floor 2; each loaded when it is used."""
