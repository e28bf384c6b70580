/** How commands fail: exit code 1 for bad input, 2 for wrong usage, one line per error on stderr. */

/** The command line itself was wrong: exit code 2. */
export class UsageError extends Error {
  override name = 'UsageError';
}

/** What the command was given is wrong: exit code 1. One error per line of the message. */
export class InputError extends Error {
  override name = 'InputError';
}
