// Which elements of an input the windows of a convolution fall on.
#pragma once

// The coordinate that a window position falls on, or -1 where there is no element.
template <class I>
__device__ __forceinline__ I coordinate(I at, I extent, I dilation) {
  if (dilation != 1) {
    if (at < 0 || at % dilation != 0) {
      return -1;
    }
    at /= dilation;
  }
  return at >= 0 && at < extent ? at : -1;
}

// Where a window begins along an axis: the last element at or before that, and how far behind it. Dilated elements are `dilation` apart.
struct Begin {
  int element;
  int behind;

  __device__ __forceinline__ Begin(int at, int dilation) : element(at), behind(0) {
    if (dilation != 1) {
      element = at / dilation;
      behind = at % dilation;
      if (behind < 0) {
        element--;
        behind += dilation;
      }
    }
  }
};

// A position of a window along an axis: of the windows that begin `behind` an element it falls on the element so many further on, and on
// none of the others. So what it adds to an element's address is the same for all windows.
struct Tap {
  long long elements;
  long long behind;
};

// The mask of the `count` window positions along an axis that fall on an element: `inner`, which has `width` bits, for each of them.
__device__ __forceinline__ unsigned long long covered(const Tap* __restrict__ taps, int count, Begin begin, int extent,
                                                      unsigned long long inner, int width) {
  unsigned long long mask = 0;
#pragma unroll 1
  for (int i = 0; i < count; i++) {
    if ((int)taps[i].behind == begin.behind && (unsigned int)(begin.element + (int)taps[i].elements) < (unsigned int)extent) {
      mask |= inner << (i * width);
    }
  }
  return mask;
}
