// Fastify with a schema for each answer, which is what makes it fast.
import fastify from 'fastify';
import { health, items } from './items.js';

const text = { type: 'string' };
const integer = { type: 'integer' };
const healthSchema = { type: 'object', properties: { status: text, timestamp: text, uptime: integer } };
const item = { type: 'object', properties: { id: integer, name: text, price_minor: integer, currency: text, active: { type: 'boolean' },
  ratio: { type: 'number' } } };
const itemsSchema = { type: 'object', properties: { items: { type: 'array', items: item }, total: integer } };

const app = fastify();
app.get('/healthz', { schema: { response: { 200: healthSchema } } }, async () => health());
app.get('/items', { schema: { response: { 200: itemsSchema } } }, async () => items());
await app.listen({ port: Number(process.env.PORT), host: '127.0.0.1' });
