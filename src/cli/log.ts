/** What `netvirt run` tells while it runs: lines on stderr, as text for people or as JSON for programs. */

import pc from 'picocolors';
import type { Logger } from 'pino';
import type { LogLevel, RunLog } from '../live/runner.ts';

export type LogFormat = 'text' | 'json';

export interface Log {
  readonly write: RunLog;
  readonly logger: Logger;
}

/** pino is loaded when it is needed: other commands start without it. */
export async function createLog(format: LogFormat, level: LogLevel): Promise<Log> {
  const { pino } = await import('pino');
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  // Synchronous: the last line before an end is the one that is looked for.
  const destination =
    format === 'json'
      ? pino.destination({ fd: 2, sync: true })
      : {
          write: (line: string) => {
            process.stderr.write(textOf(line));
          },
        };
  const logger = pino(options, destination);
  return {
    logger,
    write: (name, message, fields) => {
      logger[name](fields ?? {}, message);
    },
  };
}

const LEVELS: ReadonlyMap<number, string> = new Map([
  [20, pc.dim('debug')],
  [30, pc.green('info ')],
  [40, pc.yellow('warn ')],
  [50, pc.red('error')],
]);

/** Of one line of pino: time of day, level, message, and the other fields as name=value. */
export function textOf(line: string): string {
  const { level, time, msg, ...fields } = JSON.parse(line) as {
    level: number;
    time: string;
    msg: string;
    [name: string]: unknown;
  };
  const values = Object.entries(fields).map(([name, value]) => {
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    return pc.dim(`${name}=${text}`);
  });
  const clock = pc.dim(time.slice(11, 23));
  return `${[clock, LEVELS.get(level) ?? String(level), msg, ...values].join(' ')}\n`;
}
