// The answers of the Node.js peers, built for each request as the plugin builds them.
export function items() {
  const list = [];
  for (let i = 0; i < 10; ++i) {
    list.push({ id: i, name: 'An item of the list', price_minor: 1999 + i, currency: 'EUR', active: i % 2 === 0, ratio: 0.1 * i });
  }
  return { items: list, total: list.length };
}

export function health() {
  return { status: 'healthy', timestamp: new Date().toISOString(), uptime: Math.floor(process.uptime()) };
}
