"""AWS on the desk: a project's resources in moto, for `edgeroutes dev` and for tests. Floor 3; moto is imported nowhere else.

What flows through::

    template.yaml      local_template   without code, and without an API that nobody refers to
        │
        ▼
    stack.Cloud        boto3 ─────────► moto: the mock of this process, or a server (process) that outlives reloads
        │                                 engine      its CloudFormation, with SAM's transform and {{resolve:…}}
        │                                 models      the resource types that it lacks, or holds by half
        ▼
    data.Data          infra/seed/*     what is in tables, buckets, queues, secrets and parameters, again for each test
        │
        ▼
    Cloud.environment_of("HelloFunction")     what a function finds in os.environ

    iam.enforce(cloud, "HelloFunction")       what it may do with that

`project.start_cloud` does all of it but the last. The same engine takes what `sam deploy` sends: `tests/system/test_sam_deploy.py`.
"""
