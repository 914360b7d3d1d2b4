// Scans, scatters and sorts of one dtype along one axis of [outer, length, inner].
#include "types.cuh"

#define SCAN 64

// The last local result of each block of each line: [line][block].
template <ACC (*COMBINE)(ACC, ACC)>
__device__ __forceinline__ void scan_blocks(const T* __restrict__ in, ACC* __restrict__ part, i64 length, i64 inner, i64 blocks,
                                            i64 units) {
  EACH(u, units) {
    const i64 line = u / blocks;
    const i64 from = u % blocks * SCAN;
    const i64 to = min(from + SCAN, length);
    const i64 start = line / inner * length * inner + line % inner;
    ACC local = load(in, start + from * inner);
#pragma unroll 1
    for (i64 p = from + 1; p < to; p++) {
      local = COMBINE(local, load(in, start + p * inner));
    }
    part[u] = local;
  }
}

// Replaces each block's result by the carry into the block; that of a line's first block has no meaning.
template <ACC (*COMBINE)(ACC, ACC)>
__device__ __forceinline__ void scan_carry(ACC* part, i64 blocks, i64 units) {
  EACH(u, units) {
    ACC* own = part + u * blocks;
    ACC carry = own[0];
#pragma unroll 1
    for (i64 b = 1; b < blocks; b++) {
      const ACC next = COMBINE(carry, own[b]);
      own[b] = carry;
      carry = next;
    }
  }
}

template <ACC (*COMBINE)(ACC, ACC)>
__device__ __forceinline__ void scan(const T* __restrict__ in, const ACC* __restrict__ part, T* __restrict__ out, i64 length, i64 inner,
                                     i64 blocks, i64 units) {
  EACH(u, units) {
    const i64 line = u / blocks;
    const i64 block = u % blocks;
    const i64 from = block * SCAN;
    const i64 to = min(from + SCAN, length);
    const i64 start = line / inner * length * inner + line % inner;
    const ACC carry = block == 0 ? (ACC)0 : part[u];
    ACC local = 0;
#pragma unroll 1
    for (i64 p = from; p < to; p++) {
      const ACC v = load(in, start + p * inner);
      local = p == from ? v : COMBINE(local, v);
      store(out, start + p * inner, block == 0 ? local : COMBINE(carry, local));
    }
  }
}

// Updates are applied in the order of their indices, so a column is one thread's.
template <ACC (*COMBINE)(ACC, ACC)>
__device__ __forceinline__ void scatter(const i64* __restrict__ indices, const T* __restrict__ updates, T* out, i64 extent, i64 inner,
                                        i64 count, i64 units) {
  EACH(u, units) {
    const i64 o = u / inner;
    const i64 i = u % inner;
#pragma unroll 1
    for (i64 j = 0; j < count; j++) {
      const i64 index = indices[j];
      if (index >= 0 && index < extent) {
        const i64 to = (o * extent + index) * inner + i;
        store(out, to, COMBINE(load(out, to), load(updates, (o * count + j) * inner + i)));
      }
    }
  }
}

#define COMBINED(NAME, OP)                                                                                                         \
  extern "C" __global__ void tz_scan_blocks_##NAME(const T* in, ACC* part, i64 length, i64 inner, i64 blocks, i64 units) {         \
    scan_blocks<OP>(in, part, length, inner, blocks, units);                                                                       \
  }                                                                                                                                \
  extern "C" __global__ void tz_scan_carry_##NAME(ACC* part, i64 blocks, i64 units) { scan_carry<OP>(part, blocks, units); }       \
  extern "C" __global__ void tz_scan_##NAME(const T* in, const ACC* part, T* out, i64 length, i64 inner, i64 blocks, i64 units) {  \
    scan<OP>(in, part, out, length, inner, blocks, units);                                                                         \
  }                                                                                                                                \
  extern "C" __global__ void tz_scatter_##NAME(const i64* indices, const T* updates, T* out, i64 extent, i64 inner, i64 count,     \
                                               i64 units) {                                                                        \
    scatter<OP>(indices, updates, out, extent, inner, count, units);                                                               \
  }

#ifndef TZ_BOOL
COMBINED(sum, add)
#endif
COMBINED(prod, mul)
COMBINED(min, least)
COMBINED(max, greatest)

// status: whether an index was bad, the index, the extent, the position.
extern "C" __global__ void tz_scatter_check(const i64* indices, u64* status, i64 extent, i64 units) {
  EACH(u, units) {
    const i64 index = indices[u];
    if ((index < 0 || index >= extent) && atomicCAS((u32*)status, 0u, 1u) == 0u) {
      status[1] = (u64)index;
      status[2] = (u64)extent;
      status[3] = (u64)u;
    }
  }
}

extern "C" __global__ void tz_scatter_base(const T* base, T* out, i64 units) {
  EACH(u, units) { out[u] = base[u]; }
}

extern "C" __global__ void tz_scatter_replace(const i64* indices, const T* updates, T* out, i64 extent, i64 inner, i64 count, i64 units) {
  EACH(u, units) {
    const i64 o = u / inner;
    const i64 i = u % inner;
#pragma unroll 1
    for (i64 j = 0; j < count; j++) {
      const i64 index = indices[j];
      if (index >= 0 && index < extent) {
        out[(o * extent + index) * inner + i] = updates[(o * count + j) * inner + i];
      }
    }
  }
}

// A number without sign that rises as the order does. The bits of a float rise with its magnitude; so those of a negative one are
// flipped, and of the others only the sign. NaN is the greatest.
#if defined(TZ_F64)
typedef u64 KEY;
__device__ __forceinline__ KEY to_key(ACC v) {
  const u64 bits = (u64)__double_as_longlong(v);
  return v != v ? ~0ull : bits ^ ((bits >> 63) != 0 ? ~0ull : 0x8000000000000000ull);
}
#elif defined(FLOATS)
typedef u32 KEY;
__device__ __forceinline__ KEY to_key(ACC v) {
  const u32 bits = __float_as_uint(v);
  return v != v ? ~0u : bits ^ ((bits >> 31) != 0 ? ~0u : 0x80000000u);
}
#elif defined(TZ_I64)
typedef u64 KEY;
__device__ __forceinline__ KEY to_key(ACC v) { return (u64)v ^ 0x8000000000000000ull; }
#else
typedef u32 KEY;
__device__ __forceinline__ KEY to_key(ACC v) { return (u32)v ^ 0x80000000u; }
#endif

// Keys and positions of each line, line after line. flip is all ones for a falling order.
extern "C" __global__ void tz_sort_keys(const T* in, KEY* keys, int* positions, i64 length, i64 inner, i64 flip, i64 units) {
  EACH(u, units) {
    const i64 line = u / length;
    const i64 p = u % length;
    keys[u] = to_key(load(in, line / inner * length * inner + line % inner + p * inner)) ^ (KEY)flip;
    positions[u] = (int)p;
  }
}

// Merges neighbouring sorted runs of a width: an element's place is its place in its own run and the number of those in the other run
// that come before it. Of equal elements those of the left run come first, so the sort is stable.
extern "C" __global__ void tz_sort_merge(const KEY* __restrict__ keys, const int* __restrict__ positions, KEY* __restrict__ keys_out,
                                         int* __restrict__ positions_out, i64 length, i64 width, i64 units) {
  EACH(u, units) {
    const i64 start = u / length * length;
    const i64 p = u - start;
    const i64 run = p / width;
    const bool left = run % 2 == 0;
    const i64 pair = run / 2 * 2 * width;
    const i64 other = min(left ? pair + width : pair, length);
    const KEY key = keys[u];
    i64 low = other;
    i64 high = min(other + width, length);
    while (low < high) {
      const i64 middle = (low + high) / 2;
      const KEY k = keys[start + middle];
      const bool before = left ? k < key : k <= key;
      low = before ? middle + 1 : low;
      high = before ? high : middle;
    }
    const i64 place = start + pair + (p - run * width) + (low - other);
    keys_out[place] = key;
    positions_out[place] = positions[u];
  }
}

// The first count elements of each sorted line.
extern "C" __global__ void tz_sort_values(const T* __restrict__ in, const int* __restrict__ positions, T* __restrict__ out, i64 length,
                                          i64 inner, i64 count, i64 units) {
  EACH(u, units) {
    const i64 line = u / count;
    const i64 p = u % count;
    const i64 from = (line / inner * length + positions[line * length + p]) * inner + line % inner;
    out[(line / inner * count + p) * inner + line % inner] = in[from];
  }
}

extern "C" __global__ void tz_sort_positions(const int* __restrict__ positions, i64* __restrict__ out, i64 length, i64 inner, i64 count,
                                             i64 units) {
  EACH(u, units) {
    const i64 line = u / count;
    const i64 p = u % count;
    out[(line / inner * count + p) * inner + line % inner] = positions[line * length + p];
  }
}
