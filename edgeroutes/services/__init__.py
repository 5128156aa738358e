"""What a handler asks of AWS besides its own answer: revalidation, the data cache. Request wing, floor 2; loaded on demand."""
