// Keys that are created once, and kept in the folder `keys` of the installation. On a busy machine, creating a dozen RSA keys
// takes longer than the rest of a server's start.

import crypto from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const FOLDER = path.join(import.meta.dirname, 'keys');

// The private JWK with this name and its `kid`. The function creates it if there is none.
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

// Several servers start at once, so the file is renamed into place. The log line shows activity.
function keep(file, key) {
  mkdirSync(FOLDER, { recursive: true });
  const whole = `${file}.${process.pid}`;
  writeFileSync(whole, JSON.stringify(key), { mode: 0o600 });
  renameSync(whole, file);
  console.error(`made ${path.basename(file)}`);
  return key;
}
