// The peer of bench/bookings.sh. It promises what the booking plugin promises: a key of its own for each request, replayed
// from the transaction of its effect; a check of the opening hours; no overlap, by a trigger; a line of history; every commit
// on the disk before it is acknowledged (immediate transactions, synchronous=FULL).
import crypto from 'node:crypto';
import Database from 'better-sqlite3';
import express from 'express';

const [port, file, apiKey, resources] = [process.env.PORT, process.env.DATABASE, process.env.API_KEY, Number(process.env.RESOURCES)];
const keyHash = crypto.createHash('sha256').update(apiKey).digest();
const database = new Database(file);
for (const pragma of ['journal_mode=WAL', 'synchronous=FULL', 'foreign_keys=ON']) database.pragma(pragma);
database.exec(`
  create table service (tenant text, id text, duration_min integer not null, primary key (tenant, id)) without rowid;
  create table resource (tenant text, id text, opens_s integer not null, closes_s integer not null, primary key (tenant, id)) without rowid;
  create table lead (tenant text, id text, name text not null, primary key (tenant, id)) without rowid;
  create table appointment (
    tenant text, id text, service text not null, lead text not null, start_utc integer not null, end_utc integer not null,
    status text not null, version integer not null, created_at integer not null, updated_at integer not null,
    primary key (tenant, id),
    foreign key (tenant, service) references service (tenant, id), foreign key (tenant, lead) references lead (tenant, id)) without rowid;
  create index appointment_by_start on appointment (tenant, start_utc, id);
  create index appointment_by_lead on appointment (tenant, lead, start_utc, id);
  create table appointment_resource (
    tenant text, appointment text, resource text not null, block_start integer not null, block_end integer not null, live integer not null,
    primary key (tenant, appointment, resource),
    foreign key (tenant, appointment) references appointment (tenant, id)) without rowid;
  create index appointment_resource_live on appointment_resource (tenant, resource, block_start) where live = 1;
  create trigger no_overlap before insert on appointment_resource when new.live = 1 begin
    select raise(abort, 'APPT_OVERLAP') where exists (select 1 from appointment_resource where tenant = new.tenant and resource = new.resource
      and live = 1 and block_start < new.block_end and block_end > new.block_start and block_start > new.block_start - 86400); end;
  create table history (tenant text, appointment text, version integer, action text, actor text, at integer,
    primary key (tenant, appointment, version)) without rowid;
  create table idempotency (tenant text, key text, route text, fingerprint text, status integer, body text, at integer,
    primary key (tenant, route, key)) without rowid;`);
const tenant = 'bench';
database.prepare('insert into service values (?, ?, ?)').run(tenant, 'visit', 15);
database.prepare('insert into lead values (?, ?, ?)').run(tenant, 'ann', 'Ann');
for (let i = 0; i < resources; ++i) database.prepare('insert into resource values (?, ?, 0, 86400)').run(tenant, `r${i}`);

const find = {
  key: database.prepare('select fingerprint, status, body from idempotency where tenant = ? and route = ? and key = ?'),
  service: database.prepare('select duration_min from service where tenant = ? and id = ?'),
  resource: database.prepare('select opens_s, closes_s from resource where tenant = ? and id = ?'),
  lead: database.prepare('select name from lead where tenant = ? and id = ?'),
  taken: database.prepare(`select 1 from appointment_resource where tenant = ? and resource = ? and live = 1
    and block_start < ? and block_end > ? and block_start > ? - 86400`),
};
const add = {
  appointment: database.prepare("insert into appointment values (?, ?, ?, ?, ?, ?, 'confirmed', 1, ?, ?)"),
  resource: database.prepare('insert into appointment_resource values (?, ?, ?, ?, ?, 1)'),
  history: database.prepare("insert into history values (?, ?, 1, 'book', ?, ?)"),
  key: database.prepare('insert into idempotency values (?, ?, ?, ?, ?, ?, ?)'),
};

class Refusal extends Error {
  constructor(status, code, message) {
    super(message);
    Object.assign(this, { status, code });
  }
}

function book(wish, actor) {
  const service = find.service.get(tenant, wish.service);
  const resource = find.resource.get(tenant, wish.resource);
  const lead = find.lead.get(tenant, wish.lead_id);
  if (!service || !resource || !lead) throw new Refusal(404, 'NOT_FOUND', 'There is no such service, resource or lead.');
  const start = Math.floor(Date.parse(wish.start) / 1000);
  const end = start + service.duration_min * 60;
  const now = Math.floor(Date.now() / 1000);
  if (start <= now) throw new Refusal(422, 'NOTICE_TOO_SHORT', 'This time is too soon.');
  const of_day = start % 86400;
  if (of_day < resource.opens_s || of_day + service.duration_min * 60 > resource.closes_s)
    throw new Refusal(422, 'OUTSIDE_AVAILABILITY', 'Nobody is there then.');
  if (find.taken.get(tenant, wish.resource, end, start, start)) throw new Refusal(409, 'SLOT_TAKEN', 'This time is taken.');
  const id = crypto.randomUUID();
  add.appointment.run(tenant, id, wish.service, wish.lead_id, start, end, now, now);
  add.resource.run(tenant, id, wish.resource, start, end);
  add.history.run(tenant, id, actor, now);
  return {
    id, service: wish.service, resource: wish.resource, lead_id: wish.lead_id, status: 'confirmed',
    start: new Date(start * 1000).toISOString(), end: new Date(end * 1000).toISOString(), version: 1,
    created_at: new Date(now * 1000).toISOString(), updated_at: new Date(now * 1000).toISOString(),
  };
}

const bookOnce = database.transaction((key, fingerprint, wish, actor) => {
  const seen = find.key.get(tenant, '/appointments', key);
  if (seen) {
    if (seen.fingerprint !== fingerprint) throw new Refusal(422, 'IDEMPOTENCY_KEY_REUSED', 'The key was used for another request.');
    return { status: seen.status, body: seen.body, replayed: true };
  }
  const body = JSON.stringify(book(wish, actor));
  add.key.run(tenant, key, '/appointments', fingerprint, 201, body, Date.now());
  return { status: 201, body, replayed: false };
});

const app = express();
app.disable('x-powered-by');
app.use(express.json({ limit: '1mb', verify: (request, _, raw) => { request.raw = raw; } }));
app.use((request, response, next) => {
  response.set({ 'X-Content-Type-Options': 'nosniff', 'X-Frame-Options': 'DENY', 'Referrer-Policy': 'no-referrer', 'X-Request-Id': crypto.randomUUID() });
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
  const answer = bookOnce.immediate(key, fingerprint, { service, resource, start, lead_id }, 'bench');
  if (answer.replayed) response.set('Idempotent-Replayed', 'true');
  response.status(answer.status).set('ETag', '"v1"').type('application/json').send(answer.body);
});
app.use((error, _request, response, _next) => {
  const status = error.status ?? (error.message === 'APPT_OVERLAP' ? 409 : 500);
  response.status(status).json({ error: { code: error.code ?? 'INTERNAL_ERROR', message: error.message, statusCode: status } });
});
app.listen(Number(port), '127.0.0.1', () => console.log('ready'));
