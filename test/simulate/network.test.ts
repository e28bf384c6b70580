import { describe, expect, it } from 'vitest';
import { validatePolicy } from '../../src/index.ts';
import { readOuter } from '../../src/simulate/outer.ts';
import { racksOf } from '../../src/simulate/racks.ts';
import { Router } from '../../src/simulate/router.ts';
import { ethernet, ipv4, ipv6, pattern, udp } from '../packets/index.ts';
import { document } from './fabric.ts';

function hostsWith(...addresses: string[][]) {
  return validatePolicy({
    version: 1,
    customers: [],
    hosts: addresses.map((own, index) => ({
      name: `h${index}`,
      addresses: own,
      mac: `02:00:00:00:00:0${index + 1}`,
    })),
  }).hosts;
}

describe('racks', () => {
  const names = (...addresses: string[][]) =>
    racksOf(hostsWith(...addresses)).map(({ hosts }) => hosts.map(({ name }) => name).join(' '));

  it('one per provider prefix', () => {
    expect(names(['10.0.1.1/24'], ['10.0.2.1/24'], ['10.0.1.2/24'])).toEqual(['h0 h2', 'h1']);
  });

  it('a prefix inside another one is reached without a router', () => {
    expect(names(['10.0.1.1/24'], ['10.1.0.1/16'], ['10.0.0.1/16'], ['10.0.2.1/24'])).toEqual([
      'h0 h2 h3',
      'h1',
    ]);
  });

  it('hosts that share either family', () => {
    const [v4, both, v6] = [['10.0.1.1/24'], ['10.0.1.2/24', 'fd00:1::2/64'], ['fd00:1::3/64']];
    expect(names(v4, both, v6, ['fd00:2::1/64'])).toEqual(['h0 h1 h2', 'h3']);
  });
});

describe('the router', () => {
  const router = new Router(validatePolicy(document()));
  const [src, dst] = ['02:00:00:00:01:01', '02:00:00:00:01:fe'];
  const payload = udp({ srcPort: 1, dstPort: 2 }, pattern(9));

  it.each([255, 64, 2])('one TTL less than %i, the checksum right, new MACs, nothing else', (ttl) => {
    for (const identification of [0, 1, 0x1234, 0xbeef, 0xffff]) {
      const fields = { src: '192.168.1.1', dst: '192.168.3.3', identification };
      const frame = ethernet({ src, dst }, ipv4({ ...fields, ttl }, payload));
      const expected = ethernet(
        { src: '02:00:00:00:03:fe', dst: '02:00:00:00:03:03' },
        ipv4({ ...fields, ttl: ttl - 1 }, payload),
      );
      const routed = router.route(readOuter(frame)!, 0x02_00_00_00_03_03, 0x02_00_00_00_03_fe)!;
      expect(Buffer.from(routed).toString('hex')).toBe(Buffer.from(expected).toString('hex'));
    }
  });

  it('a hop limit less over IPv6', () => {
    const frame = (hopLimit: number) =>
      ethernet({ src, dst }, ipv6({ src: 'fd00::1', dst: 'fd00::2', hopLimit }, payload));
    const routed = router.route(readOuter(frame(9))!, 0x02_00_00_00_01_fe, 0x02_00_00_00_01_01)!;
    expect([...routed]).toEqual([...frame(8)]);
    expect(router.route(readOuter(frame(1))!, 1, 2)).toBeUndefined();
  });

  it('knows whose addresses are whose', () => {
    const key = (...bytes: number[]) => String.fromCharCode(...bytes);
    expect(router.ownerOf(key(192, 168, 3, 130))).toEqual({ host: 2, mac: 0x02_00_00_00_03_03 });
    expect(router.ownerOf(key(192, 168, 1, 2))).toEqual({ host: 1, mac: 0x02_00_00_00_01_02 });
    expect(router.ownerOf(key(192, 168, 3, 131))).toBeUndefined();
  });
});
