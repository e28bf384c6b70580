//  0       1       2               4               6               8
// +-------+-------+---------------+---------------+---------------+---------------+
// | flags | type  | hdrLen        | gsoSize       | csumStart     | csumOffset    |   VIRTIO 1.2 §5.1.6, little-endian
// +-------+-------+---------------+---------------+---------------+---------------+

import { VNET_SIZE } from '../../src/abi/vnet';

/** A view of the header in front of a frame. */
@unmanaged
export class Vnet {
  flags: u8;
  gsoType: u8;
  hdrLen: u16;
  gsoSize: u16;
  csumStart: u16;
  csumOffset: u16;

  static before(frame: usize): Vnet {
    return changetype<Vnet>(frame - VNET_SIZE);
  }

  /** Nothing is left to do. */
  clear(): void {
    store<u64>(changetype<usize>(this), 0);
    store<u16>(changetype<usize>(this), 0, 8);
  }
}
