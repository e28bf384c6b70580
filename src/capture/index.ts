export { CaptureReader } from './reader.ts';
export {
  CaptureError,
  LINKTYPE_ETHERNET,
  linkTypeName,
  type CaptureInterface,
  type CaptureRecord,
} from './types.ts';
export { PcapWriter, PcapngWriter, type CaptureWriter, type NewInterface, type Packet } from './writer.ts';
