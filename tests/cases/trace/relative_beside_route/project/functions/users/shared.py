page = 1
