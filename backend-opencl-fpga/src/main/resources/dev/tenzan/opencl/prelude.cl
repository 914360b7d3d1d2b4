// What every program begins with. TZ_F64 is 1 where the program computes in double.
#pragma OPENCL FP_CONTRACT OFF
#if TZ_F64
#pragma OPENCL EXTENSION cl_khr_fp64 : enable
#endif

// IEEE 754-2019 minimum and maximum: NaN wins, -0 is below +0. fmin and fmax prefer numbers to NaN.
static inline float tz_min_f32(float a, float b) {
  float equal = as_float(as_int(a) | as_int(b));
  float lesser = a < b ? a : b;
  return a != a ? a : (b != b ? b : (a == b ? equal : lesser));
}
static inline float tz_max_f32(float a, float b) {
  float equal = as_float(as_int(a) & as_int(b));
  float greater = a > b ? a : b;
  return a != a ? a : (b != b ? b : (a == b ? equal : greater));
}

// A division by zero is undefined in C, and the least integer by -1 overflows.
static inline int tz_div_i32(int a, int b) {
  int wrapped = (int)(0u - (uint)a);
  int safe = (b == 0 || b == -1) ? 1 : b;
  return b == 0 ? 0 : (b == -1 ? wrapped : a / safe);
}
static inline int tz_rem_i32(int a, int b) {
  int safe = (b == 0 || b == -1) ? 1 : b;
  return b == 0 || b == -1 ? 0 : a % safe;
}
static inline long tz_div_i64(long a, long b) {
  long wrapped = (long)(0ul - (ulong)a);
  long safe = (b == 0 || b == -1) ? 1 : b;
  return b == 0 ? 0 : (b == -1 ? wrapped : a / safe);
}
static inline long tz_rem_i64(long a, long b) {
  long safe = (b == 0 || b == -1) ? 1 : b;
  return b == 0 || b == -1 ? 0 : a % safe;
}

// Rounds towards zero, saturates, NaN gives 0. Operands out of range are replaced first: their conversion is undefined.
static inline int tz_f32_to_i32(float x) {
  bool in = x >= -0x1p31f && x < 0x1p31f;
  int inside = (int)(in ? x : 0.0f);
  return in ? inside : (x != x ? 0 : (x < 0.0f ? INT_MIN : INT_MAX));
}
static inline long tz_f32_to_i64(float x) {
  bool in = x >= -0x1p63f && x < 0x1p63f;
  long inside = (long)(in ? x : 0.0f);
  return in ? inside : (x != x ? 0L : (x < 0.0f ? LONG_MIN : LONG_MAX));
}

// binary16 to binary32 is exact: the exponent is put right by a multiplication, which also normalises subnormals.
static inline float tz_f16_to_f32(uint h) {
  uint magnitude = h & 0x7fffu;
  uint finite = as_uint(as_float(magnitude << 13) * 0x1p112f);
  uint bits = magnitude >= 0x7c00u ? (magnitude << 13) | 0x7f800000u : finite;
  return as_float(bits | ((h & 0x8000u) << 16));
}
// To nearest even. Below the least normal number an addition rounds at the right bit.
static inline uint tz_f32_to_f16(float x) {
  uint sign = (as_uint(x) >> 16) & 0x8000u;
  uint f = as_uint(x) & 0x7fffffffu;
  uint small = as_uint(as_float(f) + 0.5f) - 0x3f000000u;
  uint normal = (f + 0xc8000fffu + ((f >> 13) & 1u)) >> 13;
  uint special = f > 0x7f800000u ? 0x7e00u : 0x7c00u;
  uint h = f >= 0x47800000u ? special : (f < 0x38800000u ? small : normal);
  return h | sign;
}
static inline uint tz_f32_to_bf16(float x) {
  uint f = as_uint(x);
  uint rounded = (f + 0x7fffu + ((f >> 16) & 1u)) >> 16;
  return x != x ? 0x7fc0u : rounded;
}

// The storage types, and between them and the compute types.
#define tz_t_f32 float
#define tz_t_f16 ushort
#define tz_t_bf16 ushort
#define tz_t_i64 long
#define tz_t_i32 int
#define tz_t_i16 short
#define tz_t_i8 char
#define tz_t_u8 uchar
#define tz_t_bool uchar
#define tz_t_f64 double
#define tz_load_f32(p, i) ((p)[i])
#define tz_load_f16(p, i) tz_f16_to_f32((p)[i])
#define tz_load_bf16(p, i) as_float((uint)(p)[i] << 16)
#define tz_load_i64(p, i) ((p)[i])
#define tz_load_i32(p, i) ((p)[i])
#define tz_load_i16(p, i) ((int)(p)[i])
#define tz_load_i8(p, i) ((int)(p)[i])
#define tz_load_u8(p, i) ((int)(p)[i])
#define tz_load_bool(p, i) ((int)((p)[i] != 0))
#define tz_load_f64(p, i) ((p)[i])
#define tz_store_f32(p, i, v) (p)[i] = (v)
#define tz_store_f16(p, i, v) (p)[i] = (ushort)tz_f32_to_f16(v)
#define tz_store_bf16(p, i, v) (p)[i] = (ushort)tz_f32_to_bf16(v)
#define tz_store_i64(p, i, v) (p)[i] = (v)
#define tz_store_i32(p, i, v) (p)[i] = (v)
#define tz_store_i16(p, i, v) (p)[i] = (short)(v)
#define tz_store_i8(p, i, v) (p)[i] = (char)(v)
#define tz_store_u8(p, i, v) (p)[i] = (uchar)(v)
#define tz_store_bool(p, i, v) (p)[i] = (uchar)(v)
#define tz_store_f64(p, i, v) (p)[i] = (v)

#if TZ_F64
static inline double tz_min_f64(double a, double b) {
  double equal = as_double(as_long(a) | as_long(b));
  double lesser = a < b ? a : b;
  return a != a ? a : (b != b ? b : (a == b ? equal : lesser));
}
static inline double tz_max_f64(double a, double b) {
  double equal = as_double(as_long(a) & as_long(b));
  double greater = a > b ? a : b;
  return a != a ? a : (b != b ? b : (a == b ? equal : greater));
}
static inline int tz_f64_to_i32(double x) {
  bool in = x > -2147483649.0 && x < 2147483648.0;
  int inside = (int)(in ? x : 0.0);
  return in ? inside : (x != x ? 0 : (x < 0.0 ? INT_MIN : INT_MAX));
}
static inline long tz_f64_to_i64(double x) {
  bool in = x >= -0x1p63 && x < 0x1p63;
  long inside = (long)(in ? x : 0.0);
  return in ? inside : (x != x ? 0L : (x < 0.0 ? LONG_MIN : LONG_MAX));
}
#endif

// Notes an index that is out of range, the extent of its axis and its position; which one of several is not defined.
static inline void tz_put(volatile __global int* words, long value) {
  words[0] = (int)(uint)((ulong)value & 0xfffffffful);
  words[1] = (int)(uint)((ulong)value >> 32);
}
static inline void tz_bad_index(volatile __global int* status, long index, long extent, long position) {
  if (atomic_cmpxchg(status, 0, 1) == 0) {
    tz_put(status + 2, index);
    tz_put(status + 4, extent);
    tz_put(status + 6, position);
  }
}
