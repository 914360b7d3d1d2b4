// Products of f32 matrices for devices from sm_80 on, whose operands have unit stride along one of their axes. One module for each tile and
// each pair of layouts, as an assembler takes a while for one: TZ_TILE is 0, 1 or 2; TZ_A and TZ_B are modes of pipeline.cuh.
#include "blocks.cuh"
#include "pipeline.cuh"

#if TZ_TILE == 0
#define BM 32
#define BN 64
#define RESIDENT 5
typedef Pipeline<BM, BN, 4, 4, 16, 4, TZ_A> Tile;
#elif TZ_TILE == 1
#define BM 64
#define BN 128
#define RESIDENT 3
typedef Pipeline<BM, BN, 8, 8, 16, 3, TZ_A> Tile;
#else
#define BM 128
#define BN 256
#define RESIDENT 1
typedef Pipeline<BM, BN, 16, 8, 16, 3, TZ_A> Tile;
#endif

// Blocks that run at the same time take tiles near each other, so that they share operands in the cache: so many rows of tiles, column by
// column.
#define GROUP 8

struct Results {
  float* out;  // of the tile
  i64 pitch;
  int rows;  // what there is of the tile
  int columns;
  bool vectors;  // whether four neighbours are a vector

  __device__ __forceinline__ float* at(int r, int c) const { return out + r * pitch + c; }
};

// Where `split` is more than 1, each block of K_BLOCK products is a product of its own, and their results lie one after the other.
extern "C" __global__ void __launch_bounds__(Tile::THREADS, RESIDENT)
    tz_product(const float* __restrict__ x, const float* __restrict__ y, float* __restrict__ out, const i64* __restrict__ x_offset,
               const i64* __restrict__ y_offset, i64 tiles, i64 batches, i64 split, i64 m, i64 n, i64 k, i64 x_pitch, i64 y_pitch) {
  extern __shared__ __align__(16) float panels[];
  const u32 base = (u32)__cvta_generic_to_shared(panels);
  const int across = (int)((n + BN - 1) / BN);
  const int down = (int)((m + BM - 1) / BM);
  for (i64 tile = blockIdx.x; tile < tiles; tile += gridDim.x) {
    const i64 matrix = tile / ((i64)across * down);
    const int t = (int)(tile - matrix * across * down);
    const int group = t / (GROUP * across);
    const int high = min(GROUP, down - group * GROUP);
    const int inside = t - group * GROUP * across;
    const i64 row0 = (i64)(group * GROUP + inside % high) * BM;
    const i64 column0 = (i64)(inside / high) * BN;
    const i64 batch = matrix % batches;
    const i64 k0 = matrix / batches * K_BLOCK;
    const i64 length = split > 1 ? min((i64)K_BLOCK, k - k0) : k;
    Strided<BM, 16, Tile::THREADS, TZ_A> rows;
    Strided<BN, 16, Tile::THREADS, TZ_B> columns;
    rows.begin(x + x_offset[batch] + k0 * (TZ_A == ALONG_K || TZ_A == ALONG_K_VECTORS ? 1 : x_pitch), row0, m, x_pitch, base);
    columns.begin(y + y_offset[batch] + k0 * (TZ_B == ALONG_K ? 1 : y_pitch), column0, n, y_pitch, base + Tile::ROWS * 4);
    Results results;
    results.out = out + (matrix * m + row0) * n + column0;
    results.pitch = n;
    results.rows = (int)min(m - row0, (i64)BM);
    results.columns = (int)min(n - column0, (i64)BN);
    results.vectors = n % 4 == 0;
    Tile product;
    product.run(rows, columns, base, length, results);
  }
}

extern "C" __global__ void __launch_bounds__(256) tz_add_blocks(const float* __restrict__ parts, float* __restrict__ out, i64 split, i64 n) {
  add_blocks(
      parts, split, n, [](float a, float b) { return __fadd_rn(a, b); }, [=](i64 i, float v) { out[i] = v; });
}
