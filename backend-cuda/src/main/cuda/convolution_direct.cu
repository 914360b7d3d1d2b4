// Convolutions of one dtype whose groups have few output channels, which would leave most of a tile empty: a thread has the outputs of all
// channels of a group at some positions, and walks their products in order. Neighbouring threads have neighbouring positions.
#include "product.cuh"
#include "window.cuh"

// A product of the chain: the address of its weight behind the output channel's first; what it adds to an element's address; and the bit of
// its window position.
struct Step {
  i64 weight;
  i64 address;
  u64 bit;
};

// What a block keeps in shared memory of a step.
struct Shift {
  i64 bytes;
  u64 bit;
};
static_assert(K_BLOCK <= THREADS, "each thread copies one step at most");

// A load that is a zero where there is nothing to load: without a branch, so that several are under way at once.
__device__ __forceinline__ ACC load_if(u64 some, const void* at) {
#if defined(TZ_F64)
  double v;
  asm("{\n\t.reg .pred some;\n\tsetp.ne.s64 some, %2, 0;\n\tmov.f64 %0, 0d0000000000000000;\n\t@some ld.global.nc.f64 %0, [%1];\n\t}"
      : "=d"(v)
      : "l"(at), "l"(some));
  return v;
#elif defined(TZ_F32)
  float v;
  asm("{\n\t.reg .pred some;\n\tsetp.ne.s64 some, %2, 0;\n\tmov.f32 %0, 0f00000000;\n\t@some ld.global.nc.f32 %0, [%1];\n\t}"
      : "=f"(v)
      : "l"(at), "l"(some));
  return v;
#else
  T v;
  asm("{\n\t.reg .pred some;\n\tsetp.ne.s64 some, %2, 0;\n\tmov.u16 %0, 0;\n\t@some ld.global.nc.u16 %0, [%1];\n\t}"
      : "=h"(v)
      : "l"(at), "l"(some));
  return load(&v, 0);
#endif
}

// ROWS output channels, and OUTPUTS positions one below the other.
template <int ROWS, int OUTPUTS>
struct Chains {
  ACC total[OUTPUTS][ROWS];
  ACC chain[OUTPUTS][ROWS];

  __device__ __forceinline__ void begin(bool some) {
#pragma unroll
    for (int j = 0; j < OUTPUTS; j++) {
#pragma unroll
      for (int r = 0; r < ROWS; r++) {
        total[j][r] = (ACC)(some ? -0.0 : 0.0);
        chain[j][r] = 0;
      }
    }
  }

  // Ends the chains. -0 plus the first is the first, whatever it is.
  __device__ __forceinline__ void finish() {
#pragma unroll
    for (int j = 0; j < OUTPUTS; j++) {
#pragma unroll
      for (int r = 0; r < ROWS; r++) {
        total[j][r] = add(total[j][r], chain[j][r]);
        chain[j][r] = 0;
      }
    }
  }
};

// A unit is a thread's OUTPUTS positions. Those of a group are counted along x, then by OUTPUTS lines, planes and images; a block takes
// THREADS of them.
template <int ROWS, int OUTPUTS>
__device__ __forceinline__ void direct(const T* __restrict__ x, const T* __restrict__ w, T* __restrict__ out, const Step* __restrict__ steps,
                                       const Tap* __restrict__ taps, i64 tiles, i64 units, i64 groups, i64 rows, i64 all_k, i64 w_offset,
                                       i64 w_row, int w_z, int w_y, int w_x, i64 o_z, i64 x_offset, i64 s_batch, i64 s_group, i64 s_z,
                                       i64 s_y, i64 s_x, int e_z, int e_y, int e_x, u32 o_y, u32 o_x, int st_z, int st_y, int st_x,
                                       int pad_z, int pad_y, int pad_x, int id_z, int id_y, int id_x) {
  __shared__ Shift shifts[K_BLOCK];
  __shared__ alignas(16) ACC weights[K_BLOCK][ROWS];
  const i64 across = (units + THREADS - 1) / THREADS;
  const u32 lines = (o_y + OUTPUTS - 1) / OUTPUTS;
  for (i64 tile = blockIdx.x; tile < tiles; tile += gridDim.x) {
    const i64 group = tile / across;
    const i64 unit = tile % across * THREADS + threadIdx.x;
    const u32 u = (u32)min(unit, units - 1);
    const u32 at_x = u % o_x;
    const u32 line = u / o_x;
    const u32 at_y = line % lines * OUTPUTS;
    const u32 plane = line / lines;
    const u32 at_z = plane % (u32)o_z;
    const i64 image = plane / (u32)o_z;
    const Begin z((int)at_z * st_z - pad_z, id_z);
    const Begin column((int)at_x * st_x - pad_x, id_x);
    const u64 in_line = covered(taps + w_z + w_y, w_x, column, e_x, 1, 1);
    const char* from[OUTPUTS];  // the window's start, which may lie before the input
    u64 mask[OUTPUTS];
#pragma unroll
    for (int j = 0; j < OUTPUTS; j++) {
      const Begin y((int)(at_y + j) * st_y - pad_y, id_y);
      mask[j] = at_y + j < o_y ? covered(taps, w_z, z, e_z, covered(taps + w_z, w_y, y, e_y, in_line, w_x), w_y * w_x) : 0;
      from[j] = reinterpret_cast<const char*>(x + x_offset + image * s_batch + group * s_group + z.element * s_z + y.element * s_y +
                                              column.element * s_x);
    }
    Chains<ROWS, OUTPUTS> t;
    t.begin(all_k > 0);
#pragma unroll 1
    for (i64 k0 = 0; k0 < all_k; k0 += K_BLOCK) {
      const int length = (int)min((i64)K_BLOCK, all_k - k0);
      __syncthreads();
      if (threadIdx.x < length) {
        const Step s = steps[k0 + threadIdx.x];
        shifts[threadIdx.x] = {s.address * (i64)sizeof(T), s.bit};
#pragma unroll
        for (int r = 0; r < ROWS; r++) {
          weights[threadIdx.x][r] = r < rows ? load(w, w_offset + (group * rows + r) * w_row + s.weight) : (ACC)0;
        }
      }
      __syncthreads();
#pragma unroll 4
      for (int i = 0; i < length; i++) {
        const Shift s = shifts[i];
#pragma unroll
        for (int j = 0; j < OUTPUTS; j++) {
          const ACC v = load_if(mask[j] & s.bit, from[j] + s.bytes);
#pragma unroll
          for (int r = 0; r < ROWS; r++) {
            t.chain[j][r] = mac(weights[i][r], v, t.chain[j][r]);
          }
        }
      }
      t.finish();
    }
    if (unit < units) {
      const i64 positions = o_z * o_y * o_x;
#pragma unroll
      for (int j = 0; j < OUTPUTS; j++) {
#pragma unroll
        for (int r = 0; r < ROWS; r++) {
          if (at_y + j < o_y && r < rows) {
            store(out, ((image * groups + group) * rows + r) * positions + ((i64)at_z * o_y + at_y + j) * o_x + at_x, t.total[j][r]);
          }
        }
      }
    }
  }
}

#define DIRECT(ROWS, OUTPUTS, RESIDENT)                                                                                                       \
  extern "C" __global__ void __launch_bounds__(THREADS, sizeof(ACC) == 8 ? 1 : RESIDENT) tz_direct_##ROWS##_##OUTPUTS(                        \
      const T* __restrict__ x, const T* __restrict__ w, T* __restrict__ out, const Step* __restrict__ steps, const Tap* __restrict__ taps,    \
      i64 tiles, i64 units, i64 groups, i64 rows, i64 all_k, i64 w_offset, i64 w_row, i64 w_z, i64 w_y, i64 w_x, i64 o_z, i64 x_offset,       \
      i64 s_batch, i64 s_group, i64 s_z, i64 s_y, i64 s_x, i64 e_z, i64 e_y, i64 e_x, i64 o_y, i64 o_x, i64 st_z, i64 st_y, i64 st_x,         \
      i64 pad_z, i64 pad_y, i64 pad_x, i64 id_z, i64 id_y, i64 id_x) {                                                                        \
    direct<ROWS, OUTPUTS>(x, w, out, steps, taps, tiles, units, groups, rows, all_k, w_offset, w_row, (int)w_z, (int)w_y, (int)w_x, o_z,      \
                          x_offset, s_batch, s_group, s_z, s_y, s_x, (int)e_z, (int)e_y, (int)e_x, (u32)o_y, (u32)o_x, (int)st_z, (int)st_y,  \
                          (int)st_x, (int)pad_z, (int)pad_y, (int)pad_x, (int)id_z, (int)id_y, (int)id_x);                                    \
  }

// RESIDENT: as many blocks as a multiprocessor has registers for.
DIRECT(1, 1, 4)
DIRECT(1, 4, 4)
DIRECT(2, 1, 4)
DIRECT(2, 4, 4)
DIRECT(4, 1, 4)
DIRECT(4, 4, 3)
DIRECT(8, 1, 2)
DIRECT(8, 4, 2)

// The same for long chains, as of the gradient of weights: a thread has all products of one position, or where outputs are few one block of
// them, of which there are `blocks` then. `parts` takes the blocks' results one after the other where there are several.
template <int ROWS>
__device__ __forceinline__ void blocks_of(const T* __restrict__ x, const T* __restrict__ w, T* __restrict__ out, ACC* __restrict__ parts,
                                          i64 units, i64 blocks, i64 images, i64 groups, i64 rows, i64 all_k, i64 w_offset, i64 w_row,
                                          i64 w_channel, i64 ws_z, i64 ws_y, i64 ws_x, int w_z, int w_y, int w_x, int wd_z, int wd_y,
                                          int wd_x, i64 s_channel, i64 o_z, i64 x_offset, i64 s_batch, i64 s_group, i64 s_z, i64 s_y,
                                          int s_x, int e_z, int e_y, int e_x, i64 o_y, i64 o_x, int st_z, int st_y, int st_x, int pad_z,
                                          int pad_y, int pad_x, int id_z, int id_y, int id_x) {
  const i64 positions = o_z * o_y * o_x;
  EACH(u, units) {
    const i64 p = u % positions;
    const i64 image = u / positions % images;
    const i64 block = u / positions / images % blocks;
    const i64 group = u / positions / images / blocks;
    const i64 k = block * K_BLOCK;
    const int length = (int)(blocks > 1 ? min((i64)K_BLOCK, all_k - k) : all_k);
    i64 channel = k / w_x / w_y / w_z;
    int tz = (int)(k / w_x / w_y % w_z);
    int ty = (int)(k / w_x % w_y);
    int tx = (int)(k % w_x);
    const int z = (int)(p / o_x / o_y) * st_z - pad_z;
    const int y = (int)(p / o_x % o_y) * st_y - pad_y;
    const int column = (int)(p % o_x) * st_x - pad_x;
    const T* input = x + x_offset + image * s_batch + group * s_group;
    const T* weights = w + w_offset + group * rows * w_row;
    const T* from = input;  // of the window's line
    const T* weight = weights;
    int at_x = 0;
    bool some = false;  // whether the line falls on one of the input
    bool moved = true;
    Chains<ROWS, 1> t;
    t.begin(all_k > 0);
#pragma unroll 1
    for (int i = 0; i < length; i++) {
      if (moved) {
        const int iz = coordinate(z + tz * wd_z, e_z, id_z);
        const int iy = coordinate(y + ty * wd_y, e_y, id_y);
        some = (iz | iy) >= 0;
        from = input + channel * s_channel + iz * s_z + iy * s_y;
        weight = weights + channel * w_channel + tz * ws_z + ty * ws_y + tx * ws_x;
        at_x = column + tx * wd_x;
      }
      const int ix = coordinate(at_x, e_x, id_x);
      const ACC v = load_if(some && ix >= 0, from + (i64)ix * s_x);
#pragma unroll
      for (int r = 0; r < ROWS; r++) {
        const ACC a = r < rows ? load(weight, r * w_row) : (ACC)0;
        t.chain[0][r] = mac(a, v, t.chain[0][r]);
      }
      at_x += wd_x;
      weight += ws_x;
      moved = ++tx == w_x;
      if (moved) {
        tx = 0;
        if (++ty == w_y) {
          ty = 0;
          if (++tz == w_z) {
            tz = 0;
            channel++;
          }
        }
      }
      if ((i + 1) % K_BLOCK == 0 || i + 1 == length) {
        t.finish();
      }
    }
#pragma unroll
    for (int r = 0; r < ROWS; r++) {
      if (r < rows) {
        const i64 to = ((image * groups + group) * rows + r) * positions + p;
        if (blocks > 1) {
          parts[block * images * groups * rows * positions + to] = t.total[0][r];
        } else {
          store(out, to, t.total[0][r]);
        }
      }
    }
  }
}

#define BLOCKS(ROWS)                                                                                                                          \
  extern "C" __global__ void __launch_bounds__(THREADS, sizeof(ACC) == 8 ? 2 : 4) tz_blocks_##ROWS(                                           \
      const T* __restrict__ x, const T* __restrict__ w, T* __restrict__ out, ACC* __restrict__ parts, i64 units, i64 blocks, i64 images,      \
      i64 groups, i64 rows, i64 all_k, i64 w_offset, i64 w_row, i64 w_channel, i64 ws_z, i64 ws_y, i64 ws_x, i64 w_z, i64 w_y, i64 w_x,       \
      i64 wd_z, i64 wd_y, i64 wd_x, i64 s_channel, i64 o_z, i64 x_offset, i64 s_batch, i64 s_group, i64 s_z, i64 s_y, i64 s_x, i64 e_z,       \
      i64 e_y, i64 e_x, i64 o_y, i64 o_x, i64 st_z, i64 st_y, i64 st_x, i64 pad_z, i64 pad_y, i64 pad_x, i64 id_z, i64 id_y, i64 id_x) {      \
    blocks_of<ROWS>(x, w, out, parts, units, blocks, images, groups, rows, all_k, w_offset, w_row, w_channel, ws_z, ws_y, ws_x, (int)w_z,     \
                    (int)w_y, (int)w_x, (int)wd_z, (int)wd_y, (int)wd_x, s_channel, o_z, x_offset, s_batch, s_group, s_z, s_y, (int)s_x,      \
                    (int)e_z, (int)e_y, (int)e_x, o_y, o_x, (int)st_z, (int)st_y, (int)st_x, (int)pad_z, (int)pad_y, (int)pad_x, (int)id_z,   \
                    (int)id_y, (int)id_x);                                                                                                    \
  }

BLOCKS(1)
BLOCKS(2)
BLOCKS(4)
BLOCKS(8)
