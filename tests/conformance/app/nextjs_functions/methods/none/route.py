unrelated = 1
