// Matrix products of one dtype, over operands of any strides.
#include "product.cuh"

// The tile: chains and totals of a thread are two thirds of its registers.
#if defined(TZ_F64) || defined(TZ_I64)
#define BM 64
#define TM 4
#else
#define BM 128
#define TM 8
#endif
#define BN 64
#define TN 4

// The part of a panel that a thread fetches: COUNT elements of W rows (or columns) and BK products. Neighbouring threads take what is next
// to each other in memory, along k or along the rows. What is left of the matrix is counted in ints and one pointer walks: a thread's
// registers are for results.
template <int W>
struct Fetch {
  static const int COUNT = W * BK / THREADS;
  ACC v[COUNT];
  const T* next;  // the first element of the coming part
  i64 step;       // from one of the thread's elements to the next
  i64 advance;    // from one part to the next
  int rows;       // how many rows there are from the thread's first on
  int k;          // how many products there are from the thread's first on
  bool along_k;

  __device__ __forceinline__ void begin(const T* from, i64 row0, i64 all_rows, i64 all_k, i64 row_stride, i64 k_stride, bool along) {
    along_k = along;
    const int row = along ? threadIdx.x / BK : threadIdx.x % W;
    const int at_k = along ? threadIdx.x % BK : threadIdx.x / W;
    next = from + (row0 + row) * row_stride + at_k * k_stride;
    step = along ? row_stride * (THREADS / BK) : k_stride * (THREADS / W);
    advance = k_stride * BK;
    rows = (int)min(all_rows - row0 - row, (i64)W);
    k = (int)min(all_k - at_k, (i64)0x7fffffff);
  }

  __device__ __forceinline__ void get() {
    const T* p = next;
#pragma unroll
    for (int i = 0; i < COUNT; i++) {
      const bool inside = along_k ? i * (THREADS / BK) < rows && 0 < k : 0 < rows && i * (THREADS / W) < k;
      v[i] = inside ? load(p, 0) : (ACC)0;
      p += step;
    }
    next += advance;
    k -= BK;
  }

  __device__ __forceinline__ void put(ACC (*panel)[W + 4]) const {
    ACC* to = along_k ? &panel[threadIdx.x % BK][threadIdx.x / BK] : &panel[threadIdx.x / W][threadIdx.x % W];
    const int apart = along_k ? THREADS / BK : THREADS / W * (W + 4);
#pragma unroll
    for (int i = 0; i < COUNT; i++) {
      to[i * apart] = v[i];
    }
  }
};

template <class OUT>
__device__ __forceinline__ void put(OUT* out, i64 i, ACC v) {
  out[i] = (OUT)v;
}
#if defined(TZ_F16) || defined(TZ_BF16)
template <>
__device__ __forceinline__ void put<T>(T* out, i64 i, ACC v) {
  store(out, i, v);
}
#endif

template <class OUT>
__device__ __forceinline__ void product(const T* __restrict__ x, const T* __restrict__ y, OUT* __restrict__ out,
                                        const i64* __restrict__ x_offset, const i64* __restrict__ y_offset, i64 tiles, i64 m, i64 n,
                                        i64 k, i64 x_row, i64 x_k, i64 y_k, i64 y_column) {
  __shared__ Panels<BM, BN> panels;
  const bool x_along = x_row != 1 && (x_k == 1 || x_row != 0);
  const bool y_along = y_column != 1 && y_k == 1;
  const i64 across = (n + BN - 1) / BN;
  const i64 down = (m + BM - 1) / BM;
  const int row = threadIdx.x / (BN / TN) * TM;
  const int column = threadIdx.x % (BN / TN) * TN;
  for (i64 tile = blockIdx.x; tile < tiles; tile += gridDim.x) {
    const i64 batch = tile / (across * down);
    const i64 row0 = tile / across % down * BM;
    const i64 column0 = tile % across * BN;
    const T* a = x + x_offset[batch];
    const T* b = y + y_offset[batch];
    Tile<BM, BN, TM, TN> t;
    t.begin(k > 0);
    Fetch<BM> rows;
    Fetch<BN> columns;
    rows.begin(a, row0, m, k, x_row, x_k, x_along);
    columns.begin(b, column0, n, k, y_column, y_k, y_along);
    rows.get();
    columns.get();
    const int parts = (int)((k + BK - 1) / BK);
#pragma unroll 1
    for (int part = 0; part < parts; part++) {
      __syncthreads();
      rows.put(panels.rows);
      columns.put(panels.columns);
      __syncthreads();
      if (part + 1 < parts) { // the next loads are under way while this part is multiplied
        rows.get();
        columns.get();
      }
      t.steps(panels, part + 1 < parts ? BK : (int)(k - (i64)part * BK), row, column);
      if ((part + 1) % (K_BLOCK / BK) == 0 || part + 1 == parts) {
        t.finish();
      }
    }
#pragma unroll
    for (int i = 0; i < TM; i++) {
      const i64 r = row0 + row + i;
#pragma unroll
      for (int j = 0; j < TN; j++) {
        const i64 c = column0 + column + j;
        if (r < m && c < n) {
          put(out, (batch * m + r) * n + c, t.total[i][j]);
        }
      }
    }
  }
}

// One result after the other, for products with few rows or columns.
template <class OUT>
__device__ __forceinline__ void product_small(const T* __restrict__ x, const T* __restrict__ y, OUT* __restrict__ out,
                                              const i64* __restrict__ x_offset, const i64* __restrict__ y_offset, i64 units, i64 m,
                                              i64 n, i64 k, i64 x_row, i64 x_k, i64 y_k, i64 y_column) {
  EACH(u, units) {
    const i64 batch = u / n / m;
    i64 at = x_offset[batch] + u / n % m * x_row;
    i64 bt = y_offset[batch] + u % n * y_column;
    ACC total = 0;
#pragma unroll 1
    for (i64 k0 = 0; k0 < k; k0 += K_BLOCK) {
      const int length = (int)min((i64)K_BLOCK, k - k0);
      ACC chain = 0;
#pragma unroll 2
      for (int i = 0; i < length; i++) {
        chain = mac(load(x, at), load(y, bt), chain);
        at += x_k;
        bt += y_k;
      }
      total = k0 == 0 ? chain : add(total, chain);
    }
    put(out, u, total);
  }
}

#define PRODUCTS(SUFFIX, OUT)                                                                                                      \
  extern "C" __global__ void __launch_bounds__(THREADS) tz_product##SUFFIX(                                                        \
      const T* x, const T* y, OUT* out, const i64* x_offset, const i64* y_offset, i64 tiles, i64 m, i64 n, i64 k, i64 x_row,       \
      i64 x_k, i64 y_k, i64 y_column) {                                                                                            \
    product<OUT>(x, y, out, x_offset, y_offset, tiles, m, n, k, x_row, x_k, y_k, y_column);                                        \
  }                                                                                                                                \
  extern "C" __global__ void __launch_bounds__(THREADS) tz_product_small##SUFFIX(                                                  \
      const T* x, const T* y, OUT* out, const i64* x_offset, const i64* y_offset, i64 units, i64 m, i64 n, i64 k, i64 x_row,       \
      i64 x_k, i64 y_k, i64 y_column) {                                                                                            \
    product_small<OUT>(x, y, out, x_offset, y_offset, units, m, n, k, x_row, x_k, y_k, y_column);                                  \
  }

PRODUCTS(, T)
#ifdef SMALL_INTEGER
PRODUCTS(_i32, int)
#endif
