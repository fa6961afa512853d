"""The application: all routes of the three services, with errors in one form."""

from collections.abc import Callable, Mapping
from typing import TypeAlias

from fastapi import FastAPI
from starlette.types import ASGIApp

from orchestrion.api.absent import routes as absent
from orchestrion.api.access import everybody
from orchestrion.api.actions import routes as actions
from orchestrion.api.apikeys import routes as apikeys
from orchestrion.api.auth import routes as auth
from orchestrion.api.bulk import routes as bulk
from orchestrion.api.control import routes as control
from orchestrion.api.document import Application
from orchestrion.api.executions import routes as executions
from orchestrion.api.health import routes as health
from orchestrion.api.holdings import routes as holdings
from orchestrion.api.inquiries import routes as inquiries
from orchestrion.api.keys import routes as keys
from orchestrion.api.looking import routes as looking
from orchestrion.api.metrics import Measured, Metrics
from orchestrion.api.native import routes as native
from orchestrion.api.operations import routes as operations
from orchestrion.api.output import routes as output
from orchestrion.api.packs import routes as packs
from orchestrion.api.paths import Paths, Service
from orchestrion.api.served import Served
from orchestrion.api.starting import routes as starting
from orchestrion.api.stream import routes as stream
from orchestrion.api.users import routes as users
from orchestrion.api.workflows import routes as workflows

ROUTERS = (
    auth,
    users,
    apikeys,
    actions,
    executions,
    starting,
    control,
    operations,
    looking,
    bulk,
    output,
    stream,
    inquiries,
    keys,
    packs,
    workflows,
    native,
    holdings,
    health,
    absent,
)
"""The routes, each module's."""

Wrap: TypeAlias = Callable[[ASGIApp], ASGIApp]
"""Stands before an application."""


def make_app(served: Served, guard: Wrap | None = None) -> FastAPI:
    """The routes of one server, by their internal paths (`paths.internal_path`), behind what guards them."""
    app = Application(ROUTERS, is_open=served.identify is everybody)
    app.state.served = served
    app.state.metrics = metrics = Metrics(served)
    if guard is not None:
        app.add_middleware(guard)
    app.add_middleware(Measured, metrics=metrics)
    return app


def make_server(served: Served, ports: Mapping[int, Service], guard: Wrap | None = None) -> ASGIApp:
    """The same behind what gives each request its internal path."""
    return Paths(make_app(served, guard), ports)
