export { CaptureIndex, type IndexColumns } from './capture-index.ts';
export { CaptureReader } from './reader.ts';
export {
  CaptureError,
  LINKTYPE_ETHERNET,
  linkTypeName,
  type CaptureInterface,
  type CaptureRecord,
  type RecordHead,
} from './types.ts';
export { PcapWriter, PcapngWriter, type CaptureWriter, type NewInterface, type Packet } from './writer.ts';
