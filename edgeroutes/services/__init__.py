"""Revalidation, the data cache, `fetch` and webhooks; each loads when it is used."""
