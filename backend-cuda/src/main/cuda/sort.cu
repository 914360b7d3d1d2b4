// Stable sorts of one dtype along one axis of [outer, length, inner], by digits of 8 bits, the lowest first (LSD radix sort).
//
// What moves are the elements themselves, bit for bit, and with them their positions where positions are asked for. A digit is computed
// from an element's bits each time: so all NaNs are one key and yet keep their bits, and values need no positions.
//
// Lines that fit a tile are sorted within a block (tz_sort_lines). Longer ones are cut into tiles (Adinets and Merrill, "Onesweep: A
// Faster Least Significant Digit Radix Sort for GPUs", 2022): one launch counts the digits of all passes (tz_sort_counts), and each pass
// reads and writes every element once (tz_sort_pass_values, tz_sort_pass_positions). A pass's tile finds where its digits begin by looking
// back at what the tiles before it have published (Merrill and Garland, "Single-pass Parallel Prefix Scan with Decoupled Look-back", 2016).
#include "types.cuh"

// A tile is THREADS * ITEMS elements. SortPlanner knows both.
#define THREADS 256
#define WARPS (THREADS / 32)
#define DIGITS THREADS
#define ALL_LANES 0xffffffffu

// A number without sign that rises as the order does; it has as many bits as the element. The bits of a float rise with its magnitude; so
// those of a negative one are flipped, and of the others only the sign. NaN is the greatest.
#if defined(TZ_F64) || defined(TZ_I64)
typedef u64 BITS;
#define ITEMS 12
#elif defined(TZ_F32) || defined(TZ_I32)
typedef u32 BITS;
#define ITEMS 16
#elif defined(TZ_F16) || defined(TZ_BF16) || defined(TZ_I16)
typedef unsigned short BITS;
#define ITEMS 16
#else
typedef unsigned char BITS;
#define ITEMS 16
#endif

#define TILE (THREADS * ITEMS)

// Blocks of a pass that a multiprocessor holds at least. More look back at once and get in each other's way: on an H200 10^7 floats took 0.45 ms
// with 2, 0.51 with 3 and 1.8 with 4, whose registers spill besides.
#define BLOCKS 2
#define PASSES ((int)sizeof(BITS))

#if defined(TZ_F64)
#define INFINITE 0x7ff0000000000000ull
#elif defined(TZ_F32)
#define INFINITE 0x7f800000u
#elif defined(TZ_F16)
#define INFINITE 0x7c00u
#elif defined(TZ_BF16)
#define INFINITE 0x7f80u
#endif

__device__ __forceinline__ BITS to_key(BITS b) {
  [[maybe_unused]] const BITS sign = (BITS)((BITS)1 << (8 * sizeof(BITS) - 1));
#if defined(FLOATS)
  const BITS ones = (BITS)~(BITS)0;
  const bool nan = (BITS)(b & ~sign) > (BITS)INFINITE;
  return nan ? ones : (BITS)(b ^ ((b & sign) != 0 ? ones : sign));
#elif defined(TZ_BOOL)
  return b != 0;
#elif defined(TZ_U8)
  return b;
#else
  return (BITS)(b ^ sign);
#endif
}

// flip is all ones for a falling order.
__device__ __forceinline__ u32 digit_of(BITS b, BITS flip, int pass) { return (u32)((BITS)(to_key(b) ^ flip) >> (8 * pass)) & (DIGITS - 1); }

// ---- Within a block ----

// The lanes that have the same digit.
__device__ __forceinline__ u32 peers(u32 digit) {
  u32 same = ALL_LANES;
#pragma unroll
  for (int bit = 0; bit < 8; bit++) {
    const bool set = (digit >> bit & 1) != 0;
    const u32 votes = __ballot_sync(ALL_LANES, set);
    same &= set ? votes : ~votes;
  }
  return same;
}

// Items of a warp that are ranked together: their votes do not wait for each other.
#define GROUP 4

// Ranks a warp's digits among its equal ones, in order of items and then of lanes; counts[d], which this clears, holds how many there are
// of each in the end. A rank stands in the low half of ranks[j], the digit in the high half. Of the items, whole groups are taken.
template <typename DIGIT>
__device__ __forceinline__ void rank_warp(u32* counts, u32* ranks, int items, DIGIT digit) {
  const u32 lane = threadIdx.x % 32;
  const u32 before = (1u << lane) - 1;
#pragma unroll
  for (int d = 0; d < DIGITS; d += 32) {
    counts[d + lane] = 0;
  }
  __syncwarp();
#pragma unroll
  for (int g = 0; g < ITEMS; g += GROUP) {
    if (g < items) {
      u32 own[GROUP];
      u32 same[GROUP];
#pragma unroll
      for (int j = 0; j < GROUP; j++) {
        own[j] = digit(g + j);
        same[j] = peers(own[j]);
      }
#pragma unroll
      for (int j = 0; j < GROUP; j++) {
        const u32 count = counts[own[j]];
        __syncwarp();
        if ((same[j] & before) == 0) {
          counts[own[j]] = count + __popc(same[j]);
        }
        __syncwarp();
        ranks[g + j] = own[j] << 16 | (count + __popc(same[j] & before));
      }
    }
  }
}

// The sum of the values of the threads before this one. sums: of WARPS words, which nothing else uses before the next barrier.
__device__ __forceinline__ u32 sum_before(u32 own, u32* sums) {
  const u32 lane = threadIdx.x % 32;
  u32 sum = own;
#pragma unroll
  for (int by = 1; by < 32; by *= 2) {
    const u32 other = __shfl_up_sync(ALL_LANES, sum, by);
    sum += lane >= by ? other : 0;
  }
  if (lane == 31) {
    sums[threadIdx.x / 32] = sum;
  }
  __syncthreads();
  u32 before = sum - own;
#pragma unroll
  for (int w = 0; w < WARPS - 1; w++) {
    before += w < threadIdx.x / 32 ? sums[w] : 0;
  }
  return before;
}

// From the warps' counts: where in the sorted tile each warp's elements of a digit begin. A thread has one digit, and gives publish how
// many of it the tile has. Returns where the digit begins. The caller waits before others read the counts.
template <typename PUBLISH>
__device__ __forceinline__ u32 place_digits(u32 (*counts)[DIGITS], u32* sums, PUBLISH publish) {
  const int d = threadIdx.x;
  u32 total = 0;
#pragma unroll
  for (int w = 0; w < WARPS; w++) {
    total += counts[w][d];
  }
  publish(total);
  const u32 start = sum_before(total, sums);
  u32 next = start;
#pragma unroll
  for (int w = 0; w < WARPS; w++) {
    const u32 own = counts[w][d];
    counts[w][d] = next;
    next += own;
  }
  return start;
}

// ---- Lines that fit a tile ----

// Where the lines of a tile lie: neighbours of [outer, inner] from a first one on.
struct Lines {
  i64 outer;
  i64 first;
  i64 inner;

  // The address of the element p of a line of so many elements.
  __device__ __forceinline__ i64 at(u32 line, u32 p, i64 length) const {
    const i64 i = first + line;
    i64 o;
    if (inner >= THREADS) {
      o = i >= inner ? 1 : 0;  // there are fewer lines in a tile
    } else {
      o = (u32)i / (u32)inner;
    }
    return ((outer + o) * length + p) * inner + (i - o * inner);
  }
};

// A block takes several lines at once, group of them at most. They are sorted as if they were one, at last by the number of the line.
// What moves are the places of elements in the tile, which itself stays. out gets values, or positions where it is null.
extern "C" __global__ void __launch_bounds__(THREADS)
    tz_sort_lines(const BITS* __restrict__ in, BITS* __restrict__ out, i64* __restrict__ positions, i64 lines, i64 length, i64 inner,
                  i64 count, i64 group, i64 flip) {
  __shared__ BITS tile[TILE];
  __shared__ unsigned short order[TILE];
  __shared__ u32 counts[WARPS][DIGITS];
  __shared__ u32 sums[WARPS];
  const u32 t = threadIdx.x;
  const u32 warp = t / 32;
  const u32 along = (u32)length;
  const u32 kept = (u32)count;
#pragma unroll 1
  for (i64 u = blockIdx.x * group; u < lines; u += gridDim.x * group) {
    const u32 own = (u32)min(group, lines - u);
    const u32 n = own * along;
    const int items = (int)((n + THREADS - 1) / THREADS);
    const Lines at = {u / inner, u % inner, inner};
    __syncthreads();
    if (inner == 1) {
#pragma unroll 4
      for (u32 i = t; i < n; i += THREADS) {
        tile[i] = in[u * length + i];
        order[i] = (unsigned short)i;
      }
    } else {
#pragma unroll 2
      for (u32 i = t; i < n; i += THREADS) {  // neighbouring threads have neighbouring lines
        const u32 p = i / own;
        const u32 line = i - p * own;
        tile[line * along + p] = in[at.at(line, p, length)];
        order[i] = (unsigned short)i;
      }
    }
    // A warp's elements are neighbours, items to a lane, rounded up to whole groups.
    const u32 deep = (items + GROUP - 1) / GROUP * GROUP;
    const u32 from = warp * deep * 32 + t % 32;
    const int passes = own > 1 ? PASSES + 1 : PASSES;
#pragma unroll 1
    for (int pass = 0; pass < passes; pass++) {
      u32 place[ITEMS];
      u32 ranks[ITEMS];
      __syncthreads();
#pragma unroll
      for (int j = 0; j < ITEMS; j++) {
        const u32 i = from + j * 32;
        place[j] = j < deep && i < n ? order[i] : TILE;
      }
      // What is beyond the end comes last: it has the greatest digit, and nothing is behind it.
      rank_warp(counts[warp], ranks, items, [&](int j) {
        const u32 e = place[j];
        return e >= TILE ? DIGITS - 1 : pass == PASSES ? e / along : digit_of(tile[e], (BITS)flip, pass);
      });
      __syncthreads();
      place_digits(counts, sums, [](u32) {});
      __syncthreads();
#pragma unroll
      for (int j = 0; j < ITEMS; j++) {
        if (place[j] < TILE) {
          order[counts[warp][ranks[j] >> 16] + (ranks[j] & 0xffff)] = (unsigned short)place[j];
        }
      }
    }
    __syncthreads();
#pragma unroll 2
    for (u32 i = t; i < own * kept; i += THREADS) {
      u32 line;
      u32 p;
      i64 to;
      if (inner == 1) {
        line = i / kept;
        p = i - line * kept;
        to = u * count + i;
      } else {
        p = i / own;
        line = i - p * own;
        to = at.at(line, p, count);
      }
      const u32 e = order[line * along + p];
      if (out != nullptr) {
        out[to] = tile[e];
      } else {
        positions[to] = e - line * along;
      }
    }
  }
}

// ---- Longer lines ----
//
// Elements lie [outer, length, inner] before the first pass, line after line between passes, and [outer, count, inner] after the last.
// Tiles are numbered [outer][tile of the line][inner], so neighbouring tiles have neighbouring columns.
//
// work: words for the tiles that passes have taken; then the counts of digits, [line][pass][digit]; then, for passes of even and of odd
// number, [tile][digit], what tiles have published:
//   0             nothing yet
//   1 + n         that they have n of the digit
//   INCLUSIVE + n where the digit begins in their line behind them

#define TURNS 32
#define INCLUSIVE 0x80000000u

// Clears what is counted and published, each pass clears for the next one.
extern "C" __global__ void tz_sort_clear(uint4* work, i64 units) {
  EACH(u, units) { work[u] = make_uint4(0, 0, 0, 0); }
}

#define COUNTS_AHEAD 8

// Counts the digits of all passes; a block takes one piece of a line.
extern "C" __global__ void __launch_bounds__(THREADS)
    tz_sort_counts(const BITS* __restrict__ in, u32* work, i64 lines, i64 length, i64 inner, i64 flip, i64 pieces, i64 piece) {
  __shared__ u32 counts[PASSES * DIGITS];
  const int t = threadIdx.x;
#pragma unroll 1
  for (i64 u = blockIdx.x; u < lines * pieces; u += gridDim.x) {
    const i64 o = u / inner / pieces;
    const i64 i = u % inner;
    const i64 from = u / inner % pieces * piece;
    const int n = (int)max((i64)0, min(piece, length - from));
    const BITS* own = in + (o * length + from) * inner + i;
    for (int d = t; d < PASSES * DIGITS; d += THREADS) {
      counts[d] = 0;
    }
    __syncthreads();
    const auto take = [&](BITS b) {
#pragma unroll
      for (int pass = 0; pass < PASSES; pass++) {
        atomicAdd(&counts[pass * DIGITS + digit_of(b, (BITS)flip, pass)], 1u);
      }
    };
    int p = t;
#pragma unroll 1
    for (; p + (COUNTS_AHEAD - 1) * THREADS < n; p += COUNTS_AHEAD * THREADS) {
      BITS b[COUNTS_AHEAD];
#pragma unroll
      for (int j = 0; j < COUNTS_AHEAD; j++) {
        b[j] = own[(p + j * THREADS) * inner];
      }
#pragma unroll
      for (int j = 0; j < COUNTS_AHEAD; j++) {
        take(b[j]);
      }
    }
#pragma unroll 1
    for (; p < n; p += THREADS) {
      take(own[p * inner]);
    }
    __syncthreads();
    u32* totals = work + TURNS + (o * inner + i) * (PASSES * DIGITS);
    for (int d = t; d < PASSES * DIGITS; d += THREADS) {
      const u32 count = counts[d];
      if (count != 0) {
        atomicAdd(&totals[d], count);
      }
    }
    __syncthreads();
  }
}

// A word is a whole message, so no order is needed beside it.
__device__ __forceinline__ u32 read_published(const u32* p) {
  u32 v;
  asm volatile("ld.relaxed.gpu.global.u32 %0, [%1];" : "=r"(v) : "l"(p));
  return v;
}

__device__ __forceinline__ void publish(u32* p, u32 v) { asm volatile("st.relaxed.gpu.global.u32 [%0], %1;" ::"l"(p), "r"(v)); }

// Published words that are read at once. Where all tiles of a device come here together, the last one's way back is long.
#define BACK 8

// Where a thread's digit begins in the line behind the tiles before number tile, which is not the first. own points at this tile's word of
// the digit, words of the line's neighbouring tiles are stride apart.
__device__ __forceinline__ u32 look_back(const u32* own, u64 stride, u32 tile) {
  u32 sum = 0;
  bool open = true;
  u32 back = 1;
#pragma unroll 1
  while (open) {
    u32 words[BACK];
#pragma unroll
    for (int j = 0; j < BACK; j++) {
      words[j] = read_published(own - min(back + j, tile) * stride);
    }
    bool known = true;
#pragma unroll
    for (int j = 0; j < BACK; j++) {
      known = known && words[j] != 0;
      if (known && open) {
        open = (words[j] & INCLUSIVE) == 0;
        sum += open ? words[j] - 1 : words[j] - INCLUSIVE;
        back++;
      }
    }
  }
  return sum;
}

// Loads a lane's items, of which rest / 32 are there, rounded up.
template <typename E>
__device__ __forceinline__ void load_items(E* items, const E* __restrict__ p, int rest, u32 stride) {
#pragma unroll
  for (int j = 0; j < ITEMS; j++) {
    items[j] = j * 32 < rest ? p[(u64)(j * 32) * stride] : 0;
  }
}

// Tiles are taken in order, so each waits only for such as are under way or done. With POSITIONS, elements come with their positions
// (in the first pass these are known), and the last pass writes positions alone. There are fewer than 2^32 tiles, as each is in a line of
// more than one, and so fewer lines.
template <bool POSITIONS>
__device__ __forceinline__ void sort_pass(const BITS* __restrict__ in, const u32* __restrict__ positions_in, BITS* __restrict__ out,
                                          u32* __restrict__ positions_out, i64* __restrict__ result, u32* work, u32 lines, u32 length,
                                          u32 inner, u32 count, BITS flip, int pass) {
  __shared__ BITS moved[TILE];
  __shared__ u32 positions[POSITIONS ? TILE : 1];
  __shared__ u32 counts[WARPS][DIGITS];
  __shared__ u32 base[DIGITS];
  __shared__ u32 sums[2][WARPS];
  __shared__ u32 turn;
  const u32 t = threadIdx.x;
  const u32 warp = t / 32;
  const bool last = pass == PASSES - 1;
  const u32 steps = (length + TILE - 1) / TILE;
  const u32 tiles = lines * steps;
#pragma unroll 1
  do {
    if (t == 0) {
      turn = atomicAdd(&work[pass], 1u);
    }
    __syncthreads();
    const u32 u = turn;
    if (u >= tiles) {
      return;
    }
    const u32 step = u / inner % steps;
    const u32 o = u / inner / steps;
    const u32 i = u % inner;
    const u32 from = step * TILE;
    const u32 n = min((u32)TILE, length - from);
    const u32 mine = warp * (32 * ITEMS) + t % 32;
    const u64 line = o * (u64)inner + i;
    u32* totals = work + TURNS + line * (PASSES * DIGITS) + pass * DIGITS + t;
    u32* own = work + TURNS + lines * (u64)(PASSES * DIGITS) + (pass % 2 == 0 ? u : tiles + u) * (u64)DIGITS + t;
    if (!last) {
      (pass % 2 == 0 ? own + tiles * (u64)DIGITS : own - tiles * (u64)DIGITS)[0] = 0;  // for the next pass
    }
    const int rest = (int)n - (int)mine;
    BITS b[ITEMS];
    if (pass == 0 && inner > 1) {
      load_items(b, in + (o * (u64)inner * length + i + (from + mine) * (u64)inner), rest, inner);
    } else {
      load_items(b, in + (line * length + from + mine), rest, 1);
    }
    u32 ranks[ITEMS];
    // What is beyond the end has the greatest digit, and nothing is behind it.
    const int items = ((int)n - (int)(warp * (32 * ITEMS)) + 31) / 32;
    rank_warp(counts[warp], ranks, items, [&](int j) { return j * 32 < rest ? digit_of(b[j], flip, pass) : DIGITS - 1; });
    __syncthreads();
    u32 total = 0;
    const u32 start = place_digits(counts, sums[0], [&](u32 have) {
      total = have;
      if (step > 0) {
        publish(own, 1 + have);
      }
    });
    u32 begins = 0;
    if (step == 0) {
      begins = sum_before(*totals, sums[1]);
      publish(own, INCLUSIVE + begins + total);
    }
    __syncthreads();
#pragma unroll
    for (int j = 0; j < ITEMS; j++) {
      if (j * 32 < rest) {
        ranks[j] = counts[warp][ranks[j] >> 16] + (ranks[j] & 0xffff);
        moved[ranks[j]] = b[j];
      }
    }
    if constexpr (POSITIONS) {
      u32 at[ITEMS];
      if (pass > 0) {
        load_items(at, positions_in + (line * length + from + mine), rest, 1);
      }
#pragma unroll
      for (int j = 0; j < ITEMS; j++) {
        if (j * 32 < rest) {
          positions[ranks[j]] = pass > 0 ? at[j] : from + mine + j * 32;
        }
      }
    }
    if (step > 0) {
      begins = look_back(own, inner * (u64)DIGITS, step);
      publish(own, INCLUSIVE + begins + total);
    }
    base[t] = begins - start;
    __syncthreads();
    const u32 stride = last ? inner : 1;
    const u32 limit = last ? count : length;
    const u64 first = last ? o * (u64)inner * count + i : line * length;
#pragma unroll 4
    for (u32 at = t; at < n; at += THREADS) {
      const BITS v = moved[at];
      const u32 place = base[digit_of(v, flip, pass)] + at;
      if (place < limit) {
        const u64 to = first + place * (u64)stride;
        if (POSITIONS && last) {
          result[to] = positions[at];
        } else {
          out[to] = v;
          if (POSITIONS) {
            positions_out[to] = positions[at];
          }
        }
      }
    }
    __syncthreads();
  } while (gridDim.x < tiles);  // else a block has one tile
}

extern "C" __global__ void __launch_bounds__(THREADS, BLOCKS)
    tz_sort_pass_values(const BITS* in, BITS* out, u32* work, i64 lines, i64 length, i64 inner, i64 count, i64 flip, i64 pass) {
  sort_pass<false>(in, nullptr, out, nullptr, nullptr, work, (u32)lines, (u32)length, (u32)inner, (u32)count, (BITS)flip, (int)pass);
}

extern "C" __global__ void __launch_bounds__(THREADS, BLOCKS)
    tz_sort_pass_positions(const BITS* in, const u32* positions_in, BITS* out, u32* positions_out, i64* result, u32* work, i64 lines,
                           i64 length, i64 inner, i64 count, i64 flip, i64 pass) {
  sort_pass<true>(in, positions_in, out, positions_out, result, work, (u32)lines, (u32)length, (u32)inner, (u32)count, (BITS)flip,
                  (int)pass);
}
