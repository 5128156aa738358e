"""Responses that leave a function while they are produced, from the managed Python runtime.

What flows through, stage by stage:

1. **At build time** the source shows whether a route streams (a generator, `Response.stream` and its kin, `streaming = True`). The
   template then gives its integration `responseTransferMode: STREAM`, and its bundle's entry names `StreamingHandler`. Neither
   the event nor the Runtime API shows a function how it was called, so this is decided once, for all its responses: an error, a
   redirect or a 304 goes out in the same format as a stream.

2. **At init** the handler looks where it is. Under `sam local` and in a bare emulator nothing can stream: there it is the handler of
   `adapters.proxy`, and responses whole, in the proxy format. On Lambda it hooks the one method of awslambdaric that sends results
   (`adapters.proxy`). If it does not know the client, it sends whole responses in the stream's format, and logs that once.

3. **An event** comes to the handler as to any other. It gives awslambdaric a `PendingResponse`: bytes to awslambdaric, which passes
   bytes on as they are, and a promise to the hook.

4. **awslambdaric posts the result**, and the hook has the promise send itself. Only now the route runs, in one coroutine from its
   first line to its last chunk: what a generator opens (a timeout, a cancel scope, a context variable) is closed in the task that
   opened it. Status and headers go out as soon as the first chunk is there, in one write of their own; then each chunk as it is yielded.
   A write returns when the socket has taken it, so a slow client slows the generator, and memory stays flat.

5. **The end** is the last chunk of a chunked request. A generator that fails after that is reported in the request's trailers, and
   logged; nothing is written into the body. One that would outlive the invocation is ended a margin before, as if it were done: on a
   loop it is cancelled where it waits; if it blocks, the thread of a timer ends the result. The generator is closed in
   each case, one that middleware dropped too, and what was given to `after` runs when Lambda has taken the last byte.

`adapters.runtime_api` has the connection and the bytes. Source: docs.aws.amazon.com/lambda "runtimes-custom" (streaming, trailers),
apigateway "response-transfer-mode-lambda" (prelude); awslambdaric 3.0 to 4.2; read 2026-11-21.
"""

from __future__ import annotations

import os
import sys
import threading
from contextvars import copy_context

from edgeroutes.adapters.events import is_load_balancer
from edgeroutes.adapters.proxy import (
    OF_MALFORMED_EVENTS,
    LambdaHandler,
    PendingResponse,
    buffered_response,
    refuse_malformed,
)
from edgeroutes.adapters.runtime_api import ResultLostError, ResultStream, render_prelude
from edgeroutes.errors import ResponseTooLargeError
from edgeroutes.runtime.log import write_line
from edgeroutes.runtime.loop import is_fatal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from edgeroutes.http.response import Response
    from edgeroutes.runtime.application import Call
    from edgeroutes.runtime.manifest import Manifest
    from edgeroutes.types import Event, LambdaContext


_ACCEPTED = 202
_NO_LENGTH = (204, 304)  # Source: RFC 9110 §8.6


class StreamingHandler(LambdaHandler):
    """What the entry of a function names as its handler when its routes stream.

    Every response leaves in the format of a streamed result, whatever it is; where nothing can stream (`sam local`, the runtime
    emulator, a load balancer) it is a proxy result.

    Args:
        manifest: The function's routes.
        root: The folder that holds them: `/var/task`.
        debug: As in `LambdaHandler`.
    """

    def __init__(self, manifest: Manifest, root: str, *, debug: bool = False) -> None:
        super().__init__(manifest, root, debug=debug)
        # `sam local` sets both, a bare emulator neither. Source: decisions.md "Emulators", verified with both.
        self._is_on_lambda = "AWS_LAMBDA_INITIALIZATION_TYPE" in os.environ and "AWS_SAM_LOCAL" not in os.environ
        self._address = os.environ.get("AWS_LAMBDA_RUNTIME_API", "")
        self._margin_s = manifest.stream_margin_ms / 1000

    def __call__(self, event: Event, context: LambdaContext | None = None) -> dict[str, Any] | bytes:  # type: ignore[override]
        """The response to an event, still to be sent; the proxy result where nothing can stream.

        Raises:
            EventError: When there is no HTTP request in it; the log line names what is.
        """
        if not self._is_on_lambda or is_load_balancer(event):
            return super().__call__(event, context)
        call = self.open(event, context)
        if self.hook_installed:
            return PendingResponse(lambda invoke_id, invocation_id: self._send(call, invoke_id, invocation_id))
        return self._whole(call)

    def _send(self, call: Call, invoke_id: str, invocation_id: str | None) -> None:
        """Run the route, and send its response as it comes.

        Raises:
            EventError: When the route has failed and the event is malformed; nothing has been sent then.
        """
        is_responding = False

        async def send() -> None:
            nonlocal is_responding
            response = await call.respond()
            is_responding = True
            try:
                if response.status in OF_MALFORMED_EVENTS and call.incoming.event is not None:
                    refuse_malformed(call.incoming.event, call.incoming.aws_context)
                status = await self._deliver(call, response, invoke_id, invocation_id)
            except ResultLostError as error:
                if error.status is None:
                    raise
                status = error.status
            finally:
                await call.close_streams()
            if status != _ACCEPTED:
                write_line("ERROR", f"Lambda refused the response with status {status}", request_id=invoke_id)

        runner, running_in = self._runner(call), copy_context()
        try:
            runner.run(send(), running_in)
        except BaseException as error:  # raised around the call, such as a late cancellation
            if isinstance(error, Exception) or is_fatal(error):
                raise
            failed = call.fail(error)
            if not is_responding:
                runner.run(self._deliver(call, failed, invoke_id, invocation_id), running_in)
        finally:
            if call.has_after:
                self._finish_later(call.finish, runner, running_in)

    async def _deliver(self, call: Call, response: Response, invoke_id: str, invocation_id: str | None) -> int:
        """Send the response; the status with which Lambda has taken it."""
        response, body, prelude = _in_format(call, response)
        loop = sys.modules["asyncio"].get_running_loop() if call.needs_loop else None
        result = ResultStream(self._address, invoke_id, invocation_id, loop=loop)
        try:
            await result.start(prelude)
            if body is None:
                return await _Stream(call, response, result, margin_s=self._margin_s).send()
            await result.write(body)
            return await result.end()
        finally:
            result.close()

    def _whole(self, call: Call) -> bytes:
        """The whole response in the stream's format: any client sends bytes as they are, and only the latency is lost."""
        self._warn_once(
            "the response goes out whole: this runtime has no client that edgeroutes knows how to stream with"
        )
        runner, running_in = self._runner(call), copy_context()
        response, whole = runner.run(buffered_response(call), running_in)
        if response.status in OF_MALFORMED_EVENTS and call.incoming.event is not None:
            refuse_malformed(call.incoming.event, call.incoming.aws_context)
        if call.has_after:
            self._finish_later(call.finish, runner, running_in)
        response.body = whole
        _, body, prelude = _in_format(call, response)
        result = prelude + (body or b"")
        from edgeroutes.adapters.checks import LAMBDA_RESULT_BYTES, excess

        if len(result) > LAMBDA_RESULT_BYTES:
            where = call.route.source_file if call.route is not None else ""
            what = f"the response has {len(result):,} bytes, and this runtime cannot stream it"
            failed = call.fail(
                excess(what, len(result), LAMBDA_RESULT_BYTES, "Lambda", where=where, hint="Return less")
            )
            _, body, prelude = _in_format(call, failed)
            result = prelude + (body or b"")
        return result


def _in_format(call: Call, response: Response) -> tuple[Response, bytes | None, bytes]:
    """The response, its body (None for a stream) and its prelude; a 500 where no prelude can hold its head."""
    body = None if response.is_stream else _to_bytes(response)
    has_length = body is not None and call.incoming.method != "HEAD" and response.status not in _NO_LENGTH
    try:
        where = call.route.source_file if call.route is not None else ""
        return response, body, render_prelude(response, len(body or b"") if has_length else None, where)
    except ResponseTooLargeError as error:
        failed = call.fail(error)
        body = _to_bytes(failed)
        prelude = render_prelude(failed, len(body))
        return failed, b"" if call.incoming.method == "HEAD" else body, prelude


def _to_bytes(response: Response) -> bytes:
    body = response.body
    return body.encode() if isinstance(body, str) else body or b""  # type: ignore[return-value]  # it does not stream


class _Stream:
    """The body of one response on its way.

    Args:
        call: The request.
        response: Its body has been started.
        result: Where it goes; the head is out.
        margin_s: How long before the function's timeout it is ended, seconds.
    """

    def __init__(self, call: Call, response: Response, result: ResultStream, *, margin_s: float) -> None:
        self._call = call
        self._response = response
        self._result = result
        context = call.incoming.aws_context
        self._left_s: float | None = None
        if context is not None:
            self._left_s = max(0.0, context.get_remaining_time_in_millis() / 1000 - margin_s)

    async def send(self) -> int:
        """Send the chunks as they are produced, then the end; the status with which Lambda has taken it.

        Raises:
            ResultLostError: When the Runtime API has hung up.
        """
        try:
            await self._send_in_time()
        except ResultLostError:
            raise
        except BaseException as error:
            from edgeroutes.runtime.failures import log_broken_stream

            log_broken_stream(error, self._call)
            status = await self._result.fail(type(error).__name__, "the stream failed: see the function's log")
            if is_fatal(error):
                raise
            return status
        return await self._result.end()

    async def _send_in_time(self) -> None:
        """Send the chunks; when the time is up the response is ended, over the head of a generator that blocks or does not listen."""
        if self._left_s is None:
            await self._send_chunks()
            return
        timer = threading.Timer(self._left_s, self._end_early)
        timer.daemon = True
        timer.start()
        try:
            if self._call.needs_loop:
                await self._send_until_cancelled(self._left_s)
            else:
                await self._send_chunks()
        finally:
            timer.cancel()

    async def _send_chunks(self) -> None:
        async for chunk in self._response.body:  # type: ignore[union-attr]  # it streams
            await self._result.write(chunk)  # type: ignore[arg-type]  # bytes, as started
            if self._result.is_ended:
                return

    async def _send_until_cancelled(self, seconds: float) -> None:
        """Send the chunks; a generator that waits when the time is up is cancelled."""
        asyncio = sys.modules["asyncio"]
        ends_at = asyncio.get_running_loop().time() + seconds
        chunks: Any = self._response.body
        while not self._result.is_ended:
            limit = asyncio.timeout_at(ends_at)
            try:
                async with limit:
                    chunk = await anext(chunks, None)
            except TimeoutError:
                if not limit.expired():
                    raise
                chunk = None
            if chunk is not None:
                await self._result.write(chunk)
            if limit.expired():
                self._end_early()
            elif chunk is None:
                return

    def _end_early(self) -> None:
        if not self._result.end_early():
            return
        route_path = self._call.route.route_path if self._call.route is not None else ""
        message = (
            f"{self._call.incoming.method} {route_path} still streamed when its time was up, and was ended. Let it end by itself, "
            "or raise max_duration"
        )
        write_line("WARNING", message, route=route_path, request_id=self._call.incoming.request_id)
