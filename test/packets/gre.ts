import { concat, u16, u32 } from './bytes.ts';
import { PROTOCOL, type Upper } from './upper.ts';

export interface GreFields {
  /** Flags and version, RFC 2784 §2.1 as RFC 2890 extends it: 0x2000 is K. */
  readonly flags?: number;
  readonly protocolType: number;
  /** Written when it is given, whatever the flags say. */
  readonly key?: number;
}

export const gre = (fields: GreFields, payload: Uint8Array): Upper => ({
  protocol: PROTOCOL.gre,
  build: () =>
    concat(
      u16(fields.flags ?? (fields.key === undefined ? 0 : 0x2000)),
      u16(fields.protocolType),
      fields.key === undefined ? new Uint8Array(0) : u32(fields.key),
      payload,
    ),
});

/** Transparent Ethernet bridging. */
export const NVGRE_PROTOCOL_TYPE = 0x6558;

export interface NvgreFields {
  readonly vsid: number;
  readonly flowId?: number;
  readonly flags?: number;
  readonly protocolType?: number;
  /** draft-sridharan-virtualization-nvgre-00 §3.2: the VSID in the lower 24 bits, the upper 8 for the flow. */
  readonly layout?: 'rfc7637' | 'draft00';
}

/** RFC 7637 §3.2, or the layout of the first draft. */
export const nvgre = (fields: NvgreFields, frame: Uint8Array): Upper =>
  gre(
    {
      flags: fields.flags ?? 0x2000,
      protocolType: fields.protocolType ?? NVGRE_PROTOCOL_TYPE,
      key:
        fields.layout === 'draft00'
          ? (fields.flowId ?? 0) * 0x100_0000 + fields.vsid
          : fields.vsid * 256 + (fields.flowId ?? 0),
    },
    frame,
  );
