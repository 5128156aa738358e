"""moto's mock in this process, for tests: its data stays while it is off, and no request leaves the machine."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from edgeroutes.errors import ToolError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    _Service = tuple[Any, dict[str, Any]]


class Mock:
    """The mock, with data of its own: other mocks of the process begin and end by deleting moto's."""

    def __init__(self) -> None:
        self._data: list[_Service] = []

    @contextmanager
    def on(self) -> Iterator[None]:
        """Run the block with the mock on.

        Raises:
            ToolError: moto is not installed.
        """
        try:
            import moto
        except ModuleNotFoundError as err:
            raise ToolError("moto is not installed", where="aws", hint="pip install 'edgeroutes[testing]'") from err
        mock = moto.mock_aws()
        mock.start(reset=False)
        others = _take_data()
        _put_data(self._data)
        try:
            yield
        finally:
            self._data = _take_data()
            _put_data(others)
            mock.stop(remove_data=False)

    def close(self) -> None:
        """Delete the data: moto keeps S3 objects in open files, and warns of files that nobody closes."""
        data, self._data = self._data, []
        for _, accounts in data:
            for regions in accounts.values():
                regions.reset()


def _take_data() -> list[_Service]:
    """All data of moto, removed from it."""
    from moto.core.base_backend import BackendDict

    in_use: list[Any] = BackendDict._instances  # type: ignore[misc]  # noqa: SLF001  # moto has no other list of them
    data = [(service, dict(service)) for service in in_use]
    for service in in_use:
        service.clear()
    in_use.clear()
    return data


def _put_data(data: list[_Service]) -> None:
    from moto.core.base_backend import BackendDict

    for service, accounts in data:
        service.update(accounts)
        BackendDict._instances.append(service)  # type: ignore[misc]  # noqa: SLF001  # as above


@contextmanager
def only_moto_responds(respond: Callable[[Any], Any], refused: Callable[[str], BaseException]) -> Iterator[None]:
    """Send all requests of botocore to moto, also those of clients that are older than the mock.

    Args:
        respond: Responds to a request instead of moto; None where moto shall.
        refused: The error for the URL of a request that moto does not emulate.
    """
    from botocore.httpsession import URLLib3Session
    from moto.core.models import botocore_stubber

    send, process = URLLib3Session.send, botocore_stubber.process_request

    def respond_first(request: Any) -> Any:
        found = respond(request)
        return process(request) if found is None else found

    def send_to_moto(_: Any, request: Any) -> Any:
        response = botocore_stubber("before-send", request)
        if response is None:
            raise refused(request.url)
        return response

    botocore_stubber.process_request = respond_first  # type: ignore[method-assign]
    URLLib3Session.send = send_to_moto  # type: ignore[assignment,method-assign]
    try:
        yield
    finally:
        URLLib3Session.send = send  # type: ignore[method-assign]
        del botocore_stubber.process_request  # the class has the original
