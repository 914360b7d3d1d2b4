// Adds the results of the blocks of a split product or convolution in order.
#pragma once

// `add` adds two results, `store` keeps the i-th of n sums.
template <class ACC_T, class ADD, class STORE>
__device__ __forceinline__ void add_blocks(const ACC_T* __restrict__ parts, long long split, long long n, ADD add, STORE store) {
  for (long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x; i < n; i += gridDim.x * (long long)blockDim.x) {
    ACC_T total = parts[i];
#pragma unroll 16 // loads that are under way at once: there may be few results of many blocks
    for (long long s = 1; s < split; s++) {
      total = add(total, parts[s * n + i]);
    }
    store(i, total);
  }
}
