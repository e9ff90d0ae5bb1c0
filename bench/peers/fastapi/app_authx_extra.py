"""authx-extra: MiddlewareOauth2. It fetches keys over https only, so this program passes the keys."""

import json
import os
import urllib.request

from authx_extra.oauth2 import MiddlewareOauth2
from fastapi import FastAPI, Request
from fastapi.responses import PlainTextResponse

with urllib.request.urlopen(os.environ["ISSUER"] + "/jwks") as answer:
    keys = json.load(answer)

app = FastAPI()
app.add_middleware(
    MiddlewareOauth2,
    providers={"op": {"issuer": os.environ["ISSUER"], "keys": keys, "audience": os.environ["AUDIENCE"]}},
    public_paths={"/open"},
)


@app.get("/protected", response_class=PlainTextResponse)
async def protected(request: Request):
    return request.scope["oauth2-claims"]["sub"]


@app.get("/open", response_class=PlainTextResponse)
async def open_():
    return os.environ["SUBJECT"]
