/** Pairs between virtual subnets: a router's packets arrive, and what is no router's packet is found. */

import { describe, expect, it } from 'vitest';
import { FORWARD } from '../../src/abi/verdict.ts';
import { verify } from '../../src/verify/index.ts';
import { fabric, meddling } from './fabrics.ts';

const ROUTER = Uint8Array.of(0x02, 0, 0x5e, 0, 0, 0x01);
const isRouted = (frame: Uint8Array) => ROUTER.every((byte, at) => frame[6 + at] === byte);

/** What is seen after `change` had its turn at routed frames that leave by a port. */
async function routedAfter(change: (frame: Uint8Array) => void) {
  const createPlane = meddling((_host, _plane, visit) => (input, verdict, output) => {
    if (verdict === FORWARD && output !== undefined && output.port > 0 && isRouted(output.frame))
      change(output.frame);
    visit(input, verdict, output);
  });
  const { checks, failures } = await verify(fabric(), { createPlane });
  return {
    failed: (name: string) => checks.find((check) => check.name === name)!.failed,
    first: failures.find(({ check }) => check === 'routed')!,
  };
}

/** Blue: 18 + 6 + 1 IPv4 addresses in subnets with a gateway, 15 + 6 IPv6; trunk is in two of them. */
const PAIRS = 2 * (18 * 6 + 18 + 6 - 1) + 2 * (15 * 6 - 1);

describe('pairs between virtual subnets', () => {
  it('all arrive, by NVGRE and rewritten, on VLANs, over IPv4 and IPv6', async () => {
    const { checks, failures } = await verify(fabric());
    expect(failures).toEqual([]);
    expect(checks.find(({ name }) => name === 'routed')).toMatchObject({
      scope: 'exhaustive',
      cases: PAIRS,
      of: PAIRS,
      failed: 0,
    });
  });

  it('a TTL that stays is found', async () => {
    const { failed, first } = await routedAfter((frame) => {
      if (frame[12] === 0x86) frame[21]!++;
    });
    // All of IPv6 but those to trunk on its VLAN, which begin otherwise.
    expect(failed('routed')).toBe(2 * (15 * 6 - 1) - 14);
    expect(failed('traffic')).toBe(0);
    expect(first.message).toMatch(/arrived with other bytes than it should have$/);
  });

  it('a source MAC that is not the router’s is found', async () => {
    const { failed, first } = await routedAfter((frame) => {
      frame[11] = 2;
    });
    expect(failed('routed')).toBe(PAIRS);
    expect(first.message).toMatch(/arrived with other bytes than it should have$/);
    expect(first.counterexample!.traces.at(-1)!.steps.at(-1)!.text).toMatch(/^FORWARD/);
  });

  it('an answer from the gateway is none of the receiver’s', async () => {
    const createPlane = meddling((host, _plane, visit) => (input, verdict, output) => {
      const isMine = host === 'h1' && verdict === FORWARD && output?.port === 0;
      if (!isMine) visit(input, verdict, output);
      // Beside the drop, to the wrong one: port 1.
      else visit(input, 3, { port: 1, frame: output.frame });
    });
    const { failures } = await verify(fabric(), { createPlane });
    const messages = failures.filter(({ check }) => check === 'routed').map(({ message }) => message);
    expect(messages.some((message) => message.includes('was answered by ICMP_ERROR to a'))).toBe(true);
    expect(messages.filter((message) => /^a .*was answered/.test(message))).toEqual([]);
  });
});
