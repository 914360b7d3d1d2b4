// Stands in for NVIDIA's cuDNN, so that what Cudnn passes to it can be seen without a GPU: tensors are the host's, and convolutions are done at
// once. It checks its arguments as far as the library does: kinds, types and counts of attributes, and that descriptors are complete.
#include <stdlib.h>

#include "floats.h"

enum { OK = 0, BAD_PARAM = 2000, NOT_SUPPORTED = 3000, EXECUTION_FAILED = 5000 };
enum { CONVOLUTION = 1, ENGINE = 2, CONFIG = 3, HEURISTICS = 4, PLAN = 5, FORWARD = 10, BY_WEIGHTS = 11, BY_INPUT = 12, GRAPH = 15, PACK = 16, TENSOR = 17 };
enum { HANDLE_T = 0, DATA_TYPE_T = 1, INT64_T = 3, FLOAT_T = 4, POINTER_T = 6, MODE_T = 7, HEUR_T = 8, NOTE_T = 11, DESCRIPTOR_T = 15 };

typedef struct D {
  int kind, complete, type, rank, ranks, compute, mode, heuristics, engine, axes_set;
  int64_t dims[8], strides[8], id, alignment, axes, before[3], behind[3], steps[3], dilations[3], ids[3];
  float alpha, beta;
  void *pointers[3], *workspace, *handle;
  struct D *parts[4]; // convolution, first, second, result of an operation; what others are made of
} D;

int live;       // what was made and not destroyed
int questions;  // for engines
static int handle;
static void *stream; // of the handle, of which there is one at a time

size_t cudnnGetVersion(void) { return 91900; }
const char *cudnnGetErrorString(int status) {
  switch (status) {
    case OK: return "CUDNN_STATUS_SUCCESS";
    case BAD_PARAM: return "CUDNN_STATUS_BAD_PARAM";
    case NOT_SUPPORTED: return "CUDNN_STATUS_NOT_SUPPORTED";
    default: return "CUDNN_STATUS_EXECUTION_FAILED";
  }
}
int cudnnCreate(void **h) { return *h = &handle, stream = 0, live++, OK; }
int cudnnDestroy(void *h) { return h == &handle ? live--, OK : BAD_PARAM; }
int cudnnSetStream(void *h, void *s) { return h == &handle ? stream = s, OK : BAD_PARAM; }
int cudnnBackendCreateDescriptor(int kind, D **it) { return *it = calloc(1, sizeof(D)), (*it)->kind = kind, live++, OK; }
int cudnnBackendDestroyDescriptor(D *it) {
  if (it == 0 || it->kind == 0) return BAD_PARAM;
  memset(it, 0, sizeof *it);
  return free(it), live--, OK;
}

// What a descriptor is told of another is copied, which stays when the other is destroyed.
static int part(D *it, int at, const void *value, int kind) {
  D *other = *(D *const *)value;
  if (other == 0 || other->kind != kind || (!other->complete && kind != CONFIG)) return BAD_PARAM;
  it->parts[at] = malloc(sizeof(D));
  *it->parts[at] = *other;
  return OK;
}
static int longs(int64_t *to, int64_t most, int64_t count, const void *value) {
  return count < 1 || count > most ? BAD_PARAM : (memcpy(to, value, count * 8), OK);
}

int cudnnBackendSetAttribute(D *it, int name, int type, int64_t count, const void *value) {
  if (it->complete) return BAD_PARAM;
  int one = count == 1;
  switch (it->kind * 10000 + name) {
    case TENSOR * 10000 + 901: return type == DATA_TYPE_T && one ? it->type = *(const int *)value, OK : BAD_PARAM;
    case TENSOR * 10000 + 902: return it->rank = count, type == INT64_T ? longs(it->dims, 8, count, value) : BAD_PARAM;
    case TENSOR * 10000 + 903: return it->ranks = count, type == INT64_T ? longs(it->strides, 8, count, value) : BAD_PARAM;
    case TENSOR * 10000 + 906: return type == INT64_T && one ? longs(&it->id, 1, 1, value) : BAD_PARAM;
    case TENSOR * 10000 + 900: return type == INT64_T && one ? longs(&it->alignment, 1, 1, value) : BAD_PARAM;
    case CONVOLUTION * 10000 + 100: return type == DATA_TYPE_T && one ? it->compute = *(const int *)value + 1, OK : BAD_PARAM;
    case CONVOLUTION * 10000 + 101: return type == MODE_T && one ? it->mode = *(const int *)value, OK : BAD_PARAM;
    case CONVOLUTION * 10000 + 106: return type == INT64_T && one ? longs(&it->axes, 1, 1, value) : BAD_PARAM;
    case CONVOLUTION * 10000 + 102: return it->axes_set += count, type == INT64_T ? longs(it->dilations, 3, count, value) : BAD_PARAM;
    case CONVOLUTION * 10000 + 103: return it->axes_set += count, type == INT64_T ? longs(it->steps, 3, count, value) : BAD_PARAM;
    case CONVOLUTION * 10000 + 104: return it->axes_set += count, type == INT64_T ? longs(it->behind, 3, count, value) : BAD_PARAM;
    case CONVOLUTION * 10000 + 105: return it->axes_set += count, type == INT64_T ? longs(it->before, 3, count, value) : BAD_PARAM;
    case GRAPH * 10000 + 800: case PLAN * 10000 + 400:
      return type == HANDLE_T && one ? it->handle = *(void *const *)value, OK : BAD_PARAM;
    case GRAPH * 10000 + 801: {
      D *op = *(D *const *)value;
      return type == DESCRIPTOR_T && one && op->kind >= FORWARD && op->kind <= BY_INPUT ? part(it, 0, value, op->kind) : BAD_PARAM;
    }
    case HEURISTICS * 10000 + 201: return type == DESCRIPTOR_T && one ? part(it, 0, value, GRAPH) : BAD_PARAM;
    case HEURISTICS * 10000 + 200: return type == HEUR_T && one ? it->heuristics = *(const int *)value, OK : BAD_PARAM;
    case PLAN * 10000 + 401: return type == DESCRIPTOR_T && one ? part(it, 0, value, CONFIG) : BAD_PARAM;
    case PACK * 10000 + 1000: return type == INT64_T && count == 3 ? longs(it->ids, 3, 3, value) : BAD_PARAM;
    case PACK * 10000 + 1001: return type == POINTER_T && count == 3 ? memcpy(it->pointers, value, 24), OK : BAD_PARAM;
    case PACK * 10000 + 1003: return type == POINTER_T && one ? it->workspace = *(void *const *)value, OK : BAD_PARAM;
  }
  if (it->kind < FORWARD || it->kind > BY_INPUT) return BAD_PARAM;
  // The attributes of the three operations, as cudnn_graph.h numbers them: convolution, first operand, second operand, result.
  static const int names[3][4] = {{702, 704, 703, 705}, {714, 716, 717, 715}, {708, 711, 709, 710}};
  static const int factors[3] = {700, 712, 706};
  if (name == factors[it->kind - FORWARD] || name == factors[it->kind - FORWARD] + 1) {
    *(name == factors[it->kind - FORWARD] ? &it->alpha : &it->beta) = *(const float *)value;
    return type == FLOAT_T && one ? OK : BAD_PARAM;
  }
  for (int i = 0; i < 4; i++) {
    if (names[it->kind - FORWARD][i] == name) return type == DESCRIPTOR_T && one ? part(it, i, value, i == 0 ? CONVOLUTION : TENSOR) : BAD_PARAM;
  }
  return BAD_PARAM;
}

static D *operation(const D *it) {
  while (it->kind != FORWARD && it->kind != BY_WEIGHTS && it->kind != BY_INPUT) it = it->parts[0];
  return (D *)it;
}
static D *image(const D *op) { return op->parts[op->kind == BY_INPUT ? 3 : 1]; }
static D *weights(const D *op) { return op->parts[op->kind == BY_WEIGHTS ? 3 : 2]; }
static D *output(const D *op) { return op->parts[op->kind == FORWARD ? 3 : op->kind == BY_INPUT ? 1 : 2]; }

static int agree(const D *op) {
  for (int i = 0; i < 4; i++) {
    if (op->parts[i] == 0) return 0;
  }
  const D *c = op->parts[0], *x = image(op), *w = weights(op), *y = output(op);
  int n = (int)c->axes;
  if (c->compute != 1 || c->mode != 1 || c->axes_set != 4 * n || op->alpha != 1 || op->beta != 0) return 0;
  if (x->rank != n + 2 || w->rank != n + 2 || y->rank != n + 2 || x->type != w->type || x->type != y->type) return 0;
  if (x->dims[0] != y->dims[0] || w->dims[0] != y->dims[1] || x->dims[1] % w->dims[1] != 0 || w->dims[0] % (x->dims[1] / w->dims[1]) != 0) return 0;
  for (int d = 0; d < n; d++) {
    int64_t room = x->dims[2 + d] + c->before[d] + c->behind[d] - c->dilations[d] * (w->dims[2 + d] - 1) - 1;
    if (room < 0 || room / c->steps[d] + 1 != y->dims[2 + d] || c->before[d] < 0 || c->behind[d] < 0) return 0;
  }
  return 1;
}

int cudnnBackendFinalize(D *it) {
  if (it->kind == TENSOR && (it->rank < 4 || it->rank != it->ranks || it->id == 0 || it->alignment == 0)) return BAD_PARAM;
  if (it->kind >= FORWARD && it->kind <= BY_INPUT && !agree(it)) return BAD_PARAM;
  if ((it->kind == GRAPH || it->kind == PLAN) && it->handle != &handle) return BAD_PARAM;
  if (it->kind == GRAPH && operation(it)->parts[3]->dims[1] == 78) return NOT_SUPPORTED;
  if (it->kind == HEURISTICS) {
    questions++;
    if (it->heuristics == 3 && operation(it)->parts[3]->dims[1] == 77) return NOT_SUPPORTED;
  }
  if (it->kind == PLAN && it->parts[0]->engine == 1) return NOT_SUPPORTED;
  return it->complete = 1, OK;
}

// The first engine is one of Winograd's, the second does not run, the third does; where the result has 77 channels there is none, and where it has
// 76 the one of the last resort alone.
int cudnnBackendGetAttribute(D *it, int name, int type, int64_t most, int64_t *count, void *value) {
  if (it->kind == HEURISTICS && name == 202 && type == DESCRIPTOR_T && it->complete && most >= 3) {
    int64_t channels = operation(it)->parts[3]->dims[1];
    *count = channels == 77 || (channels == 76 && it->heuristics == 3) ? 0 : it->heuristics == 3 ? 3 : 1;
    for (int i = 0; i < *count; i++) {
      D *config = ((D **)value)[i];
      if (config->kind != CONFIG) return BAD_PARAM;
      config->complete = 1;
      config->engine = it->heuristics == 3 ? i : 2;
      config->parts[0] = malloc(sizeof(D));
      *config->parts[0] = *it;
    }
    return OK;
  }
  if (it->kind == CONFIG && name == 300 && type == DESCRIPTOR_T && most == 1) {
    D *engine = *(D **)value;
    engine->engine = it->engine;
    return engine->kind == ENGINE ? *count = 1, OK : BAD_PARAM;
  }
  if (it->kind == ENGINE && name == 1303 && type == NOTE_T && most >= 2) {
    ((int *)value)[0] = 0;
    ((int *)value)[1] = 5;
    return *count = it->engine == 0 ? 2 : 1, OK;
  }
  if (it->kind == PLAN && name == 402 && type == INT64_T && most == 1 && it->complete) return *(int64_t *)value = 4096, *count = 1, OK;
  return BAD_PARAM;
}

static int element(const D *t) { return t->type == 9 ? BF16 : t->type; }

static int64_t at(const D *t, int64_t outer, int64_t inner, const int64_t *index) {
  int64_t a = outer * t->strides[0] + inner * t->strides[1];
  for (int d = 0; d < t->rank - 2; d++) a += index[d] * t->strides[2 + d];
  return a;
}

static int next(int64_t *index, const D *t) {
  for (int d = t->rank - 3; d >= 0; d--) {
    if (++index[d] < t->dims[2 + d]) return 1;
    index[d] = 0;
  }
  return 0;
}

// The stream must be 4711 and the workspace aligned to 256 bytes; on a stream of 0 a convolution fails as one that the device could not run.
int cudnnBackendExecute(void *h, D *plan, D *pack) {
  if (h != &handle || plan->kind != PLAN || !plan->complete || pack->kind != PACK || !pack->complete) return BAD_PARAM;
  if (stream == 0) return EXECUTION_FAILED;
  if ((uintptr_t)stream != 4711 || pack->workspace == 0 || (uintptr_t)pack->workspace % 256 != 0) return BAD_PARAM;
  const D *op = operation(plan), *c = op->parts[0], *x = image(op), *w = weights(op), *y = output(op), *r = op->parts[3];
  void *data[4] = {0};
  for (int i = 1; i < 4; i++) {
    for (int j = 0; j < 3; j++) {
      if (pack->ids[j] == op->parts[i]->id) data[i] = pack->pointers[j];
    }
    if (data[i] == 0 || (uintptr_t)data[i] % op->parts[i]->alignment != 0) return BAD_PARAM;
  }
  int64_t size = 1;
  for (int d = 0; d < r->rank; d++) size += (r->dims[d] - 1) * r->strides[d];
  double *sums = calloc(size, 8);
  int64_t groups = x->dims[1] / w->dims[1], channels = w->dims[1], outputs = w->dims[0] / groups;
  for (int64_t n = 0; n < x->dims[0]; n++) {
    for (int64_t k = 0; k < w->dims[0]; k++) {
      for (int64_t i = 0; i < channels; i++) {
        int64_t channel = k / outputs * channels + i, o[3] = {0}, p[3];
        do {
          int64_t t[3] = {0};
          do {
            int inside = 1;
            for (int d = 0; d < c->axes; d++) {
              p[d] = o[d] * c->steps[d] + t[d] * c->dilations[d] - c->before[d];
              inside &= p[d] >= 0 && p[d] < x->dims[2 + d];
            }
            if (!inside) continue;
            int64_t ax = at(x, n, channel, p), aw = at(w, k, i, t), ay = at(y, n, k, o);
            int64_t first = op->kind == BY_INPUT ? ay : ax, second = op->kind == BY_WEIGHTS ? ay : aw;
            sums[op->kind == FORWARD ? ay : op->kind == BY_INPUT ? ax : aw] +=
                get(data[1], element(x), first) * get(data[2], element(x), second);
          } while (next(t, w));
        } while (next(o, y));
      }
    }
  }
  int64_t index[3] = {0};
  do {
    for (int64_t n = 0; n < r->dims[0]; n++) {
      for (int64_t k = 0; k < r->dims[1]; k++) put(data[3], element(x), at(r, n, k, index), sums[at(r, n, k, index)]);
    }
  } while (next(index, r));
  free(sums);
  return OK;
}
