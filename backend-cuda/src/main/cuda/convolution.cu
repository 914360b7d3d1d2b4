// Convolutions of one dtype as products whose columns are output positions: the unrolled input exists only in shared memory.
#include "blocks.cuh"
#include "product.cuh"
#include "window.cuh"

#define BM 64
#define BN 64
#define TM 4
#define TN 4

// Axes that the convolution lacks have extent 1. steps holds, for each (channel, window position), the address of its weight behind the
// channel's first, the address of the input channel, and its distance from the window's start along each axis. Where `split` is more than 1,
// each block of K_BLOCK products is a convolution of its own, and `parts` takes their results one after the other.
extern "C" __global__ void __launch_bounds__(THREADS)
    tz_convolution(const T* __restrict__ x, const T* __restrict__ w, T* __restrict__ out, ACC* __restrict__ parts,
                   const i64* __restrict__ steps, i64 tiles, i64 images, i64 split, i64 groups, i64 rows, i64 positions,
                   i64 all_k, i64 w_offset, i64 w_row, i64 x_offset, i64 s_batch, i64 s_group, i64 s_z, i64 s_y, i64 s_x, i64 e_z, i64 e_y, i64 e_x, i64 o_y, i64 o_x, i64 st_z, i64 st_y, i64 st_x, i64 pad_z, i64 pad_y,
                   i64 pad_x, i64 id_z, i64 id_y, i64 id_x) {
  __shared__ Panels<BM, BN> panels;
  const i64 across = (positions + BN - 1) / BN;
  const i64 down = (rows + BM - 1) / BM;
  const int row = threadIdx.x / (BN / TN) * TM;
  const int column = threadIdx.x % (BN / TN) * TN;
  for (i64 tile = blockIdx.x; tile < tiles; tile += gridDim.x) {
    const i64 matrix = tile / (across * down);
    const i64 image = matrix % images;
    const i64 begin = matrix / images * K_BLOCK;
    const i64 k = split > 1 ? min(begin + K_BLOCK, all_k) : all_k;
    const i64 group = image % groups;
    const i64 row0 = tile / across % down * BM;
    const i64 column0 = tile % across * BN;
    const T* weights = w + w_offset + (group * rows + row0) * w_row;
    const T* input = x + x_offset + image / groups * s_batch + group * s_group;
    const i64 p = column0 + threadIdx.x % BN;
    const i64 z = p / o_x / o_y * st_z - pad_z;
    const i64 y = p / o_x % o_y * st_y - pad_y;
    const i64 at_x = p % o_x * st_x - pad_x;
    Tile<BM, BN, TM, TN> t;
    t.begin(k > begin);
#pragma unroll 1
    for (i64 k0 = begin; k0 < k; k0 += BK) {
      __syncthreads();
#pragma unroll
      for (int i = 0; i < BM * BK / THREADS; i++) {
        const int r = threadIdx.x / BK + i * (THREADS / BK);
        const i64 at_k = k0 + threadIdx.x % BK;
        const bool inside = row0 + r < rows && at_k < k;
        panels.rows[threadIdx.x % BK][r] = inside ? load(weights, r * w_row + steps[at_k * 5]) : (ACC)0;
      }
#pragma unroll
      for (int i = 0; i < BN * BK / THREADS; i++) {
        const int step = threadIdx.x / BN + i * (THREADS / BN);
        ACC v = 0;
        if (p < positions && k0 + step < k) {
          const i64* s = steps + (k0 + step) * 5;
          const i64 iz = coordinate(z + s[2], e_z, id_z);
          const i64 iy = coordinate(y + s[3], e_y, id_y);
          const i64 ix = coordinate(at_x + s[4], e_x, id_x);
          if ((iz | iy | ix) >= 0) {
            v = load(input, s[1] + iz * s_z + iy * s_y + ix * s_x);
          }
        }
        panels.columns[step][threadIdx.x % BN] = v;
      }
      __syncthreads();
      t.steps(panels, (int)min((i64)BK, k - k0), row, column);
      if ((k0 + BK) % K_BLOCK == 0 || k0 + BK >= k) {
        t.finish();
      }
    }
#pragma unroll
    for (int i = 0; i < TM; i++) {
      const i64 r = row0 + row + i;
#pragma unroll
      for (int j = 0; j < TN; j++) {
        const i64 c = column0 + column + j;
        if (r < rows && c < positions) {
          if (split > 1) {
            parts[(matrix * rows + r) * positions + c] = t.total[i][j];
          } else {
            store(out, (image * rows + r) * positions + c, t.total[i][j]);
          }
        }
      }
    }
  }
}

extern "C" __global__ void __launch_bounds__(256) tz_add_blocks(const ACC* __restrict__ parts, T* __restrict__ out, i64 split, i64 n) {
  add_blocks(
      parts, split, n, [](ACC a, ACC b) { return add(a, b); }, [=](i64 i, ACC v) { store(out, i, v); });
}

#ifdef FLOATS
// One number of an unrolled line: where its window position lies behind the window's start, and its channel.
struct Product {
  i64 channel;
  int z, y, x;
};

// Writes the unrolled input for a product with the weights: for each (group, image, output position) a line of `pitch` numbers, those for the
// (channel of the group, window position) in order. A thread takes four neighbours of the lines of `run` output positions after another,
// which read mostly the same elements; threads side by side have the same positions. GAPS: whether elements are apart by more than 1.
template <bool GAPS>
__device__ __forceinline__ void unroll(const T* __restrict__ x, ACC* __restrict__ to, i64 images, i64 channels, i64 pitch, i64 w_z, i64 w_y,
                                       i64 w_x, int wd_z, int wd_y, int wd_x, i64 s_channel, u32 o_z, u32 o_y, u32 o_x, i64 x_offset,
                                       i64 s_batch, i64 s_group, i64 s_z, i64 s_y, i64 s_x, int e_z, int e_y, int e_x, int st_z, int st_y,
                                       int st_x, int pad_z, int pad_y, int pad_x, int id_z, int id_y, int id_x, u32 run, i64 units) {
  const i64 quads = pitch / 4;
  const u32 positions = o_z * o_y * o_x;
  const u32 runs = (positions + run - 1) / run;
  EACH(u, units) {
    const i64 k = u % quads * 4;
    const i64 outer = u / quads;
    const i64 line = outer / runs;
    u32 at = (u32)(outer % runs) * run;
    const u32 end = min(at + run, positions);
    const T* input = x + x_offset + line % images * s_batch + line / images * s_group;
    Product products[4];
    i64 elements[4]; // of a product behind the window's start, where there are no gaps
    Product p;
    p.x = (int)(k % w_x);
    p.y = (int)(k / w_x % w_y);
    p.z = (int)(k / w_x / w_y % w_z);
    p.channel = k / w_x / w_y / w_z;
#pragma unroll
    for (int i = 0; i < 4; i++) {
      products[i] = {p.channel, p.z * wd_z, p.y * wd_y, p.x * wd_x};
      const Product& q = products[i];
      elements[i] = q.channel * s_channel + q.z * s_z + q.y * s_y + q.x * s_x;
      if (++p.x == w_x) {
        p.x = 0;
        if (++p.y == w_y) {
          p.y = 0;
          if (++p.z == w_z) {
            p.z = 0;
            p.channel++;
          }
        }
      }
    }
    u32 c = at % o_x;
    u32 y = at / o_x % o_y;
    u32 z = at / o_x / o_y;
    ACC* out = to + (line * positions + at) * pitch + k;
    for (; at < end; at++) {
      const int z0 = (int)z * st_z - pad_z;
      const int y0 = (int)y * st_y - pad_y;
      const int x0 = (int)c * st_x - pad_x;
      const T* window = input + (z0 * s_z + y0 * s_y + x0 * s_x);
      Four four;
#pragma unroll
      for (int i = 0; i < 4; i++) {
        const Product& q = products[i];
        bool inside = q.channel < channels;
        const T* from = window + elements[i];
        if (GAPS) {
          const int iz = coordinate(z0 + q.z, e_z, id_z);
          const int iy = coordinate(y0 + q.y, e_y, id_y);
          const int ix = coordinate(x0 + q.x, e_x, id_x);
          inside = inside && (iz | iy | ix) >= 0;
          from = input + (q.channel * s_channel + iz * s_z + iy * s_y + ix * s_x);
        } else {
          inside = inside && (u32)(z0 + q.z) < (u32)e_z && (u32)(y0 + q.y) < (u32)e_y && (u32)(x0 + q.x) < (u32)e_x;
        }
        four.v[i] = 0;
        if (inside) {
          four.v[i] = load(from, 0);
        }
      }
      *reinterpret_cast<Four*>(out) = four;
      out += pitch;
      if (++c == o_x) {
        c = 0;
        if (++y == o_y) {
          y = 0;
          z++;
        }
      }
    }
  }
}

#define UNROLLED(NAME, GAPS)                                                                                                                  \
  extern "C" __global__ void __launch_bounds__(256, 2)                                                                                        \
      NAME(const T* __restrict__ x, ACC* __restrict__ to, i64 images, i64 channels, i64 pitch, i64 w_z, i64 w_y, i64 w_x, i64 wd_z,           \
           i64 wd_y, i64 wd_x, i64 s_channel, i64 o_z, i64 x_offset, i64 s_batch, i64 s_group, i64 s_z, i64 s_y, i64 s_x, i64 e_z, i64 e_y,   \
           i64 e_x, i64 o_y, i64 o_x, i64 st_z, i64 st_y, i64 st_x, i64 pad_z, i64 pad_y, i64 pad_x, i64 id_z, i64 id_y, i64 id_x, i64 run,   \
           i64 units) {                                                                                                                       \
    unroll<GAPS>(x, to, images, channels, pitch, w_z, w_y, w_x, (int)wd_z, (int)wd_y, (int)wd_x, s_channel, (u32)o_z, (u32)o_y, (u32)o_x,     \
                 x_offset, s_batch, s_group, s_z, s_y, s_x, (int)e_z, (int)e_y, (int)e_x, (int)st_z, (int)st_y, (int)st_x, (int)pad_z,        \
                 (int)pad_y, (int)pad_x, (int)id_z, (int)id_y, (int)id_x, (u32)run, units);                                                   \
  }

UNROLLED(tz_unroll, false)
UNROLLED(tz_unroll_gaps, true)
#endif
