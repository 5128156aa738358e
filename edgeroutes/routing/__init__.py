"""Which file serves which URL.

What flows through, stage by stage. The first three stages happen where the project is built, `dev` and tests included; the last where a
request is handled, with the same code everywhere::

    functions/**                                     a tree of folders
        │  reading      FileTree: the port; DiskTree reads the disk, tests draw a picture
        ▼
    scan ── patterns    a folder name → Segment      static, [id], [...rest], [[...rest]], (group), _private
        │               a row of those → Pattern     route_path '/users/[id]', parameter names, sort key
        │   layout      all patterns → problems      two folders for one URL, '[id]' beside '[slug]', …
        ▼
    exports ─ bindings  a source file → its names    by ast: nothing is imported, nothing runs
        │   python_source  an expression → its value    literals and CORS(…)
        │   handlers    methods → facts              async, generator, arguments that nothing can fill
        │   conventions values → SegmentConfig
        ▼
    RouteScan           routes in the order in which they are tried, and every problem at once
        │               (plan, template and bundles start from here)
        ▼
    table               (route_path, value)… → RouteTable.match('/users/7') → Match(value, params)

`table` is the only matcher, for Lambda functions, the dev server, tests and the `matcher` of middleware. It accepts the route paths that
`Pattern` renders, and imports nothing.

Order: on every level a static segment beats `[id]` beats `[...rest]` beats `[[...rest]]`; a branch without a match falls back to the next
best. That is the same as trying the sorted patterns one by one; a tree of dicts finds the first without trying them.

Cold path: functions import `conventions` and `table` at their start, and `patterns` for a `matcher`. The other modules run only where a
project is built.

Problems are values, collected in lists, and the caller decides which of them matter: a route file without handlers stops a build, but
at run time it responds 405.
"""
