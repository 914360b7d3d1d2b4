// The core of products and convolutions in the fast mode, for devices from sm_80 on: the tensor cores' mma.sync, on 16-bit operands as they
// are and on f32 ones rounded to tf32. TZ_F16, TZ_BF16 or TZ_F32 is defined. Panels of 64 bytes of products are copied some stages ahead. The
// sums are f32 in an order of the hardware's own, so the bits are not those of product.cuh.
#pragma once

typedef unsigned int u32;
typedef unsigned long long u64;
typedef long long i64;

#define UNROLL _Pragma("unroll")
#define STAGES 4

#if defined(TZ_F32)
typedef float T;
#define STEP 8 // products of an instruction
#define TYPE "tf32"
#else
typedef unsigned short T;
#define STEP 16
#ifdef TZ_BF16
#define TYPE "bf16"
#else
#define TYPE "f16"
#endif
#endif
#define SIZE (int)sizeof(T)
#define DEEP (64 / SIZE)  // products of a stage
#define PIECE (16 / SIZE) // elements that are copied at a time

__device__ __forceinline__ u32 shared_address(const void* p) { return (u32)__cvta_generic_to_shared(p); }
// Copies so many of 16 bytes; the rest is zeros.
__device__ __forceinline__ void copy_16(u32 to, const void* from, int bytes) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(to), "l"(from), "r"(bytes) : "memory");
}
__device__ __forceinline__ void commit() { asm volatile("cp.async.commit_group;" ::: "memory"); }
template <int N>
__device__ __forceinline__ void await() {
  asm volatile("cp.async.wait_group %0;" ::"n"(N) : "memory");
}

// Four matrices of 8 x 8 elements of 16 bits, or of 8 x 4 of 32; transposed only those of 16 bits.
template <bool TRANSPOSED>
__device__ __forceinline__ void load_four(u32 (&r)[4], u32 from) {
  if constexpr (TRANSPOSED) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
                 : "r"(from)
                 : "memory");
  } else {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
                 : "r"(from)
                 : "memory");
  }
}
__device__ __forceinline__ u32 load_one(u32 from) {
  u32 v;
  asm volatile("ld.shared.u32 %0, [%1];" : "=r"(v) : "r"(from) : "memory");
  return v;
}

// What an instruction takes: f32 is rounded to tf32, all else is taken as it is.
__device__ __forceinline__ void prepare(u32 (&r)[4]) {
#ifdef TZ_F32
  UNROLL for (int q = 0; q < 4; q++) {
    asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(r[q]) : "f"(__uint_as_float(r[q])));
  }
#endif
}

__device__ __forceinline__ void mma(float (&d)[4], const u32 (&a)[4], u32 b0, u32 b1) {
#ifdef TZ_F32
#define SHAPE "m16n8k8"
#else
#define SHAPE "m16n8k16"
#endif
  asm volatile("mma.sync.aligned." SHAPE ".row.col.f32." TYPE "." TYPE ".f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
               : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
               : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

// How an operand lies in shared memory, a panel of rows (of the second operand: columns). Where products are side by side, a line is 64 bytes
// of a row's; where rows are, it is one product of 128 of them. Pieces of 16 bytes are spread over the banks.
template <bool ROWS_SIDE_BY_SIDE>
struct Panel {
  // Of a piece of a line.
  static __device__ __forceinline__ u32 at(int line, int piece) {
    if constexpr (!ROWS_SIDE_BY_SIDE) {
      return line * 64 + ((piece ^ ((line >> 1) & 3)) << 4);
    } else if constexpr (SIZE == 2) {
      return line * 256 + ((piece ^ (line & 7)) << 4);
    } else {
      return line * 512 + ((piece ^ ((line & 3) << 1)) << 4);
    }
  }
};

// The 16 rows from `row` on of step kk, as mma takes its first operand.
template <bool ROWS_SIDE_BY_SIDE>
__device__ __forceinline__ void first_operand(u32 (&r)[4], u32 panel, int row, int kk, int lane) {
  typedef Panel<ROWS_SIDE_BY_SIDE> P;
  if constexpr (!ROWS_SIDE_BY_SIDE) {
    load_four<false>(r, panel + P::at(row + (lane & 15), kk * 2 + (lane >> 4)));
  } else if constexpr (SIZE == 2) {
    load_four<true>(r, panel + P::at(kk * 16 + (lane & 7) + ((lane >> 4) << 3), row / 8 + ((lane >> 3) & 1)));
  } else {
    UNROLL for (int q = 0; q < 2; q++) {
      const int mine = row + q * 8 + (lane >> 2);
      const u32 at = panel + P::at(kk * 8 + (lane & 3), mine >> 2) + (mine & 3) * 4;
      r[q] = load_one(at);
      r[q + 2] = load_one(at + 4 * 512);
    }
  }
  prepare(r);
}

// The 16 columns from `column` on of step kk, as two mma take their second operands.
template <bool COLUMNS_SIDE_BY_SIDE>
__device__ __forceinline__ void second_operand(u32 (&r)[4], u32 panel, int column, int kk, int lane) {
  typedef Panel<COLUMNS_SIDE_BY_SIDE> P;
  if constexpr (!COLUMNS_SIDE_BY_SIDE) {
    load_four<false>(r, panel + P::at(column + (lane & 7) + ((lane >> 4) << 3), kk * 2 + ((lane >> 3) & 1)));
  } else if constexpr (SIZE == 2) {
    load_four<true>(r, panel + P::at(kk * 16 + (lane & 15), column / 8 + (lane >> 4)));
  } else {
    UNROLL for (int q = 0; q < 2; q++) {
      const int mine = column + q * 8 + (lane >> 2);
      const u32 at = panel + P::at(kk * 8 + (lane & 3), mine >> 2) + (mine & 3) * 4;
      r[2 * q] = load_one(at);
      r[2 * q + 1] = load_one(at + 4 * 512);
    }
  }
  prepare(r);
}

// Writes two results side by side.
__device__ __forceinline__ void write(T* out, float x, float y, int left) {
#ifdef TZ_F32
  if (left > 1 && ((u64)out & 7) == 0) {
    *(float2*)out = make_float2(x, y);
    return;
  }
  const T first = x;
  const T second = y;
#else
  u32 both;
  asm("cvt.rn." TYPE "x2.f32 %0, %1, %2;" : "=r"(both) : "f"(y), "f"(x));
  if (left > 1 && ((u64)out & 3) == 0) {
    *(u32*)out = both;
    return;
  }
  const T first = (T)both;
  const T second = (T)(both >> 16);
#endif
  if (left > 0) {
    out[0] = first;
  }
  if (left > 1) {
    out[1] = second;
  }
}

// A warp's 64 x 32 results. Of one of four by four parts, a thread has two neighbours in each of two rows, eight apart.
struct Sums {
  float of[4][4][4];

  __device__ __forceinline__ Sums() {
    UNROLL for (int i = 0; i < 4; i++) {
      UNROLL for (int j = 0; j < 4; j++) {
        UNROLL for (int q = 0; q < 4; q++) {
          of[i][j][q] = 0;
        }
      }
    }
  }

  // Adds the products of a stage's panels, of the rows and columns from these on.
  template <bool ROWS_SIDE_BY_SIDE, bool COLUMNS_SIDE_BY_SIDE>
  __device__ __forceinline__ void add(u32 rows, u32 columns, int row, int column, int lane) {
    UNROLL for (int kk = 0; kk < DEEP / STEP; kk++) {
      u32 x[4][4];
      u32 y[2][4];
      UNROLL for (int i = 0; i < 4; i++) {
        first_operand<ROWS_SIDE_BY_SIDE>(x[i], rows, row + i * 16, kk, lane);
      }
      UNROLL for (int j = 0; j < 2; j++) {
        second_operand<COLUMNS_SIDE_BY_SIDE>(y[j], columns, column + j * 16, kk, lane);
      }
      multiply(x, y);
    }
  }

  // Where products are side by side in both panels: a lane's piece of the first step.
  static __device__ __forceinline__ u32 first_piece(int row, int lane) { return Panel<false>::at(row + (lane & 15), lane >> 4); }
  static __device__ __forceinline__ u32 second_piece(int column, int lane) {
    return Panel<false>::at(column + (lane & 7) + ((lane >> 4) << 3), (lane >> 3) & 1);
  }

  // Adds step kk of such panels, in which `rows` and `columns` are the lane's pieces. Two pieces further on is another bit of the address.
  __device__ __forceinline__ void add_step(u32 rows, u32 columns, int kk) {
    u32 x[4][4];
    u32 y[2][4];
    UNROLL for (int i = 0; i < 4; i++) {
      load_four<false>(x[i], (rows ^ (kk * 32)) + i * 16 * 64);
      prepare(x[i]);
    }
    UNROLL for (int j = 0; j < 2; j++) {
      load_four<false>(y[j], (columns ^ (kk * 32)) + j * 16 * 64);
      prepare(y[j]);
    }
    multiply(x, y);
  }

  __device__ __forceinline__ void multiply(const u32 (&x)[4][4], const u32 (&y)[2][4]) {
    UNROLL for (int i = 0; i < 4; i++) {
      UNROLL for (int j = 0; j < 4; j++) {
        mma(of[i][j], x[i], y[j / 2][j % 2 * 2], y[j / 2][j % 2 * 2 + 1]);
      }
    }
  }
};
