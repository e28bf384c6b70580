/** Policies to verify, and dataplanes that are wrong on purpose. */

import type { Plan } from '../../src/policy/compile.ts';
import { type Endpoint, type Policy, validatePolicy } from '../../src/index.ts';
import { RECORD_KIND, RECORD_SIZE } from '../../src/abi/layout.ts';
import { type Plane, createWasmPlane } from '../../src/verify/planes.ts';
import { type Compile, compile } from '../../src/verify/records.ts';
import { policy as fabricDocument } from '../rules/fabric.ts';

interface DomainDocument {
  subnets: { vsid: number; gateways?: string[] }[];
  routes?: object[];
  endpoints: object[];
}

export interface FabricDocument {
  hosts: object[];
  customers: { routingDomains: DomainDocument[] }[];
}

/** The fabric of the named packets: blue and green with the same addresses, all combinations of hosts and methods. */
export function fabric(change: (document: FabricDocument) => void = () => undefined): Policy {
  const document = fabricDocument() as FabricDocument;
  change(document);
  return validatePolicy(document);
}

/** A validated policy that somebody changed afterwards, as a broken validator would let it through. */
export function broken(change: (endpoint: (name: string) => Mutable<Endpoint>) => void): Policy {
  const policy = fabric();
  const endpoints = policy.customers.flatMap(({ routingDomains }) =>
    routingDomains.flatMap((domain) => domain.endpoints),
  );
  change((name) => endpoints.find((endpoint) => endpoint.name === name)!);
  return policy;
}

export type Mutable<Type> = { -readonly [Key in keyof Type]: Type[Key] };

/** What happens to one record on its way to a host: changed in place, or left out. */
export type Tamper = (record: DataView, planned: Plan) => 'omit' | undefined;

/** A compiler that is wrong: every record of the kind passes through `tamper`. */
export function tampered(kind: number, tamper: Tamper): Compile {
  return (policy, host, installer) =>
    compile(policy, host, {
      install: (records, planned) => {
        const kept: number[] = [];
        for (let at = 0; at < records.length; at += RECORD_SIZE) {
          const record = new DataView(records.buffer, records.byteOffset + at, RECORD_SIZE);
          if (record.getUint8(RECORD_KIND) === kind && tamper(record, planned) === 'omit') continue;
          kept.push(...records.subarray(at, at + RECORD_SIZE));
        }
        installer.install(Uint8Array.from(kept), planned);
      },
      installRanges: (family, base, ranges, total) => {
        installer.installRanges(family, base, ranges, total);
      },
    });
}

/** A compiler that is wrong about the ranges of routes. */
export function tamperedRanges(
  isMeant: (host: string) => boolean,
  tamper: (family: 4 | 6, ranges: DataView) => void,
): Compile {
  return (policy, host, installer) =>
    compile(policy, host, {
      install: (records, planned) => {
        installer.install(records, planned);
      },
      installRanges: (family, base, ranges, total) => {
        if (isMeant(host.name)) tamper(family, ranges);
        installer.installRanges(family, base, ranges, total);
      },
    });
}

type Visit = Parameters<Plane['run']>[1];

/** The real dataplanes, with something done to every output. */
export function meddling(meddle: (host: string, plane: Plane, visit: Visit) => Visit) {
  return async (policy: Policy, host: Policy['hosts'][number], copies: number): Promise<Plane> => {
    const plane = await createWasmPlane(policy, host, copies);
    return {
      memorySize: plane.memorySize,
      portOf: (endpoint) => plane.portOf(endpoint),
      endpointAt: (port) => plane.endpointAt(port),
      explain: (port, frame) => plane.explain(port, frame),
      run: (frames, visit) => {
        plane.run(frames, meddle(host.name, plane, visit));
      },
    };
  };
}
