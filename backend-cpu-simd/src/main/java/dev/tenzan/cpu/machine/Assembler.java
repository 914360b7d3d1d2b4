package dev.tenzan.cpu.machine;

import java.util.List;
import java.util.stream.LongStream;

/**
 * Writes x86-64 instructions, those that the kernels use, with vectors of AVX-512. Encodings: Intel 64 and IA-32 Architectures Software
 * Developer's Manual, volume 2 (sections 2.3 and 2.7, and each instruction's page).
 *
 * <p>Vector registers are numbers from 0 to 31, mask registers from 1 to 7; mask 0 stands for all lanes.
 */
public sealed class Assembler extends GeneralAssembler permits Avx2Assembler {
  /** All lanes. */
  public static final int ALL = 0;

  /** Rounding to nearest even (VCVTPS2PH). */
  public static final int NEAREST = 0;

  /** What a constant of VCMPPS means. */
  private static final int UNORDERED = 3;

  // What constants of VRANGEPS mean, with the sign of the result.
  private static final int LESSER = 4;
  private static final int GREATER = 5;

  // Mask registers, 16 bits wide.

  /** Jumps forward where a mask has a lane (KORTESTW). */
  public int jumpIfAny(int mask) {
    emit(0xC5, 0xF8, 0x98, 0xC0 | mask << 3 | mask);
    return forward(JNZ);
  }

  /** Copies the lower bits of one of the first 8 general registers to a mask (KMOVW). */
  public void maskFromRegister(int mask, int register) {
    emit(0xC5, 0xF8, 0x92, 0xC0 | mask << 3 | register);
  }

  /** The same for lanes of 64 bits, or of 32. */
  public void maskFromRegister(int mask, int register, boolean wide) {
    maskFromRegister(mask, register);
  }

  /** Sets a mask of lanes of 32 bits to a constant; may overwrite RAX. */
  void constantMask(int mask, int bits) {
    set(RAX, bits);
    maskFromRegister(mask, RAX);
  }

  /** Copies a mask (KMOVW). */
  public void copyMask(int to, int from) {
    emit(0xC5, 0xF8, 0x90, 0xC0 | to << 3 | from);
  }

  /** {@code to = a op b}. */
  public void masks(MaskOp op, int to, int a, int b) {
    emit(0xC5, 0x80 | (op == MaskOp.NOT ? 15 : ~a & 15) << 3 | (op == MaskOp.NOT ? 0 : 4), op.opcode, 0xC0 | to << 3 | b);
  }

  // Vector registers.

  /** {@code to = a op b}; the instructions that accumulate read {@code to} as well. */
  void vector(VectorOp op, int to, int a, int b) {
    begin(op, to, a, b >> 3 & 1, b >> 4, ALL, false);
    emit(0xC0 | (to & 7) << 3 | b & 7);
  }

  /** {@code to = a op b}, where a constant says how. */
  void vector(VectorOp op, int to, int a, int b, byte constant) {
    vector(op, to, a, b);
    emit(constant);
  }

  /** {@code to = a op memory}. */
  void vector(VectorOp op, int to, int a, int base, int distance) {
    begin(op, to, a, base >> 3, 0, ALL, false);
    memory(to, base, distance, op.unit);
  }

  /** {@code to = a op x}, where x is one number in memory, for all lanes. */
  void vectorWithNumber(VectorOp op, int to, int a, int base, int distance) {
    begin(op, to, a, base >> 3, 0, ALL, false);
    readOneNumber();
    memory(to, base, distance, op.wide == 1 ? Long.BYTES : Integer.BYTES);
  }

  /** Loads the lanes of a mask, and zeros for the others. */
  void vectorLoad(VectorOp op, int to, int base, int distance, int mask) {
    begin(op, to, 0, base >> 3, 0, mask, mask != ALL);
    memory(to, base, distance, op.unit);
  }

  /** Loads the upper 256 bits. */
  void insertUpper(int to, int base, int distance) {
    vector(VectorOp.VINSERTI64X4, to, to, base, distance);
    emit(1);
  }

  /** Stores the lanes of a mask. */
  void vectorStore(VectorOp op, int from, int base, int distance, int mask) {
    begin(op, from, 0, base >> 3, 0, mask, false);
    memory(from, base, distance, op.unit);
  }

  /** Loads numbers of 32 bits for the lanes of a mask, each from the base and its distance; the mask is 0 afterwards. */
  public void gather(boolean halved, int to, int base, int distances, int mask) {
    Encoding e = encoding(VectorOp.VPGATHERDD, halved);
    // The index's fifth bit has the place of a first source's.
    begin(e.map, e.prefix, e.wide, e.opcode, e.length, to, distances & 16, base >> 3, distances >> 3 & 1, mask, false);
    emit((to & 7) << 3 | 4, (distances & 7) << 3 | base & 7);
  }

  /** Loads the lanes of a mask, each from the base and its distance; the mask is 0 afterwards. */
  public void gather(VectorOp op, int to, int base, int distances, int mask) {
    // The index's fifth bit has the place of a first source's.
    begin(op, to, distances & 16, base >> 3, distances >> 3 & 1, mask, false);
    emit((to & 7) << 3 | 4, (distances & 7) << 3 | base & 7);
  }

  /** Whether instructions can read one number in memory for all lanes. */
  boolean readsNumbers() {
    return true;
  }

  /** Copies one of the first 8 general registers to all lanes of 32 bits. */
  void broadcast(int to, int register) {
    begin(VectorOp.BROADCAST_REGISTER, to, 0, 0, 0, ALL, false);
    emit(0xC0 | (to & 7) << 3 | register);
  }

  void shiftLeft(int to, int from, int count) {
    shift(6, to, from, count);
  }

  void rotateLeft(int to, int from, int count) {
    shift(1, to, from, count);
  }

  private void shift(int extension, int to, int from, int count) {
    begin(VectorOp.SHIFT, extension, to, from >> 3 & 1, from >> 4, ALL, false);
    emit(0xC0 | extension << 3 | from & 7, count);
  }

  public void clear(int register) {
    vector(VectorOp.VPXORD, register, register, register);
  }

  /** Sets all bits. */
  public void setOnes(int register) {
    vector(VectorOp.VPTERNLOGD, register, register, register, (byte) 0xFF);
  }

  void begin(VectorOp op, int register, int first, int b, int x, int mask, boolean zeroing) {
    begin(op.map, op.prefix, op.wide, op.opcode, length(op), register, first, b, x, mask, zeroing);
  }

  /** The length of an instruction's vectors: 0 for 128 bits, 1 for 256, 2 for 512. */
  int length(VectorOp op) {
    return op.length;
  }

  /** Lets the last instruction read one number in memory for all lanes. */
  private void readOneNumber() {
    code[size - 2] |= 0x10;
  }

  /** A number as the source of an instruction that reads vectors of {@code bytes}: its place among the constants. */
  int vectorOf(long number, int numberBytes, int bytes) {
    readOneNumber();
    return constant(List.of(number), numberBytes);
  }

  /** Emits the prefix of a vector instruction, of the form of EVEX, and its opcode. */
  void begin(
      int map, int prefix, int wide, int opcode, int length, int register, int first, int b, int x, int mask, boolean zeroing) {
    int inverted = ~(register >> 3 & 1) & 1;
    emit(
        0x62,
        inverted << 7 | (x ^ 1) << 6 | (b ^ 1) << 5 | (register >> 4 ^ 1) << 4 | map,
        wide << 7 | (~first & 15) << 3 | 4 | prefix,
        (zeroing ? 0x80 : 0) | length << 5 | (first >> 4 ^ 1) << 3 | mask,
        opcode);
  }

  // Vector instructions whose last source may be anything.

  /** {@code to = first op second}; comparisons set a mask. */
  public void lanes(LaneOp op, VectorForm form, int to, int first, Source second) {
    lanes(op, form, to, first, second, ALL, false);
  }

  /** The same for the lanes of a mask alone; the others are 0, or stay as they are. */
  public void lanes(LaneOp op, VectorForm form, int to, int first, Source second, int mask, boolean zeroing) {
    instruction(encoding(op, form), to, first, second, mask, zeroing, 0);
  }

  /** The same, where a constant says how. */
  public void lanes(LaneOp op, VectorForm form, int to, int first, Source second, int mask, boolean zeroing, int constant) {
    instruction(encoding(op, form), to, first, second, mask, zeroing, 1);
    emit(constant);
  }

  /** {@code to = op source} for the lanes of a mask, with vectors of half the width where asked for. */
  public void vector(VectorOp op, boolean halved, int to, Source source, int mask, boolean zeroing) {
    instruction(encoding(op, halved), to, 0, source, mask, zeroing, 0);
  }

  /** The same, where a constant says how. */
  public void vector(VectorOp op, boolean halved, int to, Source source, int mask, boolean zeroing, int constant) {
    instruction(encoding(op, halved), to, 0, source, mask, zeroing, 1);
    emit(constant);
  }

  /** Takes the lower halves of lanes of 64 bits. */
  public void lowerHalves(int to, int from) {
    vector(VectorOp.VPMOVQD, false, from, new Source.Register(to), ALL, false);
  }

  /** Copies one of the first 8 general registers to all lanes of 64 bits. */
  public void broadcastLong(int to, int register) {
    vector(VectorOp.BROADCAST_LONG_REGISTER, false, to, new Source.Register(register), ALL, false);
  }

  /** Loads elements of so many bytes, fewer than lanes have, for the lanes of a mask, and zeros for the others; the operation makes lanes of them. */
  public void extend(VectorOp op, boolean halved, int to, Source.Memory from, int bytes, int mask) {
    vector(op, halved, to, from, mask, mask != ALL);
  }

  /**
   * Stores the lower one or two bytes of the lanes of a mask.
   *
   * @param temporary a register that may be overwritten, or the vector itself
   */
  public void storeLower(boolean halved, int from, Source.Memory to, int bytes, int mask, int temporary) {
    vector(bytes == 1 ? VectorOp.STORE_LOWER_BYTES : VectorOp.STORE_LOWER_WORDS, halved, from, to, mask, false);
  }

  /** Stores floats as f16, rounded to nearest even, for the lanes of a mask; the same. */
  public void storeHalves(boolean halved, int from, Source.Memory to, int mask, int temporary) {
    vector(VectorOp.VCVTPS2PH, halved, from, to, mask, false, NEAREST);
  }

  /**
   * The lesser or greater of two floats as IEEE 754 gives it (minimum, maximum): NaN where one is NaN, and -0 is less than +0.
   *
   * @param to none of the sources
   * @param k a mask that is overwritten
   */
  public void extreme(boolean least, VectorForm form, int to, int first, Source second, int k) {
    lanes(LaneOp.COMPARE, form, k, first, second, ALL, false, UNORDERED);
    lanes(LaneOp.RANGE, form, to, first, second, ALL, false, least ? LESSER : GREATER);
    lanes(LaneOp.ADD, form, to, first, second, k, false);
  }

  /** Sets a register to the places that {@link #everyOther} reads, where it reads any. */
  public void everyOtherPlaces(VectorForm form, int register) {
    int lanes = form.lanes();
    LongStream places = LongStream.range(0, lanes).map(l -> 2 * l < lanes ? 2 * l : 2 * l + 1);
    lanes(LaneOp.LOAD, form, register, 0, new Source.Table(places.boxed().toList()));
  }

  /**
   * Takes numbers of 32 bits: the target's at even places, and behind them the second source's at odd ones.
   *
   * @param places the register that {@link #everyOtherPlaces} has set
   */
  public void everyOther(VectorForm form, int to, Source second, int places) {
    lanes(LaneOp.PERMUTE_TWO, form, to, places, second);
  }

  /** Shifts lanes by a constant. */
  public void shift(Shift shift, VectorForm form, int to, Source.Register from, int count) {
    int opcode = form.wide() && shift != Shift.RIGHT_SIGNED ? 0x73 : 0x72;
    Encoding encoding = new Encoding(1, 1, form.wide() ? 1 : 0, opcode, form.length(), form.bytes(), form.bytes());
    instruction(encoding, shift.extension, to, from, ALL, false, 1);
    emit(count);
  }

  /** What an instruction with an EVEX prefix is; {@code number} are the bytes of one that it can read for all lanes. */
  record Encoding(int map, int prefix, int wide, int opcode, int length, int unit, int number) {
    /** The same without the W bit. */
    Encoding narrow() {
      return new Encoding(map, prefix, 0, opcode, length, unit, number);
    }
  }

  static Encoding encoding(LaneOp op, VectorForm form) {
    int wide = form.wide() ? 1 : 0;
    return new Encoding(op.map, op.prefix(form.wide()), wide, op.opcode(form.wide()), op.length(form), op.unit(form), form.laneBytes());
  }

  private Encoding encoding(VectorOp op, boolean halved) {
    int half = halved ? 1 : 0;
    int unit = op.unit > Long.BYTES ? op.unit >> half : op.unit;
    return new Encoding(op.map, op.prefix, op.wide, op.opcode, length(op) - half, unit, op.wide == 1 ? Long.BYTES : Integer.BYTES);
  }

  void instruction(Encoding e, int register, int first, Source source, int mask, boolean zeroing, int immediates) {
    int b = 0;
    int x = 0;
    if (source instanceof Source.Register r) {
      b = r.number() >> 3 & 1;
      x = r.number() >> 4;
    } else if (source instanceof Source.Memory m) {
      b = m.base() >> 3;
      x = m.index() < 0 ? 0 : m.index() >> 3;
    }
    begin(e.map, e.prefix, e.wide, e.opcode, e.length, register, first, b, x, mask, zeroing);
    switch (source) {
      case Source.Register r -> emit(0xC0 | (register & 7) << 3 | r.number() & 7);
      case Source.Memory m when m.index() < 0 -> memory(register, m.base(), m.distance(), e.unit);
      case Source.Memory m -> indexed(register, m, e.unit);
      case Source.Constant c -> {
        // Some instructions read one number anyhow.
        int number = e.unit == e.number ? constant(List.of(c.bits()), e.number) : vectorOf(c.bits(), e.number, e.unit);
        behind(register, number, immediates);
      }
      case Source.Table t -> behind(register, constant(t.lanes(), e.unit / t.lanes().size()), immediates);
    }
  }
}
