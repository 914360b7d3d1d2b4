package dev.tenzan.cpu.machine;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Writes x86-64 instructions on general registers, jumps, operands in memory, and constants behind the code. Encodings: Intel 64 and IA-32
 * Architectures Software Developer's Manual, volume 2 (sections 2.1 and 2.2, and each instruction's page).
 *
 * <p>General registers are the constants here. Memory is a general register and a distance.
 */
public abstract sealed class GeneralAssembler permits Assembler {
  /** A general register that a function has to give back as it was ({@link #push}), unlike those that follow (System V calling convention). */
  static final int RBX = 3;

  public static final int RAX = 0;
  public static final int RCX = 1;
  public static final int RDX = 2;
  public static final int RSI = 6;
  public static final int RDI = 7;
  public static final int R8 = 8;
  public static final int R9 = 9;
  public static final int R10 = 10;
  public static final int R11 = 11;

  static final int JZ = 0x84;
  static final int JNZ = 0x85;
  static final int JAE = 0x83;
  static final int JL = 0x8C;
  static final int JGE = 0x8D;
  static final int JLE = 0x8E;

  /** The constants that instructions read from behind the code, by their bytes. */
  private final List<List<Byte>> constants = new ArrayList<>();

  /** The instructions that read them: the place of the distance, the end of the instruction, and the constant. */
  private final List<int[]> uses = new ArrayList<>();

  byte[] code = new byte[1024];
  int size;

  /** The instructions so far, and the constants behind them. */
  public byte[] code() {
    int[] at = new int[constants.size()];
    int end = size;
    for (int c = 0; c < at.length; c++) {
      int bytes = constants.get(c).size();
      at[c] = Math.ceilDiv(end, bytes) * bytes;
      end = at[c] + bytes;
    }
    byte[] all = Arrays.copyOf(Arrays.copyOf(code, size), end);
    for (int c = 0; c < at.length; c++) {
      for (int i = 0; i < constants.get(c).size(); i++) {
        all[at[c] + i] = constants.get(c).get(i);
      }
    }
    for (int[] use : uses) {
      put(all, use[0], at[use[2]] - use[1], Integer.BYTES);
    }
    return all;
  }

  private static void put(byte[] to, int at, long value, int bytes) {
    for (int i = 0; i < bytes; i++) {
      to[at + i] = (byte) (value >> 8 * i);
    }
  }

  void emit(int... bytes) {
    if (size + bytes.length > code.length) {
      code = Arrays.copyOf(code, 2 * code.length);
    }
    for (int b : bytes) {
      code[size++] = (byte) b;
    }
  }

  void emitInt(int value) {
    emit(value, value >> 8, value >> 16, value >> 24);
  }

  // General registers, 64 bits wide.

  /** Copies a register. */
  public void move(int to, int from) {
    rex(from, to, 0x89);
  }

  /** Keeps one of the first 8 registers on the stack. */
  void push(int register) {
    emit(0x50 | register);
  }

  /** Takes it from there. */
  void pop(int register) {
    emit(0x58 | register);
  }

  /** Sets one of the first 8 registers to 32 bits, and its upper half to 0. */
  public void set(int to, int bits) {
    emit(0xB8 | to);
    emitInt(bits);
  }

  /** Sets one of the first 8 registers to 0. */
  public void clearRegister(int to) {
    emit(0x31, 0xC0 | to << 3 | to);
  }

  /** Loads 8 bytes. */
  public void load(int to, int base, int distance) {
    emit(0x48 | to >> 3 << 2 | base >> 3, 0x8B);
    memory(to, base, distance, 1);
  }

  /** Stores 8 bytes. */
  public void store(int from, int base, int distance) {
    emit(0x48 | from >> 3 << 2 | base >> 3, 0x89);
    memory(from, base, distance, 1);
  }

  /** Loads a number of 32 bits, with its sign. */
  void loadInt(int to, int base, int distance) {
    emit(0x48 | to >> 3 << 2 | base >> 3, 0x63);
    memory(to, base, distance, 1);
  }

  /** Loads an argument that has no register under the System V calling convention: the first of these is behind the return address. */
  void loadArgument(int to, int number) {
    emit(0x48 | to >> 3 << 2, 0x8B, 0x44 | (to & 7) << 3, 0x24, (number + 1) * Long.BYTES);
  }

  /** Multiplies a register by 8 bytes in memory. */
  public void multiplyFromMemory(int to, int base, int distance) {
    emit(0x48 | to >> 3 << 2 | base >> 3, 0x0F, 0xAF);
    memory(to, base, distance, 1);
  }

  /** Adds 8 bytes in memory to a register. */
  public void addFromMemory(int to, int base, int distance) {
    emit(0x48 | to >> 3 << 2 | base >> 3, 0x03);
    memory(to, base, distance, 1);
  }

  /** Subtracts 1 from 8 bytes in memory. */
  public void countDown(int base, int distance) {
    emit(0x48 | base >> 3, 0x83);
    memory(5, base, distance, 1);
    emit(1);
  }

  /** Compares a register with 8 bytes in memory. */
  public void compare(int register, int base, int distance) {
    emit(0x48 | register >> 3 << 2 | base >> 3, 0x3B);
    memory(register, base, distance, 1);
  }

  /** Clears the bits of a register from the place on that another one has, which is not negative (BZHI, BMI2). */
  public void keepLowBits(int to, int from, int place) {
    emit(0xC4, (to >> 3 ^ 1) << 7 | 0x40 | (from >> 3 ^ 1) << 5 | 2, 0x80 | (~place & 15) << 3, 0xF5, 0xC0 | (to & 7) << 3 | from & 7);
  }

  /** Adds a register to 8 bytes in memory. */
  public void addToMemory(int base, int distance, int from) {
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

  /** The same for any place. */
  void prefetchFirst(Source.Memory m) {
    int extension = Math.max(0, m.index()) >> 3 << 1 | m.base() >> 3;
    if (extension != 0) {
      emit(0x40 | extension);
    }
    emit(0x0F, 0x18);
    place(1, m);
  }

  /** The address of a place in memory. */
  public void address(int to, Source.Memory m) {
    emit(0x48 | to >> 3 << 2 | Math.max(0, m.index()) >> 3 << 1 | m.base() >> 3, 0x8D);
    place(to, m);
  }

  private void place(int register, Source.Memory m) {
    if (m.index() < 0) {
      memory(register, m.base(), m.distance(), 1);
    } else {
      indexed(register, m, 1);
    }
  }

  /** {@code to = a + b}. */
  void sum(int to, int a, int b) {
    if ((a & 7) == 5) {
      throw new IllegalArgumentException("register " + a + " is no base here");
    }
    emit(0x48 | to >> 3 << 2 | b >> 3 << 1 | a >> 3, 0x8D, (to & 7) << 3 | 4, (b & 7) << 3 | a & 7);
  }

  public void add(int to, int from) {
    rex(from, to, 0x01);
  }

  public void subtract(int to, int from) {
    rex(from, to, 0x29);
  }

  public void addConstant(int to, int constant) {
    immediate(0, to, constant);
  }

  void andConstant(int to, int constant) {
    immediate(4, to, constant);
  }

  public void subtractConstant(int to, int constant) {
    immediate(5, to, constant);
  }

  /** Shifts to the right, filling with zeros. */
  void shiftRight(int to, int count) {
    emit(0x48 | to >> 3, 0xC1, 0xE8 | to & 7, count);
  }

  /** Counts the bits of a register that are set (POPCNT). */
  void countOnes(int to, int from) {
    emit(0xF3, 0x48 | to >> 3 << 2 | from >> 3, 0x0F, 0xB8, 0xC0 | (to & 7) << 3 | from & 7);
  }

  /** Sets the flags that {@link #jumpIfZero} asks for. */
  public void test(int register) {
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
  public int here() {
    return size;
  }

  /** Jumps back. */
  public void jump(int target) {
    emit(0xE9);
    emitInt(target - (size + 4));
  }

  /** Jumps forward, to a place that {@link #land} gives. */
  public int jump() {
    emit(0xE9);
    emitInt(0);
    return size;
  }

  /** Jumps back where the last result was not 0. */
  public void jumpIfNotZero(int target) {
    back(JNZ, target);
  }

  /** Jumps forward where the last result was 0, to a place that {@link #land} gives. */
  public int jumpIfZero() {
    return forward(JZ);
  }

  /** Jumps back where the last comparison's or subtraction's first operand was less. */
  public void jumpIfLess(int target) {
    back(JL, target);
  }

  /** Jumps forward where it was less. */
  public int jumpIfLess() {
    return forward(JL);
  }

  /** Jumps back where it was not less. */
  public void jumpUnlessLess(int target) {
    back(JGE, target);
  }

  /** Jumps forward where it was not less, to a place that {@link #land} gives. */
  public int jumpUnlessLess() {
    return forward(JGE);
  }

  /** Jumps forward where it was not greater. */
  public int jumpUnlessGreater() {
    return forward(JLE);
  }

  /** Jumps forward where the last comparison's first operand was not less, both without a sign. */
  public int jumpUnlessBelow() {
    return forward(JAE);
  }

  private void back(int condition, int target) {
    emit(0x0F, condition);
    emitInt(target - (size + Integer.BYTES));
  }

  /** Emits a jump whose condition is one of the constants, to a place that {@link #land} gives. */
  final int forward(int condition) {
    emit(0x0F, condition);
    emitInt(0);
    return size;
  }

  /** Lets a forward jump end here. */
  public void land(int jump) {
    put(code, jump - Integer.BYTES, size - jump, Integer.BYTES);
  }

  /** Returns from a function that used vector registers. */
  public void returnFromVectors() {
    emit(0xC5, 0xF8, 0x77); // vzeroupper: what follows may use SSE instructions
    emit(0xC3);
  }

  /** Lets all stores before be seen before those behind (SFENCE): those past the caches have no order of their own. */
  public void storeFence() {
    emit(0x0F, 0xAE, 0xF8);
  }

  /** The operand that is a constant behind the code, whose distance from the end of the instruction is found when that is known. */
  void behind(int register, int constant, int immediates) {
    emit((register & 7) << 3 | 5);
    uses.add(new int[] {size, size + Integer.BYTES + immediates, constant});
    emitInt(0);
  }

  int constant(List<Long> numbers, int bytesOfEach) {
    List<Byte> bytes = new ArrayList<>();
    for (long n : numbers) {
      for (int i = 0; i < bytesOfEach; i++) {
        bytes.add((byte) (n >> 8 * i));
      }
    }
    int known = constants.indexOf(bytes);
    if (known >= 0) {
      return known;
    }
    constants.add(bytes);
    return constants.size() - 1;
  }

  /** What a distance of one byte counts in, where an operand has so many bytes. */
  int scale(int unit) {
    return unit;
  }

  void indexed(int register, Source.Memory m, int unit) {
    int low = m.base() & 7;
    if (low == 5) {
      throw new IllegalArgumentException("register " + m.base() + " is no base here");
    }
    int sib = Integer.numberOfTrailingZeros(m.scale()) << 6 | (m.index() & 7) << 3 | low;
    int bits = (register & 7) << 3 | 4;
    int scale = scale(unit);
    int units = m.distance() / scale;
    if (m.distance() == 0) {
      emit(bits, sib);
    } else if (m.distance() % scale == 0 && units == (byte) units) {
      emit(0x40 | bits, sib, units);
    } else {
      emit(0x80 | bits, sib);
      emitInt(m.distance());
    }
  }

  /** The address of an operand; a distance of whole units is one byte where it fits. */
  void memory(int register, int base, int distance, int unit) {
    int low = base & 7;
    if (low == 4 || low == 5) {
      throw new IllegalArgumentException("register " + base + " is no base here");
    }
    int bits = (register & 7) << 3 | low;
    int scale = scale(unit);
    int units = distance / scale;
    if (distance == 0) {
      emit(bits);
    } else if (distance % scale == 0 && units == (byte) units) {
      emit(0x40 | bits, units);
    } else {
      emit(0x80 | bits);
      emitInt(distance);
    }
  }
}
