// Products of 16-bit matrices in the fast mode, for sm_90 alone: the tensor cores' wgmma on operands that the copy unit (TMA) brings. One
// module for each tile, dtype and pair of layouts: TZ_F16 or TZ_BF16 is defined, TZ_COLUMNS is 128 or 256, and TZ_A and TZ_B are 1 where an
// operand is stored by columns.
//
// A block stays for all of its tiles. Its first 128 threads, of which one works, ask for panels of 64 products, a ring of them ahead; two
// more groups of 128 multiply, 64 rows each. Barriers in shared memory say which panel is full and which is free. The sums are f32 in an
// order of the hardware's own, so the bits are not those of product.cuh.
typedef unsigned int u32;
typedef unsigned long long u64;

#define UNROLL _Pragma("unroll")

#define BM 128
#define BN TZ_COLUMNS
#define STAGES (BN == 256 ? 4 : 6)

struct alignas(64) TensorMap {
  u64 opaque[16];
};

#ifdef TZ_BF16
#define TYPE "bf16"
#else
#define TYPE "f16"
#endif

// d = a b, or d += a b: 64 rows and BN columns of 16 products, by 128 threads. An asm statement takes registers by name alone.
#define F8(i)                                                                                                                        \
  "+f"(d[i]), "+f"(d[i + 1]), "+f"(d[i + 2]), "+f"(d[i + 3]), "+f"(d[i + 4]), "+f"(d[i + 5]), "+f"(d[i + 6]), "+f"(d[i + 7])
#define F64(i) F8(i), F8(i + 8), F8(i + 16), F8(i + 24), F8(i + 32), F8(i + 40), F8(i + 48), F8(i + 56)
#define LOWER                                                                                                                        \
  "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "                                                           \
  "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, "                                                 \
  "%32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, "                                                 \
  "%48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63"
#define UPPER                                                                                                                        \
  "%64, %65, %66, %67, %68, %69, %70, %71, %72, %73, %74, %75, %76, %77, %78, %79, "                                                 \
  "%80, %81, %82, %83, %84, %85, %86, %87, %88, %89, %90, %91, %92, %93, %94, %95, "                                                 \
  "%96, %97, %98, %99, %100, %101, %102, %103, %104, %105, %106, %107, %108, %109, %110, %111, "                                     \
  "%112, %113, %114, %115, %116, %117, %118, %119, %120, %121, %122, %123, %124, %125, %126, %127"
template <int A_ROWS_SIDE_BY_SIDE, int B_COLUMNS_SIDE_BY_SIDE>
__device__ __forceinline__ void wgmma(float (&d)[BN / 2], u64 a, u64 b, int add) {
#if BN == 256
  asm volatile(
      "{\n.reg .pred p;\nsetp.ne.b32 p, %130, 0;\n"
      "wgmma.mma_async.sync.aligned.m64n256k16.f32." TYPE "." TYPE " {" LOWER ", " UPPER "}, %128, %129, p, 1, 1, %131, %132;\n}\n"
      : F64(0), F64(64)
      : "l"(a), "l"(b), "r"(add), "n"(A_ROWS_SIDE_BY_SIDE), "n"(B_COLUMNS_SIDE_BY_SIDE));
#else
  asm volatile(
      "{\n.reg .pred p;\nsetp.ne.b32 p, %66, 0;\n"
      "wgmma.mma_async.sync.aligned.m64n128k16.f32." TYPE "." TYPE " {" LOWER "}, %64, %65, p, 1, 1, %67, %68;\n}\n"
      : F64(0)
      : "l"(a), "l"(b), "r"(add), "n"(A_ROWS_SIDE_BY_SIDE), "n"(B_COLUMNS_SIDE_BY_SIDE));
#endif
}
__device__ __forceinline__ void wgmma_fence() { asm volatile("wgmma.fence.sync.aligned;" ::: "memory"); }
__device__ __forceinline__ void wgmma_commit() { asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory"); }
template <int N>
__device__ __forceinline__ void wgmma_await() {
  asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(N) : "memory");
}

__device__ __forceinline__ u32 shared_address(const void* p) { return (u32)__cvta_generic_to_shared(p); }

// Barriers of 8 bytes in shared memory.
__device__ __forceinline__ void barrier_begin(u32 barrier, u32 count) {
  asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(barrier), "r"(count) : "memory");
}
// Arrives, and lets the barrier wait for so many bytes besides.
__device__ __forceinline__ void barrier_expect(u32 barrier, u32 bytes) {
  asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(barrier), "r"(bytes) : "memory");
}
__device__ __forceinline__ void barrier_arrive(u32 barrier) {
  asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(barrier) : "memory");
}
__device__ __forceinline__ u32 barrier_passed(u32 barrier, u32 parity) {
  u32 passed;
  asm volatile(
      "{\n.reg .pred p;\nmbarrier.try_wait.parity.shared::cta.b64 p, [%1], %2;\nselp.u32 %0, 1, 0, p;\n}\n"
      : "=r"(passed)
      : "r"(barrier), "r"(parity)
      : "memory");
  return passed;
}
__device__ __forceinline__ void barrier_await(u32 barrier, u32 parity) {
  while (!barrier_passed(barrier, parity)) {
  }
}

// Copies a box at (x, y, z) of a tensor; what lies outside of it is zeros.
__device__ __forceinline__ void copy_box(u32 to, const TensorMap* map, u32 barrier, int x, int y, int z) {
  asm volatile(
      "cp.async.bulk.tensor.3d.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1, {%3, %4, %5}], [%2];" ::"r"(to), "l"((u64)map),
      "r"(barrier), "r"(x), "r"(y), "r"(z)
      : "memory");
}

__device__ __forceinline__ u32 rounded(float low, float high) {
  u32 r;
  asm("cvt.rn." TYPE "x2.f32 %0, %1, %2;" : "=r"(r) : "f"(high), "f"(low));
  return r;
}

// Shared memory from its first multiple of 1024 on: the ring, whose stages are a panel of A and one of B of 128 bytes a line, then 4096 bytes
// for each of the eight warps that multiply, for 16 rows of 128 results on their way out, then the barriers: full and free of each stage.
#define A_BYTES (BM * 128)
#define STAGE_BYTES (A_BYTES + BN * 128)
#define RESULTS_AT (STAGES * STAGE_BYTES)
#define BARRIERS_AT (RESULTS_AT + 8 * 4096)

// How the panel of an operand lies in shared memory, all but its address: 16-byte pieces are swizzled over 128 bytes. Where products are side
// by side, lines have 64 of them and 8 lines are one atom of 1024 bytes, one behind the other. Where rows are, atoms have 64 rows and 8
// products; along the products they are one behind the other, and the next 64 rows begin 8192 bytes on.
template <int ROWS_SIDE_BY_SIDE>
__device__ __forceinline__ u64 layout() {
  return (u64)1 << 62 | (u64)(1024 >> 4) << 32 | (u64)(ROWS_SIDE_BY_SIDE ? 8192 >> 4 : 1) << 16;
}
__device__ __forceinline__ u64 place(u32 address) { return (u64)((address & 0x3FFFF) >> 4); }

// Copies a panel of W lines.
template <int W, int ROWS_SIDE_BY_SIDE>
__device__ __forceinline__ void copy_panel(u32 to, const TensorMap* map, u32 full, int row, int k, int batch) {
  if constexpr (ROWS_SIDE_BY_SIDE) {
    UNROLL for (int j = 0; j < W / 64; j++) {
      copy_box(to + j * 8192, map, full, row + j * 64, k, batch);
    }
  } else {
    copy_box(to, map, full, k, row, batch);
  }
}

// The tiles of a launch. Those next to each other in time share operands in the cache: `group` rows of tiles, column by column.
struct Tiles {
  int down;
  int across;
  int group;

  __device__ __forceinline__ void find(int t, int& row, int& column, int& batch) const {
    batch = t / (down * across);
    const int rest = t - batch * down * across;
    const int first = rest / (group * across) * group;
    const int inside = rest - first * across;
    const int high = min(down - first, group);
    column = inside / high;
    row = first + inside - column * high;
  }
};

// Writes 16 rows of 128 results that lie in a warp's part of shared memory.
__device__ __forceinline__ void write(unsigned short* out, u32 from, int row0, int column0, int m, int n, bool vectors, int lane) {
  if (vectors) {
    const int c = column0 + (lane & 15) * 8;
    UNROLL for (int i = 0; i < 8; i++) {
      const int row = i * 2 + (lane >> 4);
      const u32 at = from + row * 256 + (((lane & 15) ^ (row & 7)) << 4);
      uint4 v;
      asm volatile("ld.shared.v4.u32 {%0, %1, %2, %3}, [%4];" : "=r"(v.x), "=r"(v.y), "=r"(v.z), "=r"(v.w) : "r"(at) : "memory");
      if (row0 + row < m && c < n) {
        *(uint4*)(out + (size_t)(row0 + row) * n + c) = v;
      }
    }
  } else {
#pragma unroll 1
    for (int row = 0; row < 16 && row0 + row < m; row++) {
      unsigned short* const o = out + (size_t)(row0 + row) * n;
      UNROLL for (int q = 0; q < 4; q++) {
        const int c = q * 32 + lane;
        const u32 at = from + row * 256 + (((c >> 3) ^ (row & 7)) << 4) + (c & 7) * 2;
        unsigned short v;
        asm volatile("ld.shared.u16 %0, [%1];" : "=h"(v) : "r"(at) : "memory");
        if (column0 + c < n) {
          o[column0 + c] = v;
        }
      }
    }
  }
}

extern "C" __global__ void __launch_bounds__(384, 1)
    tz_product(const __grid_constant__ TensorMap a_map, const __grid_constant__ TensorMap b_map, unsigned short* out, int m, int n, int k,
               int batches, int group) {
  extern __shared__ char memory[];
  const u32 base = (shared_address(memory) + 1023u) & ~1023u;
  const u32 full = base + BARRIERS_AT;
  const u32 free = full + 8 * STAGES;
  const int part = __shfl_sync(0xffffffffu, (int)(threadIdx.x >> 7), 0); // the compiler then knows that a warp agrees
  if (threadIdx.x == 0) {
    for (int s = 0; s < STAGES; s++) {
      barrier_begin(full + 8 * s, 1);
      barrier_begin(free + 8 * s, 8); // one for each warp that multiplies
    }
    asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
    asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
  }
  __syncthreads();
  Tiles tiles;
  tiles.down = (m + BM - 1) / BM;
  tiles.across = (n + BN - 1) / BN;
  tiles.group = group;
  const int count = tiles.down * tiles.across * batches;
  const int parts = (k + 63) >> 6;
  u32 stage = 0;

  if (part == 0) {
    asm volatile("setmaxnreg.dec.sync.aligned.u32 40;");
    if (threadIdx.x == 0) {
      u32 parity = 1; // what has never been filled is free
      for (int t = blockIdx.x; t < count; t += gridDim.x) {
        int row, column, batch;
        tiles.find(t, row, column, batch);
        for (int i = 0; i < parts; i++) {
          const u32 to = base + stage * STAGE_BYTES;
          barrier_await(free + 8 * stage, parity);
          barrier_expect(full + 8 * stage, STAGE_BYTES);
          copy_panel<BM, TZ_A>(to, &a_map, full + 8 * stage, row * BM, i << 6, batch);
          copy_panel<BN, !TZ_B>(to + A_BYTES, &b_map, full + 8 * stage, column * BN, i << 6, batch);
          if (++stage == STAGES) {
            stage = 0;
            parity ^= 1;
          }
        }
      }
    }
  } else {
    asm volatile("setmaxnreg.inc.sync.aligned.u32 232;");
    const int lane = threadIdx.x & 31;
    const int warp = (threadIdx.x >> 5) & 3;
    constexpr u32 A_STEP = TZ_A ? 128 : 2; // 16 products further, in units of 16 bytes
    constexpr u32 B_STEP = TZ_B ? 2 : 128;
    const bool vectors = n % 8 == 0 && ((u64)out & 15) == 0;
    u32 parity = 0;
    float sums[BN / 2];
    for (int t = blockIdx.x; t < count; t += gridDim.x) {
      u32 last = 0;
      for (int i = 0; i < parts; i++) {
        const u32 from = base + stage * STAGE_BYTES;
        const u64 a = layout<TZ_A>() | place(from + (part - 1) * 8192);
        const u64 b = layout<!TZ_B>() | place(from + A_BYTES);
        barrier_await(full + 8 * stage, parity);
        wgmma_fence();
        UNROLL for (int j = 0; j < 4; j++) {
          wgmma<TZ_A, !TZ_B>(sums, a + j * A_STEP, b + j * B_STEP, (i | j) != 0);
        }
        wgmma_commit();
        wgmma_await<1>(); // the panel before this one has been read
        if (i > 0 && lane == 0) {
          barrier_arrive(free + 8 * last);
        }
        last = stage;
        if (++stage == STAGES) {
          stage = 0;
          parity ^= 1;
        }
      }
      wgmma_await<0>();
      if (lane == 0) {
        barrier_arrive(free + 8 * last);
      }

      // A thread has the results 4j and 4j + 1 of row lane / 4, at column 8j + 2 (lane % 4), and 4j + 2 and 4j + 3 eight rows below.
      int row, column, batch;
      tiles.find(t, row, column, batch);
      const int row0 = row * BM + (part - 1) * 64 + warp * 16;
      const u32 mine = base + RESULTS_AT + ((part - 1) * 4 + warp) * 4096;
      UNROLL for (int h = 0; h < BN / 128; h++) {
        __syncwarp(); // what was there has been read
        const int line = lane & 15;
        UNROLL for (int j = 0; j < 8; j++) {
          const float* const s = &sums[(h * 16 + 2 * j) * 4];
          const u32 at = mine + line * 256 + (((2 * j + (lane >> 4)) ^ (line & 7)) << 4);
          asm volatile("stmatrix.sync.aligned.m8n8.x4.shared.b16 [%0], {%1, %2, %3, %4};" ::"r"(at), "r"(rounded(s[0], s[1])),
                       "r"(rounded(s[2], s[3])), "r"(rounded(s[4], s[5])), "r"(rounded(s[6], s[7]))
                       : "memory");
        }
        __syncwarp();
        write(out + (size_t)batch * m * n, mine, row0, column * BN + h * 128, m, n, vectors, lane);
      }
    }
  }
}
