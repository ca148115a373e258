// Everything the premium service needs around it: identity provider, a foreign one, Stripe, a database, and its environment.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { bin, free_port, start } from '../support/process.mjs';
import { start_provider } from './provider.mjs';
import { start_stripe } from './stripe_double.mjs';

export const secrets = { stripe: 'sk_test_interop_k3y', webhook: 'whsec_interop_0123456789abcdef', client: 'interop-secret-0123456789' };

export async function start_world(flags = []) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'premium-'));
  const port = await free_port();
  const base = `http://127.0.0.1:${port}`;
  const audience = `${base}/mcp`;
  const provider = await start_provider({ port: await free_port(), audience, client_secret: secrets.client });
  const foreign = await start_provider({ port: await free_port(), audience, client_secret: secrets.client });
  const stripe = await start_stripe({
    port: await free_port(), secret_key: secrets.stripe, webhook_secret: secrets.webhook, webhook_url: () => `${base}/webhook/stripe`,
  });
  const environment = {
    AUTH_PROVIDER: 'oidc', OIDC_ISSUER: provider.issuer, OIDC_AUDIENCE: audience, OIDC_CLIENT_ID: 'premium-service',
    OIDC_CLIENT_SECRET: secrets.client, STRIPE_SECRET_KEY: secrets.stripe, STRIPE_WEBHOOK_SECRET: secrets.webhook,
    STRIPE_MONTHLY_PRICE_ID: 'price_monthly', STRIPE_YEARLY_PRICE_ID: 'price_yearly', STRIPE_API_BASE: stripe.origin,
    APP_URL: base, PUBLIC_URL: base, DATABASE_URL: `sqlite:${folder}/premium.db`, LEANMCP_STATE_KEYS: '11'.repeat(32),
  };
  const world = {
    folder, port, base, audience, provider, foreign, stripe, environment,
    start_service: async (extra = {}) => {
      world.service = await start('premium-service', ['--port', port, ...flags], {
        env: { ...environment, ...extra }, bare: true, ready: `${base}/health`,
      });
      return world.service;
    },
    endpoints: {
      http: { url: audience },
      stdio: { command: path.join(bin, 'premium-service'), args: ['--stdio', '--port', String(port), ...flags], env: { PATH: process.env.PATH, ...environment } },
    },
    // What the service printed must hold none of these.
    leaks: (text) => [...text.matchAll(/eyJ[\w-]{20,}(?:\.[\w-]+)*/g)].map(String)
      .concat(Object.values(secrets).filter((secret) => text.includes(secret)), text.includes('11'.repeat(32)) ? ['the state key'] : []),
    stop: async () => {
      await world.service?.stop();
      await Promise.all([provider.stop(), foreign.stop(), stripe.stop()]);
      fs.rmSync(folder, { recursive: true, force: true });
    },
  };
  return world;
}
