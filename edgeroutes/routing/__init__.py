"""Which file serves which URL.

What flows through, stage by stage. The first three stages happen where the project is built, `dev` and tests included;
the last where a request is handled, with the same code everywhere::

    functions/**                                     a tree of folders
        │  file_tree    FileTree: the port; DiskTree reads the disk, tests draw a picture
        ▼
    scan ── segments    one folder name → Segment    static, [id], [...rest], [[...rest]], (group), _private
        │   patterns    a row of those  → Pattern    route_path '/users/[id]', parameter names, sort key
        │   layout      all patterns    → problems   two folders for one URL, '[id]' beside '[slug]', …
        ▼
    exports bindings    a source text   → its names  by ast: nothing is imported, nothing runs
        │   literals    an expression   → its value  literals and calls of edgeroutes' own value classes
        │   handlers    methods         → facts      async, generator, arguments that nothing can fill
        │   misspellings  other names   → problems   'psot', 'maxDuration'
        │   conventions values          → SegmentConfig
        ▼
    RouteScan           routes in the order in which they are tried, and every problem at once
        │               (plan, template and bundles start from here)
        ▼
    table               (route_path, value)… → RouteTable.match('/users/7') → Match(value, params)

`table` is the only matcher: Lambda functions, the dev server, tests and middleware's `matcher` all ask it, so that what
matches here matches there. It trusts the route paths that `Pattern` renders and therefore imports nothing at all.

Order: on every level a static segment beats `[id]` beats `[...rest]` beats `[[...rest]]`; a branch that ends in nothing
gives way to the next best. That is the same as trying the sorted patterns one by one and taking the first that matches;
a tree of dicts finds it without trying them.

Cold path: `segments`, `patterns`, `conventions` and `table` ship in every function and are imported at its start. They
are plain classes with `__slots__` and import nothing that costs time. The others run only
where a project is built; they use dataclasses and `ast`.

Nothing stops at the first fault: problems are values, gathered in lists, and the caller decides which of them matter. A
route file without handlers, for one, stops a build; at run time it responds 405.
"""
