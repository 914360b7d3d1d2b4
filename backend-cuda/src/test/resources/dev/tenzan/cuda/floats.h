// Elements of matrices and tensors on the host, by their type: a cudaDataType.
#include <math.h>
#include <stdint.h>
#include <string.h>

enum { F32 = 0, F64 = 1, F16 = 2, BF16 = 14 };

static double from_half(uint16_t bits) {
  int exponent = bits >> 10 & 31;
  double v = exponent == 0 ? ldexp(bits & 1023, -24) : ldexp((bits & 1023) + 1024, exponent - 25);
  return bits >> 15 ? -v : v;
}
static uint16_t to_half(double v) { // of numbers that a half holds, none of them subnormal
  if (v == 0) return 0;
  int exponent;
  double fraction = frexp(fabs(v), &exponent);
  return (v < 0 ? 0x8000 : 0) | (exponent + 14) << 10 | ((int)ldexp(fraction, 11) & 1023);
}
static double get(const void *at, int type, int64_t i) {
  switch (type) {
    case F32: return ((const float *)at)[i];
    case F64: return ((const double *)at)[i];
    case F16: return from_half(((const uint16_t *)at)[i]);
  }
  uint32_t bits = (uint32_t)((const uint16_t *)at)[i] << 16;
  float v;
  memcpy(&v, &bits, sizeof v);
  return v;
}
static void put(void *at, int type, int64_t i, double value) {
  float v = (float)value;
  uint32_t bits;
  memcpy(&bits, &v, sizeof v);
  switch (type) {
    case F32: ((float *)at)[i] = v; break;
    case F64: ((double *)at)[i] = value; break;
    case F16: ((uint16_t *)at)[i] = to_half(value); break;
    default: ((uint16_t *)at)[i] = (uint16_t)(bits >> 16);
  }
}
