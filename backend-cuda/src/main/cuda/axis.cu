// Scans and scatters of one dtype along one axis of [outer, length, inner].
#include "types.cuh"

// ---- Scans ----
//
// A line is cut into blocks of SCAN elements. A thread takes one block of one line, a "unit"; units are numbered [outer][block][inner].
// A tile is what the threads of one launch block take at once, UNITS units. What a block starts from, its carry, is the chain of the last
// results of the line's blocks before it. There are three ways to it, so a kernel has phases:
//
// ALL     A launch block walks whole lines, tile after tile; carries stay in shared memory. Memory is read and written once.
// LAST    Writes each unit's last result. Tiles are independent, so few and long lines use the whole device; then the carries are computed
//         (float sums and products: tz_scan_carry; other operations are associative to the bit: by a scan of what LAST wrote), and
// RESULT  reads the input again and writes the results.
//
// Threads of a warp should touch neighbouring addresses, but a unit's elements are inner apart. Where inner is large, neighbouring threads
// have neighbouring columns (scan_columns). Where it is small, a tile is one contiguous piece of memory, which passes through shared memory
// (scan_rows).

#define SCAN 64
#define PHASE_ALL 0
#define PHASE_LAST 1
#define PHASE_RESULT 2

// A tile of 128 units of 4 bytes, or of 64 of 8 bytes, takes 33 KiB: a multiprocessor that has 228 KiB holds six. AxisPlanner knows both.
#if defined(TZ_F64) || defined(TZ_I64)
#define UNITS 64
#define LOG_BANKS 4
#else
#define UNITS 128
#define LOG_BANKS 5
#endif
#define TILE (UNITS * SCAN)

// The columns of a tile of scan_columns: 128 bytes in memory, but at least a warp of them.
#define ACROSS (sizeof(T) == 1 ? 128 : sizeof(T) == 2 ? 64 : 32)
#define DOWN (UNITS / ACROSS)

// What the threads of a warp have at the same distance in their units falls on different banks, whatever power of two a unit has.
__device__ __forceinline__ int slot(int i) { return i + (i >> LOG_BANKS) + (i >> 2 * LOG_BANKS); }

// The carries of exact operations have the type of memory, so that another scan takes them.
template <typename A, typename B>
struct Same {
  static constexpr bool value = false;
};
template <typename A>
struct Same<A, A> {
  static constexpr bool value = true;
};

template <typename PART>
__device__ __forceinline__ ACC load_part(const PART* part, i64 i) {
  if constexpr (Same<PART, ACC>::value) {
    return part[i];
  } else {
    return load(part, i);
  }
}

template <typename PART>
__device__ __forceinline__ void store_part(PART* part, i64 i, ACC v) {
  if constexpr (Same<PART, ACC>::value) {
    part[i] = v;
  } else {
    store(part, i, v);
  }
}

// Walks n elements in order; AHEAD of them are loaded before the chain takes them. put gets each position's running result.
template <ACC (*COMBINE)(ACC, ACC), int AHEAD, typename GET, typename PUT>
__device__ __forceinline__ ACC walk(int n, GET get, PUT put) {
  ACC local = 0;
  int p = 0;
#pragma unroll 1
  for (; p + AHEAD <= n; p += AHEAD) {
    ACC v[AHEAD];
#pragma unroll
    for (int k = 0; k < AHEAD; k++) {
      v[k] = get(p + k);
    }
#pragma unroll
    for (int k = 0; k < AHEAD; k++) {
      const ACC next = COMBINE(local, v[k]);
      local = k == 0 && p == 0 ? v[k] : next;
      put(p + k, local);
    }
  }
#pragma unroll 1
  for (; p < n; p++) {
    const ACC v = get(p);
    const ACC next = COMBINE(local, v);
    local = p == 0 ? v : next;
    put(p, local);
  }
  return local;
}

// Puts n elements, loaded several at once.
template <int AHEAD, typename GET, typename PUT>
__device__ __forceinline__ void pass(int n, GET get, PUT put) {
  int p = 0;
#pragma unroll 1
  for (; p + AHEAD <= n; p += AHEAD) {
    ACC v[AHEAD];
#pragma unroll
    for (int k = 0; k < AHEAD; k++) {
      v[k] = get(p + k);
    }
#pragma unroll
    for (int k = 0; k < AHEAD; k++) {
      put(p + k, v[k]);
    }
  }
#pragma unroll 1
  for (; p < n; p++) {
    put(p, get(p));
  }
}

// The carry into a block, with count blocks before it in the tile, and before those what open points at, if not null.
template <ACC (*COMBINE)(ACC, ACC)>
__device__ __forceinline__ ACC carried(const ACC* last, int step, int count, const ACC* open) {
  const int from = open == nullptr ? 1 : 0;
  ACC carry = open == nullptr ? last[0] : *open;
#pragma unroll 8
  for (int j = from; j < count; j++) {
    carry = COMBINE(carry, last[j * step]);
  }
  return carry;
}

union Vector {
  uint4 bits;
  T elements[16 / sizeof(T)];
};

#define VECTOR ((int)(16 / sizeof(T)))
#define VECTORS_AHEAD 4

// The elements before the first address that is a multiple of 16.
__device__ __forceinline__ int head(const T* p, int count) {
  return min((int)((16 - ((u64)p & 15)) % 16 / sizeof(T)), count);
}

__device__ __forceinline__ void read_tile(ACC* tile, const T* __restrict__ from, int count) {
  const int first = head(from, count);
  const int whole = (count - first) / VECTOR;
  const int rest = first + whole * VECTOR;
  const int t = threadIdx.x;
  const uint4* vectors = (const uint4*)(from + first);
#pragma unroll 1
  for (int i = t; i < whole; i += VECTORS_AHEAD * UNITS) {
    Vector v[VECTORS_AHEAD];
#pragma unroll
    for (int j = 0; j < VECTORS_AHEAD; j++) {
      v[j].bits = vectors[min(i + j * UNITS, whole - 1)];
    }
#pragma unroll
    for (int j = 0; j < VECTORS_AHEAD; j++) {
      if (i + j * UNITS < whole) {
#pragma unroll
        for (int k = 0; k < VECTOR; k++) {
          tile[slot(first + (i + j * UNITS) * VECTOR + k)] = load(v[j].elements, k);
        }
      }
    }
  }
  if (t < first) {
    tile[slot(t)] = load(from, t);
  }
  if (rest + t < count) {
    tile[slot(rest + t)] = load(from, rest + t);
  }
}

__device__ __forceinline__ void write_tile(const ACC* tile, T* __restrict__ to, int count) {
  const int first = head(to, count);
  const int whole = (count - first) / VECTOR;
  const int rest = first + whole * VECTOR;
  const int t = threadIdx.x;
  uint4* vectors = (uint4*)(to + first);
#pragma unroll 2
  for (int i = t; i < whole; i += UNITS) {
    Vector v;
#pragma unroll
    for (int k = 0; k < VECTOR; k++) {
      store(v.elements, k, tile[slot(first + i * VECTOR + k)]);
    }
    vectors[i] = v.bits;
  }
  if (t < first) {
    store(to, t, tile[slot(t)]);
  }
  if (rest + t < count) {
    store(to, rest + t, tile[slot(rest + t)]);
  }
}

// A tile is down blocks of the inner lines of one outer index; or, where that is all of their blocks, the lines of group outer indices.
template <ACC (*COMBINE)(ACC, ACC), typename PART>
__device__ __forceinline__ void scan_rows(const T* __restrict__ in, PART* part, T* __restrict__ out, i64 outer, i64 length, i64 inner,
                                          i64 blocks, i64 phase, i64 down, i64 group) {
  __shared__ ACC tile[TILE + (TILE >> LOG_BANKS) + (TILE >> 2 * LOG_BANKS)];
  __shared__ ACC last[UNITS];
  __shared__ ACC carries[UNITS];
  const bool all = phase == PHASE_ALL;
  const i64 steps = (blocks + down - 1) / down;
  const i64 tiles = all ? (outer + group - 1) / group : outer * steps;
  const int columns = (int)inner;
  const int t = threadIdx.x;
#pragma unroll 1
  for (i64 u = blockIdx.x; u < tiles; u += gridDim.x) {
    const i64 o = all ? u * group : u / steps;
    const int lines = (int)min(group, outer - o);
    i64 b = all ? 0 : u % steps * down;
    const i64 end = all ? blocks : b + 1;
#pragma unroll 1
    for (; b < end; b += down) {
      const int rows = (int)min(down, blocks - b);
      const int depth = (int)min((i64)rows * SCAN, length - b * SCAN);
      const int count = lines * depth * columns;
      const i64 from = (o * length + b * SCAN) * inner;
      const int line = t / (rows * columns);
      const int row = t / columns - line * rows;
      const int i = t % columns;
      const int start = (line * depth + row * SCAN) * columns + i;
      const int n = min(SCAN, depth - row * SCAN);
      const bool busy = line < lines;
      const bool opens = b + row == 0;
      ACC local = 0;
      ACC carry = 0;
      __syncthreads();
      read_tile(tile, in + from, count);
      __syncthreads();
      const auto get = [&](int p) { return tile[slot(start + p * columns)]; };
      const auto put = [&](int p, ACC v) { tile[slot(start + p * columns)] = v; };
      if (busy) {
        local = walk<COMBINE, 8>(n, get, put);
      }
      if (phase == PHASE_LAST) {
        if (busy) {
          store_part(part, (o * blocks + b) * inner + t, local);
        }
        continue;
      }
      if (phase == PHASE_RESULT) {
        if (busy && !opens) {
          carry = load_part(part, (o * blocks + b + row - 1) * inner + i);
        }
      } else if (blocks > 1) {
        last[t] = local;
        __syncthreads();
        if (busy && !opens) {
          carry = carried<COMBINE>(last + (t - row * columns), columns, row, b > 0 ? carries + i : nullptr);
        }
      }
      if (busy && !opens) {
        pass<8>(n, get, [&](int p, ACC v) { put(p, COMBINE(carry, v)); });
      }
      __syncthreads();
      if (all && b + down < blocks && row == rows - 1 && busy) {
        carries[i] = opens ? local : COMBINE(carry, local);
      }
      write_tile(tile, out + from, count);
    }
  }
}

// A tile is DOWN blocks of ACROSS neighbouring lines of one outer index. A thread's running results stay in its own words of shared memory
// until it has the carry.
template <ACC (*COMBINE)(ACC, ACC), typename PART>
__device__ __forceinline__ void scan_columns(const T* __restrict__ in, PART* part, T* __restrict__ out, i64 outer, i64 length, i64 inner,
                                             i64 blocks, i64 phase) {
  __shared__ ACC tile[TILE];
  __shared__ ACC last[UNITS];
  __shared__ ACC carries[ACROSS];
  const bool all = phase == PHASE_ALL;
  const i64 groups = (inner + ACROSS - 1) / ACROSS;
  const i64 steps = (blocks + DOWN - 1) / DOWN;
  const i64 tiles = outer * groups * (all ? 1 : steps);
  const int t = threadIdx.x;
  const int x = t % ACROSS;
  const int row = t / ACROSS;
#pragma unroll 1
  for (i64 u = blockIdx.x; u < tiles; u += gridDim.x) {
    const i64 i = u % groups * ACROSS + x;
    const i64 o = all ? u / groups : u / groups / steps;
    i64 b = all ? 0 : u / groups % steps * DOWN;
    const i64 end = all ? blocks : b + 1;
#pragma unroll 1
    for (; b < end; b += DOWN) {
      const i64 block = b + row;
      const bool busy = i < inner && block < blocks;
      const bool opens = block == 0;
      const int n = (int)min((i64)SCAN, length - block * SCAN);
      const i64 from = (o * length + block * SCAN) * inner + i;
      const T* own = in + from;
      T* to = out + from;
      ACC local = 0;
      ACC carry = 0;
      if (busy) {
        local = walk<COMBINE, 16>(
            n, [&](int p) { return load(own, p * inner); }, [&](int p, ACC v) { tile[p * UNITS + t] = v; });
      }
      if (phase == PHASE_LAST) {
        if (busy) {
          store_part(part, (o * blocks + block) * inner + i, local);
        }
        continue;
      }
      if (phase == PHASE_RESULT) {
        if (busy && !opens) {
          carry = load_part(part, (o * blocks + block - 1) * inner + i);
        }
      } else if (blocks > 1) {
        last[t] = local;
        __syncthreads();
        if (busy && !opens) {
          carry = carried<COMBINE>(last + x, ACROSS, row, b > 0 ? carries + x : nullptr);
        }
        __syncthreads();
        if (busy && row == DOWN - 1) {
          carries[x] = opens ? local : COMBINE(carry, local);
        }
      }
      if (busy) {
        pass<8>(
            n, [&](int p) { return tile[p * UNITS + t]; },
            [&](int p, ACC v) {
              const ACC next = COMBINE(carry, v);
              store(to, p * inner, opens ? v : next);
            });
      }
    }
  }
}

#ifdef FLOATS
// Replaces each unit's last result by the line's result there. The chain of a line cannot be cut, so a thread walks it at the speed of
// dependent additions: from shared memory, while the other warps bring the next piece and take the last one away. A launch block
// takes up to 8 neighbouring lines.
#define CARRY_THREADS 256
#define CARRY_LINES 8
#define CARRY_WORDS ((int)(16384 / sizeof(ACC)))
#define CARRY_AHEAD 16

struct __align__(16) Words {
  ACC w[16 / sizeof(ACC)];
};

#define WORDS ((int)(16 / sizeof(ACC)))

template <ACC (*COMBINE)(ACC, ACC)>
__device__ __forceinline__ ACC carry_piece(Words* piece, int n, bool opens, ACC carry) {
  const int batches = n / CARRY_AHEAD;
  const int each = CARRY_AHEAD / WORDS;
  Words next[each];
#pragma unroll
  for (int j = 0; j < each; j++) {
    next[j] = piece[batches > 0 ? j : 0];
  }
#pragma unroll 1
  for (int p = 0; p < batches; p++) {
    Words v[each];
#pragma unroll
    for (int j = 0; j < each; j++) {
      v[j] = next[j];
      next[j] = piece[min(p + 1, batches - 1) * each + j];
    }
#pragma unroll
    for (int j = 0; j < CARRY_AHEAD; j++) {
      ACC& w = v[j / WORDS].w[j % WORDS];
      carry = opens && j == 0 && p == 0 ? w : COMBINE(carry, w);
      w = carry;
    }
#pragma unroll
    for (int j = 0; j < each; j++) {
      piece[p * each + j] = v[j];
    }
  }
  ACC* rest = (ACC*)piece;
#pragma unroll 1
  for (int p = batches * CARRY_AHEAD; p < n; p++) {
    carry = opens && p == 0 ? rest[p] : COMBINE(carry, rest[p]);
    rest[p] = carry;
  }
  return carry;
}

template <ACC (*COMBINE)(ACC, ACC)>
__device__ __forceinline__ void scan_carry(ACC* part, i64 outer, i64 inner, i64 blocks) {
  __shared__ Words pieces[2][(CARRY_WORDS + CARRY_LINES * WORDS) / WORDS];
  const i64 groups = (inner + CARRY_LINES - 1) / CARRY_LINES;
  const int t = threadIdx.x;
#pragma unroll 1
  for (i64 u = blockIdx.x; u < outer * groups; u += gridDim.x) {
    const i64 i = u % groups * CARRY_LINES;
    const int lines = (int)min((i64)CARRY_LINES, inner - i);
    const int deep = CARRY_WORDS / lines / CARRY_AHEAD * CARRY_AHEAD;
    const int stride = deep + WORDS;
    ACC* own = part + u / groups * blocks * inner + i;
    ACC carry = 0;
    // Piece q is brought at turn q, walked at turn q + 1, and taken away at turn q + 2.
#pragma unroll 1
    for (i64 q = 0; (q - 2) * deep < blocks; q++) {
      if (t >= 32) {
        ACC* piece = (ACC*)pieces[q % 2];
        const i64 old = (q - 2) * deep;
        if (old >= 0) {
          const int n = (int)min((i64)deep, blocks - old) * lines;
#pragma unroll 4
          for (int f = t - 32; f < n; f += CARRY_THREADS - 32) {
            const int p = f / lines;
            own[(old + p) * inner + (f - p * lines)] = piece[(f - p * lines) * stride + p];
          }
        }
        const int n = (int)min((i64)deep, blocks - q * deep) * lines;
#pragma unroll 4
        for (int f = t - 32; f < n; f += CARRY_THREADS - 32) {
          const int p = f / lines;
          piece[(f - p * lines) * stride + p] = own[(q * deep + p) * inner + (f - p * lines)];
        }
      } else if (t < lines && q > 0 && (q - 1) * deep < blocks) {
        const i64 from = (q - 1) * deep;
        Words* piece = pieces[(q - 1) % 2] + t * (stride / WORDS);
        carry = carry_piece<COMBINE>(piece, (int)min((i64)deep, blocks - from), from == 0, carry);
      }
      __syncthreads();
    }
  }
}
#endif

// ---- Scatters ----

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

// PART: the type of carries. The bounds let the compiler take the registers that loads ahead need.
#define COMBINED(NAME, OP, PART)                                                                                                    \
  extern "C" __global__ void __launch_bounds__(UNITS)                                                                               \
      tz_scan_rows_##NAME(const T* in, PART* part, T* out, i64 outer, i64 length, i64 inner, i64 blocks, i64 phase, i64 down,       \
                          i64 group) {                                                                                              \
    scan_rows<OP, PART>(in, part, out, outer, length, inner, blocks, phase, down, group);                                           \
  }                                                                                                                                 \
  extern "C" __global__ void __launch_bounds__(UNITS)                                                                               \
      tz_scan_columns_##NAME(const T* in, PART* part, T* out, i64 outer, i64 length, i64 inner, i64 blocks, i64 phase) {            \
    scan_columns<OP, PART>(in, part, out, outer, length, inner, blocks, phase);                                                     \
  }                                                                                                                                 \
  extern "C" __global__ void tz_scatter_##NAME(const i64* indices, const T* updates, T* out, i64 extent, i64 inner, i64 count,      \
                                               i64 units) {                                                                         \
    scatter<OP>(indices, updates, out, extent, inner, count, units);                                                                \
  }

#ifdef FLOATS
#define CHAINED(NAME, OP)                                                                                                           \
  COMBINED(NAME, OP, ACC)                                                                                                           \
  extern "C" __global__ void __launch_bounds__(CARRY_THREADS)                                                                       \
      tz_scan_carry_##NAME(ACC* part, i64 outer, i64 inner, i64 blocks) {                                                           \
    scan_carry<OP>(part, outer, inner, blocks);                                                                                     \
  }
#else
#define CHAINED(NAME, OP) COMBINED(NAME, OP, T)
#endif

#ifndef TZ_BOOL
CHAINED(sum, add)
#endif
CHAINED(prod, mul)
COMBINED(min, least, T)
COMBINED(max, greatest, T)

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
