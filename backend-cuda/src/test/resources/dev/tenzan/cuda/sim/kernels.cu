// Compiled to kernels.ptx with: nvcc -ptx -arch=compute_75 -fmad=false kernels.cu
#include <cuda_bf16.h>
#include <cuda_fp16.h>

extern "C" __global__ void matmul(const float* a, const float* b, float* c, int n) {
  __shared__ float as[16][16];
  __shared__ float bs[16][16];
  int tx = threadIdx.x;
  int ty = threadIdx.y;
  int row = blockIdx.y * 16 + ty;
  int col = blockIdx.x * 16 + tx;
  float sum = 0;
  for (int k = 0; k < n; k += 16) {
    as[ty][tx] = row < n && k + tx < n ? a[row * n + k + tx] : 0.0f;
    bs[ty][tx] = col < n && k + ty < n ? b[(k + ty) * n + col] : 0.0f;
    __syncthreads();
    for (int i = 0; i < 16; i++) {
      sum = fmaf(as[ty][i], bs[i][tx], sum);
    }
    __syncthreads();
  }
  if (row < n && col < n) {
    c[row * n + col] = sum;
  }
}

extern "C" __global__ void reduce(const float* a, float* out, int n) {
  __shared__ float partial[32];
  float s = 0;
  for (int i = threadIdx.x; i < n; i += blockDim.x) {
    s += a[i];
  }
  for (int d = 16; d > 0; d >>= 1) {
    s += __shfl_down_sync(0xffffffffu, s, d);
  }
  if (threadIdx.x % 32 == 0) {
    partial[threadIdx.x / 32] = s;
  }
  __syncthreads();
  if (threadIdx.x < 32) {
    s = threadIdx.x < blockDim.x / 32 ? partial[threadIdx.x] : 0.0f;
    for (int d = 16; d > 0; d >>= 1) {
      s += __shfl_xor_sync(0xffffffffu, s, d);
    }
    if (threadIdx.x == 0) {
      *out = s;
    }
  }
}

extern "C" __global__ void divide(
    const long long* a, const long long* b, long long* q, long long* r, unsigned long long* uq, unsigned long long* ur, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) {
    return;
  }
  q[i] = a[i] / b[i];
  r[i] = a[i] % b[i];
  uq[i] = (unsigned long long) a[i] / (unsigned long long) b[i];
  ur[i] = (unsigned long long) a[i] % (unsigned long long) b[i];
}

extern "C" __global__ void bitonic(int* a, int n) {
  extern __shared__ int s[];
  int t = threadIdx.x;
  s[t] = t < n ? a[t] : 0x7fffffff;
  __syncthreads();
  for (int k = 2; k <= blockDim.x; k *= 2) {
    for (int j = k / 2; j > 0; j /= 2) {
      int other = t ^ j;
      if (other > t) {
        bool up = (t & k) == 0;
        int x = s[t];
        int y = s[other];
        if ((x > y) == up) {
          s[t] = y;
          s[other] = x;
        }
      }
      __syncthreads();
    }
  }
  if (t < n) {
    a[t] = s[t];
  }
}

extern "C" __global__ void histogram(const unsigned char* a, unsigned* bins, int n) {
  __shared__ unsigned local[256];
  for (int i = threadIdx.x; i < 256; i += blockDim.x) {
    local[i] = 0;
  }
  __syncthreads();
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) {
    atomicAdd(&local[a[i]], 1u);
  }
  __syncthreads();
  for (int i = threadIdx.x; i < 256; i += blockDim.x) {
    atomicAdd(&bins[i], local[i]);
  }
}

extern "C" __global__ void halves(const float* a, __half* h, __nv_bfloat16* g, float* back, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) {
    return;
  }
  h[i] = __hadd(__float2half(a[i]), __float2half(1.0f));
  g[i] = __float2bfloat16(a[i]);
  back[i] = __half2float(__hmul(__float2half(a[i]), __float2half(3.0f))) + __bfloat162float(g[i]);
}

// exp by exactly rounded operations only: 2^k times a polynomial, as a host with fmaf computes it to the same bits.
__device__ float exactExp(float x) {
  float k = rintf(x * 1.44269502f);
  float r = fmaf(k, -0.693147182f, x);
  float p = 0.00833333377f;
  p = fmaf(p, r, 0.0416666679f);
  p = fmaf(p, r, 0.166666672f);
  p = fmaf(p, r, 0.5f);
  p = fmaf(p, r, 1.0f);
  p = fmaf(p, r, 1.0f);
  return p * __int_as_float(((int) k + 127) << 23);
}

extern "C" __global__ void softmax(const float* a, float* out, int columns) {
  __shared__ float scratch[128];
  const float* row = a + (long long) blockIdx.x * columns;
  int t = threadIdx.x;
  float m = -__int_as_float(0x7f800000);
  for (int i = t; i < columns; i += blockDim.x) {
    m = fmaxf(m, row[i]);
  }
  scratch[t] = m;
  __syncthreads();
  for (int d = blockDim.x / 2; d > 0; d /= 2) {
    if (t < d) {
      scratch[t] = fmaxf(scratch[t], scratch[t + d]);
    }
    __syncthreads();
  }
  m = scratch[0];
  __syncthreads();
  float s = 0;
  for (int i = t; i < columns; i += blockDim.x) {
    s += exactExp(row[i] - m);
  }
  scratch[t] = s;
  __syncthreads();
  for (int d = blockDim.x / 2; d > 0; d /= 2) {
    if (t < d) {
      scratch[t] += scratch[t + d];
    }
    __syncthreads();
  }
  s = scratch[0];
  for (int i = t; i < columns; i += blockDim.x) {
    out[(long long) blockIdx.x * columns + i] = exactExp(row[i] - m) / s;
  }
}

__device__ __noinline__ float iterate(float x, int k) {
  for (int i = 0; i < k; i++) {
    x = x * 0.5f + 1.0f;
  }
  return x;
}

extern "C" __global__ void calls(float* a, int n) {
  int i = threadIdx.x;
  a[i] = i < n ? iterate(a[i], i) : iterate(a[i], 3);
  switch (i % 8) {
    case 0: a[i] += 1; break;
    case 1: a[i] *= 3; break;
    case 2: a[i] -= 7; break;
    case 3: a[i] = a[i] * a[i]; break;
    case 4: a[i] /= 3.0f; break;
    case 5: a[i] = sqrtf(a[i]); break;
    default: a[i] = -a[i];
  }
}

__constant__ int table[8] = {3, 1, 4, 1, 5, 9, 2, 6};
__device__ unsigned counter = 7;

extern "C" __global__ void variables(int* out) {
  int scratch[8];
  for (int i = 0; i < 8; i++) {
    scratch[i] = table[(i + threadIdx.x) % 8] * (i + 1);
  }
  int pick = out[threadIdx.x];
  out[threadIdx.x] = scratch[pick & 7] + 1000 * (int) (atomicAdd(&counter, 1u) >= 7u);
}

extern "C" __global__ void scan(const int* a, int* out) {
  int lane = threadIdx.x % 32;
  int v = a[threadIdx.x];
  for (int d = 1; d < 32; d *= 2) {
    int up = __shfl_up_sync(0xffffffffu, v, d);
    if (lane >= d) {
      v += up;
    }
  }
  unsigned odd = __ballot_sync(0xffffffffu, v & 1);
  out[threadIdx.x] = v * 100 + __popc(odd);
}

extern "C" __global__ void integers(const unsigned* a, const unsigned* b, unsigned* out, int n) {
  int i = threadIdx.x;
  if (i < n) {
    unsigned x = a[i];
    unsigned y = b[i];
    unsigned h = __umulhi(x, y) ^ (unsigned) __mulhi((int) x, (int) y);
    h += __clz(x) + 33 * __ffs(y) + __popc(x ^ y);
    h ^= __brev(x) + __byte_perm(x, y, 0x5140);
    h = __funnelshift_l(h, x, y & 31) + (x / 7u) + (unsigned) ((int) y / 11) + (unsigned) ((int) y % 13);
    h += (unsigned) (((unsigned long long) x * y) >> 17);
    h += (unsigned) __usad(x, y, h) + (unsigned) max((int) x, (int) y) + min(x, y);
    out[i] = h;
  }
}
