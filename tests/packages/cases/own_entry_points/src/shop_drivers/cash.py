class Cash:
    name = "cash"
