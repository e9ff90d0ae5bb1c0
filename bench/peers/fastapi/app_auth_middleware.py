"""auth-middleware: its generic OIDC provider. It needs Python 3.12."""

import os

from auth_middleware import JwtAuthMiddleware
from auth_middleware.guards.functions import require_user
from auth_middleware.providers.oidc.oidc_provider import OidcProvider
from auth_middleware.providers.oidc.oidc_provider_settings import OidcProviderSettings
from fastapi import Depends, FastAPI, Request
from fastapi.responses import PlainTextResponse

# The middleware verifies every token, even without a guard, so the open route is outside it.
guarded = FastAPI()
guarded.add_middleware(
    JwtAuthMiddleware,
    auth_provider=OidcProvider(
        settings=OidcProviderSettings(
            issuer=os.environ["ISSUER"],
            audience=os.environ["AUDIENCE"],
            jwks_uri=os.environ["ISSUER"] + "/jwks",
        )
    ),
)


@guarded.get("/protected", dependencies=[Depends(require_user())], response_class=PlainTextResponse)
async def protected(request: Request):
    return request.state.current_user.id


app = FastAPI()


@app.get("/open", response_class=PlainTextResponse)
async def open_():
    return os.environ["SUBJECT"]


app.mount("/", guarded)
