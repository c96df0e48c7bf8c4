// A real program with opossum breakers: calls a dependency that fails on command, and serves its metrics.
//
// Commands come in as JSON lines on stdin: {"breaker": name, "failing": true} and {"breaker": name, "first": true} for
// the breaker that is used late. What truly happened goes to its own truth file: each move of a breaker, and at each
// scrape what was counted so far. The truth is taken where opossum emits, not by a listener: the exporter exports what
// is listened to, and must not learn of us.
'use strict';

const fs = require('node:fs');
const http = require('node:http');
const readline = require('node:readline');
const { parseArgs } = require('node:util');
const CircuitBreaker = require('opossum');
const PrometheusMetrics = require('opossum-prometheus');
const prometheus = require('prom-client');

const CALL_EVERY_MS = 4;
const ALWAYS = { rollingCountTimeout: 1000, errorThresholdPercentage: 0, timeout: 40 };
const BREAKERS = {
  swift: { ...ALWAYS, resetTimeout: 10 },
  short: { ...ALWAYS, resetTimeout: 300 },
  long: { ...ALWAYS, resetTimeout: 2000 },
  late: { ...ALWAYS, resetTimeout: 300 }
};
const WITH_FALLBACK = new Set(['short']);
const HANGS = new Set(['long']); // its dependency hangs instead of failing: opossum's timeout strikes
const USED_LATE = new Set(['late']);
const MOVES = { open: 'open', halfOpen: 'half_open', close: 'closed' };

const { values: options } = parseArgs({
  options: {
    port: { type: 'string' },
    truth: { type: 'string' },
    log: { type: 'string' },
    'half-open-listener': { type: 'boolean', default: false },
    'process-metrics': { type: 'boolean', default: false },
    prefix: { type: 'string', default: '' }
  }
});

function appender (path) {
  const file = fs.openSync(path, 'a');
  return record => fs.writeSync(file, JSON.stringify(record) + '\n'); // whole at every instant: a kill loses nothing
}

const truth = appender(options.truth);
const log = appender(options.log);
const registry = new prometheus.Registry();
const serial = new prometheus.Gauge({
  name: 'program_scrapes',
  help: 'Which scrape of this process this is',
  registers: [registry]
});
if (options['process-metrics']) {
  prometheus.collectDefaultMetrics({ register: registry });
}
const exporter = new PrometheusMetrics({ registry, metricPrefix: options.prefix, exposePerformanceMetrics: true });
const failing = Object.fromEntries(Object.keys(BREAKERS).map(name => [name, false]));
const counted = {};

class DependencyDown extends Error {}

function dependency (name) {
  if (!failing[name]) {
    return Promise.resolve('answer');
  }
  return HANGS.has(name) ? new Promise(() => {}) : Promise.reject(new DependencyDown('no answer'));
}

function takeTruth (circuit) {
  const state = { now: 'closed' };
  const emit = circuit.emit;
  circuit.emit = function (event, ...rest) {
    const key = `${circuit.name} ${event}`;
    counted[key] = (counted[key] ?? 0) + 1;
    const before = Date.now();
    const answer = emit.call(circuit, event, ...rest);
    if (event in MOVES) {
      const [from, to] = [state.now, MOVES[event]];
      state.now = to;
      truth({
        event: 'transition',
        breaker: circuit.name,
        from_state: from,
        to_state: to,
        before_us: before * 1000,
        after_us: Date.now() * 1000 + 999
      });
    }
    return answer;
  };
}

function writeLog (circuit, events) {
  for (const event of events) {
    circuit.on(event, () => log({ ts: new Date().toISOString(), breaker: circuit.name, event }));
  }
}

function makeBreaker (name) {
  const circuit = new CircuitBreaker(dependency, { ...BREAKERS[name], name });
  if (WITH_FALLBACK.has(name)) {
    circuit.fallback(() => 'stale answer');
  }
  if (options['half-open-listener']) {
    circuit.on('halfOpen', () => {});
  }
  exporter.add(circuit);
  writeLog(circuit, Object.keys(MOVES)); // after add(): the exporter does not see these listeners
  takeTruth(circuit);
  return circuit;
}

function use (circuit) {
  setInterval(() => circuit.fire(circuit.name).catch(() => {}), CALL_EVERY_MS);
}

async function serve (request, response) {
  if (request.url !== '/metrics') {
    response.end('ready\n');
    return;
  }
  serial.inc();
  const now = (await serial.get()).values[0].value;
  truth({ event: 'scrape', serial: now, counted: { ...counted } });
  response.setHeader('Content-Type', registry.contentType);
  response.end(await registry.metrics());
}

const circuits = Object.fromEntries(Object.keys(BREAKERS).map(name => [name, makeBreaker(name)]));
Object.entries(circuits).filter(([name]) => !USED_LATE.has(name)).forEach(([, circuit]) => use(circuit));
readline.createInterface({ input: process.stdin }).on('line', line => {
  const command = JSON.parse(line);
  if (command.first) {
    use(circuits[command.breaker]);
  } else {
    failing[command.breaker] = command.failing;
  }
}).on('close', () => process.exit(0));
http.createServer(serve).listen(Number(options.port), '127.0.0.1', () => {
  truth({ event: 'started', at_us: Date.now() * 1000 });
});
