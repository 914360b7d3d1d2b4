// Products of matrices in the fast mode on mma.sync (mma.cuh). One module for each dtype and pair of layouts: TZ_A and TZ_B are 1 where an
// operand is stored by columns.
//
// A block of 8 warps makes 128 x 128 results, a warp 64 x 32 of them.
#include "mma.cuh"

#define STAGE_BYTES 16384
#define PANEL_BYTES 8192

// Copies to a panel of 128 rows the products from k0 on of the rows from row0 on; what the matrix lacks is zeros.
template <bool ROWS_SIDE_BY_SIDE>
__device__ __forceinline__ void copy(u32 to, const T* matrix, int pitch, int row0, int rows, int k0, int k) {
  constexpr int PIECES = ROWS_SIDE_BY_SIDE ? 128 / PIECE : 4; // of a line
  UNROLL for (int h = 0; h < 2; h++) {
    const int q = threadIdx.x + h * 256;
    const int line = (int)((u32)q / PIECES);
    const int piece = (int)((u32)q % PIECES);
    const int outer = ROWS_SIDE_BY_SIDE ? k0 + line : row0 + line;
    const int inner = (ROWS_SIDE_BY_SIDE ? row0 : k0) + piece * PIECE;
    int left = (ROWS_SIDE_BY_SIDE ? rows : k) - inner;
    left = left < 0 ? 0 : left > PIECE ? PIECE : left;
    if (outer >= (ROWS_SIDE_BY_SIDE ? k : rows)) {
      left = 0;
    }
    copy_16(to + Panel<ROWS_SIDE_BY_SIDE>::at(line, piece), left ? matrix + ((size_t)outer * pitch + inner) : matrix, left * SIZE);
  }
}

// A block makes one tile. Those next to each other share operands in the cache: `group` rows of tiles, column by column. A line and a matrix
// of an operand begin at a multiple of 16 bytes; pitches and strides are in elements.
extern "C" __global__ void __launch_bounds__(256, 2)
    tz_product(const T* a, const T* b, T* out, int m, int n, int k, int a_pitch, int b_pitch, i64 a_stride, i64 b_stride, int group) {
  extern __shared__ __align__(128) char memory[];
  const u32 base = shared_address(memory);
  const int down = (m + 127) >> 7;
  const int across = (n + 127) >> 7;
  const int batch = blockIdx.x / (down * across);
  const int tile = blockIdx.x - batch * down * across;
  const int first = tile / (group * across) * group;
  const int inside = tile - first * across;
  const int high = min(down - first, group);
  const int row0 = (first + inside % high) << 7;
  const int column0 = (inside / high) << 7;
  a += batch * a_stride;
  b += batch * b_stride;
  const int parts = (k + DEEP - 1) / DEEP;
  const int lane = threadIdx.x & 31;
  const int warp = threadIdx.x >> 5;
  const int warp_row = (warp & 1) * 64;
  const int warp_column = (warp >> 1) * 32;

  Sums sums;
  UNROLL for (int s = 0; s < STAGES - 1; s++) {
    if (s < parts) {
      copy<TZ_A>(base + s * STAGE_BYTES, a, a_pitch, row0, m, s * DEEP, k);
      copy<!TZ_B>(base + s * STAGE_BYTES + PANEL_BYTES, b, b_pitch, column0, n, s * DEEP, k);
    }
    commit();
  }
  for (int part = 0; part < parts; part++) {
    await<STAGES - 2>();
    __syncthreads(); // the stage that is filled now has been read
    const int next = part + STAGES - 1;
    if (next < parts) {
      const u32 to = base + (next & (STAGES - 1)) * STAGE_BYTES;
      copy<TZ_A>(to, a, a_pitch, row0, m, next * DEEP, k);
      copy<!TZ_B>(to + PANEL_BYTES, b, b_pitch, column0, n, next * DEEP, k);
    }
    commit(); // also of nothing: groups are counted
    const u32 rows = base + (part & (STAGES - 1)) * STAGE_BYTES;
    sums.add<TZ_A, !TZ_B>(rows, rows + PANEL_BYTES, warp_row, warp_column, lane);
  }
  await<0>();

  out += (size_t)batch * m * n;
  UNROLL for (int i = 0; i < 4; i++) {
    UNROLL for (int h = 0; h < 2; h++) {
      const int row = row0 + warp_row + i * 16 + h * 8 + (lane >> 2);
      if (row < m) {
        UNROLL for (int j = 0; j < 4; j++) {
          const int column = column0 + warp_column + j * 8 + (lane & 3) * 2;
          write(out + (size_t)row * n + column, sums.of[i][j][2 * h], sums.of[i][j][2 * h + 1], n - column);
        }
      }
    }
  }
}
