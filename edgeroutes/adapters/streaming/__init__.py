"""Responses that leave a function while they are produced, from the managed Python runtime.

What flows through, stage by stage:

1. **At build time** the source shows whether a route streams (a generator, `Response.stream` and its kin, `streaming = True`). The
   template then gives its integration `responseTransferMode: STREAM`, and its bundle's entry names the handler of this room. Neither
   the event nor the Runtime API shows a function how it was called, so this is decided once, for all its responses: an error, a
   redirect or a 304 goes out in the same format as a stream (`handler`).

2. **At init** the handler looks where it is. Under `sam local` and in a bare emulator nothing can stream: there it is the handler of
   `adapters.proxy`, and responses whole, in the proxy format. On Lambda it hooks the one method of awslambdaric that sends results
   (`adapters.runtime_client`), or, where that is not as known, whole responses in the stream's format and logs that once.

3. **An event** comes to the handler as to any other. It gives awslambdaric a `PendingResponse`: bytes to awslambdaric, which passes
   bytes on as they are, and a promise to the hook.

4. **awslambdaric posts the result**, and the hook has the promise send itself. Only now is the route asked, in one coroutine from its
   first line to its last chunk: what a generator opens (a timeout, a cancel scope, a context variable) is closed in the task that
   opened it. The head goes out as soon as the first chunk is there, in one write of its own; then each chunk as it is yielded. A write
   returns when the socket has taken it, so a slow client slows the generator, and memory stays flat (`client`).

5. **The end** is the last chunk of a chunked request. A generator that fails after the head is reported in the request's trailers, and
   logged; nothing is written into the body. One that would outlive the invocation is ended a margin before, as if it were done: on a
   loop it is cancelled where it waits, and over the head of one that blocks a timer's thread ends the result. The generator is closed in
   each case, one that middleware dropped too, and what was given to `after` runs when Lambda has taken the last byte.

`wire` has the bytes of all that, and no I/O. Source: docs.aws.amazon.com/lambda "runtimes-custom" (streaming, trailers), apigateway
"response-transfer-mode-lambda" (prelude); awslambdaric 3.0 to 4.2; read 2026-11-21.
"""
