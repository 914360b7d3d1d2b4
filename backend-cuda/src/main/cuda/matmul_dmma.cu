// Products of f64 matrices on tensor cores, over operands of any strides, for devices on which these are faster than the other cores. One
// module for each form and each pair of layouts: TZ_FORM is 0 or 1 for sm_90 on, and 2 for sm_80; TZ_A and TZ_B are modes of pipeline.cuh.
//
// The bits are those of product.cuh: an f64 mma is the chain fma(a[k], b[k], ... fma(a[0], b[0], c)), each rounded to nearest, with
// subnormals (docs/adr/0022-f64-tensor-cores.md). A block of K_BLOCK products is one chain from +0, and the blocks are added in order.
#include "blocks.cuh"
#include "pipeline.cuh"

// A warp makes WM x WN results. An mma takes KS products; where AHEAD, those of the next one are loaded while it runs.
#if TZ_FORM == 0
#define BM 64
#define BN 32
#define WM 32
#define WN 16
#define STAGES 4
#define KS 8
#define AHEAD false
#define RESIDENT 3
#elif TZ_FORM == 1
#define BM 64
#define BN 64
#define WM 32
#define WN 32
#define STAGES 3
#define KS 8
#define AHEAD false
#define RESIDENT 2
#else
#define BM 64
#define BN 64
#define WM 32
#define WN 32
#define STAGES 3
#define KS 4
#define AHEAD true
#define RESIDENT 2
#endif
#define BK 16
#define GROUP 8  // rows of tiles: see matmul_async.cu
#define THREADS (BM / WM * (BN / WN) * 32)
#define TI (WM / 16)
#define TJ (WN / 8)
#define STEPS (BK / KS)
#define ROWS (BM * BK * 8)  // bytes of a panel
#define STAGE (ROWS + BN * BK * 8)

static_assert(WM % 16 == 0 && WN % 8 == 0 && K_BLOCK % BK == 0 && STEPS % 2 == 0, "whole fragments, parts and blocks");

// The rest of the bytes becomes +0.
__device__ __forceinline__ void copy_16(u32 to, const double* from, int bytes) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(to), "l"(from), "r"(bytes) : "memory");
}
__device__ __forceinline__ void copy_8(u32 to, const double* from, int bytes) {
  asm volatile("cp.async.ca.shared.global [%0], [%1], 8, %2;" ::"r"(to), "l"(from), "r"(bytes) : "memory");
}
__device__ __forceinline__ double get(u32 from) {
  double v;
  asm volatile("ld.shared.f64 %0, [%1];" : "=d"(v) : "r"(from) : "memory");
  return v;
}
__device__ __forceinline__ void put(u32 to, double v) { asm volatile("st.shared.f64 [%0], %1;" ::"r"(to), "d"(v) : "memory"); }

// A thread's share of 16 x 8 results. With g = lane / 4 and t = lane % 4, a[h + 2 * s] is of row g + 8 * h and product t + 4 * s, b[s] of
// product t + 4 * s and column g, and d[2 * h + i] of row g + 8 * h and column 2 * t + i.
__device__ __forceinline__ void mma(double (&d)[4], const double* a, const double* b) {
#if KS == 8
  asm("mma.sync.aligned.m16n8k8.row.col.f64.f64.f64.f64 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
      : "+d"(d[0]), "+d"(d[1]), "+d"(d[2]), "+d"(d[3])
      : "d"(a[0]), "d"(a[1]), "d"(a[2]), "d"(a[3]), "d"(b[0]), "d"(b[1]));
#else
  UNROLL for (int h = 0; h < 2; h++) {
    asm("mma.sync.aligned.m8n8k4.row.col.f64.f64.f64.f64 {%0, %1}, {%2}, {%3}, {%0, %1};"
        : "+d"(d[2 * h]), "+d"(d[2 * h + 1])
        : "d"(a[h]), "d"(b[0]));
  }
#endif
}

// A panel of W rows by BK products. Along k, product k of a row is at row * BK + (k ^ swizzle(row)); otherwise row r of a product is at
// k * W + (r ^ swizzle(k)). Pairs stay together, so that 16 bytes may be copied, and a fragment's lanes read different banks.
template <int W, int MODE>
struct Panel {
  static const bool ALONG = MODE == ALONG_K;

  static __device__ __forceinline__ int swizzle(int i) { return (i & 3) << 2; }

  static __device__ __forceinline__ u32 at(int row, int k) {
    return (ALONG ? row * BK + (k ^ swizzle(row)) : k * W + (row ^ swizzle(k))) * 8;
  }

  // The element `rows` groups of 8 rows and `ks` groups of 4 products behind that at `at`. Panels begin at multiples of 128 bytes.
  static __device__ __forceinline__ double behind(u32 at, int rows, int ks) {
    if (ALONG) {
      return get((at ^ ks % 4 * 32) + rows * 8 * BK * 8);
    }
    return get((rows & 1 ? at ^ 64 : at) + rows / 2 * 128 + ks * 4 * W * 8);
  }
};

// The part of a panel that a thread copies, in pieces of two elements where both operands allow it. What is missing of the matrix is +0.
template <int W, int MODE>
struct Copy {
  static const bool ALONG = MODE == ALONG_K;
  static const int COUNT = W * BK / THREADS;
  const double* from;  // the first element of the coming part
  u32 to;
  int rows;  // how many rows there are from the thread's first on
  int k;     // how many products there are from the thread's first on

  // Whether pairs of neighbours are vectors.
  static __device__ __forceinline__ bool in_pairs(const double* matrix, i64 row_stride, i64 k_stride) {
    return ((i64)matrix & 15) == 0 && (ALONG ? row_stride % 2 == 0 : row_stride == 1 && k_stride % 2 == 0);
  }

  __device__ __forceinline__ void begin(bool pairs, const double* matrix, i64 row0, i64 all_rows, i64 all_k, i64 row_stride, i64 k_stride) {
    const int first = threadIdx.x * (pairs ? 2 : 1);
    const int row = ALONG ? first / BK : first % W;
    const int at_k = ALONG ? first % BK : first / W;
    to = Panel<W, MODE>::at(row, at_k);
    from = matrix + (row0 + row) * row_stride + at_k * k_stride;
    rows = (int)min(max(all_rows - row0 - row, (i64)0), (i64)W);
    k = (int)(all_k - at_k);
  }

  template <int PIECE>
  __device__ __forceinline__ void copy_pieces(u32 panel, i64 stride) {
    const int apart = ALONG ? THREADS * PIECE / BK : THREADS * PIECE / W;
    const double* p = from;
    const i64 step = kept(stride) * apart;
    const u32 at = panel + to;
    UNROLL for (int i = 0; i < COUNT / PIECE; i++) {
      const int gone = i * apart;
      const u32 target = ALONG ? at + gone * BK * 8 : (at ^ ((gone & 3) << 5)) + gone * W * 8;
      const int left = ALONG ? (gone < rows ? min(PIECE, max(0, k)) : 0) : (gone < k ? min(PIECE, rows) : 0);
      if (PIECE == 2) {
        copy_16(target, left ? p : from, left * 8);
      } else {
        copy_8(target, left ? p : from, left * 8);
      }
      p += step;
    }
  }

  // Copies the coming part; `stride` is from row to row along k, and otherwise from product to product.
  __device__ __forceinline__ void copy(bool pairs, u32 panel, i64 stride) {
    if (pairs) {
      copy_pieces<2>(panel, stride);
    } else {
      copy_pieces<1>(panel, stride);
    }
    from += ALONG ? BK : kept(stride) * BK;
    k -= BK;
  }
};

// Makes the products that are missing of a part those of -0 and +0, which leave every chain as it is.
__device__ __forceinline__ void fill(u32 panel, int length) {
#pragma unroll 1
  for (int e = threadIdx.x; e < BM * BK; e += THREADS) {
    const int row = TZ_A == ALONG_K ? e / BK : e % BM;
    const int k = TZ_A == ALONG_K ? e % BK : e / BM;
    if (k >= length) {
      put(panel + Panel<BM, TZ_A>::at(row, k), -0.0);
    }
  }
  __syncthreads();
}

struct Fragments {
  double a[TI][KS / 2];
  double b[TJ][KS / 4];

  __device__ __forceinline__ void load(u32 rows, u32 columns, int step) {
    UNROLL for (int s = 0; s < KS / 4; s++) {
      UNROLL for (int j = 0; j < TJ; j++) {
        b[j][s] = Panel<BN, TZ_B>::behind(columns, j, step * KS / 4 + s);
      }
      UNROLL for (int i = 0; i < TI; i++) {
        UNROLL for (int h = 0; h < 2; h++) {
          a[i][h + 2 * s] = Panel<BM, TZ_A>::behind(rows, 2 * i + h, step * KS / 4 + s);
        }
      }
    }
  }
};

struct Results {
  double chain[TI][TJ][4];
  double total[TI][TJ][4];

  __device__ __forceinline__ void begin() {
    UNROLL for (int i = 0; i < TI; i++) {
      UNROLL for (int j = 0; j < TJ; j++) {
        UNROLL for (int q = 0; q < 4; q++) {
          chain[i][j][q] = 0;
          total[i][j][q] = -0.0;
        }
      }
    }
  }

  __device__ __forceinline__ void multiply(const Fragments& f) {
    UNROLL for (int i = 0; i < TI; i++) {
      UNROLL for (int j = 0; j < TJ; j++) {
        mma(chain[i][j], f.a[i], f.b[j]);
      }
    }
  }

  // Ends the chains. -0 plus the first is the first, whatever it is. (The assembler of CUDA 12.6 loses totals where the first chains are
  // selected instead.)
  __device__ __forceinline__ void settle() {
    UNROLL for (int i = 0; i < TI; i++) {
      UNROLL for (int j = 0; j < TJ; j++) {
        UNROLL for (int q = 0; q < 4; q++) {
          total[i][j][q] = __dadd_rn(total[i][j][q], chain[i][j][q]);
          chain[i][j][q] = 0;
        }
      }
    }
  }

  // Writes the totals; rows and columns are what there is from the thread's first result on.
  __device__ __forceinline__ void write(double* out, i64 pitch, bool pairs, int rows, int columns) const {
    UNROLL for (int i = 0; i < TI; i++) {
      UNROLL for (int h = 0; h < 2; h++) {
        double* const line = out + (16 * i + 8 * h) * pitch;
        if (16 * i + 8 * h < rows) {
          UNROLL for (int j = 0; j < TJ; j++) {
            if (pairs) {
              if (8 * j < columns) {
                *reinterpret_cast<double2*>(line + 8 * j) = make_double2(total[i][j][2 * h], total[i][j][2 * h + 1]);
              }
            } else {
              UNROLL for (int s = 0; s < 2; s++) {
                if (8 * j + s < columns) {
                  line[8 * j + s] = total[i][j][2 * h + s];
                }
              }
            }
          }
        }
      }
    }
  }
};

// Where `split` is more than 1, each block of K_BLOCK products is a product of its own, and their results lie one after the other.
extern "C" __global__ void __launch_bounds__(THREADS, RESIDENT)
    tz_product(const double* __restrict__ x, const double* __restrict__ y, double* __restrict__ out, const i64* __restrict__ x_offset,
               const i64* __restrict__ y_offset, i64 tiles, i64 batches, i64 split, i64 m, i64 n, i64 all_k, i64 x_row, i64 x_k,
               i64 y_column, i64 y_k) {
  extern __shared__ __align__(128) char panels[];
  const u32 base = (u32)__cvta_generic_to_shared(panels);
  const int warp = threadIdx.x / 32;
  const int g = threadIdx.x % 32 / 4;
  const int t = threadIdx.x % 4;
  const int row = warp % (BM / WM) * WM;
  const int column = warp / (BM / WM) * WN;
  const u32 a = base + Panel<BM, TZ_A>::at(row + g, t);
  const u32 b = base + ROWS + Panel<BN, TZ_B>::at(column + g, t);
  const bool out_pairs = n % 2 == 0 && ((i64)out & 15) == 0;
  const i64 x_stride = TZ_A == ALONG_K ? x_row : x_k;
  const i64 y_stride = TZ_B == ALONG_K ? y_column : y_k;
#pragma unroll 1
  for (i64 tile = blockIdx.x; tile < tiles; tile += gridDim.x) {
    const i64 across = (kept(n) + BN - 1) / BN;
    const i64 down = (kept(m) + BM - 1) / BM;
    const i64 matrix = tile / (across * down);
    const i64 in = tile - matrix * across * down;
    const i64 group = in / (GROUP * across);
    const i64 inside = in - group * GROUP * across;
    const i64 high = min(down - group * GROUP, (i64)GROUP);
    const i64 row0 = (group * GROUP + inside % high) * BM;
    const i64 column0 = inside / high * BN;
    const i64 batch = matrix % batches;
    const i64 k0 = matrix / batches * K_BLOCK;
    const i64 k = split > 1 ? min(all_k - k0, (i64)K_BLOCK) : all_k;
    const int parts = (int)((k + BK - 1) / BK);
    const int rest = (int)(k % BK);
    const double* const left = x + x_offset[batch] + k0 * x_k;
    const double* const right = y + y_offset[batch] + k0 * y_k;
    Copy<BM, TZ_A> rows;
    Copy<BN, TZ_B> columns;
    const bool pairs = rows.in_pairs(left, x_row, x_k) && columns.in_pairs(right, y_column, y_k);
    rows.begin(pairs, left, row0, m, k, x_row, x_k);
    columns.begin(pairs, right, column0, n, k, y_column, y_k);
    const i64 down0 = row0 + row + g;
    const i64 across0 = column0 + column + 2 * t;
    double* const to = out + (matrix * m + down0) * n + across0;
    const int rows_left = (int)min(m - down0, (i64)BM);
    const int columns_left = (int)min(n - across0, (i64)BN);
    auto fetch = [&](int part, u32 stage) {
      if (part < parts) {
        rows.copy(pairs, base + stage, x_stride);
        columns.copy(pairs, base + stage + ROWS, y_stride);
      }
      commit(); // also of nothing: groups are counted
    };
    __syncthreads(); // the last tile's panels have been read
#pragma unroll 1
    for (int s = 0; s < STAGES - (AHEAD ? 0 : 1); s++) {
      fetch(s, s * STAGE);
    }
    Results results;
    results.begin();
    Fragments f[AHEAD ? 2 : 1];
    u32 stage = 0; // in bytes
    if (AHEAD) {
      await<STAGES - 1>();
      __syncthreads();
      if (parts == 1 && rest) {
        fill(base, rest);
      }
      f[0].load(a, b, 0);
    }
#pragma unroll 1
    for (int part = 0; part < parts; part++) {
      if (AHEAD) {
        UNROLL for (int s = 0; s < STEPS - 1; s++) {
          f[(s + 1) % 2].load(a + stage, b + stage, s + 1);
          results.multiply(f[s % 2]);
        }
        const u32 freed = stage;
        stage = stage == (STAGES - 1) * STAGE ? 0 : stage + STAGE;
        await<STAGES - 2>();
        __syncthreads(); // all have this part in registers, and the next has come
        if (part + 2 == parts && rest) {
          fill(base + stage, rest);
        }
        if (part + 1 < parts) {
          f[0].load(a + stage, b + stage, 0);
        }
        fetch(part + STAGES, freed);
        results.multiply(f[(STEPS - 1) % 2]);
      } else {
        await<STAGES - 2>();
        __syncthreads(); // all are done with the last part, and this one has come
        if (part + 1 == parts && rest) {
          fill(base + stage, rest);
        }
        fetch(part + STAGES - 1, stage == 0 ? (STAGES - 1) * STAGE : stage - STAGE);
        UNROLL for (int s = 0; s < STEPS; s++) {
          f[0].load(a + stage, b + stage, s);
          results.multiply(f[0]);
        }
        stage = stage == (STAGES - 1) * STAGE ? 0 : stage + STAGE;
      }
      if ((part + 1) % (K_BLOCK / BK) == 0 || part + 1 == parts) {
        results.settle();
        if (part + 1 == parts) { // here: behind the loop, the totals would be kept twice
          results.write(to, n, out_pairs, rows_left, columns_left);
        }
      }
    }
  }
}

extern "C" __global__ void __launch_bounds__(256) tz_add_blocks(const double* __restrict__ parts, double* __restrict__ out, i64 split, i64 n) {
  add_blocks(
      parts, split, n, [](double a, double b) { return __dadd_rn(a, b); }, [=](i64 i, double v) { out[i] = v; });
}
