// Convolutions of f32 for devices from sm_80 on, as products whose columns are the output positions of all inputs: the unrolled input exists
// only in shared memory. The weights of an output channel lie one after the other. TZ_TILE is the tile, TZ_W the weights' mode of
// pipeline.cuh: whether they are aligned.
#include "pipeline.cuh"
#include "window.cuh"

#if TZ_TILE == 0
typedef Pipeline<32, 64, 4, 4, 16, 4, TZ_W> Tile;
#define RESIDENT 5
#define BM 32
#define BN 64
#else
typedef Pipeline<64, 128, 8, 8, 16, 3, TZ_W> Tile;
#define RESIDENT 3
#define BM 64
#define BN 128
#endif

// What a window position adds to an element's address, and its bit in the mask of positions that fall on the input.
struct Step {
  i64 address;
  u64 bit;
};

struct Window {
  i64 positions;  // of one output
  int o_y, o_x;
  int st_z, st_y, st_x;
  int pad_z, pad_y, pad_x;
  int e_z, e_y, e_x;
  int id_z, id_y, id_x;
  int w_z, w_y, w_x;
  i64 s_batch, s_z, s_y, s_x;
  const Tap* taps;  // along the axes, one after the other
};

// The part of the unrolled input that a thread copies: DEEP steps of one position.
struct Positions {
  static const int LINES = Tile::THREADS / BN;
  static const int DEEP = 16 / LINES;
  static const int PITCH = BN + 4;
  const float* from;  // the window's start, which may lie before the input
  const Step* steps;  // of the thread's coming part
  u64 mask;
  u32 to;
  int k;

  __device__ __forceinline__ void begin(const float* input, const Step* table, const Window& w, i64 column0, i64 columns, u32 panel) {
    const int line = threadIdx.x / BN;
    const u32 q = (u32)min(column0 + threadIdx.x % BN, columns - 1);
    const u32 image = q / (u32)w.positions;
    const u32 p = q % (u32)w.positions;
    const u32 row = p / (u32)w.o_x;
    const Begin z((int)(row / (u32)w.o_y) * w.st_z - w.pad_z, w.id_z);
    const Begin y((int)(row % (u32)w.o_y) * w.st_y - w.pad_y, w.id_y);
    const Begin x((int)(p % (u32)w.o_x) * w.st_x - w.pad_x, w.id_x);
    from = input + image * w.s_batch + z.element * w.s_z + y.element * w.s_y + x.element * w.s_x;
    mask = covered(w.taps + w.w_z + w.w_y, w.w_x, x, w.e_x, 1, 1);
    mask = covered(w.taps + w.w_z, w.w_y, y, w.e_y, mask, w.w_x);
    mask = covered(w.taps, w.w_z, z, w.e_z, mask, w.w_y * w.w_x);
    k = line;
    steps = table + line;
    to = panel + (line * PITCH + threadIdx.x % BN) * 4;
  }

  __device__ __forceinline__ void copy_one(u32 at, const Step& s) const {
    if (mask & s.bit) {
      copy_4(at, from + s.address);
    } else {
      put(at, 0.0f);
    }
  }

  __device__ __forceinline__ void copy(u32 stage) {
    UNROLL for (int d = 0; d < DEEP; d++) {
      copy_one(to + stage + d * LINES * PITCH * 4, steps[d * LINES]);
    }
    steps += 16;
  }

  __device__ __forceinline__ void copy_rest(u32 stage, int products, float fill) {
#pragma unroll 1
    for (int d = 0; d < DEEP; d++) {
      const u32 at = to + stage + d * LINES * PITCH * 4;
      if (k + d * LINES < products) {
        copy_one(at, steps[d * LINES]);
      } else {
        put(at, fill);
      }
    }
  }
};

struct Results {
  float* out;  // of the group's first row of the tile, in the first output
  i64 positions;
  i64 image;  // from one output to the next
  i64 column0;
  int rows;
  int columns;
  bool vectors;

  __device__ __forceinline__ float* at(int r, int c) const {
    const u32 q = (u32)column0 + c;
    return out + q / (u32)positions * image + r * positions + q % (u32)positions;
  }
};

extern "C" __global__ void __launch_bounds__(Tile::THREADS, RESIDENT)
    tz_convolution(const float* __restrict__ x, const float* __restrict__ w, float* __restrict__ out, const Step* __restrict__ steps,
                   const Tap* __restrict__ taps, i64 tiles, i64 groups, i64 rows, i64 positions, i64 columns, i64 k, i64 w_offset,
                   i64 w_row, i64 w_z, i64 w_y, i64 w_x, i64 x_offset, i64 s_batch, i64 s_group, i64 s_z, i64 s_y, i64 s_x, i64 e_z, i64 e_y,
                   i64 e_x, i64 o_y, i64 o_x, i64 st_z, i64 st_y, i64 st_x, i64 pad_z, i64 pad_y, i64 pad_x, i64 id_z, i64 id_y, i64 id_x) {
  extern __shared__ __align__(16) float panels[];
  const u32 base = (u32)__cvta_generic_to_shared(panels);
  const Window window = {positions, (int)o_y, (int)o_x, (int)st_z, (int)st_y, (int)st_x, (int)pad_z, (int)pad_y, (int)pad_x, (int)e_z, (int)e_y,
                         (int)e_x, (int)id_z, (int)id_y, (int)id_x, (int)w_z, (int)w_y, (int)w_x, s_batch, s_z, s_y, s_x, taps};
  const int down = (int)((rows + BM - 1) / BM);
  const int across = (int)((columns + BN - 1) / BN);
  for (i64 tile = blockIdx.x; tile < tiles; tile += gridDim.x) {
    const i64 group = tile / ((i64)across * down);
    const int t = (int)(tile - group * across * down);
    const i64 row0 = (i64)(t % down) * BM;  // the tiles of the same positions run side by side
    const i64 column0 = (i64)(t / down) * BN;
    Strided<BM, 16, Tile::THREADS, TZ_W> weights;
    Positions input;
    weights.begin(w + w_offset + group * rows * w_row, row0, rows, w_row, base);
    input.begin(x + x_offset + group * s_group, steps, window, column0, columns, base + Tile::ROWS * 4);
    Results results;
    results.out = out + (group * rows + row0) * positions;
    results.positions = positions;
    results.image = groups * rows * positions;
    results.column0 = column0;
    results.rows = (int)min(rows - row0, (i64)BM);
    results.columns = (int)min(columns - column0, (i64)BN);
    results.vectors = positions % 4 == 0;
    Tile product;
    product.run(weights, input, base, k, results);
  }
}
