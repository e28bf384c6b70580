/** Strict parsers of addresses, against another implementation and against their own formatters. */

import fc from 'fast-check';
import { Address4, Address6 } from 'ip-address';
import { describe, expect, it } from 'vitest';
import {
  contains,
  formatIp,
  formatMac,
  formatPrefix,
  ipBytes,
  networkOf,
  parseInterface,
  parseIp,
  parseIpv4,
  parseIpv6,
  parseMac,
  parsePrefix,
  parseRoutingDomainId,
} from '../../src/policy/addresses.ts';

const ipv4Value = fc.integer({ min: 0, max: 0xffff_ffff });
const ipv6Value = fc.bigInt({ min: 0n, max: (1n << 128n) - 1n });
/** Texts near to addresses: what a typing error gives. */
const nearly = (alphabet: string) =>
  fc.string({ unit: fc.constantFrom(...Array.from(alphabet)), maxLength: 40 });

describe('IPv4', () => {
  it.each([
    '010.0.0.1',
    '0x7f.1',
    '1.2.3',
    '1.2.3.4.5',
    '256.1.1.1',
    '1.2.3.',
    '.1.2.3',
    '1..2.3',
    ' 1.2.3.4',
    '1.2.3.4 ',
    '',
    '00.0.0.0',
    '1.2.3.4/8',
  ])('refuses %j', (text) => {
    expect(parseIpv4(text)).toBeUndefined();
  });

  it('parses what it formats', () => {
    fc.assert(
      fc.property(ipv4Value, (value) => {
        expect(parseIp(formatIp({ family: 4, value }))).toEqual({ family: 4, value });
      }),
    );
  });

  it('agrees with ip-address on texts of digits and dots, but for leading zeros', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), nearly('0123456789.')), (text) => {
        const theirs = Address4.isValid(text) && !/(^|\.)0\d/.test(text) && /^\d+(\.\d+){3}$/.test(text);
        expect(parseIpv4(text) !== undefined).toBe(theirs);
      }),
      { numRuns: 5000 },
    );
  });
});

describe('IPv6', () => {
  it.each([
    '',
    ':',
    ':::',
    '1::2::3',
    '12345::',
    'fe80::1%eth0',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7::8:9',
    '::1.2.3',
    '::01.2.3.4',
    '1.2.3.4::',
    'g::',
    '::1 ',
  ])('refuses %j', (text) => {
    expect(parseIpv6(text)).toBeUndefined();
  });

  it.each([
    ['::', 0n],
    ['::1', 1n],
    ['1:2:3:4:5:6:7::', 0x0001_0002_0003_0004_0005_0006_0007_0000n],
    ['::ffff:192.0.2.1', 0xffff_c000_0201n],
    ['64:ff9b::192.0.2.33', 0x0064_ff9b_0000_0000_0000_0000_c000_0221n],
    ['2001:DB8::A', 0x2001_0db8_0000_0000_0000_0000_0000_000an],
  ])('parses %s', (text, value) => {
    expect(parseIpv6(text)).toEqual({ family: 6, value });
  });

  it.each([
    [0x2001_0db8_0000_0000_0001_0000_0000_0001n, '2001:db8::1:0:0:1'],
    [0x2001_0db8_0000_0001_0001_0001_0001_0001n, '2001:db8:0:1:1:1:1:1'],
    [0x2001_0000_0000_0001_0000_0000_0000_0001n, '2001:0:0:1::1'],
    [0n, '::'],
  ])('formats by RFC 5952: %s', (value, text) => {
    expect(formatIp({ family: 6, value })).toBe(text);
  });

  it('parses what it formats', () => {
    fc.assert(
      fc.property(ipv6Value, (value) => {
        expect(parseIp(formatIp({ family: 6, value }))).toEqual({ family: 6, value });
      }),
    );
  });

  it('agrees with ip-address on its own texts', () => {
    fc.assert(
      fc.property(fc.ipV6(), (text) => {
        const theirs = new Address6(text);
        expect(parseIpv6(text)?.value).toBe(theirs.bigInt());
      }),
      { numRuns: 2000 },
    );
  });

  it('accepts nothing that ip-address refuses', () => {
    fc.assert(
      fc.property(nearly('0123456789abcdef:::::.'), (text) => {
        if (parseIpv6(text) !== undefined) expect(Address6.isValid(text), text).toBe(true);
      }),
      { numRuns: 5000 },
    );
  });
});

describe('prefixes, MACs and ids', () => {
  it('a prefix has no host bits, an interface may', () => {
    expect(parsePrefix('10.1.0.0/16')).toEqual({ address: { family: 4, value: 0x0a010000 }, length: 16 });
    expect(parsePrefix('10.1.0.1/16')).toBeUndefined();
    expect(parseInterface('10.1.0.1/16')).toEqual({ address: { family: 4, value: 0x0a010001 }, length: 16 });
    expect(parsePrefix('0.0.0.0/0')).toEqual({ address: { family: 4, value: 0 }, length: 0 });
    for (const text of [
      '10.1.0.0',
      '10.1.0.0/33',
      '10.1.0.0/016',
      '10.1.0.0/-1',
      '10.1.0.0/',
      'fd00::/129',
      '/8',
    ]) {
      expect(parseInterface(text), text).toBeUndefined();
    }
  });

  it('a network contains exactly the addresses that share its first bits', () => {
    fc.assert(
      fc.property(ipv4Value, ipv4Value, fc.integer({ min: 0, max: 32 }), (a, b, length) => {
        const bits = (value: number) => value.toString(2).padStart(32, '0').slice(0, length);
        const network = networkOf({ family: 4, value: a }, length);
        expect(contains(network, { family: 4, value: b })).toBe(bits(a) === bits(b));
        expect(parsePrefix(formatPrefix(network))).toEqual(network);
      }),
    );
  });

  it('MACs with one kind of separator', () => {
    expect(parseMac('02:15:5D:00:50:11')).toBe(0x02155d005011);
    expect(parseMac('02-15-5d-00-50-11')).toBe(0x02155d005011);
    expect(formatMac(0x02155d005011)).toBe('02:15:5d:00:50:11');
    for (const text of [
      '02:15:5d:00:50',
      '02:15-5d:00:50:11',
      '2:15:5d:0:50:11',
      '02155d005011',
      '02:15:5d:00:50:1g',
      '',
    ]) {
      expect(parseMac(text), text).toBeUndefined();
    }
  });

  it('routing domain ids', () => {
    expect(parseRoutingDomainId('5B3A3F6E-7C1E-4D0A-9A66-0C6A7C8C1F01')).toBe(
      '5b3a3f6e-7c1e-4d0a-9a66-0c6a7c8c1f01',
    );
    for (const text of [
      '5b3a3f6e',
      '{5b3a3f6e-7c1e-4d0a-9a66-0c6a7c8c1f01}',
      '5b3a3f6e-7c1e-4d0a-9a66-0c6a7c8c1f0g',
    ]) {
      expect(parseRoutingDomainId(text), text).toBeUndefined();
    }
  });

  it('bytes are in the order of the wire', () => {
    expect([...ipBytes(parseIp('10.1.2.3')!)]).toEqual([10, 1, 2, 3]);
    expect([...ipBytes(parseIp('fe80::102')!)]).toEqual([
      0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2,
    ]);
  });
});
