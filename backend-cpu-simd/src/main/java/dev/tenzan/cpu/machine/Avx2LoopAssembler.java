package dev.tenzan.cpu.machine;

import java.util.List;

/**
 * Writes with AVX2 what loops do by few instructions of AVX-512: the lesser or greater of floats, and moves of elements that are apart, or narrower than
 * lanes. The latter overwrite RAX and R10.
 */
final class Avx2LoopAssembler extends Avx2Assembler {
  /** Selects numbers 0 and 2, then 1 and 3: of two sources (VSHUFPS); and 0, 2, 1 and 3 of one (VPERMQ). */
  private static final int EVEN_THEN_ODD = 0xD8;

  private static final int FIRST_AND_THIRD = 0x08;

  /** Counts the elements of one or two bytes that are moved one by one. */
  private static final int COUNT = R10;

  /**
   * The lesser or greater, with the sources in both orders: an instruction gives the second one where one is NaN, or both are zeros. Both results differ in
   * these cases alone, and for the lesser, an "or" of both is NaN or -0 where it has to be.
   */
  @Override
  public void extreme(boolean least, VectorForm form, int to, int first, Source second, int k) {
    LaneOp op = least ? LaneOp.MIN : LaneOp.MAX;
    Source.Register target = new Source.Register(to);
    Source.Register other = new Source.Register(k);
    whole(second instanceof Source.Constant ? LaneOp.BROADCAST : LaneOp.LOAD, form, to, 0, second);
    whole(op, form, k, first, target);
    whole(op, form, to, to, new Source.Register(first));
    if (least) {
      whole(LaneOp.OR, form, to, to, other);
    } else {
      // The "or" keeps NaN; for zeros it is -0, from which +0 - or what tells them apart, -0 - is taken away.
      whole(LaneOp.XOR, form, k, k, target);
      whole(LaneOp.OR, form, to, to, other);
      whole(LaneOp.SUBTRACT, form, to, to, other);
    }
  }

  // Elements of one or two bytes, in the lower part of a vector; for the lanes of a mask, which are the first ones, they are moved one by one.

  @Override
  public void extend(VectorOp op, boolean halved, int to, Source.Memory from, int bytes, int mask) {
    if (mask == ALL) {
      vector(op, halved, to, from, ALL, false);
      return;
    }
    address(RAX, from);
    countLanes(halved, mask);
    clear(to);
    int again = here();
    shiftBytes(7, to, bytes);
    addConstant(COUNT, -1);
    begin(bytes == 1 ? 3 : 1, 1, 0, bytes == 1 ? 0x20 : 0xC4, 0, to, to, 0, COUNT >> 3, ALL, false); // VPINSRB, VPINSRW
    indexed(to, new Source.Memory(RAX, COUNT, bytes, 0), 1);
    emit(0);
    jumpIfNotZero(again);
    vector(op, halved, to, new Source.Register(to), ALL, false);
  }

  @Override
  public void storeLower(boolean halved, int from, Source.Memory to, int bytes, int mask, int temporary) {
    long lower = bytes == 1 ? 0xFFFFFFFF_0C080400L : 0x0D0C0908_05040100L;
    Encoding shuffle = new Encoding(2, 1, 0, 0x00, 1, VECTOR, Byte.BYTES); // VPSHUFB
    instruction(shuffle, temporary, from, new Source.Table(List.of(lower, -1L, lower, -1L)), ALL, false, 0);
    if (halved) {
      storeElements(true, temporary, to, bytes, mask);
      return;
    }
    begin(3, 1, 1, 0x00, 1, temporary, 0, temporary >> 3, 0, ALL, false); // VPERMQ
    emit(0xC0 | (temporary & 7) << 3 | temporary & 7, FIRST_AND_THIRD);
    if (bytes == 1) {
      vector(VectorOp.VPSHUFD, false, temporary, new Source.Register(temporary), ALL, false, FIRST_AND_THIRD);
    }
    storeElements(halved, temporary, to, bytes, mask);
  }

  @Override
  public void storeHalves(boolean halved, int from, Source.Memory to, int mask, int temporary) {
    if (mask == ALL) {
      vector(VectorOp.VCVTPS2PH, halved, from, to, ALL, false, NEAREST);
    } else {
      vector(VectorOp.VCVTPS2PH, halved, from, new Source.Register(temporary), ALL, false, NEAREST);
      storeElements(halved, temporary, to, Short.BYTES, mask);
    }
  }

  private void storeElements(boolean halved, int from, Source.Memory to, int bytes, int mask) {
    if (mask == ALL) {
      int size = (halved ? 4 : 8) * bytes;
      if (size <= Long.BYTES) {
        whole(LaneOp.STORE_FIRST, new VectorForm(size == Long.BYTES, 4), from, 0, to);
      } else {
        whole(LaneOp.STORE, new VectorForm(false, 4), from, 0, to);
      }
      return;
    }
    address(RAX, to);
    countLanes(halved, mask);
    int again = here();
    begin(3, 1, 0, bytes == 1 ? 0x14 : 0x15, 0, from, 0, 0, 0, ALL, false); // VPEXTRB, VPEXTRW
    memory(from, RAX, 0, 1);
    emit(0);
    shiftBytes(3, from, bytes);
    addConstant(RAX, bytes);
    addConstant(COUNT, -1);
    jumpIfNotZero(again);
  }

  void countLanes(boolean halved, int mask) {
    begin(1, halved ? 1 : 0, 0, 0x50, 1, COUNT, 0, mask >> 3, 0, ALL, false); // VMOVMSKPS, VMOVMSKPD
    emit(0xC0 | (COUNT & 7) << 3 | mask & 7);
    countOnes(COUNT, COUNT);
  }

  /** VPSLLDQ (opcode extension 7), VPSRLDQ (3). */
  private void shiftBytes(int extension, int to, int bytes) {
    begin(1, 1, 0, 0x73, 0, extension, to, to >> 3, 0, ALL, false);
    emit(0xC0 | extension << 3 | to & 7, bytes);
  }

  @Override
  public void everyOtherPlaces(VectorForm form, int register) {
    // The instructions' constants say them.
  }

  @Override
  public void everyOther(VectorForm form, int to, Source second, int places) {
    instruction(new Encoding(1, 0, 0, 0xC6, form.length(), form.bytes(), form.laneBytes()), to, to, second, ALL, false, 1); // VSHUFPS
    emit(EVEN_THEN_ODD);
    if (form.bytes() == VECTOR) {
      begin(3, 1, 1, 0x00, 1, to, 0, to >> 3, 0, ALL, false); // VPERMQ
      emit(0xC0 | (to & 7) << 3 | to & 7, EVEN_THEN_ODD);
    }
  }
}
