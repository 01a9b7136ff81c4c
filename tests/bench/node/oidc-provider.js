// An authorization server in one process, in memory, with no record of what it does: JWT access tokens (ES256)
// for one client by client_credentials. Prints where it is.
'use strict';

const { generateKeyPairSync } = require('node:crypto');
const { Provider } = require('oidc-provider');

const [clientId, clientSecret] = process.argv.slice(2);
const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' });
const provider = new Provider('http://127.0.0.1', {
  clients: [{
    client_id: clientId,
    client_secret: clientSecret,
    grant_types: ['client_credentials'],
    redirect_uris: [],
    response_types: [],
    token_endpoint_auth_method: 'client_secret_basic',
    id_token_signed_response_alg: 'ES256',
  }],
  jwks: { keys: [{ ...key, alg: 'ES256', use: 'sig' }] },
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: false },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => 'urn:bench',
      getResourceServerInfo: () => ({ scope: '', accessTokenFormat: 'jwt', jwt: { sign: { alg: 'ES256' } } }),
    },
  },
});
const server = provider.listen(0, '127.0.0.1', () => {
  console.log(`oidc-provider at http://127.0.0.1:${server.address().port}`);
});
