task_default_queue = "own"
