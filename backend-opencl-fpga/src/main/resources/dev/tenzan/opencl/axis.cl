// Scans, scatters and sorts along one axis of [outer, length, inner].
//
// Defined before: T and LABEL by LOAD(p, i), STORE(p, i, v) and COMBINE(a, b) on ACC; KEY, the unsigned type that sorts like T, and
// TO_KEY(v) for descending or rising order. BEGIN(u, n, chunk) opens the loop over the pieces of work of a work-item.

#ifdef SCAN
// The last local result of each block of each line: [line][block].
__kernel void tz_scan_blocks(__global const T* restrict in, __global ACC* restrict part, long length, long inner, long blocks, long units,
                             long chunk) {
  BEGIN(u, units, chunk) {
    const long line = u / blocks;
    const long from = u % blocks * SCAN;
    const long to = min(from + SCAN, length);
    const long start = line / inner * length * inner + line % inner;
    ACC local_result = LOAD(in, start + from * inner);
    for (long p = from + 1; p < to; p++) {
      const ACC x = LOAD(in, start + p * inner);
      local_result = COMBINE(local_result, x);
    }
    part[u] = local_result;
  }
}

// Replaces each block's result by the carry into the block; that of a line's first block has no meaning.
__kernel void tz_scan_carry(__global ACC* restrict part, long blocks, long units, long chunk) {
  BEGIN(u, units, chunk) {
    __global ACC* own = part + u * blocks;
    ACC carry = own[0];
    for (long b = 1; b < blocks; b++) {
      const ACC next = COMBINE(carry, own[b]);
      own[b] = carry;
      carry = next;
    }
  }
}

__kernel void tz_scan(__global const T* restrict in, __global const ACC* restrict part, __global T* restrict out, long length, long inner,
                      long blocks, long units, long chunk) {
  BEGIN(u, units, chunk) {
    const long line = u / blocks;
    const long block = u % blocks;
    const long from = block * SCAN;
    const long to = min(from + SCAN, length);
    const long start = line / inner * length * inner + line % inner;
    const ACC carry = block == 0 ? (ACC)0 : part[u];
    ACC local_result = LOAD(in, start + from * inner);
    for (long p = from; p < to; p++) {
      if (p > from) {
        const ACC x = LOAD(in, start + p * inner);
        local_result = COMBINE(local_result, x);
      }
      const ACC result = block == 0 ? local_result : COMBINE(carry, local_result);
      STORE(out, start + p * inner, result);
    }
  }
}
#endif

#ifdef SCATTER
__kernel void tz_scatter_check(__global const long* restrict indices, volatile __global int* status, long extent, long units, long chunk) {
  BEGIN(u, units, chunk) {
    const long index = indices[u];
    if (index < 0 || index >= extent) tz_bad_index(status, index, extent, u);
  }
}

__kernel void tz_scatter_base(__global const T* restrict base, __global T* restrict out, long units, long chunk) {
  BEGIN(u, units, chunk) {
    out[u] = base[u];
  }
}

// A work-item takes a column and applies the updates in their order. Indices out of range are left out: the check reports them.
__kernel void tz_scatter(__global const long* restrict indices, __global const T* restrict updates, __global T* restrict out,
                         long extent, long inner, long count, long units, long chunk) {
  BEGIN(u, units, chunk) {
    const long o = u / inner;
    const long i = u % inner;
    for (long j = 0; j < count; j++) {
      const long index = indices[j];
      if (index >= 0 && index < extent) {
        const long to = (o * extent + index) * inner + i;
        const long from = (o * count + j) * inner + i;
#ifdef COMBINE
        const ACC old = LOAD(out, to);
        const ACC update = LOAD(updates, from);
        const ACC result = COMBINE(old, update);
        STORE(out, to, result);
#else
        out[to] = updates[from];
#endif
      }
    }
  }
}
#endif

#ifdef SORT
// Keys and positions of each line, line after line.
__kernel void tz_sort_keys(__global const T* restrict in, __global KEY* restrict keys, __global int* restrict positions, long length,
                           long inner, long units, long chunk) {
  BEGIN(u, units, chunk) {
    const long line = u / length;
    const long p = u % length;
    const ACC v = LOAD(in, line / inner * length * inner + line % inner + p * inner);
    keys[u] = TO_KEY(v);
    positions[u] = (int)p;
  }
}

// Merges neighbouring sorted runs of a width: an element's place is its place in its own run and the number of those in the other run
// that come before it. Of equal elements those of the left run come first, so the sort is stable.
__kernel void tz_sort_merge(__global const KEY* restrict keys, __global const int* restrict positions, __global KEY* restrict keys_out,
                            __global int* restrict positions_out, long length, long width, long units, long chunk) {
  BEGIN(u, units, chunk) {
    const long start = u / length * length;
    const long p = u - start;
    const long run = p / width;
    const long pair = run / 2 * 2 * width;
    const long other = min(run % 2 == 0 ? pair + width : pair, length);
    const long end = min(other + width, length);
    const KEY key = keys[u];
    long low = other;
    long high = end;
    while (low < high) {
      const long middle = (low + high) / 2;
      const KEY k = keys[start + middle];
      const int before = run % 2 == 0 ? k < key : k <= key;
      low = before ? middle + 1 : low;
      high = before ? high : middle;
    }
    const long place = start + pair + (p - run * width) + (low - other);
    keys_out[place] = key;
    positions_out[place] = positions[u];
  }
}

// The first count elements of each sorted line.
__kernel void tz_sort_values(__global const T* restrict in, __global const int* restrict positions, __global T* restrict out, long length,
                             long inner, long count, long units, long chunk) {
  BEGIN(u, units, chunk) {
    const long line = u / count;
    const long p = u % count;
    const long from = (line / inner * length + positions[line * length + p]) * inner + line % inner;
    out[(line / inner * count + p) * inner + line % inner] = in[from];
  }
}

__kernel void tz_sort_positions(__global const int* restrict positions, __global long* restrict out, long length, long inner, long count,
                                long units, long chunk) {
  BEGIN(u, units, chunk) {
    const long line = u / count;
    const long p = u % count;
    out[(line / inner * count + p) * inner + line % inner] = positions[line * length + p];
  }
}
#endif
