// Products of matrices in the fast mode, for devices from sm_80 on: the tensor cores' mma.sync, on 16-bit operands as they are and on f32
// ones rounded to tf32. One module for each dtype and pair of layouts: TZ_F16, TZ_BF16 or TZ_F32 is defined, and TZ_A and TZ_B are 1 where an
// operand is stored by columns.
//
// A block of 8 warps makes 128 x 128 results, a warp 64 x 32 of them. Panels of 64 bytes of products are copied some stages ahead. The
// sums are f32 in an order of the hardware's own, so the bits are not those of product.cuh.
typedef unsigned int u32;
typedef unsigned long long u64;
typedef long long i64;

#define UNROLL _Pragma("unroll")
#define STAGES 4
#define STAGE_BYTES 16384
#define PANEL_BYTES 8192

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

// An operand in shared memory, a panel of 128 rows (of the second operand: columns). Where products are side by side, a line is 64 bytes of a
// row's; where rows are, it is one product of all 128. Pieces of 16 bytes are spread over the banks.
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

  // Copies the products from k0 on of the rows from row0 on; what the matrix lacks is zeros.
  static __device__ __forceinline__ void copy(u32 to, const T* matrix, int pitch, int row0, int rows, int k0, int k) {
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
      copy_16(to + at(line, piece), left ? matrix + ((size_t)outer * pitch + inner) : matrix, left * SIZE);
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

  float sums[4][4][4];
  UNROLL for (int i = 0; i < 4; i++) {
    UNROLL for (int j = 0; j < 4; j++) {
      UNROLL for (int q = 0; q < 4; q++) {
        sums[i][j][q] = 0;
      }
    }
  }

  UNROLL for (int s = 0; s < STAGES - 1; s++) {
    if (s < parts) {
      Panel<TZ_A>::copy(base + s * STAGE_BYTES, a, a_pitch, row0, m, s * DEEP, k);
      Panel<!TZ_B>::copy(base + s * STAGE_BYTES + PANEL_BYTES, b, b_pitch, column0, n, s * DEEP, k);
    }
    commit();
  }
  for (int part = 0; part < parts; part++) {
    await<STAGES - 2>();
    __syncthreads(); // the stage that is filled now has been read
    const int next = part + STAGES - 1;
    if (next < parts) {
      const u32 to = base + (next & (STAGES - 1)) * STAGE_BYTES;
      Panel<TZ_A>::copy(to, a, a_pitch, row0, m, next * DEEP, k);
      Panel<!TZ_B>::copy(to + PANEL_BYTES, b, b_pitch, column0, n, next * DEEP, k);
    }
    commit(); // also of nothing: groups are counted
    const u32 rows = base + (part & (STAGES - 1)) * STAGE_BYTES;
    const u32 columns = rows + PANEL_BYTES;
    UNROLL for (int kk = 0; kk < DEEP / STEP; kk++) {
      u32 x[4][4];
      u32 y[2][4];
      UNROLL for (int i = 0; i < 4; i++) {
        first_operand<TZ_A>(x[i], rows, warp_row + i * 16, kk, lane);
      }
      UNROLL for (int j = 0; j < 2; j++) {
        second_operand<!TZ_B>(y[j], columns, warp_column + j * 16, kk, lane);
      }
      UNROLL for (int i = 0; i < 4; i++) {
        UNROLL for (int j = 0; j < 4; j++) {
          mma(sums[i][j], x[i], y[j / 2][j % 2 * 2], y[j / 2][j % 2 * 2 + 1]);
        }
      }
    }
  }
  await<0>();

  out += (size_t)batch * m * n;
  UNROLL for (int i = 0; i < 4; i++) {
    UNROLL for (int h = 0; h < 2; h++) {
      const int row = row0 + warp_row + i * 16 + h * 8 + (lane >> 2);
      if (row < m) {
        UNROLL for (int j = 0; j < 4; j++) {
          const int column = column0 + warp_column + j * 8 + (lane & 3) * 2;
          write(out + (size_t)row * n + column, sums[i][j][2 * h], sums[i][j][2 * h + 1], n - column);
        }
      }
    }
  }
}
