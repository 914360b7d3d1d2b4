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
// to each other in memory, along k or along the rows.
template <int W>
struct Fetch {
  static const int COUNT = W * BK / THREADS;
  ACC v[COUNT];

  __device__ __forceinline__ void get(const T* __restrict__ from, i64 row0, i64 rows, i64 k0, i64 k, i64 row_stride, i64 k_stride,
                                      bool along_k) {
    const int t = threadIdx.x;
    if (along_k) {
      const i64 at_k = k0 + t % BK;
      i64 row = row0 + t / BK;
#pragma unroll
      for (int i = 0; i < COUNT; i++) {
        v[i] = row < rows && at_k < k ? load(from, row * row_stride + at_k * k_stride) : (ACC)0;
        row += THREADS / BK;
      }
    } else {
      const i64 row = row0 + t % W;
      i64 at_k = k0 + t / W;
#pragma unroll
      for (int i = 0; i < COUNT; i++) {
        v[i] = row < rows && at_k < k ? load(from, row * row_stride + at_k * k_stride) : (ACC)0;
        at_k += THREADS / W;
      }
    }
  }

  __device__ __forceinline__ void put(ACC (*panel)[W + 4], bool along_k) const {
    const int t = threadIdx.x;
    if (along_k) {
#pragma unroll
      for (int i = 0; i < COUNT; i++) {
        panel[t % BK][t / BK + i * (THREADS / BK)] = v[i];
      }
    } else {
#pragma unroll
      for (int i = 0; i < COUNT; i++) {
        panel[t / W + i * (THREADS / W)][t % W] = v[i];
      }
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
    t.begin();
    Fetch<BM> rows;
    Fetch<BN> columns;
    rows.get(a, row0, m, 0, k, x_row, x_k, x_along);
    columns.get(b, column0, n, 0, k, y_column, y_k, y_along);
#pragma unroll 1
    for (i64 k0 = 0; k0 < k; k0 += BK) {
      __syncthreads();
      rows.put(panels.rows, x_along);
      columns.put(panels.columns, y_along);
      __syncthreads();
      if (k0 + BK < k) { // the next loads are under way while this part is multiplied
        rows.get(a, row0, m, k0 + BK, k, x_row, x_k, x_along);
        columns.get(b, column0, n, k0 + BK, k, y_column, y_k, y_along);
      }
      t.steps(panels, k - k0, row, column);
      if ((k0 + BK) % K_BLOCK == 0 || k0 + BK >= k) {
        t.finish(k0 < K_BLOCK);
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
