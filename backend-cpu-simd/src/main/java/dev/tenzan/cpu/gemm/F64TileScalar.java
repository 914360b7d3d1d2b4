package dev.tenzan.cpu.gemm;

/** The f64 micro-kernel of 4 rows by 4 columns in plain scalars, for a JVM without the Vector API. */
final class F64TileScalar extends MicroKernel {
  F64TileScalar() {
    super(4, 4);
  }

  @Override
  void run(int depth, Object aPanels, int aOffset, Object bPanels, int bOffset, Object tile) {
    double[] a = (double[]) aPanels;
    double[] b = (double[]) bPanels;
    double[] c = (double[]) tile;
    double c00 = 0;
    double c01 = 0;
    double c02 = 0;
    double c03 = 0;
    double c10 = 0;
    double c11 = 0;
    double c12 = 0;
    double c13 = 0;
    double c20 = 0;
    double c21 = 0;
    double c22 = 0;
    double c23 = 0;
    double c30 = 0;
    double c31 = 0;
    double c32 = 0;
    double c33 = 0;
    int ap = aOffset;
    int bp = bOffset;
    for (int k = 0; k < depth; k++) {
      double b0 = b[bp];
      double b1 = b[bp + 1];
      double b2 = b[bp + 2];
      double b3 = b[bp + 3];
      double a0 = a[ap];
      c00 = Math.fma(a0, b0, c00);
      c01 = Math.fma(a0, b1, c01);
      c02 = Math.fma(a0, b2, c02);
      c03 = Math.fma(a0, b3, c03);
      double a1 = a[ap + 1];
      c10 = Math.fma(a1, b0, c10);
      c11 = Math.fma(a1, b1, c11);
      c12 = Math.fma(a1, b2, c12);
      c13 = Math.fma(a1, b3, c13);
      double a2 = a[ap + 2];
      c20 = Math.fma(a2, b0, c20);
      c21 = Math.fma(a2, b1, c21);
      c22 = Math.fma(a2, b2, c22);
      c23 = Math.fma(a2, b3, c23);
      double a3 = a[ap + 3];
      c30 = Math.fma(a3, b0, c30);
      c31 = Math.fma(a3, b1, c31);
      c32 = Math.fma(a3, b2, c32);
      c33 = Math.fma(a3, b3, c33);
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
