"""What guards do at run time: authentication, rate limits, idempotency, uploads. Loaded for routes that declare them."""
