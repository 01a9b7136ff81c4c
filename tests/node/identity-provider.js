// An OpenID Connect provider in one process and in memory (npm oidc-provider), where whoever comes is signed in as
// what `login_hint` says: `<subject>|<email>|<true, false or unsaid: whether it was verified>`, or an email alone, which
// was verified. Prints where it is.
//
// Arguments: our client's id, its secret, its redirect URI; then the port, or 0; then `id-token` if the email is
// to be in the ID token, and not with the userinfo endpoint.
//
// POST /test/rotate makes a new key, and forgets the old one. What is below /elsewhere leads to the provider's own
// description.
'use strict';

const { generateKeyPairSync, randomBytes } = require('node:crypto');
const { createServer } = require('node:http');
const { Provider } = require('oidc-provider');

const [clientId, clientSecret, redirectUri, port, claimsIn] = process.argv.slice(2);
const people = new Map();
let provider;
let rotations = 0;

function make(issuer) {
  rotations += 1;
  const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' });
  const made = new Provider(issuer, {
    clients: [{
      client_id: clientId,
      client_secret: clientSecret,
      redirect_uris: [redirectUri],
      response_types: ['code'],
      grant_types: ['authorization_code'],
      id_token_signed_response_alg: 'ES256',
    }],
    jwks: { keys: [{ ...key, alg: 'ES256', use: 'sig', kid: `key-${rotations}` }] },
    cookies: { keys: [randomBytes(16).toString('hex')] },
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
    conformIdTokenClaims: claimsIn !== 'id-token',
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_, interaction) => `/test/interaction/${interaction.uid}` },
    pkce: { required: () => true },
    ttl: { Interaction: 600, Session: 600, Grant: 600 },
    async findAccount(_, id) {
      const person = people.get(id);
      return person && { accountId: id, claims: async () => ({ sub: id, name: `Name of ${id}`, ...person }) };
    },
    async loadExistingGrant(ctx) {
      const grant = new made.Grant({ clientId, accountId: ctx.oidc.session.accountId });
      grant.addOIDCScope('openid email profile');
      await grant.save();
      return grant;
    },
  });
  return made;
}

async function interact(request, response) {
  const { params } = await provider.interactionDetails(request, response);
  const [id, email = id, verified = 'true'] = params.login_hint.split('|');
  const person = email ? { email } : {};
  if (verified !== 'unsaid') person.email_verified = verified === 'true';
  people.set(id, person);
  await provider.interactionFinished(request, response, { login: { accountId: id } });
}

const server = createServer((request, response) => {
  if (request.url.startsWith('/test/interaction/')) {
    interact(request, response).catch((error) => {
      response.writeHead(500).end(String(error));
    });
  } else if (request.url === '/test/rotate') {
    provider = make(provider.issuer);
    response.end();
  } else if (request.url.startsWith('/elsewhere/')) {
    response.writeHead(302, { location: `${provider.issuer}/.well-known/openid-configuration` }).end();
  } else {
    provider.callback()(request, response);
  }
});
// It ends with the test that started it, however that ends.
process.stdin.on('end', () => process.exit()).resume();
server.listen(Number(port), '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  provider = make(issuer);
  console.log(`identity provider at ${issuer}`);
});
