// Express as it comes; with MIDDLEWARE=1 behind helmet, cors, compression, a body parser and a rate limit that never bites.
import compression from 'compression';
import cors from 'cors';
import express from 'express';
import { rateLimit } from 'express-rate-limit';
import helmet from 'helmet';
import { health, items } from './items.js';

const app = express();
if (process.env.MIDDLEWARE) {
  app.use(helmet(), cors(), compression(), express.json());
  app.use(rateLimit({ windowMs: 60_000, limit: 1_000_000_000, standardHeaders: true }));
}
app.get('/healthz', (request, response) => response.json(health()));
app.get('/items', (request, response) => response.json(items()));
app.listen(Number(process.env.PORT), '127.0.0.1');
