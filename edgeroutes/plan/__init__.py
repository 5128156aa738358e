"""Which functions there will be and what each of them holds: decided, not done. Build wing, floor 2; no I/O."""
