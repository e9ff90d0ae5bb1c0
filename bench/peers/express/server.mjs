// express-oauth2-jwt-bearer as its README recommends, served on 127.0.0.1 by one process.
//
// Run it with `node server.mjs PORT`, and ISSUER, AUDIENCE and SUBJECT in the environment.

import express from 'express';
import { auth } from 'express-oauth2-jwt-bearer';

const { ISSUER, AUDIENCE, SUBJECT } = process.env;
const app = express();
app.get('/open', (request, response) => response.type('text').send(SUBJECT));
app.get('/protected', auth({ issuerBaseURL: ISSUER, audience: AUDIENCE }), (request, response) =>
  response.type('text').send(request.auth.payload.sub),
);
// Without this handler, Express prints a stack trace for every rejection.
app.use((error, request, response, next) => response.set(error.headers).sendStatus(error.status ?? 500));
app.listen(Number(process.argv[2]), '127.0.0.1');
