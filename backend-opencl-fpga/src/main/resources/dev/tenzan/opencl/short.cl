// Stands in for the header of OpenCL C where the compiler lets it be left out (PoCL, by defining _OPENCL_H_): reading that header's
// 900 kB takes PoCL 0.14 s for each program, six times as long as the rest of a small one. Here is what our programs use of it.
typedef unsigned char uchar;
typedef unsigned short ushort;
typedef unsigned int uint;
typedef unsigned long ulong;
typedef __SIZE_TYPE__ size_t;
#define TZ_VECTORS(T)                                    \
  typedef T T##2 __attribute__((ext_vector_type(2)));    \
  typedef T T##4 __attribute__((ext_vector_type(4)));    \
  typedef T T##8 __attribute__((ext_vector_type(8)));    \
  typedef T T##16 __attribute__((ext_vector_type(16)));
TZ_VECTORS(float)
TZ_VECTORS(double)
TZ_VECTORS(uint)
TZ_VECTORS(ulong)

#define INT_MAX 2147483647
#define INT_MIN (-2147483647 - 1)
#define LONG_MAX 0x7fffffffffffffffL
#define LONG_MIN (-0x7fffffffffffffffL - 1)
#define CLK_LOCAL_MEM_FENCE 1
#define as_int(x) __builtin_astype((x), int)
#define as_uint(x) __builtin_astype((x), uint)
#define as_float(x) __builtin_astype((x), float)
#define as_long(x) __builtin_astype((x), long)
#define as_ulong(x) __builtin_astype((x), ulong)
#define as_double(x) __builtin_astype((x), double)

#define TZ_PURE __attribute__((overloadable, const))
#define TZ_ANY __attribute__((overloadable))
size_t TZ_PURE get_global_id(uint);
size_t TZ_PURE get_global_size(uint);
size_t TZ_PURE get_local_id(uint);
size_t TZ_PURE get_group_id(uint);
size_t TZ_PURE get_num_groups(uint);
void __attribute__((overloadable, convergent)) barrier(uint);
int TZ_ANY atomic_cmpxchg(volatile __global int*, int, int);
int TZ_PURE min(int, int);
long TZ_PURE min(long, long);
long TZ_PURE max(long, long);
#define TZ_FLOATS(T)       \
  T TZ_PURE fma(T, T, T);  \
  T TZ_PURE sqrt(T);       \
  T TZ_PURE fabs(T);
TZ_FLOATS(float)
TZ_FLOATS(float2)
TZ_FLOATS(float4)
TZ_FLOATS(float8)
TZ_FLOATS(float16)
TZ_FLOATS(double)
TZ_FLOATS(double2)
TZ_FLOATS(double4)
TZ_FLOATS(double8)
TZ_FLOATS(double16)
#define TZ_MOVES(T, N)                                  \
  T##N TZ_ANY vload##N(size_t, const __global T*);      \
  T##N TZ_ANY vload##N(size_t, const __local T*);       \
  void TZ_ANY vstore##N(T##N, size_t, __global T*);     \
  void TZ_ANY vstore##N(T##N, size_t, __private T*);
#define TZ_ALL_MOVES(T) TZ_MOVES(T, 2) TZ_MOVES(T, 4) TZ_MOVES(T, 8) TZ_MOVES(T, 16)
TZ_ALL_MOVES(float)
TZ_ALL_MOVES(double)
TZ_ALL_MOVES(uint)
TZ_ALL_MOVES(ulong)
