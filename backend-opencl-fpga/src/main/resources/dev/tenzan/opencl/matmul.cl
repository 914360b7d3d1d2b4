// Matrix products and convolutions. Both operands are copied into panels, so that the product reads memory in order whatever the
// operands' strides are; a convolution only fills its panels in another way.
//
// Defined before: IN_T, LOAD(p, i), OUT_T, STORE(p, i, v), ACC, VEC (VW elements of ACC), VLOAD, VSTORE, MAC(a, b, c) = a * b + c,
// TM rows and NV vectors of a tile, TN = VW * NV, DEPTH where groups use local memory, K_BLOCK, ROWS(X) = X(0) X(1) ... X(TM - 1), COLUMNS(X) and TILE(X) likewise.
// BEGIN(u, n, chunk) opens the loop over the pieces of work of a work-item.

// Panels of an operand: [batch][panel][k][W]. Rows past the end are zeros.
#define PACK(NAME, W)                                                                                                    \
  __kernel void NAME(__global const IN_T* restrict in, __global ACC* restrict out, __global const long* restrict offset,  \
                     long rows, long k, long row_stride, long k_stride, long panels, long units, long chunk) {            \
    BEGIN(u, units, chunk) {                                                                                             \
      const long row = u % panels * W;                                                                                   \
      const long from = offset[u / panels] + row * row_stride;                                                           \
      __global ACC* to = out + u * k * W;                                                                                \
      const int full = row + W <= rows;                                                                                  \
      for (long i = 0; i < k; i++) {                                                                                     \
        const long at = from + i * k_stride;                                                                             \
        if (full && row_stride == 1) {                                                                                   \
          for (int w = 0; w < W; w++) to[i * W + w] = (ACC)LOAD(in, at + w);                                             \
        } else if (full) {                                                                                               \
          for (int w = 0; w < W; w++) to[i * W + w] = (ACC)LOAD(in, at + w * row_stride);                                \
        } else {                                                                                                         \
          for (int w = 0; w < W; w++) to[i * W + w] = row + w < rows ? (ACC)LOAD(in, at + w * row_stride) : (ACC)0;      \
        }                                                                                                                \
      }                                                                                                                  \
    }                                                                                                                    \
  }

#if !defined(SYSTOLIC) || !defined(UNROLL) // every kernel costs an FPGA area: there, only those that are launched
PACK(tz_pack_rows, TM)
PACK(tz_pack_columns, TN)
#endif

#if !defined(SYSTOLIC) || defined(UNROLL)
// Panels of a convolution's weights: [group][panel][k][TM], where k_offset holds the address of each (channel, window position).
__kernel void tz_pack_weights(__global const IN_T* restrict in, __global ACC* restrict out, __global const long* restrict k_offset,
                              long first, long rows, long k, long row_stride, long panels, long units, long chunk) {
  BEGIN(u, units, chunk) {
    const long row = u % panels * TM;
    const long from = first + (u / panels * rows + row) * row_stride;
    __global ACC* to = out + u * k * TM;
    for (long i = 0; i < k; i++) {
      for (int w = 0; w < TM; w++) {
        to[i * TM + w] = row + w < rows ? (ACC)LOAD(in, from + w * row_stride + k_offset[i]) : (ACC)0;
      }
    }
  }
}

#endif

#ifdef UNROLL
// The coordinate that a window position falls on, or -1 where there is no element.
static inline int tz_coordinate(int at, int extent, int dilation) {
#if UNROLL == 2
  return at >= 0 && at % dilation == 0 && at / dilation < extent ? at / dilation : -1;
#else
  return at >= 0 && at < extent ? at : -1;
#endif
}

// Panels of a convolution's input: for each (input, group) [panel][k][TN], a column being an output position. Axes that the
// convolution lacks have extent 1.
__kernel void tz_unroll(__global const IN_T* restrict in, __global ACC* restrict out, long first, long units, long chunk, long panels,
                        long positions, long k, int groups, int channels, long offset, long s_batch, long s_channel, long s_z,
                        long s_y, long s_x, int e_z, int e_y, int e_x, int w_z, int w_y, int w_x, int o_y, int o_x, int st_z,
                        int st_y, int st_x, int pad_z, int pad_y, int pad_x, int id_z, int id_y, int id_x, int wd_z, int wd_y,
                        int wd_x) {
  BEGIN(u, units, chunk) {
    const long column = (first + u) % panels * TN;
    const long image = (first + u) / panels;
    __global ACC* to = out + u * k * TN;
    int z[TN], y[TN], x[TN];
    for (int w = 0; w < TN; w++) {
      const long p = column + w;
      const int far = p < positions ? 0 : INT_MIN / 2;
      x[w] = (int)(p % o_x) * st_x - pad_x + far;
      y[w] = (int)(p / o_x % o_y) * st_y - pad_y;
      z[w] = (int)(p / o_x / o_y) * st_z - pad_z;
    }
    const long from = offset + image / groups * s_batch + image % groups * channels * s_channel;
    for (int c = 0; c < channels; c++) {
      for (int tz = 0; tz < w_z; tz++) {
        for (int ty = 0; ty < w_y; ty++) {
          for (int tx = 0; tx < w_x; tx++) {
            for (int w = 0; w < TN; w++) {
              const int iz = tz_coordinate(z[w] + tz * wd_z, e_z, id_z);
              const int iy = tz_coordinate(y[w] + ty * wd_y, e_y, id_y);
              const int ix = tz_coordinate(x[w] + tx * wd_x, e_x, id_x);
              const long at = from + c * s_channel + iz * s_z + iy * s_y + ix * s_x;
              to[w] = (iz | iy | ix) < 0 ? (ACC)0 : (ACC)LOAD(in, at);
            }
            to += TN;
          }
        }
      }
    }
  }
}
#endif

#ifndef SYSTOLIC // systolic.cl has another
// The steps of a tile. A block of K_BLOCK products is one chain from +0; the blocks are added in order. The first block is taken as it
// is: +0 plus a block of -0 would be +0.
#define ZERO_TOTAL(i, j) VEC t##i##_##j = (VEC)(0);
#define ZERO(i, j) VEC c##i##_##j = (VEC)(0);
#define FETCH(j) const VEC b##j = VLOAD(j, b);
#define STEP(i, j) c##i##_##j = MAC((VEC)(a[i]), b##j, c##i##_##j);
#define TAKE(i, j) t##i##_##j = k0 == 0 ? c##i##_##j : t##i##_##j + c##i##_##j;
#define KEEP(i, j) VSTORE(t##i##_##j, j, line + 0 * i);
#define WRITE(i)                                                                             \
  if (row + i < m) {                                                                         \
    LINE_##i(KEEP)                                                                           \
    const long to = batch * m * n + (row + i) * out_row + column * out_column;               \
    for (int w = 0; w < width; w++) STORE(out, to + w * out_column, line[w]);                \
  }

#ifndef DEPTH
// A tile of TM x TN results for each (panel of columns, panel of rows). The columns' panel stays in the cache while the rows' panels
// pass by.
__kernel void tz_product(__global const ACC* restrict rows_in, __global const ACC* restrict columns_in, __global OUT_T* restrict out,
                         long first, long units, long chunk, long m, long n, long k, long row_panels, long column_panels,
                         long row_batches, long column_batches, long out_row, long out_column) {
  BEGIN(u, units, chunk) {
    const long panel = first + u / row_panels;
    const long row_panel = u % row_panels;
    const long batch = panel / column_panels;
    const long column_panel = panel % column_panels;
    __global const ACC* a = rows_in + (batch % row_batches * row_panels + row_panel) * k * TM;
    __global const ACC* b = columns_in + (batch % column_batches * column_panels + column_panel - first) * k * TN;
    TILE(ZERO_TOTAL)
    for (long k0 = 0; k0 < k; k0 += K_BLOCK) {
      const int length = (int)min((long)K_BLOCK, k - k0);
      TILE(ZERO)
      for (int i = 0; i < length; i++) {
        COLUMNS(FETCH)
        TILE(STEP)
        a += TM;
        b += TN;
      }
      TILE(TAKE)
    }
    const long row = row_panel * TM;
    const long column = column_panel * TN;
    const int width = (int)min((long)TN, n - column);
    ACC line[TN];
    ROWS(WRITE)
  }
}
#else
// The same tiles, SIDE x SIDE of them in a group, which copies DEPTH steps of the operands' panels to local memory at a time: each value
// is read from global memory once for SIDE tiles, and by neighbours in order. The panels from first on, count of them, are products of
// one batch or of several; a group that holds panels of two batches passes over its rows twice.
__kernel __attribute__((reqd_work_group_size(SIDE * SIDE, 1, 1))) void tz_product_local(
    __global const ACC* restrict rows_in, __global const ACC* restrict columns_in, __global OUT_T* restrict out, long first, long count,
    long blocks, long m, long n, long k, long row_panels, long column_panels, long row_batches, long column_batches, long out_row,
    long out_column) {
  __local ACC a_part[SIDE * DEPTH * TM];
  __local ACC b_part[SIDE * DEPTH * TN];
  const int l = (int)get_local_id(0);
  const long row_blocks = (row_panels + SIDE - 1) / SIDE;
  for (long u = get_group_id(0); u < blocks; u += get_num_groups(0)) {
    const long row_first = u % row_blocks * SIDE;
    const long panel_first = first + u / row_blocks * SIDE;
    const long panel_end = min(panel_first + SIDE, first + count);
    const long row_panel = row_first + l % SIDE;
    const long panel = panel_first + l / SIDE;
    for (long batch = panel_first / column_panels; batch * column_panels < panel_end; batch++) {
      const int mine = row_panel < row_panels && panel < panel_end && panel / column_panels == batch;
      __global const ACC* rows = rows_in + (batch % row_batches * row_panels + row_first) * k * TM;
      __global const ACC* columns = columns_in + ((batch % column_batches - batch) * column_panels + panel_first - first) * k * TN;
      const int row_count = (int)min((long)SIDE, row_panels - row_first);
      const int from = (int)max(0l, batch * column_panels - panel_first);
      const int to_column = (int)min(panel_end, (batch + 1) * column_panels) - (int)panel_first;
      TILE(ZERO_TOTAL)
      for (long k0 = 0; k0 < k; k0 += K_BLOCK) {
        const int length = (int)min((long)K_BLOCK, k - k0);
        TILE(ZERO)
        for (int d0 = 0; d0 < length; d0 += DEPTH) {
          const int depth = min(DEPTH, length - d0);
          for (int t = l; t < row_count * depth * TM; t += SIDE * SIDE) {
            const int p = t / (depth * TM), rest = t % (depth * TM);
            a_part[p * DEPTH * TM + rest] = rows[p * k * TM + (k0 + d0) * TM + rest];
          }
          for (int t = l; t < (to_column - from) * depth * TN; t += SIDE * SIDE) {
            const int p = from + t / (depth * TN), rest = t % (depth * TN);
            b_part[p * DEPTH * TN + rest] = columns[p * k * TN + (k0 + d0) * TN + rest];
          }
          barrier(CLK_LOCAL_MEM_FENCE);
          if (mine) {
            __local const ACC* a = a_part + l % SIDE * DEPTH * TM;
            __local const ACC* b = b_part + l / SIDE * DEPTH * TN;
            for (int i = 0; i < depth; i++) {
              COLUMNS(FETCH)
              TILE(STEP)
              a += TM;
              b += TN;
            }
          }
          barrier(CLK_LOCAL_MEM_FENCE);
        }
        TILE(TAKE)
      }
      if (mine) {
        const long row = row_panel * TM;
        const long column = panel % column_panels * TN;
        const int width = (int)min((long)TN, n - column);
        ACC line[TN];
        ROWS(WRITE)
      }
    }
  }
}
#endif

// One result after the other, for products that are too small to copy their operands.
__kernel void tz_product_small(__global const IN_T* restrict x, __global const IN_T* restrict y, __global OUT_T* restrict out,
                               __global const long* restrict x_offset, __global const long* restrict y_offset, long units, long chunk,
                               long m, long n, long k, long x_row, long x_k, long y_k, long y_column) {
  BEGIN(u, units, chunk) {
    const long batch = u / n / m;
    long at = x_offset[batch] + u / n % m * x_row;
    long bt = y_offset[batch] + u % n * y_column;
    ACC total = 0;
    for (long k0 = 0; k0 < k; k0 += K_BLOCK) {
      const int length = (int)min((long)K_BLOCK, k - k0);
      ACC c = 0;
      for (int i = 0; i < length; i++) {
        c = MAC((ACC)LOAD(x, at), (ACC)LOAD(y, bt), c);
        at += x_k;
        bt += y_k;
      }
      total = k0 == 0 ? c : total + c;
    }
    STORE(out, u, total);
  }
}
#endif
