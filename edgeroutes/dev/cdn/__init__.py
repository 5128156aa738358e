"""The CDN in front of the dev server's gateway: what CloudFront, with the distribution of the template, does with a request. Floor 3.

What flows through is ASGI: `edge.Cdn` stands where the browser's requests come in, and asks its origin, which is the gateway, as
CloudFront asks API Gateway. What it may do with an answer says `http/freshness`, the same rules that the runtime writes by.

1. *Which requests.* GET and HEAD alone are looked up and kept. All other methods pass, and forget nothing; a GET with a body is
   refused with 403 (aws.md §5).
2. *The key* (`key`). Path and query as they were sent, to the byte and in their order, and `Accept-Encoding` reduced to what of
   gzip and br it takes. Host and Origin belong to it only where the distribution has them in it. Cookies, `Authorization` and what
   `Vary` names never do: the origin gets them, and what it answers to one user is everybody's if its `Cache-Control` lets it.
3. *Looking up* (`store`). A fresh answer is served. A stale one within `stale-while-revalidate` is served, too, while one request
   behind it fetches the next. HEAD is served from GET's answer.
4. *Asking the origin* (`flights`, `fetch`). Of requests for one key that come at once, the first one asks and the others wait for what it
   brings; when that is of no use to them, as a stream or a private answer is, each asks for itself. A stale answer is asked about
   with its validators, and made fresh again by a 304.
5. *Errors.* An answer that is there stands in for 500, 502, 503, 504 and a broken connection, within `stale-if-error`, without it
   as long as it is kept. Errors themselves are kept only by a lifetime of their own: the template sets ErrorCachingMinTTL to 0.
6. *Storing.* Bytes go to the client as they come; what has come to its end is kept, with its tags, in a memory that has a bound and
   loses first what was not asked for longest. What was asked for before an invalidation is not stored after it.
7. *Answering* (`answers`, `viewer`). `Age` and `X-Cache`; 304 to who has it already, 206 for a range of what is here. What the template's
   viewer-response function does is done last: `Cache-Control` with an s-maxage becomes `public, max-age=0, must-revalidate`, so that
   browsers ask each time (decisions.md, "Two audiences"). What the function had said is in `X-Origin-Cache-Control`.
8. *Warnings* (`leaks`). The log names an answer that is kept for everyone though it sets a cookie or was made for one user.

Forgotten is by `Cdn.invalidate`, which takes what CreateInvalidation takes, and by every save: what is seen after one is the new code.

What CloudFront does and this does not: compress, try an origin several times, keep the parts of a 206.
"""
