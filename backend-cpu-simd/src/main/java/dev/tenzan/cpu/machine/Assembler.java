package dev.tenzan.cpu.machine;

import java.util.Arrays;

/**
 * Writes x86-64 instructions, those that the kernels use. Encodings: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2
 * (sections 2.1, 2.3 and 2.7, and each instruction's page).
 *
 * <p>General registers are the constants here, vector registers numbers from 0 to 31, mask registers from 1 to 7; mask 0 stands for all
 * lanes. Memory is a general register and a distance.
 */
final class Assembler {
  // General registers that a function may overwrite under the System V calling convention.
  static final int RAX = 0;
  static final int RCX = 1;
  static final int RDX = 2;
  static final int RSI = 6;
  static final int RDI = 7;
  static final int R8 = 8;
  static final int R9 = 9;
  static final int R10 = 10;
  static final int R11 = 11;

  /** All lanes. */
  static final int ALL = 0;

  private static final int JZ = 0x84;
  private static final int JNZ = 0x85;

  private byte[] code = new byte[1024];
  private int size;

  /** The instructions so far. */
  byte[] code() {
    return Arrays.copyOf(code, size);
  }

  private void emit(int... bytes) {
    if (size + bytes.length > code.length) {
      code = Arrays.copyOf(code, 2 * code.length);
    }
    for (int b : bytes) {
      code[size++] = (byte) b;
    }
  }

  private void emitInt(int value) {
    emit(value, value >> 8, value >> 16, value >> 24);
  }

  // General registers, 64 bits wide.

  /** Copies a register. */
  void move(int to, int from) {
    rex(from, to, 0x89);
  }

  /** Sets one of the first 8 registers to 32 bits, and its upper half to 0. */
  void set(int to, int bits) {
    emit(0xB8 | to);
    emitInt(bits);
  }

  /** Loads 8 bytes. */
  void load(int to, int base, int distance) {
    emit(0x48 | to >> 3 << 2 | base >> 3, 0x8B);
    memory(to, base, distance, 1);
  }

  /** Adds a register to 8 bytes in memory. */
  void addToMemory(int base, int distance, int from) {
    emit(0x48 | from >> 3 << 2 | base >> 3, 0x01);
    memory(from, base, distance, 1);
  }

  /** Fetches the line of an address into the first cache (PREFETCHT0); any address will do. */
  void prefetchFirst(int base, int distance) {
    if (base >= R8) {
      emit(0x41);
    }
    emit(0x0F, 0x18);
    memory(1, base, distance, 1);
  }

  /** {@code to = a + b}. */
  void sum(int to, int a, int b) {
    if ((a & 7) == 5) {
      throw new IllegalArgumentException("register " + a + " is no base here");
    }
    emit(0x48 | to >> 3 << 2 | b >> 3 << 1 | a >> 3, 0x8D, (to & 7) << 3 | 4, (b & 7) << 3 | a & 7);
  }

  void add(int to, int from) {
    rex(from, to, 0x01);
  }

  void addConstant(int to, int constant) {
    immediate(0, to, constant);
  }

  void andConstant(int to, int constant) {
    immediate(4, to, constant);
  }

  void subtractConstant(int to, int constant) {
    immediate(5, to, constant);
  }

  /** Shifts to the right, filling with zeros. */
  void shiftRight(int to, int count) {
    emit(0x48 | to >> 3, 0xC1, 0xE8 | to & 7, count);
  }

  /** Sets the flags that {@link #jumpIfZero} asks for. */
  void test(int register) {
    rex(register, register, 0x85);
  }

  private void rex(int register, int operand, int opcode) {
    emit(0x48 | register >> 3 << 2 | operand >> 3, opcode, 0xC0 | (register & 7) << 3 | operand & 7);
  }

  private void immediate(int extension, int to, int constant) {
    emit(0x48 | to >> 3, 0x81, 0xC0 | extension << 3 | to & 7);
    emitInt(constant);
  }

  /** Where the next instruction begins: a target of jumps. */
  int here() {
    return size;
  }

  /** Jumps back where the last result was not 0. */
  void jumpIfNotZero(int target) {
    emit(0x0F, JNZ);
    emitInt(target - (size + 4));
  }

  /** Jumps forward where the last result was 0, to a place that {@link #land} gives. */
  int jumpIfZero() {
    emit(0x0F, JZ);
    emitInt(0);
    return size;
  }

  /** Lets a forward jump end here. */
  void land(int jump) {
    int distance = size - jump;
    for (int i = 0; i < 4; i++) {
      code[jump - 4 + i] = (byte) (distance >> 8 * i);
    }
  }

  /** Returns from a function that used vector registers. */
  void returnFromVectors() {
    emit(0xC5, 0xF8, 0x77); // vzeroupper: what follows may use SSE instructions
    emit(0xC3);
  }

  // Mask registers, 16 bits wide.

  /** Copies the lower bits of one of the first 8 general registers to a mask (KMOVW). */
  void maskFromRegister(int mask, int register) {
    emit(0xC5, 0xF8, 0x92, 0xC0 | mask << 3 | register);
  }

  /** Copies a mask (KMOVW). */
  void copyMask(int to, int from) {
    emit(0xC5, 0xF8, 0x90, 0xC0 | to << 3 | from);
  }

  // Vector registers.

  /** {@code to = a op b}; the instructions that accumulate read {@code to} as well. */
  void vector(VectorOp op, int to, int a, int b) {
    evex(op, to, a, b >> 3 & 1, b >> 4, ALL, false);
    emit(0xC0 | (to & 7) << 3 | b & 7);
  }

  /** {@code to = a op b}, where a constant says how. */
  void vector(VectorOp op, int to, int a, int b, byte constant) {
    vector(op, to, a, b);
    emit(constant);
  }

  /** {@code to = a op memory}. */
  void vector(VectorOp op, int to, int a, int base, int distance) {
    evex(op, to, a, base >> 3, 0, ALL, false);
    memory(to, base, distance, op.unit);
  }

  /** {@code to = a op x}, where x is one number in memory, for all lanes. */
  void vectorWithNumber(VectorOp op, int to, int a, int base, int distance) {
    evex(op, to, a, base >> 3, 0, ALL, false);
    code[size - 2] |= 0x10;
    memory(to, base, distance, op.wide == 1 ? Long.BYTES : Integer.BYTES);
  }

  /** Loads the lanes of a mask, and zeros for the others. */
  void vectorLoad(VectorOp op, int to, int base, int distance, int mask) {
    evex(op, to, 0, base >> 3, 0, mask, mask != ALL);
    memory(to, base, distance, op.unit);
  }

  /** Stores the lanes of a mask. */
  void vectorStore(VectorOp op, int from, int base, int distance, int mask) {
    evex(op, from, 0, base >> 3, 0, mask, false);
    memory(from, base, distance, op.unit);
  }

  /** Loads the lanes of a mask, each from the base and its distance; the mask is 0 afterwards. */
  void gather(VectorOp op, int to, int base, int distances, int mask) {
    // The index's fifth bit has the place of a first source's.
    evex(op, to, distances & 16, base >> 3, distances >> 3 & 1, mask, false);
    emit((to & 7) << 3 | 4, (distances & 7) << 3 | base & 7);
  }

  /** Copies one of the first 8 general registers to all lanes of 32 bits. */
  void broadcast(int to, int register) {
    evex(VectorOp.BROADCAST_REGISTER, to, 0, 0, 0, ALL, false);
    emit(0xC0 | (to & 7) << 3 | register);
  }

  void shiftLeft(int to, int from, int count) {
    shift(6, to, from, count);
  }

  void rotateLeft(int to, int from, int count) {
    shift(1, to, from, count);
  }

  private void shift(int extension, int to, int from, int count) {
    evex(VectorOp.SHIFT, extension, to, from >> 3 & 1, from >> 4, ALL, false);
    emit(0xC0 | extension << 3 | from & 7, count);
  }

  void clear(int register) {
    vector(VectorOp.VPXORD, register, register, register);
  }

  /** Sets all bits. */
  void setOnes(int register) {
    vector(VectorOp.VPTERNLOGD, register, register, register, (byte) 0xFF);
  }

  private void evex(VectorOp op, int register, int first, int b, int x, int mask, boolean zeroing) {
    int inverted = ~(register >> 3 & 1) & 1;
    emit(
        0x62,
        inverted << 7 | (x ^ 1) << 6 | (b ^ 1) << 5 | (register >> 4 ^ 1) << 4 | op.map,
        op.wide << 7 | (~first & 15) << 3 | 4 | op.prefix,
        (zeroing ? 0x80 : 0) | op.length << 5 | (first >> 4 ^ 1) << 3 | mask,
        op.opcode);
  }

  /** The address of an operand; a distance of whole units is one byte where it fits. */
  private void memory(int register, int base, int distance, int unit) {
    int low = base & 7;
    if (low == 4 || low == 5) {
      throw new IllegalArgumentException("register " + base + " is no base here");
    }
    int bits = (register & 7) << 3 | low;
    int units = distance / unit;
    if (distance == 0) {
      emit(bits);
    } else if (distance % unit == 0 && units == (byte) units) {
      emit(0x40 | bits, units);
    } else {
      emit(0x80 | bits);
      emitInt(distance);
    }
  }
}
