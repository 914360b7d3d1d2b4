// The core of products on devices that copy to shared memory by themselves (sm_80 on): a block makes BM x BN results, each thread TM x TN of
// them, from panels of BK products that are copied some parts ahead. The bits are those of product.cuh: a block of K_BLOCK products is one
// chain from +0, and the blocks are added in order.
//
// Speed is a matter of registers. An FFMA whose three sources lie in one bank (odd or even registers) waits a cycle, and vectors that are
// loaded or stored must begin at an even one. Fragments are loaded as vectors, so results must not be: they meet a vector only behind an
// addition (see `settle`), and the compiler is free to place them.
#pragma once

typedef long long i64;
typedef unsigned int u32;
typedef unsigned long long u64;

#define K_BLOCK 256
#define UNROLL _Pragma("unroll")

__device__ __forceinline__ void copy_16(u32 to, const float* from) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(to), "l"(from) : "memory");
}
__device__ __forceinline__ void copy_4(u32 to, const float* from) {
  asm volatile("cp.async.ca.shared.global [%0], [%1], 4;" ::"r"(to), "l"(from) : "memory");
}
__device__ __forceinline__ void put(u32 to, float v) { asm volatile("st.shared.f32 [%0], %1;" ::"r"(to), "f"(v) : "memory"); }
__device__ __forceinline__ void commit() { asm volatile("cp.async.commit_group;" ::: "memory"); }
template <int N>
__device__ __forceinline__ void await() {
  asm volatile("cp.async.wait_group %0;" ::"n"(N) : "memory");
}

__device__ __forceinline__ void get_16(float* to, u32 from) {
  asm volatile("ld.shared.v4.f32 {%0, %1, %2, %3}, [%4];" : "=f"(to[0]), "=f"(to[1]), "=f"(to[2]), "=f"(to[3]) : "r"(from));
}

__device__ __forceinline__ void get_8(float& first, float& second, u32 from) {
  asm volatile("ld.shared.v2.f32 {%0, %1}, [%2];" : "=f"(first), "=f"(second) : "r"(from));
}

// Hides where a number came from: the compiler keeps it in a register, where it would otherwise compute it anew for each part.
__device__ __forceinline__ u32 kept(u32 v) {
  asm volatile("" : "+r"(v));
  return v;
}
__device__ __forceinline__ i64 kept(i64 v) {
  asm volatile("" : "+l"(v));
  return v;
}

// How an operand lies in memory.
#define VECTORS 0  // neighbouring rows are neighbours, in whole aligned vectors
#define ALONG_K 1  // neighbouring products are neighbours
#define SINGLES 2  // neighbouring rows are neighbours, at any alignment

#define ALONG_K_VECTORS 3  // neighbouring products are neighbours, in whole aligned vectors; for rows alone

// The part of a panel of W rows by BK products that a thread copies: SIDE pieces along the rows by DEEP along k. Rows past the matrix's end
// are copies of its last, whose results nobody keeps. FILL stands for products that are missing: -0 in one operand and +0 in the other
// make -0, which leaves a chain as it is.
template <int W, int BK, int THREADS, int MODE>
struct Strided {
  static const int PITCH = W + 4;  // of a line of the panel: spreads what is copied along k over the banks
  static const int PIECE = MODE == VECTORS ? 4 : 1;
  static const int PER_LINE = MODE == ALONG_K ? 8 : W / PIECE;  // threads side by side
  static const int LINES = THREADS > PER_LINE ? THREADS / PER_LINE : 1;
  static const int SIDE = MODE == ALONG_K ? W / LINES : PER_LINE > THREADS ? PER_LINE / THREADS : 1;
  static const int DEEP = MODE == ALONG_K ? BK / 8 : BK / LINES;
  static_assert(SIDE * DEEP * PIECE * THREADS == W * BK, "every element is one thread's");
  static const int OFFSETS = MODE == ALONG_K ? SIDE : SIDE * DEEP;
  const float* from;      // of the tile's first row and the coming part: the same for all threads
  u32 offset[OFFSETS];    // of the thread's pieces behind it
  i64 advance;            // from part to part
  int k;                  // of the thread's first piece in a part
  u32 to;

  __device__ __forceinline__ void begin(const float* matrix, i64 row0, i64 rows, i64 pitch, u32 panel) {
    const int t = threadIdx.x;
    const int left = (int)min(rows - row0, (i64)W);
    int row;
    if (MODE == ALONG_K) {
      k = t % 8;
      row = t / 8;
      from = matrix + row0 * pitch;
      advance = BK;
      UNROLL for (int i = 0; i < SIDE; i++) {
        offset[i] = (u32)min(row + i * LINES, left - 1) * (u32)pitch + k;
      }
    } else {
      k = THREADS > PER_LINE ? t / PER_LINE : 0;
      row = t % PER_LINE * PIECE;
      from = matrix + row0;
      advance = kept(pitch * BK);
      UNROLL for (int d = 0; d < DEEP; d++) {
        UNROLL for (int i = 0; i < SIDE; i++) {
          offset[d * SIDE + i] = (u32)(k + d * LINES) * (u32)pitch + (u32)min(row + i * THREADS * PIECE, left - PIECE);
        }
      }
    }
    to = kept(panel + (k * PITCH + row) * 4);
  }

  __device__ __forceinline__ u32 target(int d, int i) const {
    return MODE == ALONG_K ? (d * 8 * PITCH + i * LINES) * 4 : (d * LINES * PITCH + i * THREADS * PIECE) * 4;
  }

  __device__ __forceinline__ const float* source(int d, int i) const {
    return MODE == ALONG_K ? from + offset[i] + d * 8 : from + offset[d * SIDE + i];
  }

  // Copies a whole part.
  __device__ __forceinline__ void copy(u32 stage) {
    UNROLL for (int d = 0; d < DEEP; d++) {
      UNROLL for (int i = 0; i < SIDE; i++) {
        if (MODE == VECTORS) {
          copy_16(to + stage + target(d, i), source(d, i));
        } else {
          copy_4(to + stage + target(d, i), source(d, i));
        }
      }
    }
    from += advance;
  }

  // Copies the last part, which has fewer products.
  __device__ __forceinline__ void copy_rest(u32 stage, int products, float fill) {
    UNROLL for (int d = 0; d < DEEP; d++) {
      const bool there = k + d * (MODE == ALONG_K ? 8 : LINES) < products;
      UNROLL for (int i = 0; i < SIDE; i++) {
        const u32 at = to + stage + target(d, i);
        if (!there) {
          UNROLL for (int s = 0; s < PIECE; s++) {
            put(at + 4 * s, fill);
          }
        } else if (MODE == VECTORS) {
          copy_16(at, source(d, i));
        } else {
          copy_4(at, source(d, i));
        }
      }
    }
  }
};

// The same for a panel whose lines are rows: vectors of products are copied as they are, and a thread takes two products of a row at once.
template <int W, int BK, int THREADS>
struct Strided<W, BK, THREADS, ALONG_K_VECTORS> {
  static const int PITCH = BK + 4;
  static const int PER_LINE = BK / 4;
  static const int LINES = THREADS / PER_LINE;
  static const int SIDE = W / LINES;
  static_assert(SIDE * LINES == W, "every element is one thread's");
  const float* from;
  u32 offset[SIDE];
  int k;
  u32 to;

  __device__ __forceinline__ void begin(const float* matrix, i64 row0, i64 rows, i64 pitch, u32 panel) {
    const int left = (int)min(rows - row0, (i64)W);
    const int row = threadIdx.x / PER_LINE;
    k = threadIdx.x % PER_LINE * 4;
    from = matrix + row0 * pitch;
    UNROLL for (int i = 0; i < SIDE; i++) {
      offset[i] = (u32)min(row + i * LINES, left - 1) * (u32)pitch + k;
    }
    to = kept(panel + (row * PITCH + k) * 4);
  }

  __device__ __forceinline__ void copy(u32 stage) {
    UNROLL for (int i = 0; i < SIDE; i++) {
      copy_16(to + stage + i * LINES * PITCH * 4, from + offset[i]);
    }
    from += BK;
  }

  __device__ __forceinline__ void copy_rest(u32 stage, int products, float fill) {
    UNROLL for (int i = 0; i < SIDE; i++) {
      UNROLL for (int s = 0; s < 4; s++) {
        const u32 at = to + stage + (i * LINES * PITCH + s) * 4;
        if (k + s < products) {
          copy_4(at, from + offset[i] + s);
        } else {
          put(at, fill);
        }
      }
    }
  }
};

// MODE is how the first operand lies in memory.
template <int BM, int BN, int TM, int TN, int BK, int STAGES, int MODE>
struct Pipeline {
  static const bool LINES_ARE_ROWS = MODE == ALONG_K_VECTORS;
  static const int STEP = LINES_ARE_ROWS ? 2 : 1;  // products that are loaded at once
  static const int WM = 4 * TM;  // a warp has 4 x 8 threads
  static const int WN = 8 * TN;
  static const int THREADS = BM / WM * (BN / WN) * 32;
  static const int ROWS_PITCH = (LINES_ARE_ROWS ? BK : BM) + 4;
  static const int COLUMNS_PITCH = BN + 4;
  static const int ROWS = (LINES_ARE_ROWS ? BM : BK) * ROWS_PITCH;
  static const int STAGE = ROWS + BK * COLUMNS_PITCH;
  static const int BYTES = STAGES * STAGE * 4;
  static_assert(TM % 4 == 0 && TN % 4 == 0 && K_BLOCK % BK == 0 && BK % 8 == 0, "whole vectors, parts and blocks");

  float chain[TM][TN];
  int row;     // of the thread's first result in the tile
  int column;

  // Neighbouring pairs of threads share rows and columns so that half a warp's vectors are one access of shared memory.
  __device__ __forceinline__ void begin() {
    const int warp = threadIdx.x / 32;
    const int lane = threadIdx.x % 32;
    row = warp / (BN / WN) * WM + (lane / 16 * 2 + lane % 2) * (LINES_ARE_ROWS ? 1 : 4);
    column = warp % (BN / WN) * WN + lane / 2 % 8 * 4;
    UNROLL for (int i = 0; i < TM; i++) {
      UNROLL for (int j = 0; j < TN; j++) {
        chain[i][j] = 0;
      }
    }
  }

  // Of a result, behind the thread's first.
  static __device__ __forceinline__ int row_of(int i) { return LINES_ARE_ROWS ? 4 * i : i / 4 * 16 + i % 4; }
  static __device__ __forceinline__ int column_of(int j) { return j / 4 * 32 + j % 4; }

  static __device__ __forceinline__ void load(float (&a)[STEP][TM], float (&b)[STEP][TN], u32 rows, u32 columns, int k) {
    if (LINES_ARE_ROWS) {
      UNROLL for (int i = 0; i < TM; i++) {
        get_8(a[0][i], a[STEP - 1][i], rows + (row_of(i) * ROWS_PITCH + k) * 4);
      }
    } else {
      UNROLL for (int i = 0; i < TM; i += 4) {
        get_16(a[0] + i, rows + (k * ROWS_PITCH + row_of(i)) * 4);
      }
    }
    UNROLL for (int s = 0; s < STEP; s++) {
      UNROLL for (int j = 0; j < TN; j += 4) {
        get_16(b[s] + j, columns + ((k + s) * COLUMNS_PITCH + column_of(j)) * 4);
      }
    }
  }

  // Back and forth along the rows, so that an operand is the next one's too.
  __device__ __forceinline__ void multiply(const float (&a)[STEP][TM], const float (&b)[STEP][TN]) {
    UNROLL for (int s = 0; s < STEP; s++) {
      UNROLL for (int i = 0; i < TM; i++) {
        UNROLL for (int t = 0; t < TN; t++) {
          const int j = i % 2 ? TN - 1 - t : t;
          chain[i][j] = __fmaf_rn(a[s][i], b[s][j], chain[i][j]);
        }
      }
    }
  }

  // Ends the chains: adds them to what Results keeps for them, or to -0 where they are the first, which leaves them as they are.
  template <class Results>
  __device__ __forceinline__ void settle(const Results& results, bool first) {
    int r0 = row;
    int c0 = column;
    asm volatile("" : "+r"(r0), "+r"(c0)); // or the addresses would be kept in registers all the while
    UNROLL for (int i = 0; i < TM; i++) {
      UNROLL for (int j = 0; j < TN; j += 4) {
        const int r = r0 + row_of(i);
        const int c = c0 + column_of(j);
        if (r < results.rows && c < results.columns) {
          float* const p = results.at(r, c);
          if (results.vectors) {
            float4 w = make_float4(-0.0f, -0.0f, -0.0f, -0.0f);
            if (!first) {
              w = *reinterpret_cast<const float4*>(p);
            }
            w.x = __fadd_rn(w.x, chain[i][j]);
            w.y = __fadd_rn(w.y, chain[i][j + 1]);
            w.z = __fadd_rn(w.z, chain[i][j + 2]);
            w.w = __fadd_rn(w.w, chain[i][j + 3]);
            *reinterpret_cast<float4*>(p) = w;
          } else {
            UNROLL for (int s = 0; s < 4; s++) {
              if (c + s < results.columns) {
                float* const q = results.at(r, c + s);
                *q = __fadd_rn(first ? -0.0f : *q, chain[i][j + s]);
              }
            }
          }
        }
        UNROLL for (int s = 0; s < 4; s++) {
          chain[i][j + s] = 0;
        }
      }
    }
  }

  // Makes a tile of k products from operands that are at their first.
  template <class Rows, class Columns, class Results>
  __device__ __forceinline__ void run(Rows& rows, Columns& columns, u32 panels, i64 k, const Results& results) {
    const int whole = (int)(k / BK);
    const int rest = (int)(k % BK);
    const int parts = whole + (rest != 0);
    __syncthreads(); // the last tile's panels have been read
    UNROLL for (int s = 0; s < STAGES - 1; s++) {
      fetch(rows, columns, s, s * STAGE * 4, whole, parts, rest);
    }
    begin();
    const u32 a0 = kept(panels + row * (LINES_ARE_ROWS ? ROWS_PITCH : 1) * 4);
    const u32 b0 = kept(panels + (ROWS + column) * 4);
    float a[2][STEP][TM];
    float b[2][STEP][TN];
    await<STAGES - 2>();
    __syncthreads();
    load(a[0], b[0], a0, b0, 0);
    u32 stage = 0;  // in bytes
    u32 next = (STAGES - 1) * STAGE * 4;
#pragma unroll 1
    for (int part = 0; part < parts; part++) {
      const u32 now = stage;
      stage = stage + STAGE * 4 == BYTES ? 0 : stage + STAGE * 4;
      UNROLL for (int i = 0; i < BK / STEP; i++) {
        if (i == 1) { // behind the first products, which have been loaded already
          fetch(rows, columns, part + STAGES - 1, next, whole, parts, rest);
          next = next + STAGE * 4 == BYTES ? 0 : next + STAGE * 4;
        }
        if (i + 1 < BK / STEP) {
          load(a[(i + 1) % 2], b[(i + 1) % 2], a0 + now, b0 + now, (i + 1) * STEP);
        } else { // the next part's first, while this one's last is multiplied
          await<STAGES - 2>();
          __syncthreads();
          if (part + 1 < parts) {
            load(a[0], b[0], a0 + stage, b0 + stage, 0);
          }
        }
        multiply(a[i % 2], b[i % 2]);
      }
      if ((part + 1) % (K_BLOCK / BK) == 0 || part + 1 == parts) {
        settle(results, part < K_BLOCK / BK);
      }
    }
  }

  template <class Rows, class Columns>
  static __device__ __forceinline__ void fetch(Rows& rows, Columns& columns, int part, u32 stage, int whole, int parts, int rest) {
    if (part < whole) {
      rows.copy(stage);
      columns.copy(stage);
    } else if (part < parts) {
      rows.copy_rest(stage, rest, -0.0f);
      columns.copy_rest(stage, rest, 0.0f);
    }
    commit(); // also of nothing: groups are counted
  }
};
