"""Revalidation, the data cache and `fetch`; each loads when it is used."""
