package dev.tenzan.cpu.machine;

import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.LongStream;

/**
 * Writes the same instructions for processors without AVX-512: vectors of 256 bits in 16 registers (VEX, AVX2 and FMA). Encodings: Intel SDM,
 * volume 2, section 2.3 and each instruction's page.
 *
 * <p>Masks are vectors here, of lanes with all bits set or none, in registers from 1 to 15. Loads and stores take one where numbers have 32 or 64 bits.
 * Other instructions that have a mask, or no encoding with VEX, are written as several, which overwrite register 0. Beside lanes of 64 bits, vectors of
 * four numbers of 32 bits have 128; masks have lanes of 64 bits then. What has lanes of 64 bits may overwrite register 15 as well.
 */
public sealed class Avx2Assembler extends Assembler permits Avx2LoopAssembler {
  /** The bytes of a vector. */
  static final int VECTOR = 32;

  private static final int VMOVD = 0x6E;

  private static final int MASKED_LOAD = 0x2C;
  private static final int MASKED_STORE = 0x2E;

  /** What a function of bits means that is an "or" of the target with an "and" of the sources (VPTERNLOGD). */
  private static final int OR_OF_AND = 0xF8;

  // Select numbers of 32 bits: the other one of each two; and the first two twice each.
  private static final int OTHER_NUMBER = 0xB1;
  private static final int EACH_TWICE = 0x50;

  /** Selects numbers 0 and 2 of two sources (VSHUFPS). */
  private static final int EVEN = 0x88;

  // What constants of comparisons mean (VPCMPD).
  private static final int EQUAL = 0;
  private static final int LESS = 1;
  private static final int LESS_OR_EQUAL = 2;
  private static final int NOT_EQUAL = 4;
  private static final int NOT_LESS = 5;
  private static final int GREATER = 6;

  /** What takes the result of an instruction where more than one has to be written. */
  private static final int SCRATCH = 0;

  /** The same where there are lanes of 64 bits; it has a mask for those of 32 beside them. */
  private static final int SECOND_SCRATCH = 15;

  private static final VectorForm WHOLE = new VectorForm(false, VECTOR / Integer.BYTES);

  /** What there is for lanes of 64 bits and of 32. */
  private static final Set<LaneOp> OF_BOTH =
      Collections.unmodifiableSet(
          EnumSet.of(
              LaneOp.ADD, LaneOp.MULTIPLY, LaneOp.SUBTRACT, LaneOp.MIN, LaneOp.DIVIDE, LaneOp.MAX, LaneOp.SQUARE_ROOT, LaneOp.LOAD, LaneOp.STORE,
              LaneOp.STREAM, LaneOp.FMA132, LaneOp.FMA213, LaneOp.FMA231, LaneOp.FNMA213, LaneOp.ADD_INTEGERS, LaneOp.SUBTRACT_INTEGERS, LaneOp.AND,
              LaneOp.OR, LaneOp.XOR, LaneOp.SHIFT_LEFT, LaneOp.SHIFT_RIGHT));

  /** And for those of 32 bits, some of it for them alone. */
  private static final Set<LaneOp> OF_32_BITS = of32Bits();

  /** What has no encoding with VEX. */
  private static final Set<VectorOp> LACKING =
      Collections.unmodifiableSet(
          EnumSet.of(
              VectorOp.VPDPBUSD, VectorOp.VDPBF16PS, VectorOp.STORE_WORDS, VectorOp.STORE_LOWER_BYTES, VectorOp.BROADCAST_REGISTER,
              VectorOp.STORE_LOWER_WORDS, VectorOp.VPMOVQD, VectorOp.VCVTQQ2PS, VectorOp.VCVTTPS2QQ, VectorOp.BROADCAST_LONG_REGISTER, VectorOp.VCVTQQ2PD,
              VectorOp.VCVTTPD2QQ, VectorOp.VCVTNEPS2BF16, VectorOp.VSHUFI32X4, VectorOp.VPTERNLOGD,
              VectorOp.VPERMT2W, VectorOp.VPERMT2B, VectorOp.VINSERTI64X4));

  private static Set<LaneOp> of32Bits() {
    EnumSet<LaneOp> set = EnumSet.copyOf(OF_BOTH);
    set.addAll(List.of(LaneOp.MAX_UNSIGNED, LaneOp.PERMUTE));
    return Collections.unmodifiableSet(set);
  }

  @Override
  int length(VectorOp op) {
    if (LACKING.contains(op)) {
      throw lacking(op.toString());
    }
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
    // None of the first map's instructions that are used here asks for W.
    boolean w = wide == 1 && map != 1;
    if (map == 1 && b == 0 && x == 0 && !w) {
      emit(0xC5, r | last, opcode);
    } else {
      emit(0xC4, r | (x ^ 1) << 6 | (b ^ 1) << 5 | map, (w ? 0x80 : 0) | last, opcode);
    }
  }

  @Override
  int vectorOf(long number, int numberBytes, int bytes) {
    if (bytes < numberBytes) {
      throw lacking("vector of " + bytes + " bytes of numbers of " + numberBytes);
    }
    return constant(Collections.nCopies(bytes / numberBytes, number), numberBytes);
  }

  @Override
  boolean readsNumbers() {
    return false;
  }

  @Override
  void vectorWithNumber(VectorOp op, int to, int a, int base, int distance) {
    throw lacking("number in memory for all lanes: " + op);
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
      throw lacking("mask for " + op);
    }
    return isWide ? opcode + 1 : opcode;
  }

  @Override
  public void gather(boolean halved, int to, int base, int distances, int mask) {
    if (halved) {
      lowerHalves(mask, mask);
      gather(2, VectorOp.VPGATHERDD.opcode, 0, 0, to, base, distances, mask);
    } else {
      gather(VectorOp.VPGATHERDD, to, base, distances, mask);
    }
  }

  @Override
  public void gather(VectorOp op, int to, int base, int distances, int mask) {
    if (op == VectorOp.VPGATHERQD) {
      lowerHalves(mask, mask);
    }
    gather(op.map, op.opcode, op.wide, length(op), to, base, distances, mask);
  }

  private void gather(int map, int opcode, int wide, int length, int to, int base, int distances, int mask) {
    begin(map, 1, wide, opcode, length, to, mask, base >> 3, distances >> 3, ALL, false);
    emit((to & 7) << 3 | 4, (distances & 7) << 3 | base & 7);
  }

  @Override
  void broadcast(int to, int register) {
    begin(1, 1, 0, VMOVD, 0, to, 0, 0, 0, ALL, false);
    emit(0xC0 | (to & 7) << 3 | register);
    vector(VectorOp.BROADCAST, to, 0, to);
  }

  @Override
  public void broadcastLong(int to, int register) {
    begin(3, 1, 1, 0x22, 0, to, to, 0, 0, ALL, false); // VPINSRQ
    emit(0xC0 | (to & 7) << 3 | register, 0);
    whole(LaneOp.BROADCAST, new VectorForm(true, VECTOR / Long.BYTES), to, 0, new Source.Register(to));
  }

  @Override
  public void maskFromRegister(int mask, int register) {
    maskFromRegister(mask, register, false);
  }

  @Override
  public void maskFromRegister(int mask, int register, boolean wide) {
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
  void constantMask(int mask, int bits) {
    lanes(LaneOp.LOAD, WHOLE, mask, 0, new Source.Table(LongStream.range(0, WHOLE.lanes()).map(l -> -(bits >> l & 1)).boxed().toList()));
  }

  @Override
  public void copyMask(int to, int from) {
    vector(VectorOp.LOAD, to, 0, from);
  }

  @Override
  public int jumpIfAny(int mask) {
    begin(2, 1, 0, 0x17, 1, mask, 0, mask >> 3, 0, ALL, false); // VPTEST
    emit(0xC0 | (mask & 7) << 3 | mask & 7);
    return forward(JNZ);
  }

  @Override
  public void masks(MaskOp op, int to, int a, int b) {
    switch (op) {
      case AND -> vector(VectorOp.VPANDD, to, a, b);
      case AND_NOT -> {
        begin(1, 1, 0, 0xDF, 1, to, a, b >> 3, 0, ALL, false);
        emit(0xC0 | (to & 7) << 3 | b & 7);
      }
      case OR -> vector(VectorOp.VPORD, to, a, b);
      case XOR -> vector(VectorOp.VPXORD, to, a, b);
      case NOT -> complement(WHOLE, to, b);
      case XNOR -> {
        if (a == b) {
          setOnes(to);
        } else {
          vector(VectorOp.VPXORD, to, a, b);
          complement(WHOLE, to, to);
        }
      }
    }
  }

  // Instructions on lanes: those that have no VEX form, or no mask there, are written as several.

  @Override
  public void lanes(LaneOp op, VectorForm form, int to, int first, Source second, int maskOfAll, boolean zeroing) {
    int mask = maskFor(form, maskOfAll);
    if (mask == ALL) {
      whole(op, form, to, first, second);
      if (op == LaneOp.TEST || op == LaneOp.SIGNS) {
        widen(form, to);
      }
    } else if (second instanceof Source.Memory) {
      // Nothing may be touched beside the lanes.
      if (op != LaneOp.STORE && (op != LaneOp.LOAD || !zeroing)) {
        throw lacking("mask for " + op + " in memory");
      }
      int opcode = (op == LaneOp.LOAD ? MASKED_LOAD : MASKED_STORE) + (form.wide() ? 1 : 0);
      instruction(new Encoding(2, 1, 0, opcode, form.length(), form.bytes(), form.laneBytes()), to, mask, second, ALL, false, 0);
    } else {
      masked(op, form, to, first, second, mask, zeroing);
    }
  }

  /** Whether vectors have 128 bits: those of numbers of 32 bits beside others of 64. Masks have 64 there. */
  private static boolean isHalf(VectorForm form) {
    return form.bytes() < VECTOR;
  }

  /** The register with a mask for a form's lanes. */
  private int maskFor(VectorForm form, int mask) {
    if (mask == ALL || !isHalf(form)) {
      return mask;
    }
    lowerHalves(SECOND_SCRATCH, mask);
    return SECOND_SCRATCH;
  }

  /** Makes a mask of what a comparison gave. */
  private void widen(VectorForm form, int to) {
    if (isHalf(form)) {
      vector(VectorOp.VPMOVSXDQ, false, to, new Source.Register(to), ALL, false);
    }
  }

  /** Takes the lower halves of lanes of 64 bits, with register 15. */
  @Override
  public void lowerHalves(int to, int from) {
    begin(3, 1, 0, 0x39, 1, from, 0, SECOND_SCRATCH >> 3, 0, ALL, false); // VEXTRACTI128
    emit(0xC0 | (from & 7) << 3 | SECOND_SCRATCH & 7, 1);
    begin(1, 0, 0, 0xC6, 0, to, from, SECOND_SCRATCH >> 3, 0, ALL, false); // VSHUFPS
    emit(0xC0 | (to & 7) << 3 | SECOND_SCRATCH & 7, EVEN);
  }

  private void masked(LaneOp op, VectorForm form, int to, int first, Source second, int mask, boolean zeroing) {
    switch (op) {
      case BLEND -> blend(form, to, first, second, mask);
      case LOAD, BROADCAST -> {
        if (op == LaneOp.BROADCAST && !(second instanceof Source.Constant)) {
          throw lacking("mask for " + op + " of " + second);
        }
        choose(form, to, second, mask, zeroing);
      }
      case FMA132, FMA213, FMA231, FNMA213, TERNARY_LOGIC, PERMUTE_TWO, STORE, STREAM, STORE_FIRST, TEST, SIGNS -> throw lacking("mask for " + op);
      default -> {
        int result = form.wide() ? SECOND_SCRATCH : SCRATCH; // operations on integers of 64 bits need both
        whole(op, form, result, first, second);
        choose(form, to, new Source.Register(result), mask, zeroing);
      }
    }
  }

  /** {@code to = from} for the lanes of a mask; the others are 0, or stay as they are. */
  private void choose(VectorForm form, int to, Source from, int mask, boolean zeroing) {
    if (zeroing) {
      whole(LaneOp.AND, form, to, mask, from);
    } else {
      blend(form, to, to, from, mask);
    }
  }

  /** The second source where the mask is set, else the first (VBLENDVPS, VBLENDVPD). */
  private void blend(VectorForm form, int to, int first, Source second, int mask) {
    Encoding e = new Encoding(3, 1, 0, form.wide() ? 0x4B : 0x4A, form.length(), form.bytes(), form.laneBytes());
    instruction(e, to, first, second, ALL, false, 1);
    emit(mask << 4);
  }

  final void whole(LaneOp op, VectorForm form, int to, int first, Source second) {
    switch (op) {
      // VPBROADCASTQ has another W than with EVEX.
      case BROADCAST -> instruction(encoding(op, form).narrow(), to, first, second, ALL, false, 0);
      case TEST -> {
        whole(LaneOp.AND, form, SCRATCH, first, second);
        equal(form, SCRATCH, SCRATCH, new Source.Constant(0));
        complement(form, to, SCRATCH);
      }
      case SIGNS -> {
        clear(SCRATCH);
        greater(form, to, SCRATCH, second);
      }
      case STORE_FIRST -> {
        // With 64 bits, VMOVD has a W that the first map has nowhere else: VMOVQ is used.
        Encoding e = form.wide() ? new Encoding(1, 1, 0, 0xD6, 0, Long.BYTES, Long.BYTES) : encoding(op, form);
        instruction(e, to, 0, second, ALL, false, 0);
      }
      case MIN_INTEGERS, MAX_INTEGERS, ABS_INTEGERS, MULTIPLY_INTEGERS, SHIFT_SIGN -> {
        if (form.wide()) {
          longs(op, form, to, first, second);
        } else {
          instruction(encoding(op, form), to, first, second, ALL, false, 0);
        }
      }
      default -> {
        if (!(form.wide() ? OF_BOTH : OF_32_BITS).contains(op)) {
          throw lacking(op + " of " + form);
        }
        instruction(encoding(op, form), to, first, second, ALL, false, 0);
      }
    }
  }

  /** Operations on integers of 64 bits that are no instructions; the target is written where the sources are read for the last time. */
  private void longs(LaneOp op, VectorForm form, int to, int first, Source second) {
    if (to == SCRATCH) {
      throw lacking(op + " into register " + to);
    }
    Source.Register scratch = new Source.Register(SCRATCH);
    switch (op) {
      case MIN_INTEGERS, MAX_INTEGERS -> {
        greater(form, SCRATCH, first, second);
        if (op == LaneOp.MAX_INTEGERS) {
          complement(form, SCRATCH, SCRATCH);
        }
        blend(form, to, first, second, SCRATCH);
      }
      case ABS_INTEGERS -> {
        whole(LaneOp.SIGNS, form, SCRATCH, 0, second);
        whole(LaneOp.XOR, form, to, SCRATCH, second);
        whole(LaneOp.SUBTRACT_INTEGERS, form, to, to, scratch);
      }
      case SHIFT_SIGN -> {
        // The sign is one bit now, which an "exclusive or" and a subtraction copy to those in front of it.
        instruction(encoding(LaneOp.LOAD, form), SCRATCH, 0, new Source.Constant(Long.MIN_VALUE), ALL, false, 0);
        whole(LaneOp.SHIFT_RIGHT, form, SCRATCH, SCRATCH, second);
        whole(LaneOp.SHIFT_RIGHT, form, to, first, second);
        whole(LaneOp.XOR, form, to, to, scratch);
        whole(LaneOp.SUBTRACT_INTEGERS, form, to, to, scratch);
      }
      case MULTIPLY_INTEGERS -> {
        // Both products of a lower and an upper half, whose sum is the upper half's share.
        if (second instanceof Source.Constant c) {
          instruction(encoding(LaneOp.LOAD, form), SCRATCH, 0, new Source.Constant(Long.rotateLeft(c.bits(), Integer.SIZE)), ALL, false, 0);
        } else {
          vector(VectorOp.VPSHUFD, false, SCRATCH, second, ALL, false, OTHER_NUMBER);
        }
        whole(LaneOp.MULTIPLY_INTEGERS, WHOLE, SCRATCH, SCRATCH, new Source.Register(first));
        instruction(new Encoding(2, 1, 0, 0x02, 1, VECTOR, Integer.BYTES), SCRATCH, SCRATCH, scratch, ALL, false, 0); // VPHADDD
        vector(VectorOp.VPSHUFD, false, SCRATCH, scratch, ALL, false, EACH_TWICE);
        shift(Shift.LEFT, form, SCRATCH, scratch, Integer.SIZE);
        instruction(new Encoding(1, 1, 0, 0xF4, 1, VECTOR, Long.BYTES), to, first, second, ALL, false, 0); // VPMULUDQ
        whole(LaneOp.ADD_INTEGERS, form, to, to, scratch);
      }
      default -> throw lacking(op + " of " + form);
    }
  }

  @Override
  public void shift(Shift shift, VectorForm form, int to, Source.Register from, int count) {
    boolean ofSigns = form.wide() && shift == Shift.RIGHT_SIGNED;
    super.shift(ofSigns ? Shift.RIGHT : shift, form, to, from, count);
    if (ofSigns) {
      Source sign = new Source.Constant(Long.MIN_VALUE >>> count);
      whole(LaneOp.XOR, form, to, to, sign);
      whole(LaneOp.SUBTRACT_INTEGERS, form, to, to, sign);
    }
  }

  @Override
  public void lanes(LaneOp op, VectorForm form, int to, int first, Source second, int mask, boolean zeroing, int constant) {
    switch (op) {
      case COMPARE, COMPARE_INTEGERS, COMPARE_UNSIGNED -> {
        // Without a sign and of 64 bits, both sources are changed first, in two registers.
        int result = mask == ALL || op == LaneOp.COMPARE_UNSIGNED && form.wide() ? to : SCRATCH;
        if (op == LaneOp.COMPARE) {
          instruction(encoding(op, form), result, first, second, ALL, false, 1);
          emit(constant);
        } else if (op == LaneOp.COMPARE_INTEGERS) {
          compare(form, result, first, second, constant);
        } else {
          compareUnsigned(form, result, first, second, constant);
        }
        widen(form, result);
        if (mask != ALL) {
          vector(VectorOp.VPANDD, to, mask, result);
        }
      }
      case TERNARY_LOGIC -> {
        if (constant != OR_OF_AND || mask != ALL) {
          throw lacking(op + " of " + constant);
        }
        whole(LaneOp.AND, form, SCRATCH, first, second);
        whole(LaneOp.OR, form, to, to, new Source.Register(SCRATCH));
      }
      case SHUFFLE_PARTS -> {
        if (!(second instanceof Source.Register r) || mask != ALL || isHalf(form)) {
          throw lacking(op + " of " + second);
        }
        parts(to, first, r.number(), constant & 1 | (constant >> 1 & 1 | 2) << 4);
      }
      default -> throw lacking(op + " with a constant");
    }
  }

  static IllegalArgumentException lacking(String what) {
    return new IllegalArgumentException("AVX2 has no " + what);
  }

  // Comparisons of integers; constants mean what they mean for VPCMPD.

  private void compare(VectorForm form, int to, int first, Source second, int how) {
    switch (how) {
      case EQUAL, NOT_EQUAL -> equal(form, to, first, second);
      case LESS_OR_EQUAL, GREATER -> greater(form, to, first, second);
      case LESS, NOT_LESS -> {
        int last = SCRATCH;
        if (second instanceof Source.Register r) {
          last = r.number();
        } else {
          instruction(encoding(LaneOp.LOAD, form), SCRATCH, 0, second, ALL, false, 0);
        }
        greater(form, to, last, new Source.Register(first));
      }
      default -> throw lacking("comparison " + how);
    }
    if (how == NOT_EQUAL || how == LESS_OR_EQUAL || how == NOT_LESS) {
      complement(form, to, to);
    }
  }

  /** One is not less than another where it is the greater of both; for 64 bits, which have no greater, the order is that of the signed with other signs. */
  private void compareUnsigned(VectorForm form, int to, int first, Source second, int how) {
    if (form.wide()) {
      if (to == SCRATCH || to == first || second instanceof Source.Register r && r.number() == to) {
        throw lacking("comparison without a sign whose result takes the place of a source");
      }
      Source signs = new Source.Constant(Long.MIN_VALUE);
      instruction(encoding(LaneOp.LOAD, form), to, 0, second, ALL, false, 0);
      whole(LaneOp.XOR, form, to, to, signs);
      whole(LaneOp.XOR, form, SCRATCH, first, signs);
      compare(form, to, SCRATCH, new Source.Register(to), how);
      return;
    }
    Source greatest =
        switch (how) {
          case LESS, NOT_LESS -> new Source.Register(first);
          case LESS_OR_EQUAL, GREATER -> second;
          default -> throw lacking("comparison " + how);
        };
    whole(LaneOp.MAX_UNSIGNED, form, SCRATCH, first, second);
    equal(form, to, SCRATCH, greatest);
    if (how == LESS || how == GREATER) {
      complement(form, to, to);
    }
  }

  /** VPCMPEQD, VPCMPEQQ. */
  private void equal(VectorForm form, int to, int first, Source second) {
    compareBy(form, form.wide() ? 0x29 : 0x76, to, first, second);
  }

  /** VPCMPGTD, VPCMPGTQ. */
  private void greater(VectorForm form, int to, int first, Source second) {
    compareBy(form, form.wide() ? 0x37 : 0x66, to, first, second);
  }

  private void compareBy(VectorForm form, int opcode, int to, int first, Source second) {
    Encoding e = new Encoding(form.wide() ? 2 : 1, 1, 0, opcode, form.length(), form.bytes(), form.laneBytes());
    instruction(e, to, first, second, ALL, false, 0);
  }

  private void complement(VectorForm form, int to, int from) {
    whole(LaneOp.XOR, form, to, from, new Source.Constant(-1));
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
