package dev.tenzan.cpu.gemm;

/** The i32 micro-kernel of 4 rows by 4 columns in plain scalars, for a JVM without the Vector API. */
final class I32TileScalar extends MicroKernel {
  I32TileScalar() {
    super(4, 4);
  }

  @Override
  void run(int depth, Object aPanels, int aOffset, Object bPanels, int bOffset, Object tile) {
    int[] a = (int[]) aPanels;
    int[] b = (int[]) bPanels;
    int[] c = (int[]) tile;
    int c00 = 0;
    int c01 = 0;
    int c02 = 0;
    int c03 = 0;
    int c10 = 0;
    int c11 = 0;
    int c12 = 0;
    int c13 = 0;
    int c20 = 0;
    int c21 = 0;
    int c22 = 0;
    int c23 = 0;
    int c30 = 0;
    int c31 = 0;
    int c32 = 0;
    int c33 = 0;
    int ap = aOffset;
    int bp = bOffset;
    for (int k = 0; k < depth; k++) {
      int b0 = b[bp];
      int b1 = b[bp + 1];
      int b2 = b[bp + 2];
      int b3 = b[bp + 3];
      int a0 = a[ap];
      c00 += a0 * b0;
      c01 += a0 * b1;
      c02 += a0 * b2;
      c03 += a0 * b3;
      int a1 = a[ap + 1];
      c10 += a1 * b0;
      c11 += a1 * b1;
      c12 += a1 * b2;
      c13 += a1 * b3;
      int a2 = a[ap + 2];
      c20 += a2 * b0;
      c21 += a2 * b1;
      c22 += a2 * b2;
      c23 += a2 * b3;
      int a3 = a[ap + 3];
      c30 += a3 * b0;
      c31 += a3 * b1;
      c32 += a3 * b2;
      c33 += a3 * b3;
      ap += 4;
      bp += 4;
    }
    c[0] = c00;
    c[1] = c01;
    c[2] = c02;
    c[3] = c03;
    c[4] = c10;
    c[5] = c11;
    c[6] = c12;
    c[7] = c13;
    c[8] = c20;
    c[9] = c21;
    c[10] = c22;
    c[11] = c23;
    c[12] = c30;
    c[13] = c31;
    c[14] = c32;
    c[15] = c33;
  }
}
