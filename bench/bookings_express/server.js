// The peer of bench/bookings.sh: the booking plugin's tables and triggers, and its promises: a key of its own for each
// request, replayed from the transaction of its effect; opening hours, notice and horizon; no overlap, by the triggers; a line
// of history; every commit on the disk before it is acknowledged (immediate transactions, synchronous=FULL). And what the host
// does for each request: a line of JSON in a log file, written asynchronously, a histogram by route, security headers.
import crypto from 'node:crypto';
import fs from 'node:fs';
import Database from 'better-sqlite3';
import express from 'express';
import helmet from 'helmet';
import pino from 'pino';
import pinoHttp from 'pino-http';
import prometheus from 'prom-client';
import * as uuid from 'uuid';

const { PORT: port, DATABASE: file, LOG_FILE: logFile, API_KEY: apiKey, MIGRATIONS: migrations, RESOURCES: resources } = process.env;
const keyHash = crypto.createHash('sha256').update(apiKey).digest();
const tenant = 'bench';
const database = new Database(file);
for (const pragma of ['journal_mode=WAL', 'synchronous=FULL', 'foreign_keys=ON']) database.pragma(pragma);
for (const name of fs.readdirSync(migrations).sort()) database.exec(fs.readFileSync(`${migrations}/${name}`, 'utf8'));
database.exec(`
  create table idempotency (tenant text not null, route text not null, key text not null, fingerprint text not null,
    status integer not null, body text not null, expires_at integer not null, primary key (tenant, route, key));
  create index idempotency_expiry on idempotency (expires_at);`);

function insert(table, row) {
  const names = Object.keys(row);
  database.prepare(`insert into ${table} (${names}) values (${names.map(() => '?')})`).run(...Object.values(row));
}
const record = { tenant, version: 1, created_at: 0, updated_at: 0 };
insert('schedule', { ...record, id: 'always', name: 'Always', time_zone: 'UTC', revision: 'r', active: 1 });
insert('schedule_rule', { tenant, schedule: 'always', id: 'rule', weekdays: 127, begin_min: 0, end_min: 1440 });
insert('service', { ...record, id: 'visit', name: 'Visit', duration_min: 15, other_durations_min: '', slot_step_min: 15,
  buffer_before_min: 0, buffer_after_min: 0, min_notice_min: 0, horizon_days: 1000, requires_confirmation: 0, active: 1 });
insert('lead', { ...record, id: 'ann', name: 'Ann', phone: '+12025550100', source: 'web', status: 'new', notes: '' });
for (let i = 0; i < resources; ++i) {
  insert('resource', { ...record, id: `r${i}`, name: `Resource ${i}`, kind: 'staff', schedule: 'always', priority: 1, active: 1 });
  insert('resource_service', { tenant, service: 'visit', resource: `r${i}` });
}

const find = {
  key: database.prepare('select fingerprint, status, body from idempotency where tenant = ? and route = ? and key = ?'),
  service: database.prepare('select * from service where tenant = ? and id = ?'),
  lead: database.prepare('select * from lead where tenant = ? and id = ?'),
  resource: database.prepare(`select r.id, sc.id as schedule, sc.time_zone from resource_service rs
    join resource r on r.tenant = rs.tenant and r.id = rs.resource and r.active = 1
    join schedule sc on sc.tenant = r.tenant and sc.id = r.schedule and sc.active = 1
    where rs.tenant = ? and rs.service = ? and rs.resource = ?`),
  rules: database.prepare('select weekdays, begin_min, end_min from schedule_rule where tenant = ? and schedule = ?'),
  closures: database.prepare('select starts, ends from blocked_period where tenant = ? and last_date >= ? and first_date <= ? and active = 1'),
  taken: database.prepare(`select block_end from appointment_resource where tenant = ? and resource = ? and live = 1 and block_start < ?
    order by block_start desc limit 1`),
};
const add = {
  appointment: database.prepare(`insert into appointment (tenant, id, service, lead, start_utc, end_utc, local_start, time_zone,
    tzdata_version, status, source, notes, ics_sequence, reschedule_count, version, created_at, updated_at)
    values (?, ?, ?, ?, ?, ?, ?, ?, '', 'confirmed', 'web', '', 0, 0, 1, ?, ?)`),
  resource: database.prepare(`insert into appointment_resource (tenant, appointment, resource, block_start, block_end, live, start_utc)
    values (?, ?, ?, ?, ?, 1, ?)`),
  history: database.prepare(`insert into appointment_history (tenant, appointment, version, action, to_status, start_utc, end_utc, resource,
    actor, request_id, reason, at) values (?, ?, 1, 'book', 'confirmed', ?, ?, ?, ?, ?, '', ?)`),
  key: database.prepare('insert into idempotency values (?, ?, ?, ?, ?, ?, ?)'),
};
const rulesOf = new Map();  // of each schedule, as the plugin keeps them

class Refusal extends Error {
  constructor(status, code, message) {
    super(message);
    Object.assign(this, { status, code });
  }
}

function isOpen(schedule, start, minutes) {
  if (!rulesOf.has(schedule)) rulesOf.set(schedule, find.rules.all(tenant, schedule));
  const day = (new Date(start * 1000).getUTCDay() + 6) % 7;
  const begin = (start % 86400) / 60;
  return rulesOf.get(schedule).some((rule) => (rule.weekdays >> day) & 1 && rule.begin_min <= begin && begin + minutes <= rule.end_min);
}

function book(wish, actor, requestId) {
  const service = find.service.get(tenant, wish.service);
  const lead = find.lead.get(tenant, wish.lead_id);
  const resource = find.resource.get(tenant, wish.service, wish.resource);
  if (!service || !resource || !lead) throw new Refusal(404, 'NOT_FOUND', 'There is no such service, resource or lead.');
  const start = Math.floor(Date.parse(wish.start) / 1000);
  const end = start + service.duration_min * 60;
  const now = Math.floor(Date.now() / 1000);
  if (start < now + service.min_notice_min * 60) throw new Refusal(422, 'NOTICE_TOO_SHORT', 'This time is too soon.');
  if (start > now + service.horizon_days * 86400) throw new Refusal(422, 'BEYOND_HORIZON', 'This time is too far ahead.');
  const date = new Date(start * 1000).toISOString();
  const closed = find.closures.all(tenant, date.slice(0, 10), date.slice(0, 10)).length > 0;
  if (closed || !isOpen(resource.schedule, start, service.duration_min))
    throw new Refusal(422, 'OUTSIDE_AVAILABILITY', 'Nobody is there then.');
  if ((find.taken.get(tenant, wish.resource, end)?.block_end ?? 0) > start) throw new Refusal(409, 'SLOT_TAKEN', 'This time is taken.');
  const id = uuid.v7();
  const local = date.slice(0, 16);
  add.appointment.run(tenant, id, wish.service, wish.lead_id, start, end, local, resource.time_zone, now, now);
  add.resource.run(tenant, id, wish.resource, start, end, start);
  add.history.run(tenant, id, start, end, wish.resource, actor, requestId, now);
  const instant = (seconds) => new Date(seconds * 1000).toISOString();
  return {
    id, service: wish.service, resource: wish.resource, location: null, lead_id: wish.lead_id, start: instant(start), end: instant(end),
    local_start: local, time_zone: resource.time_zone, status: 'confirmed', hold_expires_at: null, source: 'web', notes: '',
    reschedule_count: 0, ics_sequence: 0, version: 1, created_at: instant(now), updated_at: instant(now),
  };
}

const bookOnce = database.transaction((key, fingerprint, wish, actor, requestId) => {
  const seen = find.key.get(tenant, '/appointments', key);
  if (seen) {
    if (seen.fingerprint !== fingerprint) throw new Refusal(422, 'IDEMPOTENCY_KEY_REUSED', 'The key was used for another request.');
    return { status: seen.status, body: seen.body, replayed: true };
  }
  const body = JSON.stringify(book(wish, actor, requestId));
  add.key.run(tenant, '/appointments', key, fingerprint, 201, body, Date.now() + 72 * 3600e3);
  return { status: 201, body, replayed: false };
});

const duration = new prometheus.Histogram({ name: 'http_request_duration_seconds', help: 'Duration of requests',
  labelNames: ['method', 'route', 'status'] });

const app = express();
app.use(helmet());
app.use(pinoHttp({ genReqId: () => crypto.randomUUID() }, pino.destination({ dest: logFile, sync: false, minLength: 4096 })));
app.use((request, response, next) => {
  const end = duration.startTimer();
  response.on('finish', () => end({ method: request.method, route: request.route?.path ?? 'none', status: response.statusCode }));
  next();
});
app.use(express.json({ limit: '1mb', verify: (request, _, raw) => { request.raw = raw; } }));
app.use((request, response, next) => {
  response.set('X-Request-Id', request.id);
  const sent = crypto.createHash('sha256').update(request.get('X-API-Key') ?? '').digest();
  next(crypto.timingSafeEqual(sent, keyHash) ? undefined : new Refusal(401, 'AUTHENTICATION_ERROR', 'Send an API key.'));
});
app.post('/api/booking/v1/appointments', (request, response) => {
  const key = request.get('Idempotency-Key');
  if (!key) throw new Refusal(400, 'IDEMPOTENCY_KEY_REQUIRED', 'Send an Idempotency-Key.');
  const { service, resource, start, lead_id } = request.body ?? {};
  for (const text of [service, resource, start, lead_id])
    if (typeof text !== 'string' || text.length > 200) throw new Refusal(400, 'VALIDATION_ERROR', 'The body is not valid.');
  const fingerprint = crypto.createHash('sha256').update(request.raw).digest('hex');
  const answer = bookOnce.immediate(key, fingerprint, { service, resource, start, lead_id }, 'bench', response.get('X-Request-Id'));
  if (answer.replayed) response.set('Idempotent-Replayed', 'true');
  response.status(answer.status).set('ETag', '"v1"').type('application/json').send(answer.body);
});
app.use((error, _request, response, _next) => {
  const status = error.status ?? (error.message === 'APPT_OVERLAP' ? 409 : 500);
  response.status(status).json({ error: { code: error.code ?? 'INTERNAL_ERROR', message: error.message, statusCode: status } });
});
app.listen(Number(port), '127.0.0.1', () => console.log('ready'));
