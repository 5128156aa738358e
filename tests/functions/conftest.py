"""The example application, ready to be asked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import moto
import pytest

from edgeroutes.dev.cloud.project import start_cloud
from edgeroutes.dev.cloud.stack import REGION, Cloud
from edgeroutes.services.data_cache import data_cache
from edgeroutes.testing import RouteClient

if TYPE_CHECKING:
    from collections.abc import Iterator

    from edgeroutes.dev.cloud.project import ProjectCloud

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def project_cloud() -> Iterator[ProjectCloud]:
    with pytest.MonkeyPatch.context() as patch, moto.mock_aws():
        patch.setenv("AWS_DEFAULT_REGION", REGION)
        started = start_cloud(ROOT, Cloud())
        for name, resource in started.cloud.resources.items():
            if resource.type_name == "AWS::Lambda::Function":
                for variable, value in started.cloud.environment_of(name).items():
                    patch.setenv(variable, value)
        patch.delenv("EDGEROUTES_DATA_CACHE_TABLE")
        yield started


@pytest.fixture(scope="session")
def project_client(project_cloud: ProjectCloud) -> Iterator[RouteClient]:
    with RouteClient(ROOT) as client:
        yield client


@pytest.fixture
def aws(project_cloud: ProjectCloud) -> ProjectCloud:
    project_cloud.data.reset()
    return project_cloud


@pytest.fixture
def client(project_client: RouteClient, aws: ProjectCloud) -> RouteClient:
    """A client without cookies, a store as it was at the start, and a data cache with nothing in it."""
    data_cache().clear()
    project_client.cookies.clear()
    return project_client
