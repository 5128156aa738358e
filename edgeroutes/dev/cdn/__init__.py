"""The CDN in front of the dev server's gateway: what CloudFront does with a request, given the template's distribution.

`edge.Cdn` is an ASGI app between the client and the gateway, its origin. `http/freshness` has the cache rules, which the runtime
uses as well.

1. *Requests.* Only GET and HEAD are cached. Other methods pass through and invalidate nothing; a GET with a body gets 403 (aws.md §5).
2. *The cache key* (`cache`). Path and query byte by byte, in their order, and `Accept-Encoding` reduced to gzip and br. Host and Origin
   only where the distribution's key has them. Cookies, `Authorization` and the headers of `Vary` never: the origin receives them, and a
   response to one user goes to everyone if its `Cache-Control` allows it.
3. *Lookup* (`cache`). A fresh response is served. A stale one within `stale-while-revalidate` is served while one request in the
   background fetches the next. HEAD is served from GET's response.
4. *The origin* (`cache`). Simultaneous requests for one key are coalesced: the first asks the origin and the others wait; where they
   cannot use its response, as with a stream or a private one, each sends its own. A stale response is revalidated, and a 304 makes it
   fresh again.
5. *Errors.* A cached response replaces 500, 502, 503, 504 and a broken connection within `stale-if-error`, or without one as long as it
   is cached. Errors are cached only with a lifetime of their own: the template sets ErrorCachingMinTTL to 0.
6. *Storing.* The client gets the bytes as they arrive; a complete response is stored with its tags. The least recently used are evicted
   first. A response requested before an invalidation is not stored after it.
7. *Responding* (`cache`). `Age` and `X-Cache`; 304 and 206 from the cache. Then what the template's viewer-response function does:
   `Cache-Control` with an s-maxage becomes `public, max-age=0, must-revalidate`, so that browsers revalidate each time (decisions.md,
   "Two audiences"). `X-Origin-Cache-Control` has the origin's value.
8. *Privacy warnings.* The log names a response that is cached for everyone although it sets a cookie or is one user's.

`Cdn.invalidate` takes the items of CreateInvalidation; every save clears the cache.

CloudFront also compresses, retries the origin and caches ranges; this does not.
"""
