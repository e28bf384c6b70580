/** `netvirt run`: this machine as a host of the fabric, in the foreground until a signal ends it. */

import { requireCapabilities, NET_ADMIN, NET_RAW } from '../live/capabilities.ts';
import { Runner } from '../live/runner.ts';
import { type IoChoice, LiveError } from '../live/types.ts';
import { Kernel } from '../live/underlay/kernel.ts';
import { rewriteProblems } from '../live/underlay/own-addresses.ts';
import { FileWatch } from '../live/watch.ts';
import { didYouMean } from '../policy/errors.ts';
import type { Host, Policy } from '../policy/model.ts';
import { parsePolicy } from '../policy/parse.ts';
import { endpointProblems, interfaceProblems } from './attach-checks.ts';
import { type Attachment, readAttachments } from './attachments.ts';
import { Ending } from './ending.ts';
import { InputError } from './errors.ts';
import { type Log, type LogFormat, createLog } from './log.ts';
import { nameOf, readPolicyText } from './policy-file.ts';
import { plural } from './report.ts';
import { type RunReport, difference, runReport, runText } from './run-report.ts';

export interface RunOptions {
  host: string;
  uplink: string;
  attach: string[];
  await: string[];
  tap: string[];
  io: IoChoice;
  workers: number;
  /** Seconds between two lines about what was counted; 0: none. */
  stats: number;
  log?: LogFormat;
  json?: boolean;
}

/**
 * Runs until SIGINT or SIGTERM.
 * @throws InputError, LiveError, PolicyError, UsageError before anything is changed.
 */
export async function run(policyFile: string, options: RunOptions): Promise<void> {
  const attachments = readAttachments(options);
  requireCapabilities([NET_RAW, NET_ADMIN]);
  const text = await readPolicyText(policyFile);
  const policy = parsePolicy(text, { file: nameOf(policyFile), learnable: true });
  const host = findHost(policy, options.host);
  refuse(endpointProblems(policy, host, attachments));

  const kernel = await Kernel.open();
  try {
    const links = kernel.links();
    refuse([
      ...interfaceProblems(options.uplink, attachments, links),
      ...rewriteProblems(policy, host, kernel),
    ]);
    // From here on, so that what is changed on interfaces is restored in any case.
    const ending = new Ending();
    const log = await createLog(options.log ?? (process.stderr.isTTY ? 'text' : 'json'), 'info');
    const runner = await Runner.start({
      kernel,
      policy,
      host: host.name,
      uplink: links.find(({ name }) => name === options.uplink)!,
      attached: attachments.map(({ option, endpoint, name }) => ({
        endpoint,
        kind: option === '--tap' ? ('tap' as const) : ('interface' as const),
        name,
      })),
      io: options.io,
      workers: options.workers,
      log: log.write,
      onFailure: (failure) => {
        ending.fail(failure);
      },
    });
    await serve(runner, log, { policyFile, text, attachments, options }, ending);
    if (ending.failure !== undefined)
      throw new LiveError('system', `netvirt run has failed: ${ending.failure}`);
  } finally {
    kernel.close();
  }
}

function refuse(problems: readonly string[]): void {
  if (problems.length > 0) throw new InputError(problems.join('\n'));
}

function findHost({ hosts }: Policy, name: string): Host {
  const host = hosts.find((candidate) => candidate.name === name);
  if (host !== undefined) return host;
  const names = hosts.map((candidate) => candidate.name);
  throw new InputError(`--host: expected a host of the policy, got "${name}"${didYouMean(name, names)}`);
}

interface Serving {
  readonly policyFile: string;
  readonly text: string;
  readonly attachments: readonly Attachment[];
  readonly options: RunOptions;
}

async function serve(runner: Runner, log: Log, serving: Serving, ending: Ending): Promise<void> {
  const { options, attachments, policyFile } = serving;
  const begun = performance.now();
  const report = () => {
    const names = new Map(runner.dataplane.ports.map(({ number, endpoint }) => [number, endpoint.name]));
    const seconds = Math.round((performance.now() - begun) / 100) / 10;
    return runReport(options.host, seconds, runner.counters(), (port) => names.get(port));
  };
  const print = (now = report()) => {
    console.log(options.json === true ? JSON.stringify(now) : runText(now));
  };
  const onAsked = () => {
    print();
  };
  const watching = watchPolicy(runner, log, serving, ending);
  const stats = logStats(log, options.stats, report);
  process.on('SIGUSR1', onAsked);
  const again = () => watching?.again();
  process.on('SIGHUP', again);
  log.write(
    'info',
    `${options.host} runs on ${options.uplink} with ${plural(attachments.length, 'interface')} of endpoints, ` +
      (watching === undefined ? 'its policy is not followed' : `follows ${policyFile}`),
    { process: process.pid },
  );
  const why = await ending.ended;
  log.write(ending.failure === undefined ? 'info' : 'error', `${why}: ending`);
  clearInterval(stats);
  watching?.close();
  const { ports } = report();
  await runner.stop();
  process.off('SIGUSR1', onAsked);
  process.off('SIGHUP', again);
  // Counted to the end, but by what they were before it.
  const last = report();
  print({ ...last, ports: last.ports.map((port, index) => ({ ...port, ...stateOf(ports[index] ?? port) })) });
}

function stateOf({
  backend,
  state,
}: RunReport['ports'][number]): Pick<RunReport['ports'][number], 'backend' | 'state'> {
  return { backend, state };
}

/** Undefined: from stdin there is no second text. */
function watchPolicy(
  runner: Runner,
  { write }: Log,
  { policyFile, text }: Serving,
  ending: Ending,
): FileWatch | undefined {
  if (policyFile === '-') return undefined;
  return new FileWatch({
    file: policyFile,
    text,
    onText(next) {
      const begun = performance.now();
      runner.load(next, policyFile).then(
        (refusal) => {
          const milliseconds = Math.round(performance.now() - begun);
          if (refusal === undefined) write('info', `${policyFile} is in force`, { milliseconds });
          else refused(write, policyFile, refusal.lines);
        },
        (error: unknown) => {
          // Half of a change is worse than none.
          ending.fail(
            `the policy could not be changed: ${error instanceof Error ? error.message : String(error)}`,
          );
        },
      );
    },
    onError(reason) {
      write('error', `${policyFile}: ${reason}: the policy before stays in force`);
    },
  });
}

function refused(write: Log['write'], policyFile: string, lines: readonly string[]): void {
  for (const line of lines) write('error', line);
  write('error', `${policyFile} is refused: the policy before stays in force`, { problems: lines.length });
}

function logStats(log: Log, seconds: number, report: () => RunReport): NodeJS.Timeout | undefined {
  if (seconds === 0) return undefined;
  let before = report();
  return setInterval(() => {
    const now = report();
    const fields = difference(before, now);
    before = now;
    if (fields !== undefined) log.write('info', `in ${seconds} s`, fields);
  }, seconds * 1000);
}
