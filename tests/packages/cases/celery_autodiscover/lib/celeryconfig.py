imports = ("lib.tasks_more",)
beat_schedule = {}
