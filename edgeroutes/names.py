"""Names that several packages share: header fields, environment variables and files. `routing/conventions` has those of route files."""

from __future__ import annotations

# Header fields that CloudFront adds to requests to the API.
SECRET_HEADER = "x-edgeroutes-origin"  # noqa: S105  # a header's name
CLIENT_HEADER = "x-edgeroutes-client"
HOST_HEADER = "x-forwarded-host"

# Environment variables of functions.
OWN_VARIABLES = "EDGEROUTES_"
SECRET_VARIABLE = "EDGEROUTES_ORIGIN_SECRET"  # noqa: S105  # a variable's name
DISTRIBUTION_PARAMETER_VARIABLE = "EDGEROUTES_DISTRIBUTION_PARAMETER"
DISTRIBUTION_ID_VARIABLE = "EDGEROUTES_DISTRIBUTION_ID"
DATA_CACHE_TABLE_VARIABLE = "EDGEROUTES_DATA_CACHE_TABLE"
STATE_TABLE_VARIABLE = "EDGEROUTES_STATE_TABLE"
# Before the logical id of a user pool or an app client that a route's auth names: its id.
COGNITO_VARIABLE = "EDGEROUTES_COGNITO_"

# Files and folders of a project.
CONFIG_FILE = "pyproject.toml"
TEMPLATE_FILE = "template.yaml"
SAM_CONFIG_FILE = "samconfig.toml"
SAM_FOLDER = ".aws-sam"
INFRA_FOLDER = "infra"
# What declares or locks a project's distributions. Whether one of them is there decides, too.
DECLARING_FILES = (
    CONFIG_FILE, "uv.lock", "pylock.toml", "poetry.lock", "pdm.lock", "Pipfile.lock", "requirements.txt",
)  # fmt: skip
# Of the developer's own machine: dev and tests read them, the last one wins, and bundles never contain them.
ENV_FILES = (".env", ".env.local")
