// The element types: T in memory, ACC in registers. One of TZ_F64 ... TZ_BOOL is defined, as each module is for one dtype.
//
// Every operation on floats is an intrinsic that rounds to nearest even and is never contracted. Integers wrap, so they are computed
// without sign: the overflow of signed ones is undefined in C.
#pragma once

typedef long long i64;
typedef unsigned long long u64;
typedef unsigned int u32;

__device__ __forceinline__ float tz_from_f16(unsigned short h) {
  float f;
  asm("cvt.f32.f16 %0, %1;" : "=f"(f) : "h"(h));
  return f;
}
__device__ __forceinline__ unsigned short tz_to_f16(float f) {
  unsigned short h;
  asm("cvt.rn.f16.f32 %0, %1;" : "=h"(h) : "f"(f));
  return h;
}
__device__ __forceinline__ float tz_from_bf16(unsigned short h) { return __uint_as_float((u32)h << 16); }
__device__ __forceinline__ unsigned short tz_to_bf16(float f) {
  const u32 bits = __float_as_uint(f);
  const u32 rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
  return (unsigned short)(f != f ? 0x7fc0u : rounded);
}

#if defined(TZ_F64)
typedef double T;
typedef double ACC;
#define FLOATS 1
#elif defined(TZ_F32)
typedef float T;
typedef float ACC;
#define FLOATS 1
#elif defined(TZ_F16) || defined(TZ_BF16)
typedef unsigned short T;
typedef float ACC;
#define FLOATS 1
#elif defined(TZ_I64)
typedef i64 T;
typedef i64 ACC;
#elif defined(TZ_I32)
typedef int T;
typedef int ACC;
#elif defined(TZ_I16)
typedef short T;
typedef int ACC;
#define SMALL_INTEGER 1
#elif defined(TZ_I8)
typedef signed char T;
typedef int ACC;
#define SMALL_INTEGER 1
#elif defined(TZ_U8)
typedef unsigned char T;
typedef int ACC;
#define SMALL_INTEGER 1
#elif defined(TZ_BOOL)
typedef unsigned char T;
typedef int ACC;
#endif

__device__ __forceinline__ ACC load(const T* __restrict__ p, i64 i) {
#if defined(TZ_F16)
  return tz_from_f16(p[i]);
#elif defined(TZ_BF16)
  return tz_from_bf16(p[i]);
#elif defined(TZ_BOOL)
  return p[i] != 0;
#else
  return p[i];
#endif
}

__device__ __forceinline__ void store(T* p, i64 i, ACC v) {
#if defined(TZ_F16)
  p[i] = tz_to_f16(v);
#elif defined(TZ_BF16)
  p[i] = tz_to_bf16(v);
#else
  p[i] = (T)v;
#endif
}

#if defined(TZ_F64)
__device__ __forceinline__ ACC add(ACC a, ACC b) { return __dadd_rn(a, b); }
__device__ __forceinline__ ACC mul(ACC a, ACC b) { return __dmul_rn(a, b); }
__device__ __forceinline__ ACC mac(ACC a, ACC b, ACC c) { return __fma_rn(a, b, c); }
#elif defined(FLOATS)
__device__ __forceinline__ ACC add(ACC a, ACC b) { return __fadd_rn(a, b); }
__device__ __forceinline__ ACC mul(ACC a, ACC b) { return __fmul_rn(a, b); }
__device__ __forceinline__ ACC mac(ACC a, ACC b, ACC c) { return __fmaf_rn(a, b, c); }
#elif defined(TZ_I64)
__device__ __forceinline__ ACC add(ACC a, ACC b) { return (ACC)((u64)a + (u64)b); }
__device__ __forceinline__ ACC mul(ACC a, ACC b) { return (ACC)((u64)a * (u64)b); }
__device__ __forceinline__ ACC mac(ACC a, ACC b, ACC c) { return (ACC)((u64)a * (u64)b + (u64)c); }
#else
__device__ __forceinline__ ACC add(ACC a, ACC b) { return (ACC)((u32)a + (u32)b); }
__device__ __forceinline__ ACC mul(ACC a, ACC b) { return (ACC)((u32)a * (u32)b); }
__device__ __forceinline__ ACC mac(ACC a, ACC b, ACC c) { return (ACC)((u32)a * (u32)b + (u32)c); }
#endif

// IEEE 754-2019 minimum and maximum: NaN wins, -0 is below +0.
#if defined(TZ_F64)
__device__ __forceinline__ ACC least(ACC a, ACC b) {
  const ACC equal = __longlong_as_double(__double_as_longlong(a) | __double_as_longlong(b));
  return a != a ? a : b != b ? b : a == b ? equal : a < b ? a : b;
}
__device__ __forceinline__ ACC greatest(ACC a, ACC b) {
  const ACC equal = __longlong_as_double(__double_as_longlong(a) & __double_as_longlong(b));
  return a != a ? a : b != b ? b : a == b ? equal : a > b ? a : b;
}
#elif defined(FLOATS)
__device__ __forceinline__ ACC least(ACC a, ACC b) {
  const ACC equal = __int_as_float(__float_as_int(a) | __float_as_int(b));
  return a != a ? a : b != b ? b : a == b ? equal : a < b ? a : b;
}
__device__ __forceinline__ ACC greatest(ACC a, ACC b) {
  const ACC equal = __int_as_float(__float_as_int(a) & __float_as_int(b));
  return a != a ? a : b != b ? b : a == b ? equal : a > b ? a : b;
}
#else
__device__ __forceinline__ ACC least(ACC a, ACC b) { return a < b ? a : b; }
__device__ __forceinline__ ACC greatest(ACC a, ACC b) { return a > b ? a : b; }
#endif

// Opens the loop of a thread over its pieces of work: u of n.
#define EACH(u, n) for (i64 u = blockIdx.x * (i64)blockDim.x + threadIdx.x; u < (n); u += gridDim.x * (i64)blockDim.x)
