// The product of matmul.cl on a systolic array of PE_ROWS x PE_COLUMNS processing elements: rows' values enter at the left and move one
// element to the right in each step, columns' values enter at the top and move down, and every element adds the product of what passes
// by to a result of its own. Row i enters i steps late, column j enters j steps late, so that what meets belongs together. All is
// shift registers in one work-item: an offline compiler unrolls the two loops over the array and pipelines the loop over the steps.
//
// An element works on INTERLEAVE results in turn. They are independent, so a fused multiply-add has INTERLEAVE steps until its result
// is needed again, and the chain of each result still runs in k order: the bits are those of every other product.
//
// Defined before, besides what matmul.cl needs: PE_ROWS = TM, PE_COLUMNS, INTERLEAVE = TN / PE_COLUMNS, LANE, the type of what passes by.
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
    LANE from_left[PE_ROWS][PE_COLUMNS];
    LANE from_above[PE_ROWS][PE_COLUMNS];
    ACC chain[PE_ROWS][PE_COLUMNS][INTERLEAVE];
    ACC total[PE_ROWS][PE_COLUMNS][INTERLEAVE];
    for (int i = 0; i < PE_ROWS; i++) {
      for (int j = 0; j < PE_COLUMNS; j++) {
        from_left[i][j] = from_above[i][j] = 0;
        for (int v = 0; v < INTERLEAVE; v++) chain[i][j][v] = total[i][j][v] = 0;
      }
    }
    const long steps = k * INTERLEAVE;
    for (long t = 0; t < steps + PE_ROWS + PE_COLUMNS - 2; t++) {
      // Backwards, so that an element takes what its neighbour had before this step.
#pragma unroll
      for (int i = PE_ROWS - 1; i >= 0; i--) {
#pragma unroll
        for (int j = PE_COLUMNS - 1; j >= 0; j--) {
          const long s = t - i - j;
          const int busy = s >= 0 && s < steps;
          if (j > 0) {
            from_left[i][j] = from_left[i][j - 1];
          } else if (t >= i && t - i < steps) {
            from_left[i][0] = (LANE)a[(t - i) / INTERLEAVE * PE_ROWS + i];
          }
          if (i > 0) {
            from_above[i][j] = from_above[i - 1][j];
          } else if (t >= j && t - j < steps) {
            from_above[0][j] = (LANE)b[(t - j) / INTERLEAVE * TN + (t - j) % INTERLEAVE * PE_COLUMNS + j];
          }
          if (busy) {
            const long at = s / INTERLEAVE;
            const ACC before = at % K_BLOCK == 0 ? (ACC)0 : chain[i][j][INTERLEAVE - 1];
            const ACC sum = MAC(from_left[i][j], from_above[i][j], before);
            const ACC old = total[i][j][INTERLEAVE - 1];
            const int ends = at % K_BLOCK == K_BLOCK - 1 || at == k - 1;
            // The first block is taken as it is: +0 plus a block of -0 would be +0.
            const ACC whole = at < K_BLOCK ? sum : old + sum;
#pragma unroll
            for (int v = INTERLEAVE - 1; v > 0; v--) {
              chain[i][j][v] = chain[i][j][v - 1];
              total[i][j][v] = total[i][j][v - 1];
            }
            chain[i][j][0] = sum;
            total[i][j][0] = ends ? whole : old;
          }
        }
      }
    }
    const long row = row_panel * TM;
    const long column = column_panel * TN;
    const int height = (int)min((long)TM, m - row);
    const int width = (int)min((long)TN, n - column);
    for (int i = 0; i < height; i++) {
      const long to = batch * m * n + (row + i) * out_row + column * out_column;
      for (int w = 0; w < width; w++) {
        STORE(out, to + w * out_column, total[i][w % PE_COLUMNS][INTERLEAVE - 1 - w / PE_COLUMNS]);
      }
    }
  }
}
