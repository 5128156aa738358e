"""The dev server: what API Gateway, CloudFront and Lambda do, around the production adapter.

HTTP comes in over uvicorn (`server`, `cdn`), becomes an API Gateway event (`app`, `gateway`), and runs through the adapter that Lambda
calls (`invocation`), in a worker process (`workers`, `worker`); `response_writer` sends the result. `project` is one reading of a
project, which `reload` replaces when `watch` sees a change. `aws` has the functions' resources, `function_environment` their
variables. Nothing here prints: `reports` are values.
"""
