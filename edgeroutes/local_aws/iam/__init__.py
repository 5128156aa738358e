"""IAM, as a test of it needs it: what a function's role may, and what its code asks for. Floor 3.

What flows through::

    boto3 ──► hook          of every call, before it is sent, while a function runs under `enforce`
               │
               ▼
    needs      actions      the actions that the call needs, and the ARNs that its parameters name
               │
               ▼
    policies   conditions   what the policies of the function's role (roles) say of each; patterns compares
               │
               ▼
    refusals   advice       boto3's own error, and the line for function.yaml that was missing

`review` asks the same of what `build/aws_calls` finds in sources, by way of `operations`: that is `edgeroutes iam`.
"""
