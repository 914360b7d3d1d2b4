package dev.tenzan.cpu.machine;

import java.util.Collections;
import java.util.List;
import java.util.stream.LongStream;

/**
 * Writes the same instructions for processors without AVX-512: vectors of 256 bits in 16 registers (VEX, AVX2 and FMA). Encodings: Intel SDM,
 * volume 2, section 2.3 and each instruction's page.
 *
 * <p>Masks are vectors here, of lanes with all bits set or none, in registers from 1 to 15. Only loads and stores of whole numbers of 32 or 64 bits
 * take one.
 */
public final class Avx2Assembler extends Assembler {
  /** The bytes of a vector. */
  static final int VECTOR = 32;

  private static final int VMOVD = 0x6E;

  /** VMOVD and VMOVQ to memory. */
  private static final int MOVE_FIRST = 0x7E;

  private static final int MASKED_LOAD = 0x2C;
  private static final int MASKED_STORE = 0x2E;

  @Override
  int length(VectorOp op) {
    return op.length - 1;
  }

  @Override
  int scale(int unit) {
    return 1;
  }

  @Override
  void begin(int map, int prefix, int wide, int opcode, int length, int register, int first, int b, int x, int mask, boolean zeroing) {
    if (mask != ALL || length > 1 || (register | first) > 15) {
      throw new IllegalArgumentException("not with AVX2: opcode " + Integer.toHexString(opcode) + ", mask " + mask + ", length " + length);
    }
    int last = (~first & 15) << 3 | length << 2 | prefix;
    int r = (register >> 3 ^ 1) << 7;
    // Of the first map's instructions that are used here, only VMOVQ asks for W.
    boolean w = wide == 1 && (map != 1 || opcode == MOVE_FIRST);
    if (map == 1 && b == 0 && x == 0 && !w) {
      emit(0xC5, r | last, opcode);
    } else {
      emit(0xC4, r | (x ^ 1) << 6 | (b ^ 1) << 5 | map, (w ? 0x80 : 0) | last, opcode);
    }
  }

  @Override
  int vectorOf(long number, int numberBytes, int bytes) {
    return constant(Collections.nCopies(bytes / numberBytes, number), numberBytes);
  }

  @Override
  boolean readsNumbers() {
    return false;
  }

  @Override
  void vectorWithNumber(VectorOp op, int to, int a, int base, int distance) {
    throw new IllegalArgumentException("AVX2 reads no number for all lanes: " + op);
  }

  @Override
  void vectorLoad(VectorOp op, int to, int base, int distance, int mask) {
    if (mask == ALL) {
      // VPBROADCASTQ has another W than with EVEX.
      begin(op.map, op.prefix, op == VectorOp.BROADCAST_LONGS ? 0 : op.wide, op.opcode, length(op), to, 0, base >> 3, 0, ALL, false);
    } else {
      begin(2, 1, 0, masked(MASKED_LOAD, op == VectorOp.LOAD, op == VectorOp.LOAD_LONGS, op), 1, to, mask, base >> 3, 0, ALL, false);
    }
    memory(to, base, distance, 1);
  }

  @Override
  void vectorStore(VectorOp op, int from, int base, int distance, int mask) {
    if (mask == ALL) {
      super.vectorStore(op, from, base, distance, ALL);
      return;
    }
    begin(2, 1, 0, masked(MASKED_STORE, op == VectorOp.STORE, op == VectorOp.STORE_LONGS, op), 1, from, mask, base >> 3, 0, ALL, false);
    memory(from, base, distance, 1);
  }

  /** The opcode of VMASKMOVPS or VMASKMOVPD. */
  private static int masked(int opcode, boolean isNarrow, boolean isWide, VectorOp op) {
    if (!isNarrow && !isWide) {
      throw new IllegalArgumentException("AVX2 has no mask for " + op);
    }
    return isWide ? opcode + 1 : opcode;
  }

  @Override
  public void gather(boolean halved, int to, int base, int distances, int mask) {
    if (halved) {
      throw new IllegalArgumentException("vectors of half the length are not used with AVX2");
    }
    gather(VectorOp.VPGATHERDD, to, base, distances, mask);
  }

  @Override
  public void gather(VectorOp op, int to, int base, int distances, int mask) {
    begin(op, to, mask, base >> 3, distances >> 3, ALL, false);
    emit((to & 7) << 3 | 4, (distances & 7) << 3 | base & 7);
  }

  @Override
  void broadcast(int to, int register) {
    begin(1, 1, 0, VMOVD, 0, to, 0, 0, 0, ALL, false);
    emit(0xC0 | (to & 7) << 3 | register);
    vector(VectorOp.BROADCAST, to, 0, to);
  }

  @Override
  public void maskFromRegister(int mask, int register) {
    maskFromRegister(mask, register, false);
  }

  @Override
  void maskFromRegister(int mask, int register, boolean wide) {
    List<Long> bits = LongStream.range(0, wide ? 4 : 8).map(l -> 1L << l).boxed().toList();
    Source.Table each = new Source.Table(bits);
    VectorForm form = new VectorForm(wide, bits.size());
    broadcast(mask, register);
    if (wide) {
      lanes(LaneOp.BROADCAST, form, mask, 0, new Source.Register(mask));
    }
    lanes(LaneOp.AND, form, mask, mask, each);
    begin(wide ? 2 : 1, 1, 0, wide ? 0x29 : 0x76, 1, mask, mask, 0, 0, ALL, false); // VPCMPEQQ, VPCMPEQD
    behind(mask, constant(bits, wide ? Long.BYTES : Integer.BYTES), 0);
  }

  @Override
  public void copyMask(int to, int from) {
    vector(VectorOp.LOAD, to, 0, from);
  }

  @Override
  public void lanes(LaneOp op, VectorForm form, int to, int first, Source second, int mask, boolean zeroing) {
    if (op == LaneOp.BROADCAST && form.wide() && mask == ALL) {
      // VPBROADCASTQ has another W than with EVEX.
      instruction(encoding(op, form).narrow(), to, first, second, ALL, false, 0);
    } else if (mask != ALL && (op == LaneOp.LOAD && zeroing || op == LaneOp.STORE) && second instanceof Source.Memory) {
      int opcode = (op == LaneOp.LOAD ? MASKED_LOAD : MASKED_STORE) + (form.wide() ? 1 : 0);
      instruction(new Encoding(2, 1, 0, opcode, form.length(), form.bytes(), form.laneBytes()), to, mask, second, ALL, false, 0);
    } else {
      super.lanes(op, form, to, first, second, mask, zeroing);
    }
  }

  /** Takes every other lane of two vectors of 32 bits a lane: the even ones of the first, the odd ones of the second (VSHUFPS, VPERMPD). */
  void everyOther(int to, int even, int odd) {
    begin(1, 0, 0, 0xC6, 1, to, even, odd >> 3, 0, ALL, false);
    emit(0xC0 | (to & 7) << 3 | odd & 7, 0xD8); // 0, 2 and 1, 3 within each part of 128 bits
    begin(3, 1, 1, 0x01, 1, to, 0, to >> 3, 0, ALL, false);
    emit(0xC0 | (to & 7) << 3 | to & 7, 0xD8);
  }

  /** Selects parts of 128 bits of two sources, by a constant (VPERM2F128). */
  void parts(int to, int a, int b, int constant) {
    begin(3, 1, 0, 0x06, 1, to, a, b >> 3, 0, ALL, false);
    emit(0xC0 | (to & 7) << 3 | b & 7, constant);
  }

  @Override
  public void setOnes(int register) {
    begin(1, 1, 0, 0x76, 1, register, register, register >> 3, 0, ALL, false); // VPCMPEQD
    emit(0xC0 | (register & 7) << 3 | register & 7);
  }
}
