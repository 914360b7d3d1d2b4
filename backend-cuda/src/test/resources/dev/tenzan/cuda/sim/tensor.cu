// Compiled to tensor.ptx with: nvcc -ptx -arch=compute_80 -fmad=false tensor.cu
#include <cuda_fp16.h>
#include <cuda_pipeline.h>

// One warp: c = a * b with 16 x 16 halves, through tensor cores.
extern "C" __global__ void wmma(const __half* a, const __half* b, float* c) {
  __shared__ __half sa[16 * 16];
  __shared__ __half sb[16 * 16];
  for (int i = threadIdx.x; i < 256; i += 32) {
    sa[i] = a[i];
    sb[i] = b[i];
  }
  __syncwarp();
  unsigned lane = threadIdx.x;
  unsigned x[4];
  unsigned y[4];
  unsigned pa = (unsigned) __cvta_generic_to_shared(&sa[(lane % 16) * 16 + lane / 16 * 8]);
  unsigned pb = (unsigned) __cvta_generic_to_shared(&sb[(lane % 16) * 16 + lane / 16 * 8]);
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(x[0]), "=r"(x[1]), "=r"(x[2]), "=r"(x[3]) : "r"(pa) : "memory");
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(y[0]), "=r"(y[1]), "=r"(y[2]), "=r"(y[3]) : "r"(pb) : "memory");
  for (int half = 0; half < 2; half++) {
    float d[4] = {0, 0, 0, 0};
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
                 : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
                 : "r"(x[0]), "r"(x[1]), "r"(x[2]), "r"(x[3]), "r"(y[2 * half]), "r"(y[2 * half + 1]));
    for (int r = 0; r < 4; r++) {
      c[(lane / 4 + 8 * (r / 2)) * 16 + half * 8 + lane % 4 * 2 + r % 2] = d[r];
    }
  }
}

// Copies through shared memory, 16 bytes a thread, asynchronously.
extern "C" __global__ void async(const float4* a, float4* out) {
  __shared__ float4 s[64];
  __pipeline_memcpy_async(&s[threadIdx.x], &a[threadIdx.x], sizeof(float4));
  __pipeline_commit();
  __pipeline_wait_prior(0);
  __syncthreads();
  out[threadIdx.x] = s[63 - threadIdx.x];
}
