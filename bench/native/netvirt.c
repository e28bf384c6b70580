// The loops, and what the host calls. One translation unit, so that the compiler inlines as it likes.

#include "egress.h"
#include "ingress.h"
#include "touch.h"

// Gives peers back the policy's MTU when their time is over (T4).
static COLD void age_path_mtus(struct netvirt *n, double first, double now) {
  if (now < first) return;
  double next = 0;
  for (uint32_t index = 1; index < n->next_hop_capacity; index++) {
    struct next_hop *hop = hop_at(n, index);
    if (hop->mtu_expiry == 0) continue;
    if (hop->mtu_expiry <= now) {
      hop->mtu = hop->policy_mtu;
      hop->mtu_expiry = 0;
    } else if (next == 0 || hop->mtu_expiry < next) {
      next = hop->mtu_expiry;
    }
  }
  store_double(n->generation + PATH_MTU_EXPIRY, next);
}

static COLD void drop_flagged(struct netvirt *n, uint32_t port, uint32_t flags) {
  const uint32_t subnet = port != 0 && is_port(n, port) ? port_at(n, port)->subnet : 0;
  drop(n, subnet, (flags & INPUT_CUT) != 0 ? DROP_CUT_CAPTURE : DROP_FRAME_TOO_LONG);
}

static uint32_t process(struct netvirt *n, uint32_t first, uint32_t count, double now) {
  enter_batch(n);
  n->cursor = n->outputs;
  const double expiry = load_double(n->generation + PATH_MTU_EXPIRY);
  if (expiry != 0) age_path_mtus(n, expiry, now);
  for (uint32_t index = 0; index < count; index++) {
    if (n->staged != 0 && (index & (GROUP - 1)) == 0) touch(n, first + index, min32(GROUP, count - index));
    n->input = index;
    const uint8_t *descriptor = descriptor_of(n, first + index);
    uint8_t *frame = n->memory + load32(descriptor + INPUT_ADDRESS);
    const uint32_t length = load32(descriptor + INPUT_LENGTH);
    const uint32_t port = load16(descriptor + INPUT_PORT);
    const uint32_t flags = load16(descriptor + INPUT_FLAGS);
    if (flags != 0) drop_flagged(n, port, flags);
    else if (port == 0) ingress(n, frame, length);
    else if (is_port(n, port)) egress(n, port, frame, length);
    else drop(n, 0, DROP_UNKNOWN_PORT);
  }
  leave_batch(n);
  return (uint32_t)((n->cursor - n->outputs) / OUTPUT_SIZE);
}

// As `process` of the WASM side: `count` descriptors from number `first` of the worker's input ring on. Returns how many output
// descriptors there are. Nothing is kept between calls: what a WASM instance has in globals is worked out anew, some 20 ns.
EXPORT uint32_t netvirt_process(uint8_t *memory, uint32_t worker, uint32_t first, uint32_t count, double now) {
  struct netvirt n = {0};
  lay_out_worker(&n, memory, worker);
  return process(&n, first, count, now);
}

// `total` descriptors in batches, each over the outputs of the one before. Returns the descriptors of the last one.
EXPORT uint32_t netvirt_run(uint8_t *memory, uint32_t worker, uint32_t total, uint32_t batch, double now) {
  struct netvirt n = {0};
  lay_out_worker(&n, memory, worker);
  uint32_t outputs = 0;
  for (uint32_t first = 0; first < total; first += batch)
    outputs = process(&n, first, min32(batch, total - first), now);
  return outputs;
}

// Bytes of the current generation, for a test: must be what the WASM side says.
EXPORT uint32_t netvirt_generation_size(uint8_t *memory, uint32_t worker) {
  struct netvirt n = {0};
  lay_out_worker(&n, memory, worker);
  const uint8_t *generation = memory + load32(memory + CURRENT);
  return (uint32_t)(lay_out_tables(&n, generation) - (uint64_t)(generation - memory));
}

typedef uint64_t vector __attribute__((vector_size(16), aligned(1), may_alias));

// What no dataplane can beat on this machine: read 64 bytes of every frame, store an envelope's 42 in front of it. Vectors of 16
// bytes, as in bench/limit/limit.ts. Returns something that depends on all that was read.
EXPORT uint32_t netvirt_limit(uint8_t *memory, uint32_t slots, uint32_t count) {
  const vector header = {0, 0};
  vector all = {0, 0};
  uint8_t *frame = memory + slots + SLOT_HEADROOM;
  for (uint32_t slot = 0; slot < count; slot++, frame += SLOT_SIZE) {
    const vector *line = (const vector *)frame;
    all ^= line[0] ^ line[1] ^ line[2] ^ line[3];
    *(vector *)(frame - OVERHEAD4) = header;
    *(vector *)(frame - OVERHEAD4 + 16) = header;
    *(vector *)(frame - 16) = header;
  }
  const uint64_t word = all[0] ^ all[1];
  return (uint32_t)(word ^ (word >> 32));
}
