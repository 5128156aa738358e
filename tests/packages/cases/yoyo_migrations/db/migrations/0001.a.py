from yoyo import step
steps = [step("create table a (b int)")]
