// Convolutions in the fast mode on mma.sync (mma.cuh): for each group the weights times the unrolled input, which exists in shared memory
// alone. One module for each dtype and tile: TZ_ROWS is 128 or 64, the output channels of a tile; its columns are 128 output positions of all
// inputs.
//
// The channels of a group lie side by side in both operands, so that what is copied at once is 16 bytes of channels at one position of the
// window. Products are counted by position, and by channel within it; channels are rounded up to whole pieces, whose rest is zeros. There
// are no gaps between the input's elements: the planner takes such a convolution apart.
#include "mma.cuh"

#define COLUMNS 128
#define THREADS (TZ_ROWS * 2)
#define RESIDENT (TZ_ROWS == 128 ? 2 : 3)
#define LINES (THREADS / 4) // of a panel that are copied at a time, by four threads each
#define ROWS_BYTES (TZ_ROWS * 64)
#define STAGE_BYTES ((TZ_ROWS + COLUMNS) * 64)
#define NOWHERE (-(1 << 30))

// The piece of a stage's products that a thread copies for all of its lines: a position of the window, and channels from one on.
struct Products {
  int channel;
  int z, y, x;

  __device__ __forceinline__ Products(int first, int padded, int w_y, int w_x) {
    const int position = first / padded;
    channel = first - position * padded;
    const int line = position / w_x;
    x = position - line * w_x;
    z = line / w_y;
    y = line - z * w_y;
  }

  __device__ __forceinline__ void advance(int padded, int w_y, int w_x) {
    channel += DEEP;
    while (channel >= padded) {
      channel -= padded;
      if (++x == w_x) {
        x = 0;
        if (++y == w_y) {
          y = 0;
          z++;
        }
      }
    }
  }
};

// Where an output position's window begins along three axes.
struct Window {
  int z, y, x;
  i64 at; // its first element; it may lie outside of the input
};

// A block makes one tile: those of the same columns are next to each other. Where k is split, each of `split` blocks makes a part of it, for
// tz_add_blocks. Strides are in elements; those of x and w, and where these begin, are multiples of 16 bytes.
extern "C" __global__ void __launch_bounds__(THREADS, RESIDENT)
    tz_convolution(const T* x, const T* w, T* out, float* parts, i64 part_size, int split, int groups, int rows, int columns, int channels,
                   int padded, i64 w_first, i64 w_group, i64 w_row, i64 ws_z, i64 ws_y, i64 ws_x, int w_z, int w_y, int w_x, int wd_z, int wd_y, int wd_x,
                   i64 s_batch, i64 s_group, i64 s_z, i64 s_y, i64 s_x, int e_z, int e_y, int e_x, int o_z, int o_y, int o_x, int st_z,
                   int st_y, int st_x, int pad_z, int pad_y, int pad_x, i64 to, i64 to_batch, i64 to_row, i64 to_z, i64 to_y, i64 to_x) {
  extern __shared__ __align__(128) char memory[];
  const u32 base = shared_address(memory);
  i64* const places = (i64*)(memory + STAGES * STAGE_BYTES); // of the columns' results, or -1
  const int down = (rows + TZ_ROWS - 1) / TZ_ROWS;
  const int across = (columns + COLUMNS - 1) / COLUMNS;
  u32 tile = blockIdx.x;
  const int row0 = tile % down * TZ_ROWS;
  tile /= down;
  const int column0 = tile % across * COLUMNS;
  tile /= across;
  const int group = tile % groups;
  const int slice = tile / groups;
  const int lane = threadIdx.x & 31;
  const int warp = threadIdx.x >> 5;
  const int warp_row = TZ_ROWS == 128 ? (warp & 1) * 64 : 0;
  const int warp_column = (TZ_ROWS == 128 ? warp >> 1 : warp) * 32;
  const int line = threadIdx.x / 4;
  const int piece = threadIdx.x % 4;

  Window windows[COLUMNS / LINES];
  UNROLL for (int i = 0; i < COLUMNS / LINES; i++) {
    const int column = column0 + line + i * LINES;
    const int p_zy = column / o_x;
    const int p_x = column - p_zy * o_x;
    const int p_nz = p_zy / o_y;
    const int p_y = p_zy - p_nz * o_y;
    const int n = p_nz / o_z;
    const int p_z = p_nz - n * o_z;
    windows[i].z = column < columns ? p_z * st_z - pad_z : NOWHERE;
    windows[i].y = p_y * st_y - pad_y;
    windows[i].x = p_x * st_x - pad_x;
    windows[i].at = n * s_batch + windows[i].z * s_z + windows[i].y * s_y + windows[i].x * s_x;
    if (piece == 0) {
      places[line + i * LINES] = column < columns ? n * to_batch + p_z * to_z + p_y * to_y + p_x * to_x : -1;
    }
  }
  x += group * s_group;
  w += w_first + group * w_group + (i64)row0 * w_row;

  const int all = (w_z * w_y * w_x * padded + DEEP - 1) / DEEP;
  const int first = (int)((i64)all * slice / split);
  const int stages = (int)((i64)all * (slice + 1) / split) - first;
  Products next(first * DEEP + piece * PIECE, padded, w_y, w_x);
  const auto copy = [&](u32 stage) {
    const bool there = next.z < w_z;
    const int left = there ? min(channels - next.channel, PIECE) : 0;
    const i64 w_at = next.z * ws_z + next.y * ws_y + next.x * ws_x + next.channel;
    UNROLL for (int i = 0; i < TZ_ROWS / LINES; i++) {
      const int row = line + i * LINES;
      const int count = row0 + row < rows ? left : 0;
      copy_16(stage + Panel<false>::at(row, piece), count > 0 ? w + row * w_row + w_at : w, count > 0 ? count * SIZE : 0);
    }
    const int z = next.z * wd_z;
    const int y = next.y * wd_y;
    const int x_ = next.x * wd_x;
    const i64 x_at = z * s_z + y * s_y + x_ * s_x + next.channel;
    UNROLL for (int i = 0; i < COLUMNS / LINES; i++) {
      const Window& v = windows[i];
      const bool inside = (u32)(v.z + z) < (u32)e_z && (u32)(v.y + y) < (u32)e_y && (u32)(v.x + x_) < (u32)e_x && left > 0;
      copy_16(stage + ROWS_BYTES + Panel<false>::at(line + i * LINES, piece), inside ? x + v.at + x_at : x, inside ? left * SIZE : 0);
    }
    next.advance(padded, w_y, w_x);
  };

  Sums sums;
  UNROLL for (int s = 0; s < STAGES - 1; s++) {
    if (s < stages) {
      copy(base + s * STAGE_BYTES);
    }
    commit();
  }
  for (int stage = 0; stage < stages; stage++) {
    await<STAGES - 2>();
    __syncthreads(); // the stage that is filled now has been read
    if (stage + STAGES - 1 < stages) {
      copy(base + ((stage + STAGES - 1) & (STAGES - 1)) * STAGE_BYTES);
    }
    commit(); // also of nothing: groups are counted
    const u32 panels = base + (stage & (STAGES - 1)) * STAGE_BYTES;
    sums.add<false, false>(panels, panels + ROWS_BYTES, warp_row, warp_column, lane);
  }
  await<0>();
  __syncthreads(); // places are written, also where there was nothing to add

  const i64 origin = to + (i64)group * rows * to_row;
  UNROLL for (int j = 0; j < 4; j++) {
    const int column = warp_column + j * 8 + (lane & 3) * 2;
    const i64 place = places[column];
    const i64 second = places[column + 1];
    UNROLL for (int i = 0; i < 4; i++) {
      UNROLL for (int h = 0; h < 2; h++) {
        const int row = row0 + warp_row + i * 16 + h * 8 + (lane >> 2);
        if (row >= rows || place < 0) {
          continue;
        }
        const i64 at = origin + row * to_row;
        const float a = sums.of[i][j][2 * h];
        const float b = sums.of[i][j][2 * h + 1];
        if (split > 1) {
          float* const part = parts + slice * part_size + at;
          part[place] = a;
          if (second >= 0) {
            part[second] = b;
          }
        } else if (second == place + 1) {
          write(out + at + place, a, b, 2);
        } else {
          write(out + at + place, a, a, 1);
          if (second >= 0) {
            write(out + at + second, b, b, 1);
          }
        }
      }
    }
  }
}
