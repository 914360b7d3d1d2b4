package dev.tenzan.cpu.gemm;

/** The i64 micro-kernel of 4 rows by 4 columns in plain scalars, for a JVM without the Vector API. */
final class I64TileScalar extends MicroKernel {
  I64TileScalar() {
    super(4, 4);
  }

  @Override
  void run(int depth, Object aPanels, int aOffset, Object bPanels, int bOffset, Object tile) {
    long[] a = (long[]) aPanels;
    long[] b = (long[]) bPanels;
    long[] c = (long[]) tile;
    long c00 = 0;
    long c01 = 0;
    long c02 = 0;
    long c03 = 0;
    long c10 = 0;
    long c11 = 0;
    long c12 = 0;
    long c13 = 0;
    long c20 = 0;
    long c21 = 0;
    long c22 = 0;
    long c23 = 0;
    long c30 = 0;
    long c31 = 0;
    long c32 = 0;
    long c33 = 0;
    int ap = aOffset;
    int bp = bOffset;
    for (int k = 0; k < depth; k++) {
      long b0 = b[bp];
      long b1 = b[bp + 1];
      long b2 = b[bp + 2];
      long b3 = b[bp + 3];
      long a0 = a[ap];
      c00 += a0 * b0;
      c01 += a0 * b1;
      c02 += a0 * b2;
      c03 += a0 * b3;
      long a1 = a[ap + 1];
      c10 += a1 * b0;
      c11 += a1 * b1;
      c12 += a1 * b2;
      c13 += a1 * b3;
      long a2 = a[ap + 2];
      c20 += a2 * b0;
      c21 += a2 * b1;
      c22 += a2 * b2;
      c23 += a2 * b3;
      long a3 = a[ap + 3];
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
