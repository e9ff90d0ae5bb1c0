"""fastapi-cloudauth: its generic base with typed claims. It is not patched. It needs a key set with one algorithm."""

import os

from fastapi import Depends, FastAPI
from fastapi.responses import PlainTextResponse
from fastapi_cloudauth.auth0 import JWKS
from fastapi_cloudauth.base import ScopedAuth
from pydantic import BaseModel


class Staff(BaseModel):
    sub: str
    email: str
    groups: list[str]
    exp: int


class Auth(ScopedAuth):
    user_info = None


auth = Auth(
    JWKS(url=os.environ["ISSUER"] + "/jwks"),
    audience=os.environ["AUDIENCE"],
    issuer=os.environ["ISSUER"],
    scope_key="scope",
)
app = FastAPI()


@app.get("/protected", response_class=PlainTextResponse)
async def protected(user: Staff = Depends(auth.claim(Staff))):
    return user.sub


@app.get("/open", response_class=PlainTextResponse)
async def open_():
    return os.environ["SUBJECT"]
