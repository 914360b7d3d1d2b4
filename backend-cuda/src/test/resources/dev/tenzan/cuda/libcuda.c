// Stands in for NVIDIA's driver, so that what JCudaDriver passes to it can be seen without a GPU: device memory is the host's, and the one
// kernel is done at once. It checks its arguments as far as the driver does.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef int CUresult;
typedef unsigned long long CUdeviceptr;
enum { OK = 0, INVALID_VALUE = 1, OUT_OF_MEMORY = 2, INVALID_DEVICE = 101, INVALID_PTX = 218, INVALID_CONTEXT = 201, ILLEGAL_STATE = 401, NOT_FOUND = 500 };

int stream; // tests look its address up
static int devices[2];
static int contexts[2];
static __thread void *current;
static int module;
static int function;
static int many;
static int mapped;

CUresult cuInit(unsigned flags) { return flags == 0 ? OK : INVALID_VALUE; }
CUresult cuDriverGetVersion(int *version) { return *version = 12080, OK; }
CUresult cuDeviceGetCount(int *count) { return *count = 2, OK; }
CUresult cuDeviceGet(int *device, int ordinal) { return *device = ordinal, ordinal >= 0 && ordinal < 2 ? OK : INVALID_DEVICE; }
CUresult cuDeviceGetName(char *name, int length, int device) { return snprintf(name, length, "stub %d", device), OK; }
CUresult cuDeviceTotalMem_v2(size_t *bytes, int device) { return *bytes = 3000000000ull + device, OK; }
CUresult cuDeviceGetAttribute(int *value, int attribute, int device) {
  switch (attribute) {
    case 75: *value = 9; return OK;
    case 76: *value = device; return OK;
    case 16: *value = 132; return OK;
    case 13: *value = 1980000; return OK;
    case 8: *value = 49152; return OK;
    case 1: *value = 1024; return OK;
    default: return INVALID_VALUE;
  }
}
CUresult cuDevicePrimaryCtxRetain(void **context, int device) { return devices[device]++, *context = &contexts[device], OK; }
CUresult cuDevicePrimaryCtxRelease_v2(int device) { return devices[device]-- > 0 ? OK : INVALID_CONTEXT; }
CUresult cuCtxSetCurrent(void *context) { return current = context, OK; }
CUresult cuCtxEnablePeerAccess(void *peer, unsigned flags) {
  return flags != 0 ? INVALID_VALUE : peer == current ? INVALID_CONTEXT : 704;
}
CUresult cuDeviceCanAccessPeer(int *can, int device, int peer) { return *can = device != peer, OK; }

CUresult cuStreamCreate(void **s, unsigned flags) { return *s = &stream, current == 0 ? INVALID_CONTEXT : flags == 1 ? OK : INVALID_VALUE; }
CUresult cuStreamSynchronize(void *s) { return s == &stream ? OK : INVALID_VALUE; }
CUresult cuStreamDestroy_v2(void *s) { return s == &stream ? OK : INVALID_VALUE; }
CUresult cuStreamWaitEvent(void *s, void *event, unsigned flags) { return s == &stream && *(int *)event >= 0 && flags == 0 ? OK : INVALID_VALUE; }

// A stream is recorded without looking at what: a graph is a number, and what is made of it another one.
static int recording;
CUresult cuStreamBeginCapture_v2(void *s, int mode) {
  if (current == 0 || s != &stream || mode != 2) return INVALID_VALUE;
  return recording++ == 0 ? OK : ILLEGAL_STATE;
}
CUresult cuStreamEndCapture(void *s, void **graph) {
  if (s != &stream || recording == 0) return ILLEGAL_STATE;
  return recording = 0, *graph = malloc(1), *(char *)*graph = 7, OK;
}
CUresult cuGraphInstantiateWithFlags(void **executable, void *graph, unsigned long long flags) {
  if (*(char *)graph != 7 || flags != 0) return INVALID_VALUE;
  return *executable = malloc(1), *(char *)*executable = 8, OK;
}
CUresult cuGraphDestroy(void *graph) { return *(char *)graph == 7 ? free(graph), OK : INVALID_VALUE; }
CUresult cuGraphLaunch(void *executable, void *s) { return *(char *)executable == 8 && s == &stream && recording == 0 ? OK : INVALID_VALUE; }
CUresult cuGraphExecDestroy(void *executable) { return *(char *)executable == 8 ? free(executable), OK : INVALID_VALUE; }

CUresult cuEventCreate(void **event, unsigned flags) { return *event = calloc(1, sizeof(int)), flags == 2 ? OK : INVALID_VALUE; }
CUresult cuEventRecord(void *event, void *s) { return ++*(int *)event, s == &stream ? OK : INVALID_VALUE; }
CUresult cuEventSynchronize(void *event) { return *(int *)event >= 0 ? OK : INVALID_VALUE; }
CUresult cuEventDestroy_v2(void *event) { return free(event), OK; }

CUresult cuMemAlloc_v2(CUdeviceptr *address, size_t bytes) {
  if (current == 0) return INVALID_CONTEXT;
  if (bytes > 1000000000) return OUT_OF_MEMORY;
  return *address = (CUdeviceptr)(uintptr_t)aligned_alloc(256, (bytes + 255) / 256 * 256), OK;
}
CUresult cuMemFree_v2(CUdeviceptr address) {
  if (address % 256 != 0) return INVALID_VALUE;
  return free((void *)(uintptr_t)address), OK;
}
CUresult cuMemGetInfo_v2(size_t *free_bytes, size_t *total) { return *free_bytes = 1234, *total = 5678, OK; }
CUresult cuMemAllocHost_v2(void **memory, size_t bytes) { return *memory = malloc(bytes), OK; }
CUresult cuMemFreeHost(void *memory) { return free(memory), OK; }
CUresult cuMemcpyHtoDAsync_v2(CUdeviceptr to, const void *from, size_t bytes, void *s) {
  return memcpy((void *)(uintptr_t)to, from, bytes), s == &stream ? OK : INVALID_VALUE;
}
CUresult cuMemcpyDtoHAsync_v2(void *to, CUdeviceptr from, size_t bytes, void *s) {
  return memcpy(to, (void *)(uintptr_t)from, bytes), s == &stream ? OK : INVALID_VALUE;
}
CUresult cuMemcpyDtoDAsync_v2(CUdeviceptr to, CUdeviceptr from, size_t bytes, void *s) {
  return memcpy((void *)(uintptr_t)to, (void *)(uintptr_t)from, bytes), s == &stream ? OK : INVALID_VALUE;
}
CUresult cuMemcpyPeerAsync(CUdeviceptr to, void *to_context, CUdeviceptr from, void *from_context, size_t bytes, void *s) {
  if (to_context != &contexts[1] || from_context != &contexts[0]) return INVALID_CONTEXT;
  return cuMemcpyDtoDAsync_v2(to, from, bytes, s);
}

// Takes "good", followed by the zero that must end PTX; writes a log to all else.
CUresult cuModuleLoadDataEx(void **m, const void *image, unsigned count, int *options, void **values) {
  if (strcmp(image, "good") == 0) return *m = &module, OK;
  if (count == 2 && options[0] == 5 && options[1] == 6) {
    snprintf(values[0], (size_t)(unsigned)(uintptr_t)values[1], "line 7: the stub does not know %s", (const char *)image);
  }
  return INVALID_PTX;
}
CUresult cuModuleUnload(void *m) { return m == &module ? OK : INVALID_VALUE; }
CUresult cuModuleGetFunction(void **f, void *m, const char *name) {
  *f = strcmp(name, "tz_many") == 0 ? &many : strcmp(name, "tz_mapped") == 0 ? &mapped : &function;
  return m != &module ? INVALID_VALUE : *f == &many || *f == &mapped || strcmp(name, "tz_stub") == 0 ? OK : NOT_FOUND;
}
CUresult cuFuncGetAttribute(int *value, int attribute, void *f) { return *value = 100 + attribute, f == &function ? OK : INVALID_VALUE; }

// Writes what it was given, two numbers of 4 bytes a word.
CUresult cuTensorMapEncodeTiled(void *map, int type, uint32_t rank, void *address, const uint64_t *dims, const uint64_t *strides, const uint32_t *box,
                                const uint32_t *steps, int interleave, int swizzle, int promotion, int fill) {
  if (current == 0) return INVALID_CONTEXT;
  if (rank != 3 || (uintptr_t)map % 64 != 0 || (uintptr_t)address % 16 != 0 || strides[0] % 16 != 0 || strides[1] % 16 != 0) return INVALID_VALUE;
  uint64_t words[16] = {(uint64_t)type, (uintptr_t)address, dims[0], dims[1], dims[2], strides[0], strides[1], box[0] | (uint64_t)box[1] << 32,
                        box[2] | (uint64_t)steps[0] << 32, steps[1] | (uint64_t)steps[2] << 32, interleave | (uint64_t)swizzle << 32,
                        promotion | (uint64_t)fill << 32, 12, 13, 14, 15};
  return memcpy(map, words, sizeof words), OK;
}

// tz_mapped(map, map, long *out, int n): out[i] = the maps' words, and behind them n.
static CUresult launch_mapped(void **parameters) {
  long long *out = *(long long **)parameters[2];
  memcpy(out, parameters[0], 128);
  memcpy(out + 16, parameters[1], 128);
  out[32] = *(int *)parameters[3];
  return (uintptr_t)parameters[0] % 64 == 0 && (uintptr_t)parameters[1] % 64 == 0 ? OK : INVALID_VALUE;
}

// tz_many(long *out, int n, ...): the n parameters behind it to out.
static CUresult launch_many(void **parameters) {
  long long *out = *(long long **)parameters[0];
  const int n = *(int *)parameters[1];
  for (int i = 0; i < n; i++) out[i] = *(long long *)parameters[2 + i];
  return OK;
}

// tz_stub(long *out, const int *in, int n, long add): out[i] = in[i] + add, and at the end of out the launch's shape.
CUresult cuLaunchKernel(void *f, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz, unsigned shared, void *s,
                        void **parameters, void **extra) {
  if (current == 0) return INVALID_CONTEXT;
  if (f == &mapped) return launch_mapped(parameters);
  if (f == &many) return gx == 1 && bx == 1 && shared == 0 && s == &stream && extra == 0 ? launch_many(parameters) : INVALID_VALUE;
  if (f != &function || gy != 1 || gz != 1 || by != 1 || bz != 1 || s != &stream || extra != 0) return INVALID_VALUE;
  long long *out = *(long long **)parameters[0];
  const int *in = *(const int **)parameters[1];
  const int n = *(int *)parameters[2];
  const long long add = *(long long *)parameters[3];
  for (int i = 0; i < n; i++) out[i] = in[i] + add;
  out[n] = gx;
  out[n + 1] = bx;
  out[n + 2] = shared;
  return OK;
}
