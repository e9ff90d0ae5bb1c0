// Keys that are made once and kept with the install, in the folder `keys` beside this script: making a dozen RSA keys
// takes a busy machine longer than all else that a server does before it is ready.

import crypto from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const FOLDER = path.join(import.meta.dirname, 'keys');

// The private JWK that is kept by this name, with its `kid`; made by the function where there is none yet.
export function keptKey(name, make) {
  const file = path.join(FOLDER, `${name}.json`);
  return read(file) ?? keep(file, make());
}

function read(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}

// Several servers start at once, so nobody may see half a file. Each says that it does something.
function keep(file, key) {
  mkdirSync(FOLDER, { recursive: true });
  const whole = `${file}.${process.pid}`;
  writeFileSync(whole, JSON.stringify(key), { mode: 0o600 });
  renameSync(whole, file);
  console.error(`made ${path.basename(file)}`);
  return key;
}
