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
static_assert(DEEP / STEP == 2, "a stage has two steps");

// What a thread copies of a stage's products, for all of its lines: a position of the window, and 16 bytes of channels from one on. Channels
// and addresses are in bytes, positions in elements behind the window's start.
struct Products {
  int channel;
  int z, y, x;
  i64 w_at, x_at;
};

// Where the at-th of all positions lies along three axes, of which the first has no end.
struct Place {
  int z, y, x;

  __device__ __forceinline__ Place(int at, int e_y, int e_x) {
    const int line = at / e_x;
    x = at - line * e_x;
    z = line / e_y;
    y = line - z * e_y;
  }
};

// A block makes one tile: those of the same columns are next to each other. Where k is split, each of `split` blocks makes a part of it, for
// tz_add_blocks. Strides are in elements; those of x and w, and where these begin, are multiples of 16 bytes. What is only for going on from
// position to position is in bytes: the channels and those rounded up, and what is added at the end of an axis, besides, to an address; the
// window's reach is in elements.
extern "C" __global__ void __launch_bounds__(THREADS, RESIDENT)
    tz_convolution(const T* x, const T* w, T* out, float* parts, i64 part_size, int split, int groups, int rows, int columns, int channels,
                   int padded, i64 w_first, i64 w_group, i64 w_row, i64 ws_z, i64 ws_y, i64 ws_x, int w_z, int w_y, int w_x, int wd_z, int wd_y,
                   int wd_x, i64 s_batch, i64 s_group, i64 s_z, i64 s_y, i64 s_x, i64 w_next_z, i64 w_next_y, i64 w_next_x, i64 x_next_z,
                   i64 x_next_y, i64 x_next_x, int reach_z, int reach_y, int reach_x, int e_z, int e_y, int e_x, int o_z, int o_y, int o_x,
                   int st_z, int st_y, int st_x, int pad_z, int pad_y, int pad_x, i64 to, i64 to_batch, i64 to_row, i64 to_z, i64 to_y,
                   i64 to_x) {
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

  // Where the windows of the thread's columns begin, which may be outside of the input.
  const char* window[COLUMNS / LINES];
  int window_z[COLUMNS / LINES];
  int window_y[COLUMNS / LINES];
  int window_x[COLUMNS / LINES];
  UNROLL for (int i = 0; i < COLUMNS / LINES; i++) {
    const int column = column0 + line + i * LINES;
    Place p(column, o_y, o_x);
    const int n = p.z / o_z;
    p.z -= n * o_z;
    window_z[i] = column < columns ? p.z * st_z - pad_z : NOWHERE;
    window_y[i] = p.y * st_y - pad_y;
    window_x[i] = p.x * st_x - pad_x;
    window[i] = (const char*)(x + group * s_group + n * s_batch + window_z[i] * s_z + window_y[i] * s_y + window_x[i] * s_x);
    if (piece == 0) {
      places[line + i * LINES] = column < columns ? n * to_batch + p.z * to_z + p.y * to_y + p.x * to_x : -1;
    }
  }
  const char* const weights = (const char*)(w + w_first + group * w_group + (i64)(row0 + line) * w_row);
  const int rows_left = rows - row0 - line;

  const int all = (w_z * w_y * w_x * padded + DEEP - 1) / DEEP;
  const int first = (int)((i64)all * slice / split);
  const int stages = (int)((i64)all * (slice + 1) / split) - first;
  Products next;
  {
    const int k = first * DEEP + piece * PIECE;
    const int position = k / padded;
    const int channel = k - position * padded;
    const Place p(position, w_y, w_x);
    next.channel = channel * SIZE;
    next.z = p.z * wd_z;
    next.y = p.y * wd_y;
    next.x = p.x * wd_x;
    next.w_at = (p.z * ws_z + p.y * ws_y + p.x * ws_x + channel) * SIZE;
    next.x_at = (next.z * s_z + next.y * s_y + next.x * s_x + channel) * SIZE;
  }
  const u32 target = Panel<false>::at(line, piece); // the same for lines that are LINES apart
  const auto copy = [&](u32 stage) {
    const int left = next.z < reach_z ? min(channels * SIZE - next.channel, 16) : 0; // nothing is read where it is 0
    UNROLL for (int i = 0; i < TZ_ROWS / LINES; i++) {
      const int count = i * LINES < rows_left ? left : 0;
      copy_16(stage + target + i * LINES * 64, weights + i * LINES * SIZE * w_row + next.w_at, count);
    }
    UNROLL for (int i = 0; i < COLUMNS / LINES; i++) {
      const bool inside = (u32)(window_z[i] + next.z) < (u32)e_z && (u32)(window_y[i] + next.y) < (u32)e_y && (u32)(window_x[i] + next.x) < (u32)e_x;
      copy_16(stage + ROWS_BYTES + target + i * LINES * 64, window[i] + next.x_at, inside ? left : 0);
    }
    next.channel += 64;
    next.w_at += 64;
    next.x_at += 64;
    while (next.channel >= padded * SIZE) {
      next.channel -= padded * SIZE;
      next.x += wd_x;
      next.w_at += w_next_x;
      next.x_at += x_next_x;
      if (next.x == reach_x) {
        next.x = 0;
        next.y += wd_y;
        next.w_at += w_next_y;
        next.x_at += x_next_y;
        if (next.y == reach_y) {
          next.y = 0;
          next.z += wd_z;
          next.w_at += w_next_z;
          next.x_at += x_next_z;
        }
      }
    }
  };

  Sums sums;
  const u32 first_piece = Sums::first_piece(warp_row, lane);
  const u32 second_piece = ROWS_BYTES + Sums::second_piece(warp_column, lane);
  UNROLL for (int s = 0; s < STAGES - 1; s++) {
    if (s < stages) {
      copy(base + s * STAGE_BYTES);
    }
    commit();
  }
  for (int stage = 0; stage < stages; stage++) {
    await<STAGES - 2>();
    __syncthreads(); // the stage that is filled now has been read
    const u32 panels = base + (stage & (STAGES - 1)) * STAGE_BYTES;
    sums.add_step(panels + first_piece, panels + second_piece, 0);
    if (stage + STAGES - 1 < stages) { // between the steps, whose instructions take longer than these
      copy(base + ((stage + STAGES - 1) & (STAGES - 1)) * STAGE_BYTES);
    }
    commit(); // also of nothing: groups are counted
    sums.add_step(panels + first_piece, panels + second_piece, 1);
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
