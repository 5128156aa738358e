"""IAM checks: the actions that code needs, compared with the policies of its function's role.

What flows through::

    boto3 ──► enforcement       hooks every call before it is sent, while a function runs under `enforce`
               │
               ▼
    needs      actions.toml     the actions that the call needs, and the ARNs of its parameters
               │
               ▼
    policies                    the decision of the role's policies
               │
               ▼
    enforcement                 boto3's own error, with the missing line for function.yaml from `needs`

`review` does the same for the calls that `build/aws_calls` finds in sources: that is `edgeroutes iam`.
"""
