"""The cloud on the desk: what API Gateway and CloudFront do, done here, around the production adapter. Floor 3.

HTTP comes in over uvicorn (`server`, `app`), becomes an API Gateway event (`gateway`), is refused where AWS would (`limits`), and goes
through the adapter that Lambda calls (`invocation`), a thread for each request and one event loop for all (`loop_thread`); its result
becomes HTTP again (`writer`). `project` says what there is to serve, `faults` which routes cannot; `loaded` is one reading of it,
which `reload` replaces when `watch` sees a file change. Nothing here prints: what happens is told in `reports`.
"""
