//  0                   1                   2                   3
//  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
// |          Source Port          |       Destination Port        |
// |                        Sequence Number                        |
// |                    Acknowledgment Number                      |
// | Offset| Rsrvd |C|E|U|A|P|R|S|F|            Window             |
// |           Checksum            |         Urgent Pointer        |   RFC 9293 §3.1

export const TCP: u32 = 6;
export const TCP_HEADER: u32 = 20;

@unmanaged
export class Tcp {
  static at(header: usize): Tcp {
    return changetype<Tcp>(header);
  }

  get isSyn(): bool {
    return (load<u8>(changetype<usize>(this), 13) & 2) != 0;
  }

  /** Bytes, options included. */
  get headerLength(): u32 {
    return ((<u32>load<u8>(changetype<usize>(this), 12)) >> 4) << 2;
  }

  get checksum(): u16 {
    return load<u16>(changetype<usize>(this), 16);
  }

  set checksum(value: u16) {
    store<u16>(changetype<usize>(this), value, 16);
  }
}
