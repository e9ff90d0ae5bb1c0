// Makes private keys for signing, and prints them as a JSON array of JWKs.
//
//   node private_keys.mjs RS256 ES256 EdDSA

import crypto from 'node:crypto';

const KEY_PAIRS = {
  RS256: ['rsa', { modulusLength: 2048 }],
  ES256: ['ec', { namedCurve: 'P-256' }],
  EdDSA: ['ed25519'],
};

function privateKey(alg) {
  const { privateKey } = crypto.generateKeyPairSync(...KEY_PAIRS[alg]);
  const kid = `${alg}-${crypto.randomBytes(6).toString('hex')}`;
  return { ...privateKey.export({ format: 'jwk' }), kid, alg, use: 'sig' };
}

console.log(JSON.stringify(process.argv.slice(2).map(privateKey)));
