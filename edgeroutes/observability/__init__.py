"""Powertools' logger and metrics with the request's data; each loads when it is used."""
