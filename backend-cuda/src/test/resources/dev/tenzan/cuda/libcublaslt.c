// Stands in for NVIDIA's cuBLASLt, so that what CublasLt passes to it can be seen without a GPU: matrices are the host's, and products are
// done at once, one element after the other. It checks its arguments as far as the library does, attributes by their sizes.
#include <stdlib.h>

#include "floats.h"

enum { OK = 0, INVALID_VALUE = 7, EXECUTION_FAILED = 13, NOT_SUPPORTED = 15 };
enum { DESC = 1001, LAYOUT, PREFERENCE };

typedef struct { int kind, compute, scale, trans_a, trans_b; } Desc;
typedef struct { int kind, type, batch; uint64_t rows, cols; int64_t ld, stride; } Layout;
typedef struct { int kind; uint64_t workspace; uint32_t alignment[4]; } Preference;
typedef struct { uint64_t data[8]; } Algo;
typedef struct { Algo algo; size_t workspace; int state; float waves; int reserved[4]; } Result;

int live;       // what was made and not destroyed
int heuristics; // questions for algorithms
static int handle;

static int make(void **to, size_t size, int kind) { return *(int *)(*to = calloc(1, size)) = kind, live++, OK; }
static int destroy(void *it, int kind) { return it == 0 || *(int *)it != kind ? INVALID_VALUE : (*(int *)it = 0, free(it), live--, OK); }

size_t cublasLtGetVersion(void) { return 120304; }
int cublasLtCreate(void **h) { return *h = &handle, live++, OK; }
int cublasLtDestroy(void *h) { return h == &handle ? live--, OK : INVALID_VALUE; }

int cublasLtMatmulDescCreate(void **desc, int compute, int scale) {
  make(desc, sizeof(Desc), DESC);
  ((Desc *)*desc)->compute = compute;
  ((Desc *)*desc)->scale = scale;
  return OK;
}
int cublasLtMatmulDescDestroy(void *desc) { return destroy(desc, DESC); }
int cublasLtMatmulDescSetAttribute(void *it, int attribute, const void *value, size_t size) {
  Desc *desc = it;
  if (desc->kind != DESC || size != 4) return INVALID_VALUE;
  switch (attribute) {
    case 3: return memcpy(&desc->trans_a, value, size), OK;
    case 4: return memcpy(&desc->trans_b, value, size), OK;
    default: return INVALID_VALUE;
  }
}

int cublasLtMatrixLayoutCreate(void **it, int type, uint64_t rows, uint64_t cols, int64_t ld) {
  make(it, sizeof(Layout), LAYOUT);
  Layout *layout = *it;
  layout->type = type;
  layout->rows = rows;
  layout->cols = cols;
  layout->ld = ld;
  layout->batch = 1;
  return OK;
}
int cublasLtMatrixLayoutDestroy(void *layout) { return destroy(layout, LAYOUT); }
int cublasLtMatrixLayoutSetAttribute(void *it, int attribute, const void *value, size_t size) {
  Layout *layout = it;
  if (layout->kind != LAYOUT) return INVALID_VALUE;
  switch (attribute) {
    case 5: return size == 4 ? memcpy(&layout->batch, value, size), OK : INVALID_VALUE;
    case 6: return size == 8 ? memcpy(&layout->stride, value, size), OK : INVALID_VALUE;
    default: return INVALID_VALUE;
  }
}

int cublasLtMatmulPreferenceCreate(void **preference) { return make(preference, sizeof(Preference), PREFERENCE); }
int cublasLtMatmulPreferenceDestroy(void *preference) { return destroy(preference, PREFERENCE); }
int cublasLtMatmulPreferenceSetAttribute(void *it, int attribute, const void *value, size_t size) {
  Preference *preference = it;
  if (preference->kind != PREFERENCE) return INVALID_VALUE;
  switch (attribute) {
    case 1: return size == 8 ? memcpy(&preference->workspace, value, size), OK : INVALID_VALUE;
    case 5: case 6: case 7: case 8:
      return size == 4 ? memcpy(&preference->alignment[attribute - 5], value, size), OK : INVALID_VALUE;
    default: return INVALID_VALUE;
  }
}

static uint64_t rows(const Layout *l, int transposed) { return transposed ? l->cols : l->rows; }
static uint64_t cols(const Layout *l, int transposed) { return transposed ? l->rows : l->cols; }

static int agree(const Desc *op, const Layout *a, const Layout *b, const Layout *d) {
  int types = a->type == b->type && b->type == d->type && op->scale == (d->type == F64 ? F64 : F32)
              && op->compute == (d->type == F64 ? 70 : d->type == F32 ? 77 : 68);
  int extents = rows(a, op->trans_a) == d->rows && cols(b, op->trans_b) == d->cols && cols(a, op->trans_a) == rows(b, op->trans_b);
  int lds = a->ld >= (int64_t)a->rows && b->ld >= (int64_t)b->rows && d->ld >= (int64_t)d->rows;
  int kinds = op->kind == DESC && a->kind == LAYOUT && b->kind == LAYOUT && d->kind == LAYOUT;
  return kinds && types && extents && lds && a->batch == d->batch && b->batch == d->batch;
}

// Gives two algorithms of which the second runs; none where D has 77 columns, and a refusal where it has 78.
int cublasLtMatmulAlgoGetHeuristic(void *h, void *op, void *a, void *b, void *c, void *d, void *it, int count, Result *results, int *given) {
  Preference *preference = it;
  Layout *out = d;
  heuristics++;
  if (h != &handle || c != d || preference->kind != PREFERENCE || count < 2 || !agree(op, a, b, d)) return INVALID_VALUE;
  if (out->rows == 78) return NOT_SUPPORTED;
  *given = 2;
  results[0].state = out->rows == 77 ? NOT_SUPPORTED : 1;
  results[1].state = out->rows == 77 ? NOT_SUPPORTED : OK;
  results[0].workspace = results[1].workspace = preference->workspace;
  memset(&results[0].algo, 0, sizeof(Algo));
  for (int i = 0; i < 4; i++) results[1].algo.data[i] = preference->alignment[i];
  results[1].algo.data[6] = preference->workspace;
  results[1].algo.data[7] = 0xfeedfacecafebeefull;
  return OK;
}

// The workspace must be aligned to 256 bytes and the stream be 4711; on a stream of 0 a product fails as one that the device could not run.
int cublasLtMatmul(void *h, void *o, const void *alpha, const void *a, void *al, const void *b, void *bl, const void *beta, const void *c,
                   void *cl, void *d, void *dl, const Algo *algo, void *workspace, size_t size, void *stream) {
  const Desc *op = o;
  const Layout *la = al, *lb = bl, *ld = dl;
  if (h != &handle || c != d || cl != dl || !agree(op, la, lb, ld) || algo->data[7] != 0xfeedfacecafebeefull) return INVALID_VALUE;
  if (workspace == 0 || (uintptr_t)workspace % 256 != 0 || size < algo->data[6]) return INVALID_VALUE;
  if ((uintptr_t)a % algo->data[0] || (uintptr_t)b % algo->data[1] || (uintptr_t)c % algo->data[2] || (uintptr_t)d % algo->data[3]) {
    return INVALID_VALUE;
  }
  if (stream == 0) return EXECUTION_FAILED;
  if ((uintptr_t)stream != 4711 || get(alpha, op->scale, 0) != 1 || get(beta, op->scale, 0) != 0) return INVALID_VALUE;
  for (int64_t p = 0; p < ld->batch; p++) {
    for (uint64_t i = 0; i < ld->rows; i++) {
      for (uint64_t j = 0; j < ld->cols; j++) {
        double sum = 0;
        for (uint64_t l = 0; l < cols(la, op->trans_a); l++) {
          int64_t ia = op->trans_a ? l + i * la->ld : i + l * la->ld;
          int64_t ib = op->trans_b ? j + l * lb->ld : l + j * lb->ld;
          sum += get(a, la->type, p * la->stride + ia) * get(b, lb->type, p * lb->stride + ib);
        }
        put(d, ld->type, p * ld->stride + i + j * ld->ld, sum);
      }
    }
  }
  return OK;
}
