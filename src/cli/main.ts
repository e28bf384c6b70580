#!/usr/bin/env node
/** The command line: one file per command beside this one. Exit codes: 0 done, 1 the input was bad, 2 wrong usage. */

import { readFileSync } from 'node:fs';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { OutputError, systemReason } from '../capture/files.ts';
import { CaptureError } from '../capture/index.ts';
import { LiveError } from '../live/types.ts';
import { PolicyError } from '../policy/errors.ts';
import { packageFile } from '../package-files.ts';
import type { BenchCommandOptions } from './bench.ts';
import type { DemoOptions } from './demo.ts';
import { InputError, UsageError } from './errors.ts';
import type { ExplainOptions } from './explain.ts';
import { standardStream } from './paths.ts';
import type { DoctorOptions } from './doctor.ts';
import type { RunOptions } from './run.ts';
import type { SimulateOptions } from './simulate.ts';
import type { TransferOptions } from './transfer.ts';
import type { VerifyCommandOptions } from './verify.ts';

interface JsonOption {
  json?: boolean;
}

interface OutputOption extends JsonOption {
  output: string;
}

interface InitOption extends OutputOption {
  force?: boolean;
}

interface InspectOptions extends JsonOption {
  policy?: string;
}

function version(): string {
  const text = readFileSync(packageFile('package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

const RUN_HELP = `
The policy may leave out MACs of hosts and gateways, and gateways: they are learnt from the kernel. It is followed while
it runs: a changed file is put in force as a whole, or refused, and the one before stays. SIGINT and SIGTERM end it,
SIGUSR1 prints what was counted, SIGHUP reads the policy again. docs/live.md has the details.`;

const SIMULATE_HELP = `
The policy is run as it is, and twice more with the same frames: with all VMs by NVGRE (the wire shows one provider
address per host) and with all by IP Rewrite (one per VM address; free ones of the hosts' prefixes are taken). The
quotient of the addresses that the switches learnt is the factor. docs/simulate.md has the details.`;

/** An option that may be given several times. */
function collect(text: string, all: string[]): string[] {
  return [...all, text];
}

function parseWorkers(text: string): number {
  if (/^\d{1,2}$/.test(text) && Number(text) >= 1 && Number(text) <= 63) return Number(text);
  throw new InvalidArgumentError('Expected a number from 1 to 63.');
}

function parseCount(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Expected a number from 0 to 999999999.');
}

function parsePort(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) < 65536) return Number(text);
  throw new InvalidArgumentError('Expected a number from 0 to 65535.');
}

function program(): Command {
  const netvirt = new Command('netvirt')
    .description(
      'Network virtualization: many customers’ networks over one physical network, by NVGRE and IP Rewrite.',
    )
    .version(version())
    .exitOverride()
    .showHelpAfterError('(--help explains)')
    .addHelpText(
      'after',
      '\nPOLICY, IN and OUT are files; - is stdin or stdout. Exit codes: 0 done, 1 bad input, 2 wrong usage.',
    );
  const json = () => new Option('--json', 'print the report as JSON');
  const host = () =>
    new Option('--host <name>', 'the host of the policy whose dataplane this is').makeOptionMandatory();
  const out = () =>
    new Option('-o, --output <file>', 'capture to write (.pcap or .pcapng)')
      .argParser(standardStream)
      .makeOptionMandatory();

  netvirt
    .command('check')
    .description('validate a policy and say what it amounts to')
    .argument('<policy>', 'policy, YAML or JSON', standardStream)
    .addOption(json())
    .action(async (policy: string, options: JsonOption) =>
      (await import('./check.ts')).check(policy, options),
    );
  netvirt
    .command('init')
    .description(
      'write a starter policy from a capture: endpoints seen, the two sides of conversations on two hosts',
    )
    .argument('<capture>', 'pcap or pcapng', standardStream)
    .option('-o, --output <file>', 'policy to write', standardStream, '-')
    .option('--force', 'replace that file if there is one')
    .addOption(json())
    .action(async (capture: string, options: InitOption) =>
      (await import('./init.ts')).init(capture, options),
    );
  netvirt
    .command('encap')
    .description('frames that VMs on a host sent → what goes out on its uplink')
    .argument('<policy>', 'policy, YAML or JSON', standardStream)
    .argument('<in>', 'capture of the VMs’ frames', standardStream)
    .addOption(host())
    .option(
      '--port <endpoint>',
      'all frames come from this endpoint (else: pcapng interface name, else source MAC)',
    )
    .addOption(out())
    .addOption(json())
    .action(async (policy: string, input: string, options: TransferOptions) =>
      (await import('./encap.ts')).encap(policy, input, options),
    );
  netvirt
    .command('decap')
    .description('frames from the provider network → what VMs on a host receive, one interface per endpoint')
    .argument('<policy>', 'policy, YAML or JSON', standardStream)
    .argument('<in>', 'capture of the provider network', standardStream)
    .addOption(host())
    .option('--port <endpoint>', 'keep only what this endpoint receives')
    .addOption(out())
    .addOption(json())
    .action(async (policy: string, input: string, options: TransferOptions) =>
      (await import('./decap.ts')).decap(policy, input, options),
    );
  netvirt
    .command('inspect')
    .description('what is in a capture: tunnels, virtual subnets, customers, malformed packets')
    .argument('<in>', 'pcap or pcapng', standardStream)
    .option(
      '--policy <policy>',
      'names customers and endpoints, and tells rewritten packets from others',
      standardStream,
    )
    .addOption(json())
    .action(async (input: string, options: InspectOptions) =>
      (await import('./inspect.ts')).inspect(input, options),
    );
  netvirt
    .command('explain')
    .description(
      'one frame through the real code path: each decision with its rule, the bytes before and after',
    )
    .argument('<policy>', 'policy, YAML or JSON', standardStream)
    .addOption(host())
    .addOption(
      new Option(
        '--port <endpoint>',
        'where the frame comes in; uplink is the provider side',
      ).makeOptionMandatory(),
    )
    .option('--frame <hex>', 'the frame')
    .option('--to <address>', 'or: a frame that the endpoint sends to this address')
    .addOption(new Option('--proto <protocol>', 'with --to').choices(['icmp', 'udp', 'tcp']).default('icmp'))
    .addOption(json())
    .action(async (policy: string, options: ExplainOptions) =>
      (await import('./explain.ts')).explain(policy, options),
    );
  netvirt
    .command('simulate')
    .description(
      'every host of a fabric at once and the switches between them: who gets what, what the switches learn, how flows spread',
    )
    .argument('[policy]', 'policy, YAML or JSON', standardStream)
    .argument(
      '[in...]',
      'captures of VMs’ frames (sender: pcapng interface name, else source MAC); none: every VM sends',
    )
    .option(
      '--generate <fabric>',
      'instead of POLICY: hosts=1000,vms=30,customers=200[,seed=1]; vms are per host',
    )
    .option('--ecmp <paths>', 'equal paths that flows are spread over', '8')
    .option('--plot <file>', 'SVG of that spread', standardStream)
    .addOption(json())
    .addHelpText('after', SIMULATE_HELP)
    .action(async (policy: string | undefined, inputs: string[], options: SimulateOptions) =>
      (await import('./simulate.ts')).simulate(
        policy,
        inputs.map((input) => standardStream(input)),
        options,
      ),
    );
  netvirt
    .command('verify')
    .description(
      'prove that routing domains are kept apart and that everybody who should talk can, and try it',
    )
    .argument('<policy>', 'policy, YAML or JSON', standardStream)
    .addOption(
      new Option(
        '--pairs <number>',
        'packets to try it with; all pairs where they are fewer; 0: the proof alone',
      )
        .argParser(parseCount)
        .default(100_000),
    )
    .option('--all-hosts', 'packets between all hosts, however long their dataplanes take')
    .addOption(json())
    .action(async (policy: string, options: VerifyCommandOptions) =>
      (await import('./verify.ts')).verify(policy, options),
    );
  netvirt
    .command('bench')
    .description(
      'measure what a packet costs the engine on this machine, against the same in C (gcc, clang), in TypeScript and by the limit of the memory',
    )
    .option('--quick', 'egress, ingress and rewrite, 1000 and 1000000 endpoints, uniform, batches of 256')
    .option('--large', '10000000 endpoints too; takes gigabytes')
    .option('--operation <name...>', 'egress, ingress, rewrite, routed, drop')
    .option('--endpoints <number...>', 'that the tables hold')
    .option('--destination <name...>', 'how often an endpoint is the other end: uniform, zipf')
    .option('--batch <number...>', 'packets that are processed by one call')
    .option('--passes <number>', 'over 16384 packets, for each engine')
    .option('-o, --output <folder>', 'writes RESULTS.md, results.json and plots')
    .addOption(json())
    .action(async (options: BenchCommandOptions) => (await import('./bench.ts')).bench(options));
  netvirt
    .command('run')
    .description(
      'make this Linux machine a host of the fabric: VMs’ interfaces on one side, the provider network on the other',
    )
    .argument('<policy>', 'policy, YAML or JSON', standardStream)
    .addOption(
      new Option('--host <name>', 'the host of the policy that this machine is').makeOptionMandatory(),
    )
    .addOption(new Option('--uplink <interface>', 'interface on the provider network').makeOptionMandatory())
    .option(
      '--attach <endpoint=interface>',
      'interface that an endpoint is behind; several times',
      collect,
      [],
    )
    .option(
      '--await <endpoint=interface>',
      'the same for one that the policy may move to this host later',
      collect,
      [],
    )
    .option('--tap <endpoint=name>', 'make a tap for an endpoint; several times', collect, [])
    .addOption(
      new Option('--io <backend>', 'how frames are read and sent; auto: the best that works')
        .choices(['auto', 'packet', 'xdp', 'mmsg'])
        .default('auto'),
    )
    .addOption(
      new Option('--workers <number>', 'threads that move frames').argParser(parseWorkers).default(1),
    )
    .addOption(
      new Option('--stats <seconds>', 'seconds between two lines about what was counted; 0: none')
        .argParser(parseCount)
        .default(60),
    )
    .addOption(
      new Option('--log <format>', 'of the log on stderr; default: text on a terminal, else json').choices([
        'text',
        'json',
      ]),
    )
    .addOption(json())
    .addHelpText('after', RUN_HELP)
    .action(async (policy: string, options: RunOptions) => (await import('./run.ts')).run(policy, options));
  netvirt
    .command('doctor')
    .description('what this machine allows of live I/O, and how to get what is missing')
    .addOption(json())
    .action(async (options: DoctorOptions) => (await import('./doctor.ts')).doctor(options));
  netvirt
    .command('example')
    .description(
      'the main job on an embedded example: two customers with the same addresses cross one network',
    )
    .option('-o, --output <folder>', 'where its files go', 'out')
    .addOption(json())
    .action(async (options: OutputOption) => (await import('./example/run.ts')).example(options));
  netvirt
    .command('demo')
    .description(
      'serve the browser demo to this machine: watch packets, edit policies, read captures, measure',
    )
    .option('--port <number>', '0: any that is free', parsePort, 8080)
    .action(async (options: DemoOptions) => (await import('./demo.ts')).demo(options));
  return netvirt;
}

/** Errors that say what the input's fault is; anything else is ours and shows its stack. */
function isInputFault(error: unknown): error is Error {
  return [PolicyError, CaptureError, OutputError, InputError, LiveError, RangeError].some(
    (kind) => error instanceof kind,
  );
}

async function main(): Promise<number> {
  try {
    await program().parseAsync();
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (error instanceof UsageError) {
      console.error(`netvirt: ${error.message}`);
      return 2;
    }
    if (!isInputFault(error)) throw error;
    console.error(error.message);
    return 1;
  }
}

// A reader of our report that has enough (`| head`) ends it quietly. Anything else is a report that nobody got.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  console.error(`stdout: ${systemReason(error)}`);
  process.exit(1);
});

process.exitCode = await main();
