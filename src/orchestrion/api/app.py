"""The application: all routes of the three services, with errors in one form."""

from collections.abc import Mapping

from fastapi import FastAPI
from starlette.types import ASGIApp

from orchestrion import __version__
from orchestrion.api.bulk import routes as bulk
from orchestrion.api.control import routes as control
from orchestrion.api.executions import routes as executions
from orchestrion.api.faults import add_faults
from orchestrion.api.looking import routes as looking
from orchestrion.api.operations import routes as operations
from orchestrion.api.paths import Paths, Service
from orchestrion.api.served import Served
from orchestrion.api.starting import routes as starting

ROUTERS = (executions, starting, control, operations, looking, bulk)
"""The routes, each module's."""


def make_app(served: Served) -> FastAPI:
    """The routes of one server, by their internal paths (`paths.internal_path`)."""
    app = FastAPI(title="Orchestrion", version=__version__, openapi_url="/v1/openapi.json", docs_url=None)
    app.state.served = served
    add_faults(app)
    for router in ROUTERS:
        app.include_router(router)
    return app


def make_server(served: Served, ports: Mapping[int, Service]) -> ASGIApp:
    """The same behind what gives each request its internal path."""
    return Paths(make_app(served), ports)
