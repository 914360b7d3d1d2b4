// The tile of a product that a block of 256 threads makes: BM x BN results, TM x TN of them by each thread, BK products at a time through
// shared memory. A block of K_BLOCK products is one chain from +0; the blocks are added in order.
#pragma once

#include "types.cuh"

#define K_BLOCK 256
#define BK 16
#define THREADS 256

// A vector of four, which the compiler moves with as few instructions as the type allows.
struct alignas(4 * sizeof(ACC) < 16 ? 4 * sizeof(ACC) : 16) Four {
  ACC v[4];
};

template <int BM, int BN>
struct Panels {
  ACC rows[BK][BM + 4];  // the padding spreads a column over the banks
  ACC columns[BK][BN + 4];
};

template <int BM, int BN, int TM, int TN>
struct Tile {
  static_assert(BM / TM * (BN / TN) == THREADS, "a thread for each TM x TN results");
  static_assert(TM % 4 == 0 && TN % 4 == 0, "whole vectors");
  ACC total[TM][TN];
  ACC chain[TM][TN];

  // `some`: whether there are products. No chain ends where there are none, and the results are +0.
  __device__ __forceinline__ void begin(bool some) {
    const ACC none = (ACC)(some ? -0.0 : 0.0);
#pragma unroll
    for (int i = 0; i < TM; i++) {
#pragma unroll
      for (int j = 0; j < TN; j++) {
        total[i][j] = none;
        chain[i][j] = 0;
      }
    }
  }

  __device__ __forceinline__ void step(const Panels<BM, BN>& p, int k, int row, int column) {
    ACC a[TM];
    ACC b[TN];
#pragma unroll
    for (int i = 0; i < TM; i += 4) {
      *reinterpret_cast<Four*>(a + i) = *reinterpret_cast<const Four*>(&p.rows[k][row + i]);
    }
#pragma unroll
    for (int j = 0; j < TN; j += 4) {
      *reinterpret_cast<Four*>(b + j) = *reinterpret_cast<const Four*>(&p.columns[k][column + j]);
    }
#pragma unroll
    for (int i = 0; i < TM; i++) {
#pragma unroll
      for (int j = 0; j < TN; j++) {
        chain[i][j] = mac(a[i], b[j], chain[i][j]);
      }
    }
  }

  // No step is taken for what is missing of the last BK: adding +0 to a chain that is -0 would change it.
  __device__ __forceinline__ void steps(const Panels<BM, BN>& p, int length, int row, int column) {
    if (length >= BK) {
#pragma unroll
      for (int k = 0; k < BK; k++) {
        step(p, k, row, column);
      }
    } else {
#pragma unroll 1
      for (int k = 0; k < length; k++) {
        step(p, k, row, column);
      }
    }
  }

  // Ends a chain. -0 plus the first is the first, whatever it is.
  __device__ __forceinline__ void finish() {
#pragma unroll
    for (int i = 0; i < TM; i++) {
#pragma unroll
      for (int j = 0; j < TN; j++) {
        total[i][j] = add(total[i][j], chain[i][j]);
        chain[i][j] = 0;
      }
    }
  }
};
