package dev.tenzan.reference;

import dev.tenzan.type.Affine;
import dev.tenzan.type.DType;
import dev.tenzan.type.Shape;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** A kernel made ready to run. The backend checks {@link #accesses}, so that {@link #run} can trust them. */
interface Runner {
  /**
   * The elements of one buffer that a kernel may touch.
   *
   * @param slot the buffer's position in the launch: inputs, then outputs
   * @param storage the element type
   * @param first the least element touched
   * @param last the greatest element touched; below {@code first} where none is
   */
  record Access(int slot, DType storage, long first, long last) {
    /** The first {@code count} elements. */
    static Access dense(int slot, DType storage, long count) {
      return new Access(slot, storage, 0, count - 1);
    }

    /** Every value of an address over a box of indices. */
    static Access affine(int slot, DType storage, Affine address, Shape box) {
      return box.isEmpty()
          ? dense(slot, storage, 0)
          : new Access(slot, storage, address.min(box), address.max(box));
    }
  }

  /** Everything that a run may touch. */
  List<Access> accesses();

  /**
   * Runs the kernel.
   *
   * @param inputs one segment for each input
   * @param outputs one segment for each output
   */
  void run(List<MemorySegment> inputs, List<MemorySegment> outputs);
}
